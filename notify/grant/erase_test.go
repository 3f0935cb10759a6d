package grant_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// Whatever somebody had granted who has left for good is to its app like any text
// that is no handle, on every node, also where it was answered before.
func TestHandlesOfSomebodyWhoHasLeft(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, stays, app, other, template := h.guest(), h.guest(), id.NewApp(), id.NewApp(), id.NewTemplate()
		sent, open, ride := queue(template, "sent"), queue(template, "open"), ride(template, "ride")
		handles := h.mint(by, app, sent)
		theirs := h.mint(stays, app, queue(template, "theirs"))[0]
		_, err := sendOn(h.ctx(), h.Book, app, handles[0], "sent", spend(sent))
		good(t, err)
		handles = append(handles, h.mint(by, app, open, ride)...) // which puts the first out of the way
		closed := h.mint(by, other, open)[0]
		good(t, h.Mute(h.ctx(), by.User, other))
		before, err := h.Find(h.ctx(), app, handles[1], "on its way", hash(handles[1], spend(open)))
		good(t, err)
		held, err := h.Find(h.ctx(), app, handles[2], "held", hash(handles[2], spend(ride)))
		good(t, err)
		hold := step(ride, "1", false, "")
		hold.App, hold.Hold = app, "shape"
		_, answer, err := h.Redeem(h.ctx(), held, hold)
		good(t, err)
		heldID, ok := grant.UUIDOf(answer.Notice)
		if !ok || answer.Status != grant.Held {
			t.Fatalf("held: %+v", answer)
		}

		good(t, h.End(h.ctx(), by.User))
		invalid := func() {
			t.Helper()
			for _, b := range []*grant.Book{h.Book, h.second} {
				for key, x := range map[string]struct {
					app    id.App
					handle string
					s      grant.Spend
				}{
					"sent": {app, handles[0], spend(sent)}, "new": {app, handles[0], spend(sent)}, "open": {app, handles[1], spend(open)},
					"held": {app, handles[2], hold}, "step": {app, handles[2], step(ride, "2", false, "1")}, "closed": {other, closed, spend(open)},
				} {
					if _, err := sendOn(h.ctx(), b, x.app, x.handle, key, x.s); codeOf(err) != "grant_invalid" {
						t.Errorf("%s: %v", key, err)
					}
				}
				spent := spend(open)
				spent.App = app
				_, _, err = b.Redeem(h.ctx(), before, spent)
				want(t, "grant_invalid", err)
				want(t, "not_found", b.Release(h.ctx(), by.User, heldID))
				want(t, "not_found", b.Drop(h.ctx(), by.User, heldID))
			}
			if got := h.handed(app); len(got) != 1 || got[0].Handle != theirs {
				t.Fatalf("handed: %+v", got)
			}
			if got := len(h.inbox(by.User)); got != 1 {
				t.Fatalf("%d entries", got)
			}
		}
		invalid()
		good(t, h.second.Forget(h.ctx(), by.User))
		invalid()
		_, err = h.Book.Notice(h.ctx(), app, answer.Notice)
		want(t, "not_found", err)
		rows, err := h.store.ListPart(h.ctx(), grant.Part(by.User), "", "", 10)
		if err != nil || len(rows) != 1 || string(rows[0].Value) != `{"gone":true}` {
			t.Fatalf("left behind: %v %v", rows, err)
		}
		// What was on its way gives nobody anything, and goes as well.
		good(t, h.decide(by, h.sheet(by, app, open), true))
		good(t, h.Wrote(h.ctx(), by, app, appName, uuid.New(), h.clock()))
		told := len(h.told)
		invalid()
		if len(h.told) != told {
			t.Fatal("an app was told")
		}
		good(t, h.Forget(h.ctx(), by.User))
		rows, err = h.store.ListPart(h.ctx(), grant.Part(by.User), "", "", 10)
		if err != nil || len(rows) != 1 {
			t.Fatalf("left behind: %v %v", rows, err)
		}
		_, err = h.send(app, theirs, spend(queue(template, "theirs")))
		good(t, err)
		h.lawful()
	})
}

// A grant of somebody who leaves within the delay is never handed over.
func TestLeavingWithinTheDelay(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		h.delay = 90 * time.Second
		by, app, template := h.guest(), id.NewApp(), id.NewTemplate()
		good(t, h.decide(by, h.sheet(by, app, queue(template, "mine")), true))
		good(t, h.End(h.ctx(), by.User))
		h.advance(100 * time.Second)
		if got := h.handed(app); len(got) != 0 || len(h.told) != 0 {
			t.Fatalf("handed %+v, told %+v", got, h.told)
		}
		h.advance(5 * time.Minute)
		h.sweep()
		if dues, err := h.store.Owed(h.ctx(), "hand", h.clock(), 10); err != nil {
			t.Fatal(err)
		} else {
			for _, d := range dues {
				t.Errorf("still owed: %s", d.Body)
			}
		}
	})
}

// However many redemptions race with the end of an account, on two nodes: each was
// accepted before that was acknowledged, or is refused like garbage.
func TestLeavingRacesRedemptions(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		const apps, each, callers = 20, 5, 8
		by, template := h.guest(), id.NewTemplate()
		type held struct {
			app    id.App
			handle string
			offer  grant.Offer
		}
		var all []held
		for range apps {
			app := id.NewApp()
			var offers []grant.Offer
			for i := range each {
				offers = append(offers, queue(template, fmt.Sprint(i)))
			}
			for part := 0; part < each; part += 3 {
				some := offers[part:min(part+3, each)]
				for i, handle := range h.mint(by, app, some...) {
					all = append(all, held{app, handle, some[i]})
				}
			}
		}
		var left atomic.Bool
		var accepted, next atomic.Int64
		enough := make(chan struct{}) // have been accepted for one to leave
		var wait sync.WaitGroup
		for c := range callers {
			node := []*grant.Book{h.Book, h.second}[c%2]
			wait.Go(func() {
				for i := next.Add(1) - 1; i < int64(len(all)); i = next.Add(1) - 1 {
					x, late := all[i], left.Load()
					_, err := sendOn(h.ctx(), node, x.app, x.handle, x.handle, spend(x.offer))
					switch code := codeOf(err); {
					case code == "" && !late:
						if accepted.Add(1) == apps {
							close(enough)
						}
					case code != "grant_invalid":
						t.Errorf("late %v: %v", late, err)
					}
				}
			})
		}
		<-enough
		good(t, h.End(h.ctx(), by.User))
		left.Store(true)
		wait.Wait()
		if n := int(accepted.Load()); n == len(all) || n != len(h.inbox(by.User)) {
			t.Fatalf("%d of %d accepted, %d there", n, len(all), len(h.inbox(by.User)))
		}
		h.lawful()
	})
}

// Wherever a node dies while it forgets somebody, another one finishes.
func TestKilledWhileForgetting(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		killed(t, h, func(node *grant.Book) func() {
			by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
			handle := h.mint(by, app, o)[0]
			_ = node.Forget(h.ctx(), by.User)
			return func() {
				good(t, h.second.Forget(h.ctx(), by.User))
				_, err := h.send(app, handle, spend(o))
				want(t, "grant_invalid", err)
			}
		})
	})
}
