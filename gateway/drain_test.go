package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// TestDrain: everybody gets bye with a time to come back, then 1001; nobody new
// comes in; what was asked before is answered.
func TestDrain(t *testing.T) {
	both(t, func(t *testing.T, portable bool) {
		var c held
		h := open(t, func(p *plan) {
			p.Portable = portable
			p.chat = func(inner Chat) Chat { c.Chat = inner; return &c }
		})
		var all []*peer
		for i := range 30 {
			all = append(all, h.join(id.User(fmt.Sprint("u", i)), "d"))
		}
		all = append(all, h.dial()) // has not said hello
		h.account("ann")
		send := all[0].start("send", sayTo("ann", "the last word"))
		eventually(t, "it is on its way", func() bool { return c.begun() == 1 })
		c.release()
		all[0].reply(send)

		done := make(chan struct{})
		go func() { defer close(done); h.gw.Drain(h.ctx) }()
		waits := map[int64]bool{}
		for _, p := range all {
			var bye wire.Bye
			ok(t, json.Unmarshal(p.event("bye").Data, &bye))
			if bye.Reason != "shutdown" || bye.RetryMS < 500 {
				t.Fatalf("bye %+v", bye)
			}
			waits[bye.RetryMS] = true
			p.closes(wire.CloseGoingAway)
			p.conn.Close()
		}
		if len(waits) < len(all)/2 {
			t.Fatalf("all come back at the same time: %v", waits)
		}
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatal("all have gone, and it still waits")
		}
		if r := h.tryShake(); r.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("somebody new is answered %s", r.Status)
		}
		if st := h.gw.Stats(); st.Closed[wire.CloseGoingAway] != int64(len(all)) || st.Sessions+st.Waiting != 0 {
			t.Fatalf("afterwards there is %+v", st)
		}
	})
}

// TestDrainDoesNotWaitForTheStuck longer than it is let.
func TestDrainDoesNotWaitForTheStuck(t *testing.T) {
	bothHouses(t, narrow, func(t *testing.T, h *house) {
		ann := h.join("ann", "a")
		group := h.group("ann", "stuck")
		stuck := h.narrowPeer("stuck", "s")
		n := 0
		fill(func() { n++; ann.ok("send", say(group, big(n))) }, h.only("stuck"))
		ctx, cancel := context.WithCancel(h.ctx)
		done := make(chan struct{})
		go func() { defer close(done); h.gw.Drain(ctx) }()
		ann.closes(wire.CloseGoingAway)
		ann.conn.Close()
		eventually(t, "the stuck one is all that is left", func() bool { return h.gw.stats.open.Load() == 1 })
		cancel()
		select {
		case <-done:
		case <-time.After(patience):
			t.Fatal("it waits for a client that does not read")
		}
		ok(t, h.gw.Close())
		noHoleUntold(t, stuck.seen, group)
	})
}
