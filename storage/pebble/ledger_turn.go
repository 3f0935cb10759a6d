package pebble

import (
	"hash/maphash"
	"sync"
)

// turns gives each of any number of things a lock of its own, for as long as
// somebody holds or wants it. Unlike locks, who waits for the disk keeps up nobody
// who is about something else.
type turns[K comparable] [64]struct {
	mu sync.Mutex
	of map[K]*turn
}

type turn struct {
	sync.RWMutex
	users int // who hold or want it; guarded by the shard's lock
}

// enter finds a thing's lock. Whoever entered leaves, after giving it back.
func (t *turns[K]) enter(k K) *turn {
	sh := &t[maphash.Comparable(lockSeed, k)%uint64(len(t))]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	l := sh.of[k]
	if l == nil {
		if sh.of == nil {
			sh.of = map[K]*turn{}
		}
		l = &turn{}
		sh.of[k] = l
	}
	l.users++
	return l
}

func (t *turns[K]) leave(k K, l *turn) {
	sh := &t[maphash.Comparable(lockSeed, k)%uint64(len(t))]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(sh.of, k)
	}
}
