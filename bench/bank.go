package bench

import (
	"context"
	"slices"
	"sync/atomic"
	"time"
)

// A bank is a set of sending sessions that are used for one loop after another.
type bank struct {
	c       *servers
	t       *trouble
	conns   []*conn
	current []atomic.Pointer[loop]
}

func newBank(ctx context.Context, c *servers, people []string, t *trouble) (*bank, error) {
	conns, err := c.dialAll(ctx, people)
	if err != nil {
		return nil, err
	}
	return bankOf(c, conns, t), nil
}

func bankOf(c *servers, conns []*conn, t *trouble) *bank {
	b := &bank{c: c, t: t, conns: conns, current: make([]atomic.Pointer[loop], len(conns))}
	for i, k := range conns {
		k.serve(func(k *conn, msg []byte) {
			if p := b.current[i].Load(); p != nil {
				p.handle(k, msg)
			} else {
				t.heed(k, msg)
			}
		})
	}
	return b
}

// begin starts one loop on each session.
func (b *bank) begin(loops []*loop) {
	for i := range b.conns {
		b.current[i].Store(loops[i])
	}
	for i, k := range b.conns {
		loops[i].fill(k)
	}
}

func (b *bank) close() { closeAll(b.conns) }

// A side is one of two things compared: sessions, and where each sends.
type side struct {
	*bank
	to []receiver
}

// A cost is what one round of a side came to.
type cost struct{ rate, cpu, all float64 } // messages/s; CPU-s per 1,000 of the servers, and with all beside them

// round lets a side send for d.
func (s side) round(ctx context.Context, flying int, d time.Duration, name string) (cost, error) {
	var g gauge
	loops := make([]*loop, len(s.conns))
	for i := range loops {
		loops[i] = newLoop(&g, s.t, always(s.to[i]), s.c.lab.Size, flying)
	}
	s.begin(loops)
	sp, err := s.c.timed(ctx, &g, min(d/4, time.Second), d, name, func() int64 { return sum(loops) })
	if err != nil {
		return cost{}, err
	}
	if left := finish(ctx, &g, loops, s.conns); left > 0 {
		return cost{}, errUnanswered
	}
	k := cost{rate: float64(sp.count) / sp.seconds, cpu: sp.cpu * 1000 / float64(sp.count)}
	k.all = k.cpu
	for _, cpu := range sp.also {
		k.all += cpu * 1000 / float64(sp.count)
	}
	return k, nil
}

// compare measures two sides in turn, the first to go changing each round, and
// puts medians and the median of the rounds' ratios into r.
func compare(ctx context.Context, r *Result, base, grown side, rounds, flying int, d time.Duration) error {
	a, b := make([]cost, rounds), make([]cost, rounds)
	for i := range rounds {
		var err error
		for _, first := range []bool{i%2 == 0, i%2 != 0} {
			if first {
				a[i], err = base.round(ctx, flying, d, r.Scenario+"-base")
			} else {
				b[i], err = grown.round(ctx, flying, d, r.Scenario+"-grown")
			}
			if err != nil {
				return err
			}
		}
	}
	mid := func(f func(i int) float64) float64 {
		v := make([]float64, rounds)
		for i := range v {
			v[i] = f(i)
		}
		return median(v)
	}
	r.add("base_per_s", mid(func(i int) float64 { return a[i].rate }))
	r.add("per_s", mid(func(i int) float64 { return b[i].rate }))
	r.add("rate_ratio", mid(func(i int) float64 { return b[i].rate / a[i].rate }))
	if measurable && a[0].cpu > 0 {
		r.add("base_cpu_per_1k", mid(func(i int) float64 { return a[i].cpu }))
		r.add("cpu_per_1k", mid(func(i int) float64 { return b[i].cpu }))
		r.add("cpu_ratio", mid(func(i int) float64 { return b[i].cpu / a[i].cpu }))
	}
	if len(base.c.lab.also) > 0 {
		r.add("all_cpu_ratio", mid(func(i int) float64 { return b[i].all / a[i].all }))
	}
	return nil
}

// median is the middle value; v is sorted by it.
func median(v []float64) float64 {
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
