package push

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// A queue holds work under keys, each due at a time: another put under a key that
// waits joins it. It is bounded, and drops what would be next rather than what is
// new. Keys share lanes; of one lane, one is worked on at a time, so that nothing
// overtakes itself.
type queue[K comparable, V any] struct {
	most   int
	laneOf func(K) string
	wake   chan struct{} // holds one: look again

	mu      sync.Mutex
	waiting map[K]*item[K, V]
	due     dueHeap[K, V]
	lanes   map[string][]*item[K, V] // that are busy, and what waits for them
	parked  int
	closing bool
	dropped int64
}

type item[K comparable, V any] struct {
	key K
	v   V
	at  time.Time
	i   int // in the heap; -1: parked in its lane
}

func newQueue[K comparable, V any](most int, laneOf func(K) string) *queue[K, V] {
	return &queue[K, V]{
		most: most, laneOf: laneOf, wake: make(chan struct{}, 1),
		waiting: map[K]*item[K, V]{}, lanes: map[string][]*item[K, V]{},
	}
}

// put adds work that is due after a wait. join makes one of what waits under the key
// (the zero V if nothing does) and of what is new; it must be quick. What waits
// keeps its time, unless that is sooner. A closed queue takes nothing.
func (q *queue[K, V]) put(key K, wait time.Duration, join func(V) V) {
	at := time.Now().Add(wait)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closing {
		return
	}
	it := q.waiting[key]
	if it != nil {
		it.v = join(it.v)
		if at.Before(it.at) {
			it.at = at
			if it.i >= 0 {
				heap.Fix(&q.due, it.i)
			}
		}
	} else {
		if len(q.waiting) >= q.most && !q.drop() {
			q.dropped++ // everything waits for its lane
			return
		}
		var none V
		it = &item[K, V]{key: key, v: join(none), at: at}
		q.waiting[key] = it
		heap.Push(&q.due, it)
	}
	if it.i == 0 {
		q.stir()
	}
}

// drop gives up what is due first.
func (q *queue[K, V]) drop() bool {
	if len(q.due) == 0 {
		return false
	}
	it := heap.Pop(&q.due).(*item[K, V])
	delete(q.waiting, it.key)
	q.dropped++
	return true
}

func (q *queue[K, V]) stir() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// close lets what waits be due at once, and ends run when nothing is left.
func (q *queue[K, V]) close() {
	q.mu.Lock()
	q.closing = true
	q.mu.Unlock()
	q.stir()
}

func (q *queue[K, V]) lost() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}

// next takes work out, or tells how long there is none: zero until it is stirred.
func (q *queue[K, V]) next(now time.Time) (it *item[K, V], wait time.Duration, over bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.due) > 0 {
		first := q.due[0]
		if d := first.at.Sub(now); d > 0 && !q.closing {
			return nil, d, false
		}
		heap.Pop(&q.due)
		name := q.laneOf(first.key)
		if behind, busy := q.lanes[name]; busy {
			q.lanes[name] = append(behind, first)
			q.parked++
			continue
		}
		q.lanes[name] = nil
		delete(q.waiting, first.key)
		return first, 0, false
	}
	return nil, 0, q.closing && q.parked == 0 && len(q.lanes) == 0
}

// done frees the lane of a key.
func (q *queue[K, V]) done(key K) {
	q.mu.Lock()
	defer q.mu.Unlock()
	name := q.laneOf(key)
	for _, it := range q.lanes[name] {
		heap.Push(&q.due, it)
		q.parked--
	}
	delete(q.lanes, name)
	q.stir()
}

// run does the work, so many at once, until the queue is closed and empty, or
// ctx ends; it returns when nothing is being done any more.
func (q *queue[K, V]) run(ctx context.Context, atOnce int, do func(context.Context, K, V)) {
	var busy sync.WaitGroup
	defer busy.Wait()
	slots := make(chan struct{}, atOnce)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		select { // first, so that what is taken out is done at once
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		it, wait, over := q.next(time.Now())
		if it != nil {
			busy.Go(func() {
				defer func() { q.done(it.key); <-slots }()
				do(ctx, it.key, it.v)
			})
			continue
		}
		<-slots
		if over {
			return
		}
		if wait == 0 {
			wait = time.Hour
		}
		timer.Reset(wait)
		select {
		case <-q.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
	}
}

// dueHeap is a heap.Interface, the first due on top.
type dueHeap[K comparable, V any] []*item[K, V]

func (h dueHeap[K, V]) Len() int           { return len(h) }
func (h dueHeap[K, V]) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap[K, V]) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].i, h[j].i = i, j
}

func (h *dueHeap[K, V]) Push(x any) {
	it := x.(*item[K, V])
	it.i = len(*h)
	*h = append(*h, it)
}

func (h *dueHeap[K, V]) Pop() any {
	last := len(*h) - 1
	it := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	it.i = -1
	return it
}
