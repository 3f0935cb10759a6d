package pebble_test

import (
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

// BenchmarkAppend stores messages of 128 bytes one by one, over so many
// conversations at once, each on the disk before the next of its conversation,
// in a store that holds so many already.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct{ streams, stored int }{{1, 0}, {50, 0}, {50, 1_000_000}} {
		b.Run(fmt.Sprintf("streams=%d/stored=%d", c.streams, c.stored), func(b *testing.B) {
			s := onDisk(b)
			fill(b, s, c.stored)
			writers := make([]*writer, c.streams)
			for i := range writers {
				writers[i] = newWriter(i, b.N/c.streams+1)
			}
			measured(b, func() {
				var all sync.WaitGroup
				for _, w := range writers {
					all.Go(func() { w.write(b, s, 1) })
				}
				all.Wait()
			})
		})
	}
}

// BenchmarkRange reads the last ten entries of one of many conversations.
func BenchmarkRange(b *testing.B) {
	s := onDisk(b)
	fill(b, s, 500_000)
	i := 0
	measured(b, func() {
		for b.Loop() {
			got, err := s.Range(b.Context(), streamOf(i*7919%filled), 91, 100)
			if err != nil || len(got) != 10 {
				b.Fatal(len(got), err)
			}
			i++
		}
	})
}

// BenchmarkHeads looks where a hundred conversations of many stand.
func BenchmarkHeads(b *testing.B) {
	s := onDisk(b)
	fill(b, s, 500_000)
	streams := make([]id.Stream, 100)
	i := 0
	measured(b, func() {
		for b.Loop() {
			for k := range streams {
				streams[k] = streamOf((i*100 + k*37) % filled)
			}
			if _, err := s.Heads(b.Context(), streams); err != nil {
				b.Fatal(err)
			}
			i++
		}
	})
}

func onDisk(b *testing.B) *pebble.Store {
	s, err := pebble.Open(b.TempDir(), pebble.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return s
}

// measured reports what run costs in CPU time, of which waiting has none.
func measured(b *testing.B, run func()) {
	before := cpu()
	b.ReportAllocs()
	b.ResetTimer()
	run()
	b.StopTimer()
	b.ReportMetric(float64(cpu()-before)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "op/s")
}

// cpu is what this process has used so far, for itself and in the kernel.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// filled is over how many conversations fill spreads what it stores.
const filled = 5000

// fill stores n messages, ten of a conversation at a time.
func fill(b *testing.B, s *pebble.Store, n int) {
	var all sync.WaitGroup
	for shard := range 32 {
		all.Go(func() {
			var writers []*writer
			for i := shard; i < filled; i += 32 {
				writers = append(writers, newWriter(i, 0))
			}
			for range n / filled / 10 {
				for _, w := range writers {
					w.prepare(10)
					w.write(b, s, 10)
				}
			}
		})
	}
	all.Wait()
}

// A writer writes one conversation.
type writer struct {
	n       int
	stream  id.Stream
	head    stream.Head
	entries []stream.Entry // prepared
}

func streamOf(n int) id.Stream {
	return id.DirectStream(id.User(fmt.Sprintf("sender-%d", n)), id.User(fmt.Sprintf("receiver-%d", n)))
}

func newWriter(n, entries int) *writer {
	w := &writer{n: n, stream: streamOf(n) + "~"} // not among those that were filled
	if entries == 0 {
		w.stream = streamOf(n)
	}
	w.prepare(entries)
	return w
}

func (w *writer) prepare(entries int) {
	at := w.head
	w.entries = make([]stream.Entry, entries)
	for i := range w.entries {
		at.Seq, at.Count = at.Seq+1, at.Count+1
		w.entries[i] = stream.Entry{
			Stream: w.stream, Seq: at.Seq, Count: at.Count, ID: uuid.Must(uuid.NewV7()), Kind: "text",
			From: id.Principal(fmt.Sprintf("sender-%d", w.n)), At: time.Now(), Body: words(w.n + int(at.Seq)),
		}
	}
}

func (w *writer) write(b *testing.B, l stream.Log, group int) {
	for ; len(w.entries) > 0; w.entries = w.entries[group:] {
		if err := l.Append(b.Context(), w.stream, w.head, w.entries[:group]); err != nil {
			b.Error(err)
			return
		}
		w.head = stream.HeadOf(w.entries[group-1])
	}
}

// words is a text of about 128 bytes that compresses as text does.
func words(n int) []byte {
	var b strings.Builder
	b.WriteString(`{"text":"`)
	for b.Len() < 120 {
		n = n*1664525 + 1013904223
		word := uint32(n) >> 8 % 4096 * 2654435761
		b.WriteString(fmt.Sprintf("%08x", word)[:2+word%6])
		b.WriteByte(' ')
	}
	b.WriteString(`"}`)
	return []byte(b.String())
}
