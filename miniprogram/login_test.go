package miniprogram_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/miniprogram"
)

func TestOpenIDs(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	b, _ := h.app("dana", "Rice")
	first := h.login("alice", a)
	if len(first) != 32 || strings.Contains(first, "alice") {
		t.Errorf("the openid is %q", first)
	}
	if again := h.login("alice", a); again != first {
		t.Errorf("%q, then %q", first, again)
	}
	if x, y := h.login("bob", a), h.login("alice", b); x == first || y == first || x == y {
		t.Errorf("openids %q, %q and %q", first, x, y)
	}
}

func TestCodesThatAreNone(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	b, _ := h.app("dana", "Rice")
	used, foreign, old := h.code("alice", a), h.code("alice", b), h.code("alice", a)
	_, err := h.Login(t.Context(), a.ID, used)
	good(t, err)
	young := h.code("alice", a)
	var answers []string
	swap := func(code string) {
		t.Helper()
		_, err := h.Login(t.Context(), a.ID, code)
		refused(t, err, miniprogram.ErrCode)
		answers = append(answers, err.Error())
	}
	for _, code := range []string{used, foreign, "", "x", "alice", young[:len(young)-1], young + "x", strings.ToUpper(young), strings.Repeat("x", 10_000)} {
		swap(code)
	}
	h.later(miniprogram.CodeLives - time.Millisecond)
	_, err = h.Login(t.Context(), a.ID, young)
	good(t, err)
	_, err = h.Login(t.Context(), b.ID, foreign) // the other app's refusal has not spent it
	good(t, err)
	h.later(time.Millisecond)
	swap(old)
	for _, x := range answers {
		if x != answers[0] {
			t.Errorf("answers differ: %q and %q", x, answers[0])
		}
	}
	h.Sweep(t.Context())
	swap(old)
	for _, queue := range []string{"app-code"} {
		if owed, err := h.store.Owed(t.Context(), queue, h.clock(), 10); err != nil || len(owed) != 0 {
			t.Errorf("still owed: %v, %v", owed, err)
		}
	}
}

func TestOneOfManySwaps(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	other := h.node(h.store, h.files)
	for range 20 {
		code := h.code("alice", a)
		var wg sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			s := []*miniprogram.Service{h.Service, other}[i%2]
			wg.Go(func() { _, errs[i] = s.Login(t.Context(), a.ID, code) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else if !errors.Is(err, miniprogram.ErrCode) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Fatalf("%d swapped one code", won)
		}
	}
}

// People who come for the first time on two devices at once are one.
func TestOneOpenIDEach(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	var wg sync.WaitGroup
	ids := make([]string, 16)
	for i := range ids {
		code := h.code("alice", a)
		wg.Go(func() { ids[i], _ = h.Login(t.Context(), a.ID, code) })
	}
	wg.Wait()
	for _, x := range ids {
		if x == "" || x != ids[0] {
			t.Fatalf("openids %q", ids)
		}
	}
}

func TestReset(t *testing.T) {
	h := open(t)
	a, _ := h.app("dana", "Noodles")
	b, _ := h.app("dana", "Rice")
	was, bob, rice := h.login("alice", a), h.login("bob", a), h.login("alice", b)

	h.closing = func(id.User, id.App) error { return fault.Unavailable }
	refused(t, h.ResetOpenID(t.Context(), "alice", string(a.ID)), fault.Unavailable)
	if got := h.login("alice", a); got != was {
		t.Error("the app met a stranger whose grants are open")
	}

	h.closed = nil
	h.closing = func(u id.User, app id.App) error {
		v, err := h.store.ReadPart(t.Context(), ledger.Part("openids/"+string(u)), ledger.Want{Keys: []string{string(app)}})
		if err != nil || len(v.Rows) != 1 || !strings.Contains(string(v.Rows[0].Value), was) {
			t.Errorf("while grants are closed the app has another openid already: %s, %v", v.Rows, err)
		}
		return nil
	}
	good(t, h.ResetOpenID(t.Context(), "alice", string(a.ID)))
	if len(h.closed) != 1 || h.closed[0] != "alice "+string(a.ID) {
		t.Errorf("closed: %v", h.closed)
	}
	now := h.login("alice", a)
	if now == was {
		t.Error("the openid is the same after a reset")
	}
	if h.login("bob", a) != bob || h.login("alice", b) != rice {
		t.Error("others changed")
	}
	h.closing = nil
	good(t, h.ResetOpenID(t.Context(), "alice", string(a.ID)))
	if got := h.login("alice", a); got == was || got == now {
		t.Error("an old openid came back")
	}
	good(t, h.ResetOpenID(t.Context(), "carol", string(a.ID)))
	h.login("carol", a)
}
