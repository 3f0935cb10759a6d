package miniprogram_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/miniprogram"
)

// rows are all that a part has.
func (h *house) rows(p ledger.Part) (keys []string) {
	h.t.Helper()
	rows, err := h.store.ListPart(h.t.Context(), p, "", "", 1000)
	good(h.t, err)
	for _, r := range rows {
		keys = append(keys, r.Key)
	}
	return keys
}

// Apps never meet again who has left, and nothing tells by what they knew them.
func TestEraseAUser(t *testing.T) {
	h, ctx := open(t), t.Context()
	a, _ := h.app("dana", "Noodles")
	b, _ := h.app("dana", "Rice")
	h.login("alice", a)
	h.login("alice", b)
	bobs := h.login("bob", a)
	good(t, h.Follow(ctx, "alice", string(a.ID)))
	good(t, h.Follow(ctx, "bob", string(a.ID)))
	late := h.code("alice", a)
	for range 2 {
		good(t, h.Erase(ctx, "alice"))
		if got := fmt.Sprint(h.rows("openids/alice"), h.rows("follows/alice")); got != "[gone] []" {
			t.Fatalf("left: %s", got)
		}
	}
	_, err := h.Login(ctx, a.ID, late)
	refused(t, err, miniprogram.ErrCode)
	refused(t, h.ResetOpenID(ctx, "alice", string(a.ID)), miniprogram.ErrCode)
	good(t, h.Follow(ctx, "alice", string(a.ID))) // was on its way
	good(t, h.Erase(ctx, "alice"))
	if got := fmt.Sprint(h.rows("openids/alice"), h.rows("follows/alice")); got != "[gone] []" {
		t.Fatalf("left: %s", got)
	}
	if following, err := h.Following(ctx, "bob", string(a.ID)); err != nil || !following || h.login("bob", a) != bobs {
		t.Fatal("bob's are gone", err)
	}
	if found, _, err := h.Find(ctx, "", "", 0); err != nil || len(found) != 2 {
		t.Fatalf("found %v, %v", found, err)
	}
}

// Apps whose developer has left stay suspended, whoever would have it otherwise.
func TestEraseADeveloper(t *testing.T) {
	h, ctx := open(t), t.Context()
	a, secret := h.app("dana", "Noodles")
	b, _ := h.app("dana", "Rice")
	c, _ := h.app("carl", "Soup")
	good(t, h.Suspend(ctx, b.ID, h.clock().Add(miniprogram.TokenLives), "rude"))
	token := h.token(a, secret)
	other := h.node(h.store, h.files)
	for range 2 {
		good(t, h.Erase(ctx, "dana"))
		for _, s := range []*miniprogram.Service{h.Service, other} {
			for _, x := range []id.App{a.ID, b.ID} {
				app, err := s.App(ctx, string(x))
				good(t, err)
				if !app.Suspension.Holds(h.clock().AddDate(100, 0, 0)) {
					t.Fatalf("%s goes on: %+v", app.Name, app.Suspension)
				}
				if err := s.Resume(ctx, x); !errors.Is(err, fault.Conflict) {
					t.Fatalf("resumed: %v", err)
				}
				good(t, s.Suspend(ctx, x, h.clock(), "shorter"))
				good(t, s.SuspendNotices(ctx, x, h.clock(), "shorter"))
			}
			found, _, err := s.Find(ctx, "", "", 0)
			if err != nil || len(found) != 1 || found[0].ID != c.ID {
				t.Fatalf("found %v, %v", found, err)
			}
		}
	}
	if _, _, err := h.LoginCode(ctx, "bob", string(a.ID)); !errors.Is(err, miniprogram.ErrSuspended) {
		t.Fatalf("a page is let in: %v", err)
	}
	app, err := h.Authenticate(ctx, token) // so that its server is told
	if err != nil || !app.Suspension.Holds(h.clock()) {
		t.Fatalf("%+v, %v", app, err)
	}
	if _, _, err := h.Create(ctx, "eve", "Noodles", "transport", ""); !errors.Is(err, fault.Conflict) {
		t.Fatalf("the name is free: %v", err)
	}
}
