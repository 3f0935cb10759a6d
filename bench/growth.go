package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

var errUnanswered = errors.New("messages were not answered")

// Groupcost compares a large group with a small one, no member but the senders online.
type Groupcost struct {
	Members int `arg:"" optional:"" default:"5000" help:"Of the large group."`
	Senders int `default:"4" help:"Senders, each with a small and a large group."`
	Flying  int `default:"4" help:"Messages of each under way at once."`
	Rounds  int `default:"5" help:"Rounds of each side, in turn."`
}

// Run is the command.
func (s *Groupcost) Run(c *Command) error { return c.run(s) }

func (s *Groupcost) name() string { return "groupcost" }

func (s *Groupcost) measure(ctx context.Context, l *lab) ([]Result, error) {
	n := l.sized(s.Members, 500)
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
	owners, members := l.people("o", s.Senders), l.people("m", n-1)
	if err := c.signInAll(ctx, append(owners[:s.Senders:s.Senders], members...)); err != nil {
		return nil, err
	}
	var t trouble
	b, err := newBank(ctx, c, owners, &t)
	if err != nil {
		return nil, err
	}
	defer b.close()
	small, large := side{bank: b}, side{bank: b}
	for i, o := range owners {
		l.say.step(fmt.Sprintf("making group %d of %d", i+1, len(owners)))
		few, err := c.group(ctx, o, "small", members[:1])
		if err != nil {
			return nil, err
		}
		many, err := c.group(ctx, o, "large", members)
		if err != nil {
			return nil, err
		}
		small.to, large.to = append(small.to, toStream(few)), append(large.to, toStream(many))
	}
	r := l.result("groupcost", n, len(c.nodes))
	if err := compare(ctx, r, small, large, l.sized(s.Rounds, 2), s.Flying, l.Length); err != nil {
		return nil, err
	}
	t.judge(r, 0, b.conns)
	return []Result{*r}, nil
}

// Storecost compares a store with many entries with an empty one.
type Storecost struct {
	Entries int           `arg:"" optional:"" default:"1000000" help:"Entries put in before measuring."`
	Senders int           `default:"50" help:"Senders, each with a conversation of its own; receivers are away."`
	Rounds  int           `default:"5" help:"Rounds of each side, in turn."`
	Within  time.Duration `default:"30m" help:"The longest that filling may take; what is in by then counts."`
}

// Run is the command.
func (s *Storecost) Run(c *Command) error { return c.run(s) }

func (s *Storecost) name() string { return "storecost" }

// measure fills the very conversations that are then measured, so that both the
// store and each stream in it are long. The empty store is a second server's.
func (s *Storecost) measure(ctx context.Context, l *lab) ([]Result, error) {
	if len(l.Addr) > 0 {
		return nil, errors.New("needs two servers of its own; it cannot measure --addr")
	}
	n := l.sized(s.Entries, 20_000)
	l.fresh()
	var t trouble
	var sides [2]side // empty, grown
	var stores [2]*store
	for i, prefix := range []string{"e", "g"} {
		st, err := l.newStore(ctx)
		if err != nil {
			return nil, err
		}
		c, err := l.open(ctx, st, 1)
		if err != nil {
			return nil, err
		}
		defer c.close()
		from, to := l.people(prefix+"s", s.Senders), l.people(prefix+"r", s.Senders)
		if err := c.signInAll(ctx, append(from[:s.Senders:s.Senders], to...)); err != nil {
			return nil, err
		}
		b, err := newBank(ctx, c, from, &t)
		if err != nil {
			return nil, err
		}
		defer b.close()
		sides[i].bank, stores[i] = b, st
		for _, who := range to {
			sides[i].to = append(sides[i].to, toUser(who))
		}
	}
	filled, perSecond, err := sides[1].load(ctx, n, s.Within)
	if err != nil {
		return nil, err
	}
	r := l.result("storecost", n, 1)
	if l.path() == "embedded" {
		r.add("disk_bytes_per_entry", float64(folderBytes(filepath.Join(stores[1].dir, "node0")))/float64(filled))
	}
	if err := compare(ctx, r, sides[0], sides[1], l.sized(s.Rounds, 2), 1, l.Length); err != nil {
		return nil, err
	}
	r.add("entries", float64(filled))
	r.add("filled_per_s", perSecond)
	t.judge(r, 0, sides[0].conns, sides[1].conns)
	return []Result{*r}, nil
}

// load puts n messages into a side's conversations, then waits for the server to calm down.
func (s side) load(ctx context.Context, n int, within time.Duration) (filled int64, perSecond float64, err error) {
	l := s.c.lab
	l.say.step("filling the store")
	var g gauge
	var begun atomic.Int64
	start := time.Now()
	loops := make([]*loop, len(s.conns))
	for i := range loops {
		loops[i] = newLoop(&g, s.t, func(int64) (receiver, bool) {
			return s.to[i], begun.Add(1) <= int64(n) && time.Since(start) < within
		}, l.Size, 12)
	}
	s.begin(loops)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for sum(loops) < int64(n) && wait(ctx, 200*time.Millisecond) == nil && time.Since(start) < within {
			l.say.count(int(sum(loops)), n)
		}
	}()
	left := drain(ctx, loops, s.conns, within+patience)
	perSecond = float64(sum(loops)) / time.Since(start).Seconds()
	<-watched
	if left > 0 {
		return 0, 0, errUnanswered
	}
	return sum(loops), perSecond, s.c.calm(ctx)
}

// calm waits, a minute at most, until the servers have nothing left to do.
func (c *servers) calm(ctx context.Context) error {
	c.lab.say.step("waiting for the server to calm down")
	for range 60 {
		before := c.use()
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
		if before.to(c.use()).cpu < 0.05 {
			return nil
		}
	}
	return nil
}

// folderBytes is what the files of a folder take.
func folderBytes(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil // files come and go meanwhile
	})
	return n
}
