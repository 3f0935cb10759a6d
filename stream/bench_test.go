package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

// BenchmarkSequencer sends messages of 128 bytes over so many conversations at
// once, so many under way in each, to the disk and, to see what the sequencer
// itself costs, to nowhere.
func BenchmarkSequencer(b *testing.B) {
	for _, c := range []struct{ streams, under int }{{1, 1}, {50, 1}, {50, 8}, {1, 64}} {
		b.Run(fmt.Sprintf("streams=%d/under=%d/disk", c.streams, c.under), func(b *testing.B) {
			s, err := pebble.Open(b.TempDir(), pebble.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			send(b, s, c.streams, c.under)
		})
		b.Run(fmt.Sprintf("streams=%d/under=%d/nowhere", c.streams, c.under), func(b *testing.B) {
			send(b, nowhere{}, c.streams, c.under)
		})
	}
}

func send(b *testing.B, l stream.Log, streams, under int) {
	q := stream.NewSequencer(l, stream.Options{})
	senders := streams * under
	n := b.N/senders + 1
	drafts := make([][]stream.Draft, senders)
	for i := range drafts {
		for range n {
			drafts[i] = append(drafts[i], stream.Draft{
				Kind: "text", From: id.Principal(fmt.Sprintf("sender-%d", i)), Countable: true,
				Body: json.RawMessage(`{"text":"` + strings.Repeat("x", 117) + `"}`),
			})
		}
	}
	before := cpu()
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	all.Add(senders)
	for i, mine := range drafts {
		s := id.DirectStream(id.User(fmt.Sprintf("sender-%d", i/under)), "receiver")
		var next func()
		next = func() {
			if len(mine) == 0 {
				all.Done()
				return
			}
			d := mine[0]
			d.ID = uuid.Must(uuid.NewV7())
			mine = mine[1:]
			q.Begin(s, d, func(_ stream.Receipt, err error) {
				if err != nil {
					b.Error(err)
				}
				next()
			})
		}
		next()
	}
	all.Wait()
	q.Close()
	b.StopTimer()
	b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// nowhere is a log that keeps nothing.
type nowhere struct{ stream.Log }

func (nowhere) Append(context.Context, id.Stream, stream.Head, []stream.Entry) error { return nil }

func (nowhere) Heads(_ context.Context, streams []id.Stream) ([]stream.Head, error) {
	return make([]stream.Head, len(streams)), nil
}
