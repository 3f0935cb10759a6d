package redis

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/bus/redistest"
)

// tally counts and wakes who waits for a number.
type tally struct {
	n    atomic.Int64
	gaps atomic.Int64
}

func (c *tally) Heard(bus.Topic, bus.Message) { c.n.Add(1) }
func (c *tally) Gap()                         { c.gaps.Add(1) }

// BenchmarkPublish is messages of 300 bytes from one node to another, on one
// topic of a thousand each, as fast as they are heard.
func BenchmarkPublish(b *testing.B) {
	at := shared(b)
	heard := &tally{}
	from, to := open(b, at, &tally{}, Options{}), open(b, at, heard, Options{})
	var topics []bus.Topic
	for n := range int64(1000) {
		topics = append(topics, topicOf(n))
	}
	if err := to.Subscribe(b.Context(), topics...); err != nil {
		b.Fatal(err)
	}
	m := bus.Message{Kind: bus.Frame, Body: make([]byte, 300)}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		from.Publish(topics[n%len(topics)], m)
		for int64(n)-heard.n.Load() > 20_000 {
			<-time.After(time.Millisecond)
		}
	}
	redistest.Until(b, "everything is heard", func() bool { return heard.n.Load() == int64(b.N) })
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	if heard.gaps.Load() > 0 {
		b.Error("a gap")
	}
}
