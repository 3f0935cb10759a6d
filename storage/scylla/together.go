package scylla

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// together lets callers who ask the same share an answer. An answer is shared
// only by those who asked before it was begun, so nobody gets one that is older
// than their question: what was stored before somebody asks is in what they get.
// (Joining a read that is under way, as singleflight does, would not promise that.)
type together[T any] struct {
	mu      sync.Mutex
	flights map[string]*flight[T]
}

// A flight is the reads of one key: one is under way, and one may wait to be next.
type flight[T any] struct{ next *shared[T] }

type shared[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// sharedTimeout bounds a read that no caller's context ends.
const sharedTimeout = 3 * requestTimeout

// do returns read's answer for a key, or that of a call that was begun after this one.
func (t *together[T]) do(ctx context.Context, key string, read func(context.Context) (T, error)) (T, error) {
	t.mu.Lock()
	f, busy := t.flights[key]
	if !busy {
		if t.flights == nil {
			t.flights = map[string]*flight[T]{}
		}
		t.flights[key] = &flight[T]{}
		t.mu.Unlock()
		defer t.land(key, read)
		return read(ctx)
	}
	if f.next == nil {
		f.next = &shared[T]{done: make(chan struct{})}
	}
	answer := f.next
	t.mu.Unlock()
	select {
	case <-answer.done:
		return answer.value, answer.err
	case <-ctx.Done():
		var none T
		return none, readError(ctx.Err())
	}
}

// land ends a read and begins the next if anybody waits for it.
func (t *together[T]) land(key string, read func(context.Context) (T, error)) {
	t.mu.Lock()
	answer := t.flights[key].next
	if answer == nil {
		delete(t.flights, key)
		t.mu.Unlock()
		return
	}
	t.flights[key].next = nil
	t.mu.Unlock()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), sharedTimeout)
		defer cancel()
		answer.value, answer.err = read(ctx)
		close(answer.done)
		t.land(key, read)
	}()
}

// each runs work for 0 ≤ i < n, a bounded number at once, and returns the first error.
func each(ctx context.Context, n int, work func(ctx context.Context, i int) error) error {
	return eachOf(ctx, n, parallel, work)
}

// eachOf is each with most of them at once.
func eachOf(ctx context.Context, n, most int, work func(ctx context.Context, i int) error) error {
	if n == 1 {
		return work(ctx, 0)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(most)
	for i := range n {
		g.Go(func() error { return work(ctx, i) })
	}
	return g.Wait()
}

// pause waits a little, with jitter.
func pause(ctx context.Context, most time.Duration) error {
	timer := time.NewTimer(most/2 + jitter(most/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
