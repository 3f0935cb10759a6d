package pebble

import (
	"hash/maphash"
	"slices"
	"sync"
)

// locks guard rows that are read, changed and stored as one step. There are many
// more than writers at a time, and unrelated rows share one now and then: that
// costs a wait, never correctness.
type locks [1024]sync.Mutex

var lockSeed = maphash.MakeSeed()

// lock takes the locks of some rows and returns what gives them back. One call
// takes all that an operation needs: taking more while holding some can deadlock.
func (l *locks) lock(keys ...[]byte) (unlock func()) {
	if len(keys) == 1 {
		m := &l[maphash.Bytes(lockSeed, keys[0])%uint64(len(l))]
		m.Lock()
		return m.Unlock
	}
	held := make([]int, 0, len(keys))
	for _, k := range keys {
		held = append(held, int(maphash.Bytes(lockSeed, k)%uint64(len(l))))
	}
	slices.Sort(held) // everybody in the same order
	held = slices.Compact(held)
	for _, i := range held {
		l[i].Lock()
	}
	return func() {
		for _, i := range held {
			l[i].Unlock()
		}
	}
}
