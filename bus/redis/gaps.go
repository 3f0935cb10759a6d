package redis

import (
	"sync"
	"time"
)

// gapPace is how often at most the listener is told of a gap. After a restart of
// Redis every node reports one; the listener should not have to act on each.
const gapPace = time.Second

// gaps gathers reasons to tell of a gap: the first is told at once, those that
// follow within gapPace once at its end.
type gaps struct {
	tell func()

	mu    sync.Mutex
	last  time.Time
	later *time.Timer // will tell; nil if nothing is left to be told
}

// note says that messages may have been lost before now.
func (g *gaps) note() {
	g.mu.Lock()
	if g.later != nil {
		g.mu.Unlock()
		return
	}
	now := time.Now()
	if wait := g.last.Add(gapPace).Sub(now); wait > 0 {
		g.later = time.AfterFunc(wait, g.due)
		g.mu.Unlock()
		return
	}
	g.last = now
	g.mu.Unlock()
	g.tell()
}

func (g *gaps) due() {
	g.mu.Lock()
	g.later, g.last = nil, time.Now()
	g.mu.Unlock()
	g.tell()
}

func (g *gaps) stop() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.later != nil {
		g.later.Stop()
	}
}
