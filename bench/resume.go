package bench

import (
	"bytes"
	"context"
	"fmt"
	"math/bits"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/wire"
)

// Resume measures sessions that come back to what they have missed.
type Resume struct {
	Sessions int `arg:"" optional:"" default:"2000" help:"How many."`
	Missed   int `default:"10" help:"Messages each has missed, at most 64."`
}

// Run is the command.
func (s *Resume) Run(c *Command) error { return c.run(s) }

func (s *Resume) name() string { return "resume" }

// writers is how many people write to those who are away.
const writers = 50

func (s *Resume) measure(ctx context.Context, l *lab) ([]Result, error) {
	if s.Missed < 1 || s.Missed > 64 {
		return nil, fmt.Errorf("--missed is 1 to 64, not %d", s.Missed)
	}
	n := l.sized(s.Sessions, 200)
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
	from, people := l.people("w", min(writers, n)), l.people("a", n)
	if err := c.signInAll(ctx, append(from[:len(from):len(from)], people...)); err != nil {
		return nil, err
	}
	var t trouble
	b, err := newBank(ctx, c, from, &t)
	if err != nil {
		return nil, err
	}
	defer b.close()
	if err := s.write(ctx, b, people, 1, "opening conversations"); err != nil {
		return nil, err
	}
	cursors, err := c.positions(ctx, people)
	if err != nil {
		return nil, err
	}
	if err := s.write(ctx, b, people, s.Missed, "writing to who is away"); err != nil {
		return nil, err
	}
	if err := wait(ctx, l.Warm); err != nil {
		return nil, err
	}
	return s.back(ctx, c, people, cursors, &t)
}

// write sends k messages to each person, who all have one writer.
func (s *Resume) write(ctx context.Context, b *bank, people []string, k int, what string) error {
	b.c.lab.say.step(what)
	var g gauge
	loops := make([]*loop, len(b.conns))
	for i := range b.conns {
		var mine []string
		for j := i; j < len(people); j += len(b.conns) {
			mine = append(mine, people[j])
		}
		loops[i] = newLoop(&g, b.t, func(n int64) (receiver, bool) {
			who := int(n) / k
			if who >= len(mine) {
				return receiver{}, false
			}
			return toUser(mine[who]), true
		}, b.c.lab.Size, 8)
	}
	b.begin(loops)
	if left := drain(ctx, loops, b.conns, 5*time.Minute); left > 0 {
		return fmt.Errorf("%s: %d writers did not come to an end", what, left)
	}
	if sum(loops) != int64(len(people)*k) {
		return fmt.Errorf("%s: %d of %d messages were acknowledged; %s", what, sum(loops), len(people)*k, b.t.example)
	}
	return nil
}

// positions connects everybody once and notes where they are.
func (c *servers) positions(ctx context.Context, people []string) (map[string]map[string]int64, error) {
	c.lab.say.step("noting positions")
	var mu sync.Mutex
	out := make(map[string]map[string]int64, len(people))
	err := c.each(ctx, people, func(p string) error {
		var w wire.Welcome
		var bad error
		k, err := c.dial(ctx, p, nil, func(_ *conn, msg []byte) { bad = unwrap(msg, &w) })
		if err != nil {
			return err
		}
		k.sock.Close()
		if bad != nil {
			return bad
		}
		at := map[string]int64{}
		for _, s := range w.Sync.Streams {
			at[s.Stream] = s.Head
		}
		mu.Lock()
		out[p] = at
		mu.Unlock()
		return nil
	})
	return out, err
}

// unwrap reads the data of a reply.
func unwrap(msg []byte, into any) error {
	return json.Unmarshal(msg, &struct {
		Data any `json:"data"`
	}{into})
}

// back measures: everybody comes back, and what they have missed is in the answer to hello.
func (s *Resume) back(ctx context.Context, c *servers, people []string, cursors map[string]map[string]int64, t *trouble) ([]Result, error) {
	l := c.lab
	var mu sync.Mutex
	var short int
	conns := make([]*conn, 0, len(people))
	latency := newLatencies()
	profiled := c.profile(time.Second, "resume")
	l.say.step("coming back")
	before := c.use()
	err := c.each(ctx, people, func(p string) error {
		var seen uint64
		start := clock()
		k, err := c.dial(ctx, p, cursors[p], func(_ *conn, msg []byte) { seen = numbersIn(msg, s.Missed) })
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		took(latency, start)
		conns = append(conns, k)
		if bits.OnesCount64(seen) != s.Missed {
			short++
		}
		return nil
	})
	sp := before.to(c.use())
	defer closeAll(conns)
	profiled()
	if err != nil {
		return nil, err
	}
	n := float64(len(people))
	r := l.result("resume", len(people), len(c.nodes))
	r.add("all_back_s", sp.seconds)
	r.cost(sp, "cpu_ms_each", 1000/n)
	r.latency("back", latency)
	if short > 0 {
		r.void("%d of %d did not get all they had missed", short, len(people))
	}
	for _, k := range conns {
		k.serve(t.heed)
	}
	t.judge(r, 0, conns)
	return []Result{*r}, nil
}

// numbersIn tells which of m messages are among the entries of a sync.
func numbersIn(msg []byte, m int) (seen uint64) {
	for {
		i := bytes.Index(msg, []byte(`"entries":[`))
		if i < 0 {
			return seen
		}
		msg = msg[i+len(`"entries":[`):]
		entries := msg
		if j := bytes.Index(msg, []byte(`"entries":[`)); j >= 0 {
			entries = msg[:j]
		}
		for {
			s, rest, ok := stampOf(entries)
			if !ok {
				break
			}
			seen |= 1 << (s.number % int64(m))
			entries = rest
		}
	}
}
