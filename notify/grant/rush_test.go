package grant_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// Everything at once, on two nodes and a store that does not always answer: what
// was acknowledged is there once, nothing else is, and the law holds.
func TestRush(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		rnd := seed(t)
		m := &moody{backend: h.store, rnd: rand.New(rand.NewPCG(rnd.Uint64(), 0))}
		nodes := []*grant.Book{h.node(m, h.store), h.node(m, h.store)}
		const people, apps, rounds, callers = 4, 2, 12, 8
		var guests []grant.By
		for range people {
			guests = append(guests, h.guest())
		}
		var all []id.App
		for range apps {
			all = append(all, id.NewApp())
		}
		template := id.NewTemplate()
		acked := map[id.User][]string{}
		for round := range rounds {
			var live []rushed
			m.calm = true
			for i, by := range guests {
				for _, app := range all {
					o := queue(template, fmt.Sprint(i, round))
					r := ride(template, fmt.Sprint(i, round, "ride"))
					if s, err := h.ask(by, app, o, r); err == nil {
						good(t, h.decide(by, s, true))
						live = append(live, rushed{by, app, o, h.handle(app, template, o.Subject)}, rushed{by, app, r, h.handle(app, template, r.Subject)})
					}
				}
			}
			m.calm = false
			var mu sync.Mutex
			var wait sync.WaitGroup
			for c := range callers {
				rnd := rand.New(rand.NewPCG(rnd.Uint64(), uint64(c)))
				wait.Go(func() {
					for range 20 {
						r := live[rnd.IntN(len(live))]
						if name := r.send(h, nodes, rnd); name != "" {
							mu.Lock()
							acked[r.by.User] = append(acked[r.by.User], name)
							mu.Unlock()
						}
						if rnd.IntN(40) == 0 {
							_ = nodes[rnd.IntN(2)].CloseAll(h.ctx(), r.by.User, r.app) // or not
						}
						if rnd.IntN(20) == 0 {
							_ = nodes[rnd.IntN(2)].Sweep(h.ctx())
						}
					}
				})
			}
			wait.Wait()
			h.advance(day)
		}
		m.calm = true
		h.sweep()
		n := 0
		for _, by := range guests {
			got, want := h.shown(by.User), acked[by.User]
			slices.Sort(got)
			slices.Sort(want)
			want = slices.Compact(want) // some were told twice
			equal(t, got, want)
			n += len(got)
		}
		h.advance(2 * time.Minute)
		if r := h.lawful(); r.Notices != n || n < people*rounds {
			t.Fatalf("%d shown, checked %+v", n, r)
		}
	})
}

// rushed is one grant in a rush.
type rushed struct {
	by     grant.By
	app    id.App
	offer  grant.Offer
	handle string
}

// send sends until it is known what became of it, and gives the notice's name.
func (r rushed) send(h *house, nodes []*grant.Book, rnd *rand.Rand) string {
	s, key := spend(r.offer), uuid.NewString()
	if r.offer.Scope == grant.Progress {
		s.State, s.Allowed = "on", []string{"", "on"}
	}
	for {
		answer, err := sendOn(h.ctx(), nodes[rnd.IntN(2)], r.app, r.handle, key, s)
		switch codeOf(err) {
		case "":
			return answer.Notice
		case "grant_consumed", "grant_closed", "grant_not_activated":
			return ""
		case "busy_retry", fault.Unavailable.Code:
		default:
			h.t.Errorf("sent: %v", err)
			return ""
		}
	}
}
