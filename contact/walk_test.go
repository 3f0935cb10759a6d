package contact_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// A world is the plain model of two people, 0 and 1.
type world struct {
	friend bool
	asks   [2]bool
	blocks [2]bool
	told   [2][3]int8 // how many request, accepted, removed stand in each one's stream
}

const (
	toldRequest = iota
	toldAccepted
	toldRemoved
)

type deed struct {
	who int
	op  string
}

var ops = []string{"request", "accept", "decline", "remove", "block", "unblock"}

// do is what a deed makes of the world, and what it answers.
func (w world) do(d deed) (world, string) {
	me, other := d.who, 1-d.who
	befriend := func() {
		w.friend, w.asks = true, [2]bool{}
		w.told[0][toldAccepted]++
		w.told[1][toldAccepted]++
	}
	switch d.op {
	case "request":
		switch {
		case w.friend:
			return w, contact.Friends
		case w.blocks[me]:
			return w, "blocked"
		case w.blocks[other]:
			return w, contact.Pending
		case w.asks[other]:
			befriend()
			return w, contact.Friends
		case !w.asks[me]:
			w.asks[me] = true
			w.told[other][toldRequest]++
		}
		return w, contact.Pending
	case "accept":
		switch {
		case w.friend:
			return w, ""
		case !w.asks[other]:
			return w, "not_found"
		case w.blocks[0] || w.blocks[1]:
			return w, "blocked"
		}
		befriend()
	case "decline":
		if !w.asks[other] {
			return w, "not_found"
		}
		w.asks[other] = false
	case "remove":
		if w.friend {
			w.friend = false
			w.told[me][toldRemoved]++
		}
	case "block":
		w.blocks[me] = true
	case "unblock":
		w.blocks[me] = false
	}
	return w, ""
}

func (w world) write() error {
	switch {
	case w.blocks[0] || w.blocks[1]:
		return contact.ErrBlocked
	case !w.friend:
		return contact.ErrNotFriends
	}
	return nil
}

// perform does a deed and tells what it answered.
func perform(s *contact.Service, us [2]id.User, d deed) string {
	ctx, me, other := context.Background(), us[d.who], string(us[1-d.who])
	state, err := "", error(nil)
	switch d.op {
	case "request":
		state, err = s.Request(ctx, me, other, "hello")
	case "accept":
		err = s.Accept(ctx, me, other)
	case "decline":
		err = s.Decline(ctx, me, other)
	case "remove":
		err = s.Remove(ctx, me, other)
	case "block":
		err = s.Block(ctx, me, other)
	case "unblock":
		err = s.Unblock(ctx, me, other)
	}
	if err != nil {
		return string(fault.From(err).Code)
	}
	return state
}

// observe reads the world from the outside.
func (h *house) observe(us [2]id.User) world {
	h.t.Helper()
	var w world
	for i, u := range us {
		other := us[1-i]
		w.friend = slices.Contains(h.friends(u), other)
		w.blocks[i] = slices.Contains(h.blocks(u), other)
		for _, entry := range h.told(u) {
			switch entry {
			case "request " + string(other):
				w.told[i][toldRequest]++
			case "accepted " + string(other):
				w.told[i][toldAccepted]++
			case "removed " + string(other):
				w.told[i][toldRemoved]++
			}
		}
		page, err := h.store.Relation(context.Background(), u, other)
		good(h.t, err)
		w.asks[1-i] = page.Asked != nil
	}
	return w
}

func drawDeed(t *rapid.T) deed {
	return deed{rapid.IntRange(0, 1).Draw(t, "who"), rapid.SampledFrom(ops).Draw(t, "op")}
}

// One after the other, four people do anything: every answer and everything that
// can be seen is the model's.
func TestAnyWalkAgreesWithTheModel(t *testing.T) {
	h := open(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		crowd := []id.User{}
		for i := range 4 {
			crowd = append(crowd, id.User(fmt.Sprintf("w%d.%d", round, i)))
		}
		worlds := map[[2]id.User]world{}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			i := rapid.IntRange(0, 2).Draw(rt, "first")
			us := [2]id.User{crowd[i], crowd[rapid.IntRange(i+1, 3).Draw(rt, "second")]}
			d := drawDeed(rt)
			w, want := worlds[us].do(d)
			worlds[us] = w
			if got := perform(h.Service, us, d); got != want {
				rt.Fatalf("%v of %v answers %q, want %q", d, us, got, want)
			}
			for us, w := range worlds {
				if got := h.observe(us); got != w {
					rt.Fatalf("after %v: %v are %+v, want %+v", d, us, got, w)
				}
				for i := range us {
					if got, want := h.mayWrite(us[i], us[1-i]), w.write(); got != want {
						rt.Fatalf("after %v: %s may write: %v, want %v", d, us[i], got, want)
					}
				}
				h.agreed(us[0], us[1])
			}
		}
	})
}

// An event is a deed as it happened: between begun and ended.
type event struct {
	deed
	answer       string
	begun, ended int64
}

// At once, on two nodes, two people do anything: all answers and the end are
// those of some order of the deeds, one that contradicts no clock.
func TestDeedsAtOnceHaveAnOrder(t *testing.T) {
	h := open(t)
	nodes := []*contact.Service{h.Service, h.node(h.store, h.seq)}
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		us := [2]id.User{id.User(fmt.Sprintf("a%d", round)), id.User(fmt.Sprintf("b%d", round))}
		var start world
		for _, d := range rapid.SliceOfN(rapid.Custom(drawDeed), 0, 3).Draw(rt, "before") {
			start, _ = start.do(d)
			perform(h.Service, us, d)
		}
		plans := rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(drawDeed), 1, 3), 2, 4).Draw(rt, "at once")
		var (
			clock  atomic.Int64
			mu     sync.Mutex
			events []event
			all    sync.WaitGroup
		)
		for i, plan := range plans {
			all.Go(func() {
				for _, d := range plan {
					e := event{deed: d, begun: clock.Add(1)}
					e.answer = perform(nodes[i%2], us, d)
					e.ended = clock.Add(1)
					mu.Lock()
					events = append(events, e)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		h.agreed(us[0], us[1])
		end := h.observe(us)
		if !ordered(events, start, end) {
			rt.Fatalf("no order explains\n%+v\nfrom %+v to %+v", events, start, end)
		}
		for i := range us {
			if got, want := h.mayWrite(us[i], us[1-i]), end.write(); got != want {
				rt.Fatalf("%s may write: %v, want %v", us[i], got, want)
			}
		}
	})
}

// ordered looks for an order of events that leads from start to end, in which
// each answers what it did and none comes before one that had ended when it began.
func ordered(events []event, start, end world) bool {
	type point struct {
		done int
		w    world
	}
	seen := map[point]bool{}
	var search func(p point) bool
	search = func(p point) bool {
		if p.done == 1<<len(events)-1 {
			return p.w == end
		}
		if seen[p] {
			return false
		}
		seen[p] = true
		for i, e := range events {
			if p.done&(1<<i) != 0 || slices.ContainsFunc(events, func(o event) bool {
				return p.done&(1<<slices.Index(events, o)) == 0 && o.ended < e.begun
			}) {
				continue
			}
			if w, answer := p.w.do(e.deed); answer == e.answer && search(point{p.done | 1<<i, w}) {
				return true
			}
		}
		return false
	}
	return search(point{0, start})
}
