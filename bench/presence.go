package bench

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/wire"
)

// Presence measures changes of one person's state that many watch.
type Presence struct {
	Watchers []int `arg:"" optional:"" help:"How many; several numbers are measured one after the other. Default: 2000."`
	Stars    int   `default:"4" help:"People who are watched by all. They change their state one after the other."`
	Rounds   int   `default:"3" help:"Times that each of them changes it a few times."`
}

const (
	// turnChanges is how many changes of one person follow each other: about as many
	// as a server tells at once. Who goes on is told of more seldom.
	turnChanges = 8
	// turnRest is how long it takes until the same is true again.
	turnRest = 5 * time.Second
)

// Run is the command.
func (s *Presence) Run(c *Command) error { return c.run(s) }

func (s *Presence) name() string { return "presence" }

func (s *Presence) measure(ctx context.Context, l *lab) (out []Result, err error) {
	sizes := s.Watchers
	if len(sizes) == 0 {
		sizes = []int{2000}
	}
	for _, n := range sizes {
		r, err := s.one(ctx, l, l.sized(n, 200))
		if err != nil {
			return out, err
		}
		out = append(out, *r)
	}
	return out, nil
}

// A stage is where everybody watches the same people.
type stage struct {
	*servers
	t        trouble
	stars    []*conn
	watchers []*conn
	states   []int // of each star, among those below

	now     atomic.Pointer[change]
	wrong   atomic.Int64 // events that tell something else than the last change
	frame   atomic.Int64 // bytes of an event
	took    []*hdrhistogram.Histogram
	whole   *hdrhistogram.Histogram
	changes int64
	missing int64 // events that did not come
}

// A change is one that is under way.
type change struct {
	user, state []byte // as an event tells them
	at          int64
	left        atomic.Int64 // watchers it has not reached
	done        chan struct{}
}

// The states that are changed between, as they are set and as they are told.
var (
	statuses = []string{`{"state":"active"}`, `{"state":"away"}`}
	shown    = [][]byte{[]byte(`"state":"online"`), []byte(`"state":"away"`)}
)

func (s *Presence) one(ctx context.Context, l *lab, n int) (*Result, error) {
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
	p := &stage{servers: c, states: make([]int, s.Stars), whole: newLatencies()}
	defer func() {
		closeAll(p.stars)
		closeAll(p.watchers)
	}()
	if err := p.enter(ctx, l.people("p", s.Stars), l.people("w", n)); err != nil {
		return nil, err
	}
	if err := wait(ctx, l.Warm); err != nil {
		return nil, err
	}
	if err := c.calm(ctx); err != nil {
		return nil, err
	}
	return p.play(ctx, l.sized(s.Rounds, 1))
}

// enter puts everybody on the air, and has the people watch the stars.
func (p *stage) enter(ctx context.Context, stars, people []string) (err error) {
	if err := p.signInAll(ctx, append(stars[:len(stars):len(stars)], people...)); err != nil {
		return err
	}
	var of []pair
	for _, star := range stars {
		of = append(of, pairs(star, people)...)
	}
	if err := p.befriend(ctx, of); err != nil {
		return err
	}
	if p.stars, err = p.dialAll(ctx, stars); err != nil {
		return err
	}
	if p.watchers, err = p.dialAll(ctx, people); err != nil {
		return err
	}
	if err := p.watch(ctx, stars); err != nil {
		return err
	}
	for _, k := range p.stars {
		k.serve(p.t.heed)
	}
	for i, k := range p.watchers {
		var h *hdrhistogram.Histogram
		if i%max(1, len(people)/sampled) == 0 {
			h = newLatencies()
			p.took = append(p.took, h)
		}
		k.serve(p.watcher(h))
	}
	return nil
}

// watch has all watchers, whom nobody serves yet, watch people who are online.
func (p *stage) watch(ctx context.Context, whom []string) error {
	p.lab.say.step("watching")
	data, err := json.Marshal(wire.Watch{Users: whom})
	if err != nil {
		return err
	}
	return p.times(ctx, len(p.watchers), func(i int) error {
		k := p.watchers[i]
		_ = k.sock.SetDeadline(time.Now().Add(patience))
		if err := k.request("watch", data); err != nil {
			return err
		}
		for {
			msg, err := k.message()
			switch {
			case err != nil:
				return err
			case !isReply(msg):
			case isRefusal(msg) || bytes.Count(msg, shown[0]) != len(whom):
				return fmt.Errorf("%s watches %d people who are online: %.300s", k.person, len(whom), msg)
			default:
				return k.sock.SetDeadline(time.Time{})
			}
		}
	})
}

// watcher makes what a watcher does with a message; h may be nil.
func (p *stage) watcher(h *hdrhistogram.Histogram) handler {
	return func(c *conn, msg []byte) {
		if !isEvent(msg, "presence") {
			p.t.heed(c, msg)
			return
		}
		now := p.now.Load()
		if now == nil || !bytes.Contains(msg, now.user) || !bytes.Contains(msg, now.state) {
			p.wrong.Add(1)
			return
		}
		if h != nil {
			took(h, now.at)
			p.frame.Store(int64(len(msg)) + 2) // and its head
		}
		if now.left.Add(-1) == 0 { // whoever sees this reads what was recorded
			close(now.done)
		}
	}
}

// change changes the state of one star and waits until everybody was told.
func (p *stage) change(ctx context.Context, star int) error {
	p.states[star] = 1 - p.states[star]
	k, state := p.stars[star], p.states[star]
	c := &change{user: []byte(`"` + k.person + `"`), state: shown[state], at: clock(), done: make(chan struct{})}
	c.left.Store(int64(len(p.watchers)))
	p.now.Store(c)
	if err := k.request("status", []byte(statuses[state])); err != nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-c.done:
		took(p.whole, c.at)
		p.changes++
		return nil
	case <-timer.C:
		p.missing += c.left.Load()
		return nil
	case <-k.gone:
		return fmt.Errorf("%s is gone: %w", k.person, k.err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// play has everybody change their state, some times each, and rests between the rounds.
func (p *stage) play(ctx context.Context, rounds int) (*Result, error) {
	l, n := p.lab, len(p.watchers)
	var spent []span
	for round := range rounds {
		if round > 0 {
			l.say.step("resting")
			if err := wait(ctx, turnRest); err != nil {
				return nil, err
			}
		}
		l.say.step("measuring")
		profiled := p.profile(time.Second, fmt.Sprintf("presence%d", n))
		before := p.use()
		for i := range len(p.stars) * turnChanges {
			if err := p.change(ctx, i/turnChanges); err != nil {
				return nil, err
			}
			l.say.note("%d changes", p.changes)
		}
		spent = append(spent, before.to(p.use()))
		profiled()
	}
	sp := total(spent)
	r := l.result("presence", n, len(p.nodes))
	r.add("per_s", float64(p.changes)/sp.seconds)
	r.cost(sp, "cpu_ms_change", 1000/float64(p.changes))
	r.latency("delivery", merged(p.took))
	r.latency("to_all", p.whole)
	p.t.judge(r, p.missing, p.watchers, p.stars)
	if w := p.wrong.Load(); w > 0 {
		r.void("%d events tell something else than the last change", w)
	}
	return r, p.floor(r, n)
}

// floor compares with what it costs to write as much to as many sockets.
func (p *stage) floor(r *Result, n int) error {
	p.lab.say.step("measuring sockets")
	closeAll(p.watchers)
	floor, err := tellAll(n, int(p.frame.Load()))
	if err != nil || floor == 0 {
		return err
	}
	r.add("floor_cpu_ms", floor)
	if cpu, ok := r.figure("cpu_ms_change"); ok {
		r.add("of_floor", cpu/floor)
	}
	return nil
}
