package law

import (
	"testing"
	"time"
)

// delayed looks when an app's server hears of a grant on a server as it runs by
// default: between half a minute and two minutes after, so that no page can make
// its use depend on consent.
func delayed(t *testing.T) {
	t.Helper()
	h := newHouse(t)
	c := h.config(t, "pebble:", "memory:")
	c.GrantDelay = "30s-2m"
	h.configs = append(h.configs, c)
	h.open(t)
	s := &scene{T: t, h: h, alone: true}
	a := s.app()
	once, follow := a.approve(queue()), a.approve(ride())
	ann := s.user("ann")
	for _, of := range []*template{once, follow} {
		sheet := got(of.sheet(ann, of.draft.Scope))(s)
		s.pass(look)
		must(t, of.accept(ann, sheet))
	}
	a.handle("progress") // at once
	known := func() bool {
		items, next, err := a.server().Grants(t.Context(), a.after)
		must(t, err)
		a.after = next
		return len(items) > 0
	}
	s.pass(28 * time.Second)
	for range 20 {
		if known() {
			t.Fatal("the app hears of a consent within half a minute")
		}
	}
	s.pass(100 * time.Second)
	eventually(t, "handing over a grant", known)
}
