package law

import (
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/client"
)

// again stops all nodes of a house and starts them on the same addresses.
func (h *house) again(t testing.TB) {
	t.Helper()
	h.stop(t)
	h.start(t)
}

// TestRestart tries to get past the law by waiting for the server to start again:
// nothing of it is only in memory.
func TestRestart(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { restart(t, embedded(t)) })
	t.Run("cluster", func(t *testing.T) { restart(t, cluster(t)) })
}

func restart(t *testing.T, h *house) {
	s := &scene{T: t, h: h, alone: true}
	of := s.app().approve(remark())
	tickets := of.spread(most + 6)
	for _, k := range tickets[:most-2] {
		must(t, k.say("At the window seat", ""))
	}
	quiet, ann, spare := s.served(queue())
	must(t, ann.api().MuteApp(t.Context(), quiet.app.id))
	paused, _, held := s.served(queue())
	s.act("pause_template", "template", paused.id)

	h.again(t)
	for i, k := range tickets[most-2:] { // who was counted before is counted still
		must(t, k.say("At the window seat", ""))
		if got, want := s.inbox(k.by), 0; i >= 2 && got != want {
			t.Errorf("the reader %d after a restart has %d", i, got)
		}
	}
	if n := of.held(); n != 6 {
		t.Errorf("%d are held", n)
	}
	for what, err := range map[string]error{"grant_closed": only(spare.send()), "template_paused": only(held.send()), "ask_silenced": only(quiet.sheet(ann, "s"))} {
		if string(client.CodeOf(err)) != what {
			t.Errorf("after a restart it is %v, not %s", err, what)
		}
	}
	of.decide("drop")
	h.again(t)
	h.clock.Advance(time.Hour)
	eventually(t, "dropping", func() bool { return of.held() == 0 })
	n := 0
	for _, k := range tickets {
		n += s.inbox(k.by)
	}
	if n != most {
		t.Errorf("%d people got what 20 may, after a case was upheld", n)
	}
	h.lawful(t)
}
