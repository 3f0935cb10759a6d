package grant

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/ledger"
)

// settleEvery is how long a delivery that is done may stay owed, by the real clock.
// It is less than anybody waits before doing it again: that would change nothing.
const settleEvery = 100 * time.Millisecond

// settling are deliveries that are done, which Run forgets together: doing that one
// by one is a write for each notice.
type settling struct {
	mu   sync.Mutex
	runs int // how many Run are there
	dues []ledger.Due
}

// settle forgets a delivery that is done: soon, if there is a Run.
func (b *Book) settle(ctx context.Context, due ledger.Due) {
	b.done.mu.Lock()
	later := b.done.runs > 0
	if later {
		b.done.dues = append(b.done.dues, due)
	}
	b.done.mu.Unlock()
	if !later {
		b.settled(ctx, due)
	}
}

// settled tells the store. If that fails the work is done again, and changes nothing.
func (b *Book) settled(ctx context.Context, dues ...ledger.Due) {
	if err := b.store.Settled(ctx, dues...); err != nil {
		b.opt.Failed(fmt.Errorf("settle deliveries: %w", err))
	}
}

// settleSoon is Run's part of it.
func (b *Book) settleSoon(ctx context.Context) {
	b.done.mu.Lock()
	b.done.runs++
	b.done.mu.Unlock()
	every := time.NewTicker(settleEvery)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			b.settleAll(ctx)
		case <-ctx.Done():
			b.done.mu.Lock()
			b.done.runs--
			b.done.mu.Unlock()
			b.settleAll(context.WithoutCancel(ctx))
			return
		}
	}
}

func (b *Book) settleAll(ctx context.Context) {
	b.done.mu.Lock()
	dues := b.done.dues
	b.done.dues = nil
	b.done.mu.Unlock()
	if len(dues) > 0 {
		ctx, cancel := context.WithTimeout(ctx, workMost)
		defer cancel()
		b.settled(ctx, dues...)
	}
}
