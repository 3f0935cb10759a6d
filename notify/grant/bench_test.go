package grant_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

// BenchmarkRedeem is one notice from its handle to the inbox, on disk, with 64
// callers at once, each user with three grants. It also tells the processor time
// of the whole process for a thousand.
func BenchmarkRedeem(b *testing.B) {
	store, err := pebble.Open(b.TempDir(), pebble.Options{})
	good(b, err)
	b.Cleanup(func() { good(b, store.Close()) })
	seq := stream.NewSequencer(store, stream.Options{Sealed: sealed})
	b.Cleanup(seq.Close)
	var clock atomic.Int64 // since the beginning; sheets need to be looked at
	began := time.Now()
	book := grant.New(store, store, seq, seq.Door(), grant.Options{
		Now: func() time.Time { return began.Add(time.Duration(clock.Load())) }, Secret: secret, Failed: func(err error) { b.Error(err) },
		ReadUpTo: func(context.Context, id.User) (id.Seq, error) { return 0, nil },
	})
	app, template := id.NewApp(), id.NewTemplate()
	type held struct {
		handle string
		offer  grant.Offer
	}
	ctx := b.Context()
	users := (b.N + 2) / 3
	grants := make([]held, 0, users*3)
	const batch = 5000
	for first := 0; first < users; first += batch { // sheets live for a minute
		n := min(batch, users-first)
		sheets, people := make([]grant.Sheet, n), make([]grant.By, n)
		each(n, func(i int) {
			people[i] = grant.By{User: id.User(fmt.Sprint("u", first+i)), Session: id.NewSession(), Device: "phone"}
			var offers []grant.Offer
			for s := range 3 {
				offers = append(offers, queue(template, fmt.Sprint(first+i, "-", s)))
			}
			tap, _, err := book.Tap(ctx, people[i], app, "/queue")
			if err == nil {
				sheets[i], err = book.Ask(ctx, people[i], app, appName, tap, offers)
			}
			if err != nil {
				b.Error(err)
			}
		})
		clock.Add(int64(time.Second))
		each(n, func(i int) {
			if err := book.Decide(ctx, people[i], string(sheets[i].Consent), decisions(sheets[i], true), false); err != nil {
				b.Error(err)
			}
		})
	}
	clock.Add(int64(grant.Grace))
	good(b, book.Sweep(ctx))
	for after := ""; len(grants) < users*3; {
		items, next, err := book.Handed(ctx, app, after, 200)
		good(b, err)
		for _, x := range items {
			grants = append(grants, held{x.Handle, queue(template, x.Subject)})
		}
		if next == after {
			b.Fatalf("%d grants of %d were handed over", len(grants), users*3)
		}
		after = next
	}
	before := cpu(b)
	b.ResetTimer()
	each(b.N, func(i int) {
		if _, err := sendOn(ctx, book, app, grants[i].handle, uuid.NewString(), spend(grants[i].offer)); err != nil {
			b.Error(err)
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notices/s")
	b.ReportMetric((cpu(b)-before).Seconds()*1000/float64(b.N), "cpu-s/1000")
}

// each does something n times, 64 at once.
func each(n int, do func(i int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range 64 {
		wait.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				do(int(i - 1))
			}
		})
	}
	wait.Wait()
}

// cpu is what the process has used so far.
func cpu(b *testing.B) time.Duration {
	var r syscall.Rusage
	good(b, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
