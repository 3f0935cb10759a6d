//go:build !race

package law

const watched = false
