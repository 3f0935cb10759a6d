package miniprogram_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/miniprogram"
)

// dump is all that the store knows of an app.
func (h *house) dump(a id.App) string {
	h.t.Helper()
	rows, err := h.store.ListPart(h.t.Context(), ledger.Part("app/"+string(a)), "", "", 1000)
	good(h.t, err)
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(r.Key + " " + string(r.Value) + "\n")
	}
	return b.String()
}

func TestSecretIsKeptAsHash(t *testing.T) {
	h := open(t)
	a, secret := h.app("dana", "Noodles")
	if _, ok := id.ParseApp(string(a.ID)); !ok {
		t.Errorf("the id is %q", a.ID)
	}
	if len(secret) < 43 {
		t.Errorf("the secret has %d characters only", len(secret))
	}
	token := h.token(a, secret)
	dump := h.dump(a.ID)
	if dump == "" || strings.Contains(dump, secret) || strings.Contains(dump, secret[4:]) || strings.Contains(dump, token) || strings.Contains(dump, token[30:]) {
		t.Errorf("the store has:\n%s", dump)
	}
}

func TestTokens(t *testing.T) {
	h := open(t)
	a, secret := h.app("dana", "Noodles")
	b, other := h.app("dana", "Rice")
	first, second := h.token(a, secret), h.token(a, secret)
	if first == second || !h.IsToken(first) || h.IsToken(secret) || h.IsToken("dana~x") {
		t.Errorf("tokens %q and %q", first, second)
	}
	for _, token := range []string{first, second} {
		if got := h.whose(token); got != string(a.ID) {
			t.Errorf("a token is of %s", got)
		}
	}
	if got := h.whose(h.token(b, other)); got != string(b.ID) {
		t.Errorf("the other app's token is of %s", got)
	}
	foreign := "tha_" + string(b.ID[4:]) + first[30:]
	for _, token := range []string{"", "tha_", secret, first[:len(first)-1], first + "x", strings.ToUpper(first), foreign, strings.Repeat("x", 10_000)} {
		if got := h.whose(token); got != "unauthenticated" {
			t.Errorf("%.90q: %s", token, got)
		}
	}
}

func TestCredentialsTellNothing(t *testing.T) {
	h := open(t)
	a, secret := h.app("dana", "Noodles")
	_, other := h.app("dana", "Rice")
	var answers []string
	for _, c := range [][2]string{
		{string(a.ID), "wrong"},
		{string(a.ID), ""},
		{string(a.ID), secret + " "},
		{string(a.ID), other},
		{string(id.NewApp()), secret},
		{"app-nothere", secret},
		{"dana", secret},
		{"", ""},
		{strings.Repeat("a", 5000), "x"},
	} {
		_, _, err := h.Token(t.Context(), c[0], c[1])
		refused(t, err, miniprogram.ErrCredentials)
		answers = append(answers, err.Error())
	}
	if slices.Sort(answers); len(slices.Compact(answers)) != 1 {
		t.Errorf("answers differ: %q", answers)
	}
}

// reads counts looks into the store.
type reads struct {
	ledger.Store
	mu sync.Mutex
	n  int
}

func (s *reads) ReadPart(ctx context.Context, p ledger.Part, w ledger.Want) (ledger.View, error) {
	s.mu.Lock()
	s.n++
	s.mu.Unlock()
	return s.Store.ReadPart(ctx, p, w)
}

func TestUnknownAppCostsTheSame(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	store := &reads{Store: h.store}
	s := h.node(store, h.files)
	cost := func(app string) int {
		store.n = 0
		_, _, err := s.Token(t.Context(), app, "wrong")
		refused(t, err, miniprogram.ErrCredentials)
		return store.n
	}
	if x, y, z := cost(string(a.ID)), cost(string(id.NewApp())), cost("app-nothere"); x != 1 || y != x || z != x {
		t.Errorf("looks into the store: %d for a wrong secret, %d for an unknown app, %d for none", x, y, z)
	}
}

func TestTokenEnds(t *testing.T) {
	h := open(t)
	a, secret := h.app("dana", "Noodles")
	old := h.token(a, secret)
	h.later(miniprogram.TokenLives - time.Millisecond)
	if got := h.whose(old); got != string(a.ID) {
		t.Errorf("just before its end a token is %s", got)
	}
	h.later(time.Millisecond)
	for range 3 {
		if got := h.whose(old); got != "token_expired" {
			t.Errorf("at its end a token is %s", got)
		}
		h.whose(h.token(a, secret)) // does not make the old one forgotten
	}
	h.later(miniprogram.TokenRemains)
	if got := h.whose(old); got != "unauthenticated" {
		t.Errorf("a day later a token is %s", got)
	}
	h.token(a, secret)
	if n := strings.Count(h.dump(a.ID), "token/"); n != 4 {
		t.Errorf("%d tokens are kept, want 1, and 3 of which it is known that they ended", n)
	}
}

func TestTooManyTokensEndTheOldest(t *testing.T) {
	h := open(t)
	a, secret := h.app("dana", "Noodles")
	var tokens []string
	for range miniprogram.TokensMost + 2 {
		tokens = append(tokens, h.token(a, secret))
		h.later(time.Millisecond)
	}
	h.Forget(a.ID)
	for i, token := range tokens {
		want := string(a.ID)
		if i < 2 {
			want = "unauthenticated"
		}
		if got := h.whose(token); got != want {
			t.Errorf("token %d: %s", i, got)
		}
	}
}

func TestRotation(t *testing.T) {
	h := open(t)
	a, first := h.app("dana", "Noodles")
	live := h.token(a, first)
	_, _, err := h.Rotate(t.Context(), "erin", string(a.ID))
	refused(t, err, fault.NotFound)
	_, _, err = h.Rotate(t.Context(), "dana", string(id.NewApp()))
	refused(t, err, fault.NotFound)

	row, second, err := h.Rotate(t.Context(), "dana", string(a.ID))
	good(t, err)
	if !row.EndsAt.IsZero() || second == first {
		t.Errorf("a new secret %+v", row)
	}
	for _, token := range []string{live, h.token(a, first), h.token(a, second)} {
		if got := h.whose(token); got != string(a.ID) {
			t.Errorf("after a rotation a token is %s", got)
		}
	}
	all, err := h.Secrets(t.Context(), "dana", string(a.ID))
	good(t, err)
	if len(all) != 2 || all[0].EndsAt != h.clock().Add(miniprogram.SecretOverlap) && all[1].EndsAt != h.clock().Add(miniprogram.SecretOverlap) {
		t.Errorf("secrets %+v", all)
	}
	_, err = h.Secrets(t.Context(), "erin", string(a.ID))
	refused(t, err, fault.NotFound)

	h.later(miniprogram.SecretOverlap - time.Millisecond)
	h.token(a, first)
	h.later(time.Millisecond)
	_, _, err = h.Token(t.Context(), string(a.ID), first)
	refused(t, err, miniprogram.ErrCredentials)
	h.token(a, second)
}

func TestDroppedSecretEndsItsTokens(t *testing.T) {
	h := open(t)
	a, first := h.app("dana", "Noodles")
	_, second, err := h.Rotate(t.Context(), "dana", string(a.ID))
	good(t, err)
	all, err := h.Secrets(t.Context(), "dana", string(a.ID))
	good(t, err)
	stolen, own := h.token(a, first), h.token(a, second)
	h.whose(stolen)
	leaked := all[slices.IndexFunc(all, func(s miniprogram.Secret) bool { return !s.EndsAt.IsZero() })]
	refused(t, h.DropSecret(t.Context(), "erin", string(a.ID), leaked.ID), fault.NotFound)
	refused(t, h.DropSecret(t.Context(), "dana", string(a.ID), "sec-0"), fault.NotFound)
	good(t, h.DropSecret(t.Context(), "dana", string(a.ID), leaked.ID))
	if got := h.whose(stolen); got != "unauthenticated" {
		t.Errorf("a token of a dropped secret is %s", got)
	}
	if got := h.whose(own); got != string(a.ID) {
		t.Errorf("a token of the other secret is %s", got)
	}
	_, _, err = h.Token(t.Context(), string(a.ID), first)
	refused(t, err, miniprogram.ErrCredentials)
	refused(t, h.DropSecret(t.Context(), "dana", string(a.ID), leaked.ID), fault.NotFound)
}

func TestSecretsAreBounded(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	for range miniprogram.SecretsMost - 1 {
		_, _, err := h.Rotate(t.Context(), "dana", string(a.ID))
		good(t, err)
	}
	_, _, err := h.Rotate(t.Context(), "dana", string(a.ID))
	refused(t, err, fault.Conflict)
	h.later(miniprogram.SecretOverlap)
	_, _, err = h.Rotate(t.Context(), "dana", string(a.ID))
	good(t, err)
}

func TestSuspension(t *testing.T) {
	h := open(t)
	a, secret := h.app("dana", "Noodles")
	token := h.token(a, secret)
	other := h.node(h.store, h.files)
	seen := func(s *miniprogram.Service) miniprogram.App {
		t.Helper()
		got, err := s.Authenticate(t.Context(), token)
		good(t, err)
		return got
	}
	seen(h.Service)
	seen(other)
	h.rung = nil
	until := h.clock().Add(time.Hour)
	good(t, h.Suspend(t.Context(), a.ID, until, "flood"))
	if !slices.Contains(h.rung, a.ID) {
		t.Error("nobody was told")
	}
	other.Forget(a.ID)
	for _, s := range []*miniprogram.Service{h.Service, other} {
		if got := seen(s); !got.Suspension.Holds(h.clock()) || got.Suspension.Reason != "flood" || got.NoticesSuspension != nil {
			t.Errorf("right after its suspension the app is %+v", got)
		}
	}
	h.token(a, secret)
	_, _, err := h.LoginCode(t.Context(), "alice", string(a.ID))
	refused(t, err, miniprogram.ErrSuspended)

	good(t, h.Suspend(t.Context(), a.ID, until.Add(-time.Minute), "less"))
	if got := seen(h.Service); got.Suspension.Until != until {
		t.Errorf("a shorter suspension took the place of a longer one: %+v", got.Suspension)
	}
	good(t, h.SuspendNotices(t.Context(), a.ID, time.Time{}, "spam"))
	h.later(time.Hour)
	if got := seen(h.Service); got.Suspension.Holds(h.clock()) || !got.NoticesSuspension.Holds(h.clock()) {
		t.Errorf("an hour later the app is %+v", got)
	}
	good(t, h.Resume(t.Context(), a.ID))
	if got := seen(h.Service); got.Suspension != nil || got.NoticesSuspension != nil {
		t.Errorf("after it was lifted the app is %+v", got)
	}
	refused(t, h.Suspend(t.Context(), id.NewApp(), until, "x"), fault.NotFound)
}

// meanwhile is a store in which something happens right after a look into it.
type meanwhile struct {
	ledger.Store
	happens func()
}

func (s *meanwhile) ReadPart(ctx context.Context, p ledger.Part, w ledger.Want) (ledger.View, error) {
	v, err := s.Store.ReadPart(ctx, p, w)
	if f := s.happens; f != nil {
		s.happens = nil
		f()
	}
	return v, err
}

// What was read before a change is not remembered after it.
func TestChangeWhileLooking(t *testing.T) {
	h := open(t)
	store := &meanwhile{Store: h.store}
	s := h.node(store, h.files)
	for i, look := range []func(app, token string) (miniprogram.App, error){
		func(app, _ string) (miniprogram.App, error) { return s.App(t.Context(), app) },
		func(_, token string) (miniprogram.App, error) { return s.Authenticate(t.Context(), token) },
	} {
		a, secret := h.app("dana", fmt.Sprint("Noodles ", i))
		token := h.token(a, secret)
		store.happens = func() { good(t, s.Suspend(t.Context(), a.ID, time.Time{}, "spam")) }
		if _, err := look(string(a.ID), token); err != nil || store.happens != nil {
			t.Fatal(err)
		}
		if got, err := look(string(a.ID), token); err != nil || got.Suspension == nil {
			t.Errorf("%d: after its suspension the app is %+v, %v", i, got, err)
		}
	}
}

// Nodes that were not told see it within a second.
func TestChangesAreSeenWithinASecond(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	other := h.node(h.store, h.files)
	if _, err := other.App(t.Context(), string(a.ID)); err != nil {
		t.Fatal(err)
	}
	good(t, h.SetTier(t.Context(), "dana", 2))
	start := time.Now()
	for {
		got, err := other.App(t.Context(), string(a.ID))
		good(t, err)
		if got.Tier == 2 {
			break
		}
		if time.Since(start) > 10*time.Second {
			t.Fatalf("after %v the other node knows %+v", time.Since(start), got)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got, _ := h.App(t.Context(), string(a.ID)); got.Tier != 2 {
		t.Errorf("here it is %+v", got)
	}
	refused(t, h.SetTier(t.Context(), "dana", len(miniprogram.Reaches)), fault.BadRequest)
}
