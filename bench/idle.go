package bench

import (
	"context"
	"sync"
	"time"
)

// Idle measures sessions that do nothing.
type Idle struct {
	Sessions []int         `arg:"" optional:"" help:"How many; several numbers are measured one after the other. Default: 10000."`
	Settle   time.Duration `default:"8s" help:"From the last connect to the reading of memory."`
}

// Run is the command.
func (s *Idle) Run(c *Command) error { return c.run(s) }

func (s *Idle) name() string { return "idle" }

// measure signs the people in on one server process and connects them to a fresh
// one, so that what is there before the first session is not counted.
func (s *Idle) measure(ctx context.Context, l *lab) (out []Result, err error) {
	sizes := s.Sessions
	if len(sizes) == 0 {
		sizes = []int{10_000}
	}
	for _, n := range sizes {
		r, err := s.one(ctx, l, l.sized(n, 500))
		if err != nil {
			return out, err
		}
		out = append(out, *r)
	}
	return out, nil
}

func (s *Idle) one(ctx context.Context, l *lab, n int) (*Result, error) {
	l.fresh()
	st, err := l.newStore(ctx)
	if err != nil {
		return nil, err
	}
	people := l.people("i", n)
	first, err := l.open(ctx, st, 1)
	if err != nil {
		return nil, err
	}
	before := first.use()
	err = first.signInAll(ctx, people)
	signIn := before.to(first.use())
	first.close()
	if err != nil {
		return nil, err
	}
	c, err := l.open(ctx, st, 1)
	if err != nil {
		return nil, err
	}
	defer c.close()
	first.tokens.Range(func(k, v any) bool { c.tokens.Store(k, v); return true })

	settle := s.Settle
	if l.Quick {
		settle = min(settle, time.Second)
	}
	if err := wait(ctx, time.Second); err != nil {
		return nil, err
	}
	rss0, u0 := c.rss(), c.use()
	conns, err := c.dialAll(ctx, people)
	defer closeAll(conns)
	if err != nil {
		return nil, err
	}
	connect := u0.to(c.use())
	var t trouble
	for _, k := range conns {
		k.serve(t.heed)
	}
	l.say.step("settling")
	if err := wait(ctx, settle/2); err != nil {
		return nil, err
	}
	u1 := c.use()
	if err := wait(ctx, settle/2); err != nil {
		return nil, err
	}
	quiet := u1.to(c.use())
	r := l.result("idle", n, 1)
	if measurable && c.rss() > 0 {
		r.add("bytes_per_session", float64(c.rss()-rss0)/float64(n))
		r.add("rss_mb", float64(c.rss())/(1<<20))
		r.add("idle_cpu_percent", quiet.cpu/quiet.seconds*100)
		r.add("sign_in_cpu_ms", signIn.cpu*1000/float64(n))
	}
	r.cost(connect, "connect_cpu_ms", 1000/float64(n))
	r.add("connect_s", connect.seconds)
	t.judge(r, 0, conns)
	return r, nil
}

// dialAll connects people, several at a time, in their order.
func (c *servers) dialAll(ctx context.Context, people []string) ([]*conn, error) {
	c.lab.say.step("connecting")
	conns := make([]*conn, len(people))
	index := make(map[string]int, len(people))
	for i, p := range people {
		index[p] = i
	}
	var mu sync.Mutex
	err := c.each(ctx, people, func(p string) error {
		k, err := c.dial(ctx, p, nil, nil)
		if err != nil {
			return err
		}
		mu.Lock()
		conns[index[p]] = k
		mu.Unlock()
		return nil
	})
	if err != nil {
		closeAll(conns)
		return nil, err
	}
	return conns, nil
}

func closeAll(conns []*conn) {
	for _, c := range conns {
		if c != nil {
			c.close()
		}
	}
}
