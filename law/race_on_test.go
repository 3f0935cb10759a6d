//go:build race

package law

// watched: the race detector looks on, which costs ten times as much.
const watched = true
