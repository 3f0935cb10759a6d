package gateway

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// TestWheel turns a wheel of sessions by hand: each is visited at the first tick
// at which it is due, not before, and once.
func TestWheel(t *testing.T) {
	const tick = 10
	w := newWheel(tick*time.Millisecond, nil)
	want := map[*session]moment{}
	for range 2000 {
		s := &session{}
		at := moment(1 + rand.Int64N(3*wheelSlots*tick))
		w.put(s, at)
		if later := at + 1000; rand.IntN(2) == 0 { // an earlier visit stands
			w.put(s, later)
		}
		if rand.IntN(4) == 0 {
			w.remove(s)
		} else {
			want[s] = at
		}
	}
	for now := moment(1); now <= 4*wheelSlots*tick; now += moment(1 + rand.Int64N(3*tick)) {
		for _, s := range w.turnTo(now, nil) {
			at, ok := want[s]
			if !ok || now < at || now > at+4*tick {
				t.Fatalf("visited at %d, was due at %d (%v)", now, at, ok)
			}
			delete(want, s)
		}
	}
	if len(want) > 0 || len(w.all()) > 0 {
		t.Fatalf("%d were not visited, %d are left", len(want), len(w.all()))
	}
}

// TestWhoWasRemovedStaysOut: somebody who is about to put a session into the
// wheel while it is dropped does not keep it there.
func TestWhoWasRemovedStaysOut(t *testing.T) {
	w := newWheel(10*time.Millisecond, nil)
	s := &session{}
	w.put(s, 5)
	if due := w.turnTo(30, nil); len(due) != 1 { // a visit begins
		t.Fatalf("%d are due", len(due))
	}
	w.remove(s)   // it is dropped
	w.put(s, 100) // the visit ends
	if n := len(w.all()); n != 0 {
		t.Fatalf("%d are left in the wheel", n)
	}
}

// TestNothingIsLeftOfWhoHasGone: connections that end in every way leave the
// hub, the wheel and the counts.
func TestNothingIsLeftOfWhoHasGone(t *testing.T) {
	bothHouses(t, func(p *plan) { p.HelloWithin = 200 * time.Millisecond }, func(t *testing.T, h *house) {
		h.token("ann", "a")
		for i := range 40 {
			p := h.dial()
			switch i % 4 {
			case 0:
				device := fmt.Sprint("d", i)
				p.ok("hello", hello(h.token("ann", device), device))
				h.end("ann", account.End{Sessions: []id.Session{sessionOf("ann", device)}, Code: wire.CloseSignedOut})
			case 1:
				p.start("hello", hello(tokenOf("ann", "a"), "a"))
				p.conn.Close()
			case 2:
				p.write(textOf("no JSON")...)
			}
		}
		last := h.join("ann", "b")
		last.write(clientFrame(final|opClose, closePayload(1000, ""))...)
		last.closes(1000)
		eventually(t, "nothing is left", func() bool {
			heard := 0
			h.gw.hub.all(func(*session) { heard++ })
			s := h.gw.Stats()
			return heard == 0 && len(h.gw.wheel.all()) == 0 && s.Sessions == 0 && s.Waiting == 0 && h.gw.stats.open.Load() == 0
		})
	})
}
