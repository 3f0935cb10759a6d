package law

import (
	"testing"

	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/client"
)

// TestRedisAway kills Redis in the middle of a flood on two nodes: they count alone,
// against a quarter of the limit each, and hold the rest. When it comes back, empty,
// it is told what the one that died had counted, and no more than 20 get through.
func TestRedisAway(t *testing.T) {
	r := redistest.Start(t)
	h := clusterOn(t, r.URL()+"/0", 2)
	s := &scene{T: t, h: h}
	of := s.app().approve(remark())
	const before, flood = 4, 40
	tickets := of.spread(before + flood + 20)
	for _, k := range tickets[:before] {
		must(t, k.say("At the window seat", ""))
	}
	count := func() (n int) {
		for _, k := range tickets {
			n += s.inbox(k.by)
		}
		return n
	}
	if n := count(); n != before {
		t.Fatalf("%d of %d came before anything happened", n, before)
	}
	r.Kill()
	for _, err := range s.parallel(flood, func(i int) error { return tickets[before+i].say("At the window seat", "") }) {
		if code := client.CodeOf(err); err != nil && code != "unavailable" && code != "template_paused" {
			t.Errorf("without Redis a notice is answered %v", err)
		}
	}
	if n := count(); n > 10 { // two nodes, 20/4 each
		t.Errorf("without Redis %d came", n)
	}
	r.Start()
	eventually(t, "finding Redis again", func() bool {
		ready := 0
		for _, n := range h.nodes {
			if got(h.askAt(n.Ops, "GET", "!/readyz", "", nil))(t).status == 200 {
				ready++
			}
		}
		return ready == len(h.nodes)
	})
	for _, err := range s.parallel(20, func(i int) error { return tickets[before+flood+i].say("At the window seat", "") }) {
		if code := client.CodeOf(err); err != nil && code != "unavailable" && code != "template_paused" {
			t.Errorf("with Redis again a notice is answered %v", err)
		}
	}
	if n := count(); n > most {
		t.Errorf("%d people got the same in ten minutes", n)
	}
	t.Logf("%d came, %d are held", count(), of.held())
	h.lawful(t)
}
