package bench

import (
	"context"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Pairs measures one-to-one chats in a closed loop.
type Pairs struct {
	Pairs []int `arg:"" optional:"" help:"How many; several numbers are measured one after the other. Default: 50."`
}

// Run is the command.
func (s *Pairs) Run(c *Command) error { return c.run(s) }

func (s *Pairs) name() string { return "pairs" }

func (s *Pairs) measure(ctx context.Context, l *lab) (out []Result, err error) {
	sizes := s.Pairs
	if len(sizes) == 0 {
		sizes = []int{50}
	}
	for _, n := range sizes {
		r, err := s.one(ctx, l, n)
		if err != nil {
			return out, err
		}
		out = append(out, *r)
	}
	return out, nil
}

func (s *Pairs) one(ctx context.Context, l *lab, n int) (*Result, error) {
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
	from, to := l.people("s", n), l.people("r", n)
	if err := c.signInAll(ctx, append(from[:n:n], to...)); err != nil {
		return nil, err
	}
	receivers, err := c.dialAll(ctx, to)
	if err != nil {
		return nil, err
	}
	defer closeAll(receivers)
	senders, err := c.dialAll(ctx, from)
	if err != nil {
		return nil, err
	}
	defer closeAll(senders)

	var g gauge
	var t trouble
	arrivals := make([]*hdrhistogram.Histogram, n)
	for i, k := range receivers {
		h := newLatencies()
		arrivals[i] = h
		k.serve(func(k *conn, msg []byte) {
			s, _, ok := stampOf(msg)
			if !ok || !isEntry(msg) {
				t.heed(k, msg)
				return
			}
			if g.on.Load() {
				took(h, s.at)
			}
			k.got.Add(1) // whoever sees this reads what was recorded
		})
	}
	loops := make([]*loop, n)
	for i, k := range senders {
		loops[i] = newLoop(&g, &t, always(toUser(to[i])), l.Size, 1)
		k.serve(loops[i].handle)
		loops[i].fill(k)
	}
	sp, err := c.timed(ctx, &g, l.Warm, l.Length, "pairs", func() int64 { return arrived(receivers) })
	if err != nil {
		return nil, err
	}
	unanswered := finish(ctx, &g, loops, senders)
	left := until(ctx, 5*time.Second, func() int64 { return sum(loops) - arrived(receivers) })
	r := l.result("pairs", n, len(c.nodes))
	r.add("per_s", float64(sp.count)/sp.seconds)
	r.cost(sp, "cpu_per_1k", 1000/float64(sp.count))
	r.latency("ack", merged(acksOf(loops)))
	r.latency("delivery", merged(arrivals))
	t.judge(r, left+unanswered, senders, receivers)
	return r, nil
}
