package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Fanout measures one publisher and many members.
type Fanout struct {
	Members []int `arg:"" optional:"" help:"How many; several numbers are measured one after the other. Default: 1000 5000."`
	Flying  int   `default:"4" help:"Messages under way at once; one ends when every member has it."`
}

// Run is the command.
func (s *Fanout) Run(c *Command) error { return c.run(s) }

func (s *Fanout) name() string { return "fanout" }

func (s *Fanout) measure(ctx context.Context, l *lab) (out []Result, err error) {
	sizes := s.Members
	if len(sizes) == 0 {
		sizes = []int{1000, 5000}
	}
	for _, n := range sizes {
		if l.Quick {
			n = max(2, n/10)
		}
		r, err := s.one(ctx, l, n)
		if err != nil {
			return out, err
		}
		out = append(out, *r)
	}
	return out, nil
}

// A broadcast is a publisher whose every message is followed to all members.
type broadcast struct {
	g         *gauge
	t         *trouble
	publisher *conn
	to        receiver
	size      int
	members   int64
	sent      atomic.Int64
	left      []atomic.Int64 // members that a message under way has not reached, by number

	mu    sync.Mutex // guards whole
	whole *hdrhistogram.Histogram
}

// sampled is how many members' latencies are recorded.
const sampled = 64

// member makes what a member does with a message; h may be nil.
func (b *broadcast) member(h *hdrhistogram.Histogram) handler {
	return func(c *conn, msg []byte) {
		s, _, ok := stampOf(msg)
		if !ok || !isEntry(msg) {
			b.t.heed(c, msg)
			return
		}
		if h != nil && b.g.on.Load() {
			took(h, s.at)
		}
		last := b.left[s.number%int64(len(b.left))].Add(-1) == 0
		if last && b.g.on.Load() {
			b.mu.Lock()
			took(b.whole, s.at)
			b.mu.Unlock()
		}
		c.got.Add(1) // whoever sees this reads what was recorded
		if last {
			b.next()
		}
	}
}

// next publishes one more message.
func (b *broadcast) next() {
	if b.g.stop.Load() {
		return
	}
	n := b.sent.Add(1) - 1
	b.left[n%int64(len(b.left))].Store(b.members)
	if b.publisher.send(b.to, n, b.size) != nil {
		b.publisher.sock.Close()
	}
}

func (s *Fanout) one(ctx context.Context, l *lab, n int) (*Result, error) {
	l.fresh()
	st, err := l.newStore(ctx)
	if err != nil {
		return nil, err
	}
	c, err := l.open(ctx, st, l.Nodes)
	if err != nil {
		return nil, err
	}
	defer c.close()
	owner, people := l.people("p", 1), l.people("m", n)
	if err := c.signInAll(ctx, append(owner, people...)); err != nil {
		return nil, err
	}
	l.say.step("making the group")
	group, err := c.group(ctx, owner[0], fmt.Sprintf("fan-out to %d", n), people)
	if err != nil {
		return nil, err
	}
	members, err := c.dialAll(ctx, people)
	if err != nil {
		return nil, err
	}
	defer closeAll(members)
	publisher, err := c.dial(ctx, owner[0], nil, nil)
	if err != nil {
		return nil, err
	}
	defer publisher.close()

	var g gauge
	var t trouble
	b := &broadcast{
		g: &g, t: &t, publisher: publisher, to: toStream(group), size: l.Size, members: int64(n),
		left: make([]atomic.Int64, s.Flying), whole: newLatencies(),
	}
	publisher.serve(t.heed)
	var latencies []*hdrhistogram.Histogram
	for i, k := range members {
		var h *hdrhistogram.Histogram
		if i%max(1, n/sampled) == 0 {
			h = newLatencies()
			latencies = append(latencies, h)
		}
		k.serve(b.member(h))
	}
	for range s.Flying {
		b.next()
	}
	sp, err := c.timed(ctx, &g, l.Warm, l.Length, fmt.Sprintf("fanout%d", n), func() int64 { return arrived(members) })
	if err != nil {
		return nil, err
	}
	g.stop.Store(true)
	undelivered := until(ctx, 10*time.Second, func() int64 { return b.sent.Load()*int64(n) - arrived(members) })
	r := l.result("fanout", n, len(c.nodes))
	r.add("per_s", float64(sp.count)/sp.seconds)
	r.cost(sp, "cpu_per_100k", 1e5/float64(sp.count))
	r.latency("delivery", merged(latencies))
	r.latency("to_all", b.whole)
	if measurable {
		r.add("rss_mb", float64(c.rss())/(1<<20))
	}
	t.judge(r, undelivered, members, []*conn{publisher})
	return r, nil
}
