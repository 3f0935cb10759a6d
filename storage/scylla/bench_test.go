package scylla

import (
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// openFull is a store with buckets of their real size. Streams of other tests are not to be used with it.
func openFull(b *testing.B) *Store {
	b.Helper()
	s, err := Open(b.Context(), keyspace(b), Options{Logger: zerolog.Nop()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// BenchmarkSend measures sequencers on a real server: how many messages a second,
// and how much of the CPU this side takes for a thousand of them.
func BenchmarkSend(b *testing.B) {
	for _, c := range []struct{ nodes, streams, senders int }{
		{1, 50, 50}, {1, 50, 400}, {1, 1, 1}, {1, 1, 256}, {2, 1, 256}, {4, 1, 256}, {2, 50, 100},
	} {
		b.Run(fmt.Sprintf("nodes=%d/streams=%d/senders=%d", c.nodes, c.streams, c.senders), func(b *testing.B) {
			nodes := make([]*stream.Sequencer, c.nodes)
			for i := range nodes {
				nodes[i] = stream.NewSequencer(openFull(b), stream.Options{})
			}
			streams := make([]id.Stream, c.streams)
			for i := range streams {
				streams[i] = newStream()
			}
			body := json.RawMessage(`{"text":"` + string(make128()) + `"}`)
			var left atomic.Int64
			left.Store(int64(b.N))
			var all sync.WaitGroup
			b.ResetTimer()
			began, cpu := time.Now(), cpuTime()
			for i := range c.senders {
				all.Go(func() {
					from := id.Principal(fmt.Sprintf("user%d", i))
					for left.Add(-1) >= 0 {
						_, err := nodes[i%c.nodes].Append(b.Context(), streams[i%c.streams], stream.Draft{
							ID: uuid.Must(uuid.NewV7()), Kind: "text", From: from, Body: body, Countable: true,
						})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "msg/s")
			b.ReportMetric(1000*(cpuTime()-cpu).Seconds()/float64(b.N), "cpu-s/1000")
		})
	}
}

func make128() []byte {
	b := make([]byte, 117)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
