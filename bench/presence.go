package bench

import (
	"context"
	"fmt"
	"time"
)

// Presence measures changes of state that many watch: of one person alone, with all
// at rest before and after, and of a crowd in which somebody changes all the time.
type Presence struct {
	Watchers []int         `arg:"" optional:"" help:"How many; several numbers are measured one after the other. Default: 2000."`
	People   int           `default:"50" help:"People who are watched by all of them."`
	Changes  int           `default:"20" help:"Changes that are measured alone."`
	Rate     int           `default:"20" help:"Changes a second in the crowd, at most one of each person in two seconds."`
	Crowd    time.Duration `default:"15s" help:"How long the crowd is measured."`
}

// restFor is how long a server tells nothing more to a session it has just told of
// presence, with what it may take until it notices that the time is over.
const restFor = 1300 * time.Millisecond

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
	p := newStage(c)
	defer p.close()
	if err := p.enter(ctx, l.people("p", l.sized(s.People, 10)), l.people("w", n)); err != nil {
		return nil, err
	}
	if err := wait(ctx, l.Warm); err != nil {
		return nil, err
	}
	if err := c.calm(ctx); err != nil {
		return nil, err
	}
	r := l.result("presence", n, len(c.nodes))
	if err := p.alone(ctx, r, l.sized(s.Changes, 3)); err != nil {
		return nil, err
	}
	length := s.Crowd
	if l.Quick {
		length = min(length, 3*time.Second)
	}
	if err := p.crowd(ctx, r, s.Rate, length); err != nil {
		return nil, err
	}
	p.t.judge(r, p.missing(), p.watchers, p.conns())
	if w := p.wrong.Load(); w > 0 {
		r.void("%d events tell something else than the last change", w)
	}
	return r, nil
}

// alone has one after the other change their state while all others rest. What the
// servers do anyway is measured for as long after each, and taken off. Beside each
// it is measured what writing as much to as many other sockets costs.
func (p *stage) alone(ctx context.Context, r *Result, changes int) error {
	n := len(p.watchers)
	floor, err := newChoir(n)
	if err != nil {
		return err
	}
	defer floor.close()
	profiled := p.profile(time.Duration(changes)*2*restFor, fmt.Sprintf("presence%d", n))
	defer profiled()
	var c price
	p.lab.say.step("measuring changes alone")
	for i := range changes {
		if err := p.weigh(ctx, p.stars[i%len(p.stars)], &c); err != nil {
			return err
		}
		least, err := floor.tell(int(p.frame.Load()))
		if err != nil {
			return err
		}
		c.floor += least
		p.lab.say.note("%d changes", i+1)
	}
	p.idle /= float64(changes)
	c.figures(r, "", changes)
	r.latency("delivery", merged(p.took))
	r.latency("to_all", p.whole)
	return nil
}

// A price is what some changes cost the servers.
type price struct {
	cpu   float64 // s
	floor float64 // ms: of writing as much to as many sockets
	out   written
}

func (c price) figures(r *Result, kind string, changes int) {
	n := float64(changes)
	if c.cpu > 0 { // it is known
		r.add(kind+"cpu_ms_change", c.cpu*1000/n)
	}
	if c.cpu > 0 && c.floor > 0 {
		r.add(kind+"floor_cpu_ms", c.floor/n)
		r.add(kind+"of_floor", c.cpu*1000/c.floor)
	}
	if c.out.writes > 0 {
		r.add(kind+"writes_change", c.out.writes/n)
		r.add(kind+"frames_write", c.out.frames/c.out.writes)
		r.add(kind+"bytes_write", c.out.bytes/c.out.writes)
	}
}

// weigh adds what one change costs, until all who were told have rested. Asking for
// what was written is not part of it.
func (p *stage) weigh(ctx context.Context, star *star, c *price) error {
	wrote, before, at := p.written(ctx), p.busy(), time.Now()
	if err := p.change(ctx, star); err != nil {
		return err
	}
	told := p.busy()
	c.out = c.out.plus(p.written(ctx).less(wrote))
	asked := p.busy()
	if err := wait(ctx, restFor-time.Since(at)); err != nil {
		return err
	}
	rested := p.busy()
	if err := wait(ctx, restFor); err != nil {
		return err
	}
	idle := p.busy() - rested
	c.cpu += told - before + rested - asked - idle
	p.idle += idle / restFor.Seconds()
	return nil
}

// change changes the state of one star and waits until everybody was told.
func (p *stage) change(ctx context.Context, star *star) error {
	at := clock()
	if err := p.set(star); err != nil {
		return err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for star.left.Load() > 0 {
		select {
		case <-p.reached:
		case <-timer.C:
			return fmt.Errorf("%d of %d are not told of %s", star.left.Load(), len(p.watchers), star.person)
		case <-star.gone:
			return fmt.Errorf("%s is gone: %w", star.person, star.err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	took(p.whole, at)
	return nil
}

// crowd has somebody change their state so many times a second, each in turn. What
// the servers do anyway is taken off, as it was measured between changes alone.
func (p *stage) crowd(ctx context.Context, r *Result, rate int, length time.Duration) error {
	rate = min(rate, len(p.stars)/2) // else who is back in time is not told of
	changes := int(length.Seconds() * float64(rate))
	every := length / time.Duration(max(1, changes))
	p.forget()
	p.lab.say.step("measuring a crowd")
	profiled := p.profile(length, fmt.Sprintf("presence%d-crowd", len(p.watchers)))
	wrote, before, own, start := p.written(ctx), p.busy(), ownCPU(), time.Now()
	for i := range changes {
		if err := p.set(p.stars[i%len(p.stars)]); err != nil {
			return err
		}
		p.lab.say.note("%d changes", i+1)
		if err := wait(ctx, time.Until(start.Add(time.Duration(i+1)*every))); err != nil {
			return err
		}
	}
	until(ctx, patience, p.missing)
	seconds, c := time.Since(start).Seconds(), price{cpu: p.busy() - before}
	c.cpu = max(0, c.cpu-p.idle*seconds)
	c.out = p.written(ctx).less(wrote)
	profiled()
	if err := c.least(len(p.watchers)); err != nil {
		return err
	}
	c.figures(r, "crowd_", changes)
	r.add("crowd_per_s", float64(changes)/seconds)
	if c.cpu > 0 {
		r.add("crowd_server_cores", c.cpu/seconds)
		r.add("idle_cpu_percent", p.idle*100)
		r.add("crowd_generator_cores", (ownCPU()-own)/seconds)
	}
	r.latency("crowd_delivery", merged(p.took))
	return nil
}

// least measures what it costs to write as much to n sockets, as often.
func (c *price) least(n int) error {
	if c.out.writes == 0 {
		return nil
	}
	floor, err := newChoir(n)
	if err != nil {
		return err
	}
	defer floor.close()
	const warm, rounds = 2, 10
	for round := range warm + rounds {
		cpu, err := floor.tell(int(c.out.bytes / c.out.writes))
		if err != nil {
			return err
		}
		if round >= warm {
			c.floor += cpu * c.out.writes / float64(n) / rounds
		}
	}
	return nil
}
