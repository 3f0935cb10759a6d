package miniprogram_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger/ledgertest"
	"github.com/teahouse-im/teahouse/miniprogram"
)

func TestWalk(t *testing.T) { walk(t, open(t)) }

// On a store that does not know its outcomes at first, all goes the same way.
func TestUnknownOutcomes(t *testing.T) { walk(t, houseOn(t, ledgertest.Twice{Store: open(t).store})) }

// walk goes through the life of an app on two nodes of one store.
func walk(t *testing.T, h *house) {
	ctx := t.Context()
	nodes := [2]*miniprogram.Service{h.Service, h.node(h.store, h.files)}
	a, secret := h.app("dana", "Noodles")
	app := string(a.ID)
	_, _, err := nodes[1].Create(ctx, "erin", "noodles", "transport", "")
	refused(t, err, fault.Conflict)
	found, _, err := nodes[1].Find(ctx, "NOOD", "", 0)
	good(t, err)
	if len(found) != 1 || found[0].ID != a.ID {
		t.Errorf("found %+v", found)
	}
	if mine, _, err := nodes[1].Mine(ctx, "dana", "", 0); err != nil || len(mine) != 1 {
		t.Errorf("mine: %+v, %v", mine, err)
	}

	tokens := []string{h.token(a, secret)}
	_, second, err := nodes[1].Rotate(ctx, "dana", app)
	good(t, err)
	for _, s := range []string{secret, second} {
		token, _, err := nodes[1].Token(ctx, app, s)
		good(t, err)
		tokens = append(tokens, token)
	}
	for _, token := range tokens {
		for _, s := range nodes {
			if got, err := s.Authenticate(ctx, token); err != nil || got.ID != a.ID {
				t.Errorf("a token is of %+v, %v", got, err)
			}
		}
	}

	walkLogin(t, h, nodes, a)

	good(t, h.Follow(ctx, "alice", app))
	if yes, err := nodes[1].Following(ctx, "alice", app); !yes || err != nil {
		t.Errorf("following: %v, %v", yes, err)
	}
	good(t, nodes[1].Unfollow(ctx, "alice", app))
	if yes, err := h.Following(ctx, "alice", app); yes || err != nil {
		t.Errorf("following still: %v, %v", yes, err)
	}

	for i := range 2 {
		good(t, nodes[i].PutPackage(ctx, "dana", app, zipped(t, "index.html", fmt.Sprint(i))))
		for _, s := range nodes {
			s.Forget(a.ID)
			if p, err := s.Page(ctx, app, "/"); err != nil || string(p.Body) != fmt.Sprint(i) {
				t.Errorf("page %d: %s, %v", i, p.Body, err)
			}
		}
	}

	good(t, h.SetTier(ctx, "dana", 1))
	good(t, h.Suspend(ctx, a.ID, time.Time{}, "spam"))
	nodes[1].Forget(a.ID)
	if got, err := nodes[1].Authenticate(ctx, tokens[0]); err != nil || !got.Suspension.Holds(h.clock()) || got.Tier != 1 {
		t.Errorf("suspended: %+v, %v", got, err)
	}
	if found, _, err := nodes[1].Find(ctx, "nood", "", 0); err != nil || len(found) != 0 {
		t.Errorf("found suspended: %+v, %v", found, err)
	}
	good(t, nodes[1].Resume(ctx, a.ID))

	h.later(2 * time.Hour)
	h.Sweep(ctx)
	for _, queue := range []string{"app-listed", "app-code", "app-package"} {
		if owed, err := h.store.Owed(ctx, queue, h.clock(), 10); err != nil || len(owed) != 0 {
			t.Errorf("%s: still owed: %v, %v", queue, owed, err)
		}
	}
	if got := h.whose(tokens[0]); got != "token_expired" {
		t.Errorf("two hours later a token is %s", got)
	}
	if p, err := nodes[1].Page(ctx, app, "/"); err != nil || string(p.Body) != "1" {
		t.Errorf("after sweeping: %s, %v", p.Body, err)
	}
	if len(h.failed) > 0 {
		t.Error(h.failed)
	}
}

// walkLogin has a code be swapped by many at once.
func walkLogin(t *testing.T, h *house, nodes [2]*miniprogram.Service, a miniprogram.App) {
	t.Helper()
	seen := map[string]bool{}
	for _, u := range []id.User{"alice", "bob", "alice"} {
		code := h.code(u, a)
		var wg sync.WaitGroup
		var got [6]string
		for i := range got {
			wg.Go(func() {
				openid, err := nodes[i%2].Login(t.Context(), a.ID, code)
				if err != nil && !errors.Is(err, miniprogram.ErrCode) {
					t.Error(err)
				}
				got[i] = openid
			})
		}
		wg.Wait()
		won := 0
		for _, openid := range got {
			if openid != "" {
				won++
				seen[openid] = true
			}
		}
		if won != 1 {
			t.Errorf("%d swapped one code", won)
		}
	}
	good(t, nodes[1].ResetOpenID(t.Context(), "alice", string(a.ID)))
	seen[h.login("alice", a)] = true
	if len(seen) != 3 {
		t.Errorf("openids %v, want two of alice and one of bob", seen)
	}
}
