package contact_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

func (h *house) tie(u, o id.User) contact.Tie {
	h.t.Helper()
	ties, err := h.Ties(h.t.Context(), u, []id.User{"nobody", o, u})
	good(h.t, err)
	if len(ties) != 3 || !reflect.DeepEqual(ties[0], contact.Tie{}) || !reflect.DeepEqual(ties[2], contact.Tie{}) {
		h.t.Fatalf("ties %+v", ties)
	}
	bare, err := h.Standings(h.t.Context(), u, []id.User{o})
	good(h.t, err)
	without := ties[1]
	without.Mine, without.Theirs = contact.Switches{}, contact.Switches{}
	if !reflect.DeepEqual(bare[0], without) {
		h.t.Fatalf("standing %+v, tie %+v", bare[0], ties[1])
	}
	return ties[1]
}

func (h *house) tied(u, o id.User, want contact.Tie) {
	h.t.Helper()
	if got := h.tie(u, o); !reflect.DeepEqual(got, want) {
		h.t.Fatalf("tie of %s to %s\n got %+v\nwant %+v", u, o, got, want)
	}
	want.Mine, want.Theirs, want.Blocks, want.Blocked = want.Theirs, want.Mine, want.Blocked, want.Blocks
	if got := h.tie(o, u); !reflect.DeepEqual(got, want) {
		h.t.Fatalf("tie of %s to %s\n got %+v\nwant %+v", o, u, got, want)
	}
}

func (h *house) change(u, o id.User, c contact.FriendChange) {
	h.t.Helper()
	_, err := h.Change(h.t.Context(), u, string(o), c)
	good(h.t, err)
}

var on, off = true, false

func TestTies(t *testing.T) {
	h := open(t)
	for _, p := range [][2]id.User{{"ann", "ben"}, {"zoe", "cleo"}} { // either one's page decides
		a, b := p[0], p[1]
		h.tied(a, b, contact.Tie{})
		h.befriend(a, b)
		h.tied(a, b, contact.Tie{Friends: true})
		h.change(a, b, contact.FriendChange{HideMyMoments: &on, Tags: &[]string{"tea"}})
		h.change(b, a, contact.FriendChange{ChatOnly: &on, HideTheirMoments: &on})
		full := contact.Tie{
			Friends: true,
			Mine:    contact.Switches{HideMyMoments: true, Tags: []string{"tea"}},
			Theirs:  contact.Switches{ChatOnly: true, HideTheirMoments: true},
		}
		h.tied(a, b, full)
		good(t, h.Block(t.Context(), b, string(a)))
		full.Blocked = true
		h.tied(a, b, full)
		good(t, h.Unblock(t.Context(), b, string(a)))
		good(t, h.Block(t.Context(), a, string(b)))
		full.Blocked, full.Blocks = false, true
		h.tied(a, b, full)
		good(t, h.Remove(t.Context(), a, string(b)))
		h.tied(a, b, contact.Tie{Blocks: true})
		good(t, h.Unblock(t.Context(), a, string(b)))
		h.befriend(b, a)
		h.tied(a, b, contact.Tie{Friends: true}) // what was written went with the first friendship
	}
}

// What was decided holds at once, also where the other's book was not told of it yet.
func TestTiesAreWhatWasDecided(t *testing.T) {
	h := open(t)
	for _, p := range [][2]id.User{{"ann", "ben"}, {"zoe", "cleo"}} {
		a, b := p[0], p[1]
		h.befriend(a, b)
		h.change(b, a, contact.FriendChange{HideMyMoments: &on})
		h.change(a, b, contact.FriendChange{HideMyMoments: &on})
		k := &cut{h: h, left: 1, stored: true}
		if err := h.node(cutStore{h.store, k}, k).Remove(t.Context(), a, string(b)); !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		h.tied(a, b, contact.Tie{})
		k = &cut{h: h, left: 1, stored: true}
		if _, err := h.node(cutStore{h.store, k}, k).Request(t.Context(), a, string(b), ""); !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		k = &cut{h: h, left: 2, stored: true}
		if err := h.node(cutStore{h.store, k}, k).Accept(t.Context(), b, string(a)); !errors.Is(err, errCut) {
			t.Fatal(err)
		}
		h.tied(a, b, contact.Tie{Friends: true}) // and the old switches are not those of the new friendship
	}
}

func TestTiesToMany(t *testing.T) {
	h := open(t)
	var others []id.User
	for i := range 300 {
		o := id.User(fmt.Sprintf("%c-other-%d", "az"[i%2], i))
		others = append(others, o)
		if i%50 < 2 {
			h.befriend("mia", o)
			h.change("mia", o, contact.FriendChange{Tags: &[]string{fmt.Sprint(i)}})
			h.change(o, "mia", contact.FriendChange{ChatOnly: &on})
		}
	}
	all, err := h.Ties(t.Context(), "mia", others)
	good(t, err)
	friends, err := h.Friends(t.Context(), "mia")
	good(t, err)
	byUser := map[id.User]contact.Tie{}
	for _, f := range friends {
		byUser[f.User] = f.Tie
	}
	if len(byUser) != 12 || len(friends) != 12 {
		t.Fatalf("friends %+v", friends)
	}
	for i, o := range others {
		if one := h.tie("mia", o); !reflect.DeepEqual(one, all[i]) {
			t.Fatalf("%s: alone %+v, among many %+v", o, one, all[i])
		}
		all[i].Theirs = contact.Switches{}
		if !reflect.DeepEqual(byUser[o], all[i]) {
			t.Fatalf("%s: in the book %+v, by tie %+v", o, byUser[o], all[i])
		}
	}
}

// What follows from a new friendship is done before anybody is told of it, and
// tried again by whoever comes next until it works.
func TestBefriendedUntilItSucceeds(t *testing.T) {
	h := open(t)
	calls, fail := []string{}, fault.Unavailable
	h.befriended = func(a, b id.User) error {
		calls = append(calls, string(a+" "+b))
		if n := len(h.told("ann")); n != 0 {
			t.Errorf("ann was told %d things before", n)
		}
		if fail != nil {
			return fail
		}
		return nil
	}
	h.ask("ann", "ben")
	good(t, h.Block(t.Context(), "ben", "ann"))
	good(t, h.Unblock(t.Context(), "ben", "ann"))
	equal(t, calls, nil)
	refused(t, h.Accept(t.Context(), "ben", "ann"), fault.Unavailable)
	good(t, h.mayWrite("ann", "ben")) // the friendship was decided, and is tried to be carried out
	equal(t, calls, []string{"ann ben", "ann ben"})
	equal(t, h.told("ann"), nil)
	fail = nil
	h.contacts("ann", "")
	equal(t, calls, []string{"ann ben", "ann ben", "ann ben"})
	equal(t, h.told("ann"), []string{"accepted ben"})
	h.agreed("ann", "ben")
	h.befriended = func(a, b id.User) error { t.Errorf("called again for %s and %s", a, b); return nil }
	good(t, h.Block(t.Context(), "ben", "ann"))
	good(t, h.Remove(t.Context(), "ben", "ann"))
	h.contacts("ann", "")
}

func TestBefriendedByRequestsThatCross(t *testing.T) {
	h := open(t)
	var calls []string
	h.befriended = func(a, b id.User) error { calls = append(calls, string(a+" "+b)); return nil }
	h.ask("ben", "ann")
	h.ask("ann", "ben")
	equal(t, calls, []string{"ann ben"})
}

func TestChangedRings(t *testing.T) {
	h := open(t)
	rings := func(what string, act func()) {
		t.Helper()
		h.rung = nil
		act()
		if len(h.rung) != 1 || h.rung[0] != "ann ben" {
			t.Fatalf("%s: rung %q", what, h.rung)
		}
	}
	h.ask("ann", "ben")
	rings("accept", func() { good(t, h.Accept(t.Context(), "ben", "ann")) })
	for name, c := range map[string]contact.FriendChange{
		"chat only": {ChatOnly: &on}, "hide mine": {HideMyMoments: &on}, "hide theirs": {HideTheirMoments: &off}, "tags": {Tags: &[]string{"x"}},
	} {
		rings(name, func() { h.change("ben", "ann", c) })
	}
	rings("block", func() { good(t, h.Block(t.Context(), "ben", "ann")) })
	rings("unblock", func() { good(t, h.Unblock(t.Context(), "ben", "ann")) })
	rings("remove", func() { good(t, h.Remove(t.Context(), "ben", "ann")) })
	h.rung = nil
	h.contacts("ann", "")
	good(t, h.Remove(t.Context(), "ben", "ann"))
	equal(t, h.rung, nil)
}
