package grant

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/teahouse-im/teahouse/ledger"
)

const (
	soonMost   = 1024             // handings that wait for Run
	sweepEvery = time.Second      // by the real clock, more or less
	sweepMost  = 256              // read at a time; more, up to sweepLimit, where the first cannot be settled
	sweepLimit = 16 << 10         //
	hands      = 16               // that work at a time
	workMost   = 10 * time.Second // for one piece of work
)

// Run does what is owed: it hands grants over when it is time, and delivers what
// others have left undone. It returns when ctx ends and all it began is over.
func (b *Book) Run(ctx context.Context) {
	var wait sync.WaitGroup
	defer wait.Wait()
	for range hands {
		wait.Go(func() { b.handSoon(ctx) })
	}
	wait.Go(func() { b.settleSoon(ctx) })
	for {
		for _, queue := range []string{deliverQueue, handQueue} {
			if err := b.sweep(ctx, queue); err != nil && ctx.Err() == nil {
				b.opt.Failed(fmt.Errorf("sweep %s: %w", queue, err))
			}
		}
		// Nodes that look at different times do less of the work twice.
		pause := time.NewTimer(sweepEvery/2 + rand.N(sweepEvery))
		select {
		case <-ctx.Done():
			pause.Stop()
			return
		case <-pause.C:
		}
	}
}

// handSoon does what need not wait for a sweep.
func (b *Book) handSoon(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case due := <-b.soon:
			b.work(ctx, due)
		}
	}
}

// sweep goes once over what is due of a queue.
func (b *Book) sweep(ctx context.Context, queue string) error {
	for limit := sweepMost; ; {
		dues, err := b.store.Owed(ctx, queue, b.now(), limit)
		if err != nil {
			return err
		}
		settled := b.workAll(ctx, dues)
		switch {
		case len(dues) < limit || limit > sweepLimit || ctx.Err() != nil:
			return ctx.Err()
		case settled == 0:
			limit *= 2
		}
	}
}

func (b *Book) workAll(ctx context.Context, dues []ledger.Due) int64 {
	var next, settled atomic.Int64
	var wait sync.WaitGroup
	for range min(hands, len(dues)) {
		wait.Go(func() {
			for i := next.Add(1); i <= int64(len(dues)) && ctx.Err() == nil; i = next.Add(1) {
				if b.work(ctx, dues[i-1]) {
					settled.Add(1)
				}
			}
		})
	}
	wait.Wait()
	return settled.Load()
}

// work does one thing that is owed, and tells whether it is settled now.
func (b *Book) work(ctx context.Context, due ledger.Due) bool {
	ctx, cancel := context.WithTimeout(ctx, workMost)
	defer cancel()
	do := b.hand
	if due.Queue == deliverQueue {
		do = b.late
	}
	settled, err := do(ctx, due)
	if err == nil && settled {
		err = b.store.Settled(ctx, due)
	}
	if err != nil && ctx.Err() == nil {
		b.opt.Failed(fmt.Errorf("work that is owed: %w", err))
	}
	return err == nil && settled
}
