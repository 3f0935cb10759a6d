package grant_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/stream"
)

// Whoever delivers, and whenever, it is the same body. Words that cannot be found
// at the moment cost a delay.
func TestDeliveredInTheSameWords(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		app, template := id.NewApp(), id.NewTemplate()
		var bodies []string
		for _, late := range []bool{false, true} {
			by, o := h.guest(), ride(template, fmt.Sprint("late: ", late))
			s := spend(o)
			s.State, s.Allowed = "on_the_way", []string{""}
			f, err := h.Find(h.ctx(), app, h.mint(by, app, o)[0], "k", hash("", s))
			good(t, err)
			r, answer, err := h.Redeem(h.ctx(), f, s)
			good(t, err)
			if late {
				h.silence(errKilled)
				want(t, "unavailable", h.Deliver(h.ctx(), r))
				h.advance(grant.Grace)
				if err := h.second.Sweep(h.ctx()); err != nil || len(h.inbox(by.User)) != 0 {
					t.Fatalf("without words: %v, and %d entries", err, len(h.inbox(by.User)))
				}
				h.silence(nil)
				good(t, h.second.Sweep(h.ctx()))
			} else {
				good(t, h.Deliver(h.ctx(), r))
			}
			entries := h.inbox(by.User)
			if len(entries) != 1 {
				t.Fatalf("in the inbox: %+v", entries)
			}
			bodies = append(bodies, strings.Replace(string(entries[0].Body), answer.Notice, "n", 1))
		}
		if bodies[0] != bodies[1] {
			t.Errorf("at once %s, later %s", bodies[0], bodies[1])
		}
		var body grant.Shown
		good(t, json.Unmarshal([]byte(bodies[0]), &body))
		if body.StateLabel != "on the way" || len(body.Params) != 2 || body.Params[0].Key != "status" {
			t.Errorf("the body is %s", bodies[0])
		}
		h.lawful()
	})
}

// What an earlier release has delivered in other words, or none, is delivered.
func TestDeliveredInOtherWords(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		f, err := h.Find(h.ctx(), app, h.mint(by, app, o)[0], "k", [32]byte{})
		good(t, err)
		r, answer, err := h.Redeem(h.ctx(), f, spend(o))
		good(t, err)
		n, err := h.Notice(h.ctx(), app, answer.Notice)
		good(t, err)
		body, err := json.Marshal(map[string]any{"notice": answer.Notice, "data": n.Data})
		good(t, err)
		inbox := id.PersonalStream(id.Notices, by.User)
		good(t, h.Bypass(h.ctx(), inbox, stream.Draft{ID: grant.EntryOf(n), Kind: grant.KindNotice, From: id.Principal(app), Body: body, Countable: true}))
		h.advance(grant.Grace)
		h.sweep()
		good(t, h.Deliver(h.ctx(), r))
		equal(t, h.shown(by.User), []string{answer.Notice})
		h.lawful()
	})
}
