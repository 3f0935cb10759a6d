package pebble

import (
	"hash/maphash"
	"sync"
)

// turns gives each of any number of things a lock of its own, for as long as
// somebody is about it. Unlike with locks, who waits for the disk keeps up nobody:
// the next change of the same thing is made while the last is being synced. The
// engine syncs in order, so if a change is on the disk then so is all it has seen;
// and whoever changes nothing waits until what was seen is.
type turns[K comparable] [64]struct {
	mu sync.Mutex
	of map[K]*turn
}

type turn struct {
	sync.RWMutex
	newest *syncing // of the changes made; nil if all are on the disk for certain
	users  int      // who are about it; guarded by the shard's lock
}

// A syncing is a change that is made, and may not be on the disk yet. Whoever has
// to know first sees to it.
type syncing struct {
	once   sync.Once
	settle func() error // returns when it is on the disk
	err    error        // of settle
}

func (s *syncing) wait() error {
	if s == nil {
		return nil
	}
	s.once.Do(func() { s.err = s.settle() })
	return s.err
}

// begin calls change in a thing's turn. settle, if there is anything to settle,
// returns when what it has stored is on the disk; that is waited for outside, by
// settled, which has to be called unless there is an error.
func (t *turns[K]) begin(k K, change func() (settle func() error, err error)) (settled func() error, err error) {
	l := t.enter(k)
	seen, err := l.make(change)
	settled = func() error {
		defer t.leave(k, l)
		return seen.wait()
	}
	if err == nil {
		return settled, nil
	}
	if lost := settled(); lost != nil {
		return nil, lost
	}
	return nil, err
}

// make is begin's turn. Without anything to settle it returns the last that another has.
func (l *turn) make(change func() (settle func() error, err error)) (*syncing, error) {
	l.Lock()
	defer l.Unlock()
	settle, err := change()
	if settle != nil {
		l.newest = &syncing{settle: settle}
	}
	return l.newest, err
}

// reading calls read while the thing is not changed, and returns when all it can have seen is on the disk.
func (t *turns[K]) reading(k K, read func() error) error {
	l := t.enter(k)
	defer t.leave(k, l)
	l.RLock()
	err, seen := read(), l.newest
	l.RUnlock()
	if lost := seen.wait(); lost != nil {
		return lost
	}
	return err
}

// enter finds a thing's turn. Whoever entered leaves, when all is settled.
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
