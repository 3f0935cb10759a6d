package bench

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A gauge says whether what happens now is measured.
type gauge struct {
	on   atomic.Bool
	stop atomic.Bool // no new messages any more
}

// A span is what a measured time cost.
type span struct {
	seconds float64
	count   int64              // what was counted in that time
	cpu     float64            // of the servers, in CPU-seconds
	own     float64            // of the generator
	also    map[string]float64 // of the processes beside the servers
}

type use struct {
	at       time.Time
	cpu, own float64
	also     map[string]float64
}

func (c *servers) use() use {
	u := use{at: time.Now(), own: ownCPU(), also: map[string]float64{}}
	for _, pid := range c.pids() {
		u.cpu += cpuOf(pid)
	}
	for name, pids := range c.lab.also {
		for _, pid := range pids {
			u.also[name] += cpuOf(pid)
		}
	}
	return u
}

// to is the span between two readings.
func (u use) to(v use) span {
	s := span{seconds: v.at.Sub(u.at).Seconds(), cpu: v.cpu - u.cpu, own: v.own - u.own, also: map[string]float64{}}
	for name := range v.also {
		s.also[name] = v.also[name] - u.also[name]
	}
	return s
}

// total is several spans as one.
func total(parts []span) span {
	t := span{also: map[string]float64{}}
	for _, s := range parts {
		t.seconds, t.count, t.cpu, t.own = t.seconds+s.seconds, t.count+s.count, t.cpu+s.cpu, t.own+s.own
		for name, cpu := range s.also {
			t.also[name] += cpu
		}
	}
	return t
}

// timed measures for d after warming up for warm: what it cost, and how far count came.
func (c *servers) timed(ctx context.Context, g *gauge, warm, d time.Duration, name string, count func() int64) (span, error) {
	c.lab.say.step("warming up")
	if err := wait(ctx, warm); err != nil {
		return span{}, err
	}
	profiled := c.profile(d, name)
	c.lab.say.step("measuring")
	before := c.use()
	g.on.Store(true)
	first := count()
	for left := d; left > 0; left = d - time.Since(before.at) {
		if err := wait(ctx, min(left, 200*time.Millisecond)); err != nil {
			return span{}, err
		}
		c.lab.say.note("%.0f/s", float64(count()-first)/time.Since(before.at).Seconds())
	}
	g.on.Store(false)
	last := count()
	s := before.to(c.use())
	s.count = last - first
	profiled()
	return s, nil
}

// rss is the resident memory of the first server.
func (c *servers) rss() int64 {
	if pids := c.pids(); len(pids) > 0 {
		return rssOf(pids[0])
	}
	return 0
}

// wait lets time pass.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// until waits, for most at most, until nothing is left, and tells how much still is.
func until(ctx context.Context, most time.Duration, left func() int64) int64 {
	end := time.Now().Add(most)
	for {
		n := left()
		if n <= 0 || time.Now().After(end) || wait(ctx, 20*time.Millisecond) != nil {
			return n
		}
	}
}

// latencies are microseconds, 1 % exact, a minute at most.
func newLatencies() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 2) }

// merged puts latencies of many connections together.
func merged(parts []*hdrhistogram.Histogram) *hdrhistogram.Histogram {
	all := newLatencies()
	for _, p := range parts {
		all.Merge(p)
	}
	return all
}

// took records how long ago something of this process's clock was.
func took(h *hdrhistogram.Histogram, since int64) { _ = h.RecordValue(max(1, (clock()-since)/1000)) }
