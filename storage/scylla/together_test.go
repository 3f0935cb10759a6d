package scylla

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestTogether: who asks while a read is under way shares the next one, which
// sees what was true when they asked.
func TestTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tg together[int64]
		var truth, reads atomic.Int64
		read := func(context.Context) (int64, error) {
			reads.Add(1)
			seen := truth.Load()
			time.Sleep(time.Second)
			return seen, nil
		}
		var all sync.WaitGroup
		ask := func(least int64) {
			all.Go(func() {
				if got, err := tg.do(t.Context(), "s", read); err != nil || got < least {
					t.Errorf("got %d (%v), %d was true when asked", got, err, least)
				}
			})
		}
		ask(0)
		synctest.Wait()
		truth.Store(1)
		for range 50 {
			ask(1)
		}
		time.Sleep(1500 * time.Millisecond)
		truth.Store(2)
		for range 50 {
			ask(2)
		}
		all.Wait()
		if reads.Load() != 3 {
			t.Fatalf("%d reads", reads.Load())
		}
		wantNoneLeft(t, &tg)
	})
}

// TestTogetherFails: an error is told to all who share the read, and who gives up waits no longer.
func TestTogetherFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tg together[int]
		failed, answer := errors.New("failed"), make(chan error)
		read := func(context.Context) (int, error) { return 1, <-answer }
		var all sync.WaitGroup
		ask := func(ctx context.Context, want error) {
			all.Go(func() {
				if _, err := tg.do(ctx, "s", read); !errors.Is(err, want) {
					t.Errorf("got %v, want %v", err, want)
				}
			})
			synctest.Wait()
		}
		gone, leave := context.WithCancel(t.Context())
		ask(t.Context(), nil)
		ask(gone, context.Canceled)
		ask(t.Context(), failed)
		leave()
		synctest.Wait()
		answer <- nil
		answer <- failed
		all.Wait()
		wantNoneLeft(t, &tg)
	})
}

func wantNoneLeft[T any](t *testing.T, tg *together[T]) {
	t.Helper()
	synctest.Wait()
	tg.mu.Lock()
	defer tg.mu.Unlock()
	if len(tg.flights) != 0 {
		t.Fatalf("%d keys are left", len(tg.flights))
	}
}
