package scylla

import (
	"sync"
	"time"
)

// What is owed is written and deleted all the time, and a database reads past what
// was deleted for long. So it lies in partitions by a short time, slots, and a table
// lists those that may hold something. A slot that is empty is taken from the list
// when nobody who writes there relies on it any more:
//
// Who writes into a slot listed it at most lasts before the write was acknowledged,
// or lists it again after. Who finds a slot empty, 2·lasts after it was last listed,
// would have seen anything that relies on that, and takes away only what was listed
// then: a later listing stays.
//
// slots remembers when this server listed slots last.
type slots[K comparable] struct {
	lasts time.Duration

	mu     sync.Mutex
	listed map[K]time.Time
}

const slotsMost = 1 << 10

func (l *slots[K]) since(k K) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.listed[k]
}

func (l *slots[K]) note(k K, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listed == nil || len(l.listed) >= slotsMost {
		l.listed = map[K]time.Time{}
	}
	l.listed[k] = at
}

// listing writes into a slot that is listed meanwhile. list lists it, and notes that.
func (l *slots[K]) listing(now func() time.Time, k K, list, write func() error) error {
	if now().Sub(l.since(k)) > l.lasts/2 {
		if err := list(); err != nil {
			return err
		}
	}
	if err := write(); err != nil {
		return err
	}
	if now().Sub(l.since(k)) > l.lasts {
		return list()
	}
	return nil
}

// stale tells whether a slot that is empty now and was listed at since may leave the list.
func (l *slots[K]) stale(now, since time.Time) bool { return now.Sub(since) > 2*l.lasts }
