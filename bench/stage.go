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

// A stage is where everybody watches the same people.
type stage struct {
	*servers
	t        trouble
	stars    []*star
	named    map[string]*star
	watchers []*conn

	wrong   atomic.Int64 // events that tell something else than somebody's last change
	frame   atomic.Int64 // bytes of an event
	reached chan struct{}
	took    []*hdrhistogram.Histogram
	whole   *hdrhistogram.Histogram
	idle    float64 // CPU-seconds a second of the servers while nothing changes
}

// A star is somebody whom all watch.
type star struct {
	*conn
	state atomic.Int64 // among those below
	at    atomic.Int64 // when it was set
	left  atomic.Int64 // events that have not come
}

// The states that are changed between, as they are set and as they are told.
var (
	statuses = []string{`{"state":"active"}`, `{"state":"away"}`}
	shown    = [][]byte{[]byte(`"state":"online"`), []byte(`"state":"away"`)}
)

func newStage(c *servers) *stage {
	return &stage{servers: c, named: map[string]*star{}, reached: make(chan struct{}, 1), whole: newLatencies()}
}

func (p *stage) close() {
	closeAll(p.conns())
	closeAll(p.watchers)
}

// conns are the connections of the stars.
func (p *stage) conns() (out []*conn) {
	for _, s := range p.stars {
		out = append(out, s.conn)
	}
	return out
}

// enter puts everybody on the air, and has the people watch the stars.
func (p *stage) enter(ctx context.Context, stars, people []string) error {
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
	conns, err := p.dialAll(ctx, stars)
	for _, k := range conns {
		s := &star{conn: k}
		p.stars, p.named[k.person] = append(p.stars, s), s
	}
	if err != nil {
		return err
	}
	if p.watchers, err = p.dialAll(ctx, people); err != nil {
		return err
	}
	if err := p.watch(ctx, stars); err != nil {
		return err
	}
	for _, s := range p.stars {
		s.serve(p.t.heed)
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
		_, rest, _ := bytes.Cut(msg, []byte(`"user":"`))
		user, _, _ := bytes.Cut(rest, []byte(`"`))
		s := p.named[string(user)]
		if s == nil || !bytes.Contains(rest, shown[s.state.Load()]) {
			p.wrong.Add(1)
			return
		}
		if h != nil {
			took(h, s.at.Load())
			p.frame.Store(int64(len(msg)) + 2) // and its head
		}
		if s.left.Add(-1) == 0 { // whoever sees this reads what was recorded
			select {
			case p.reached <- struct{}{}:
			default:
			}
		}
	}
}

// set changes the state of one star.
func (p *stage) set(s *star) error {
	state := 1 - s.state.Load()
	s.at.Store(clock())
	s.left.Add(int64(len(p.watchers)))
	s.state.Store(state)
	return s.request("status", []byte(statuses[state]))
}

// missing are the events that have not come.
func (p *stage) missing() (n int64) {
	for _, s := range p.stars {
		n += s.left.Load()
	}
	return n
}

// forget drops what was recorded; nothing comes meanwhile.
func (p *stage) forget() {
	for _, t := range p.took {
		t.Reset()
	}
}

// busy is the CPU time of the servers, in seconds, as exactly as the system tells it.
func (p *stage) busy() (s float64) {
	for _, pid := range p.pids() {
		s += busyOf(pid)
	}
	return s
}
