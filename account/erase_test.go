package account_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// A farewell remembers what happened elsewhere because of people who left.
type farewell struct {
	mu   sync.Mutex
	did  []string // "leave ann", "trace ann" …
	fail error    // of the trace
}

func (f *farewell) do(what string) func(context.Context, id.User) error {
	return func(_ context.Context, u id.User) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		if what == "trace" && f.fail != nil {
			return f.fail
		}
		f.did = append(f.did, what+" "+string(u))
		return nil
	}
}

func (f *farewell) took() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	did := f.did
	f.did = nil
	return did
}

func (f *farewell) fails(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = err
}

// erasing opens a house in which accounts can be deleted.
func erasing(t *testing.T, change func(*account.Options)) (*house, *farewell) {
	f := &farewell{}
	h := open(t, func(o *account.Options) {
		o.Erasure = account.Erasure{
			Leave:  f.do("leave"),
			Traces: []account.Trace{{Name: "a trace", Erase: f.do("trace")}, {Name: "another", Erase: f.do("other")}},
		}
		if change != nil {
			change(o)
		}
	})
	return h, f
}

// Nobody who has left can be told from somebody who never was, except that the
// name is taken.
func TestWhoeverHasLeft(t *testing.T) {
	idp := anIdP(t)
	var changed []id.User
	h, f := erasing(t, func(o *account.Options) {
		o.Provider = idp.provider(t)
		o.Changed = func(u id.User) { changed = append(changed, u) }
	})
	ctx := t.Context()
	h.register("ann")
	h.register("ben")
	good(t, h.SetRole(ctx, "ann", account.RoleModerator))
	shown, status := "Ann Ång", "at the sea"
	_, err := h.Change(ctx, "ann", account.ProfileChange{DisplayName: &shown})
	good(t, err)
	_, err = h.ChangePresence(ctx, "ann", account.PresenceChange{Text: &status})
	good(t, err)
	phone, desk, bens := h.signIn("ann", "phone"), h.signIn("ann", "desk"), h.signIn("ben", "phone")
	_, err = h.DisplayName(ctx, "ann")
	good(t, err)
	h.told()
	changed = nil

	good(t, h.Erase(ctx, "ann"))
	if got := h.told(); len(got) != 1 || got[0].user != "ann" || got[0].Code != signedOut || got[0].Sessions != nil || got[0].Except != "" {
		t.Fatalf("connections: %+v", got)
	}
	equal(t, changed, []id.User{"ann"})
	equal(t, f.took(), []string{"leave ann"})
	looksGone := func() {
		t.Helper()
		refused(t, h.authenticate(phone.Token), fault.Unauthenticated)
		refused(t, h.authenticate(desk.Token), fault.Unauthenticated)
		good(t, h.authenticate(bens.Token))
		_, never := h.SignIn(ctx, account.SignIn{User: "nobody", Password: password, Device: "d"})
		_, left := h.SignIn(ctx, account.SignIn{User: "ann", Password: password, Device: "d"})
		if left == nil || left != never {
			t.Fatalf("signs in: %v, nobody: %v", left, never)
		}
		_, err := h.SignInByAssertion(ctx, idp.sign(t, h.clock(), "ann", nil), "d")
		refused(t, err, fault.Unauthenticated)
		_, err = h.Register(ctx, "ann", password, "Another Ann")
		refused(t, err, account.ErrTaken)
		_, err = h.Profile(ctx, "ann")
		refused(t, err, fault.NotFound)
		_, err = h.DisplayName(ctx, "ann")
		refused(t, err, fault.NotFound)
		_, err = h.Change(ctx, "ann", account.ProfileChange{DisplayName: &shown})
		refused(t, err, fault.NotFound)
		_, err = h.ChangePresence(ctx, "ann", account.PresenceChange{Text: &status})
		refused(t, err, fault.NotFound)
		for _, err := range []error{
			h.SetPassword(ctx, "ann", "a new password"), h.SetRole(ctx, "ann", account.RoleSenior),
			h.Suspend(ctx, "ann", account.Suspension{}), h.Unsuspend(ctx, "ann"),
		} {
			refused(t, err, fault.NotFound)
		}
		refused(t, h.Erase(ctx, "ann"), fault.Unauthenticated) // on its way when it was done
		refused(t, h.ChangePassword(ctx, phone.Session, password, "a new password"), fault.Forbidden)
		for _, u := range []id.User{"ann", "nobody"} {
			set, err := h.SettingsOf(ctx, u)
			good(t, err)
			back, shows, err := h.Moments(ctx, u)
			good(t, err)
			in, err := h.Standing(ctx, u, nil)
			good(t, err)
			devices, err := h.Devices(ctx, u)
			good(t, err)
			if set != (account.Settings{VisibleTo: account.VisibleToNobody}) || back != 0 || shows || in != nil || len(devices) > 0 {
				t.Fatalf("%s: %+v %v %v %v %v", u, set, back, shows, in, devices)
			}
		}
	}
	looksGone()
	h.pass(account.EraseGrace)
	good(t, h.EraseOwed(ctx))
	equal(t, f.took(), []string{"leave ann", "trace ann", "other ann"})
	looksGone()
	left, err := h.store.Account(ctx, "ann")
	good(t, err)
	if at := left.Gone; left != (account.Account{User: "ann", Gone: at}) || at.IsZero() {
		t.Fatalf("kept %+v", left)
	}
	if in, err := h.store.Sessions(ctx, "ann"); err != nil || len(in) > 0 {
		t.Fatalf("kept %+v, %v", in, err)
	}
	good(t, h.EraseOwed(ctx))
	equal(t, f.took(), nil)
	h.pass(account.EraseAgain) // what was on its way has arrived, and goes too
	good(t, h.EraseOwed(ctx))
	equal(t, f.took(), []string{"leave ann", "trace ann", "other ann"})
	h.pass(time.Hour)
	good(t, h.EraseOwed(ctx))
	equal(t, f.took(), nil)
	looksGone()
}

// Who has left is hashed for like anybody.
func TestAPasswordOfSomebodyWhoHasLeftCostsAsMuch(t *testing.T) {
	h, _ := erasing(t, nil)
	h.register("ann")
	good(t, h.Erase(t.Context(), "ann"))
	defer h.TakeCores()()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := h.SignIn(ctx, account.SignIn{User: "ann", Password: password, Device: "d"})
	refused(t, err, fault.Unavailable)
}

// What cannot be reached for a while keeps nothing else from going, and goes later.
func TestATraceThatCannotBeReached(t *testing.T) {
	var failed atomic.Int64
	h, f := erasing(t, func(o *account.Options) { o.Erasure.Failed = func(error) { failed.Add(1) } })
	h.register("ann")
	good(t, h.Erase(t.Context(), "ann"))
	f.fails(errors.New("away"))
	f.took()
	h.pass(account.EraseGrace)
	good(t, h.EraseOwed(t.Context()))
	equal(t, f.took(), []string{"leave ann", "other ann"})
	if failed.Load() != 1 {
		t.Fatalf("%d failures told", failed.Load())
	}
	f.fails(nil)
	good(t, h.EraseOwed(t.Context()))
	equal(t, f.took(), []string{"leave ann", "trace ann", "other ann"})
}

// Run does it without being asked, at once, and ends.
func TestRunErases(t *testing.T) {
	erased := make(chan id.User, 10)
	h, _ := erasing(t, func(o *account.Options) {
		o.Erasure.Traces = []account.Trace{{Name: "t", Erase: func(_ context.Context, u id.User) error { erased <- u; return nil }}}
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); h.Run(ctx) }()
	var want, got []id.User
	for i := range 6 {
		u := fmt.Sprintf("ann%d", i)
		h.register(u)
		good(t, h.Erase(t.Context(), id.User(u)))
		want = append(want, id.User(u))
	}
	for range want {
		got = append(got, <-erased)
	}
	slices.Sort(got)
	equal(t, got, want)
	stop()
	<-ended
}

// What another process began is done at the start, before it is due.
func TestRunBeginsWithWhatWasLeft(t *testing.T) {
	erased := make(chan id.User, 1)
	h, _ := erasing(t, nil)
	h.register("ann")
	good(t, h.Erase(t.Context(), "ann"))
	s := h.beside(h.store, func(o *account.Options) {
		o.Erasure.Traces = []account.Trace{{Name: "t", Erase: func(_ context.Context, u id.User) error { erased <- u; return nil }}}
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.Run(ctx) }()
	<-erased
	stop()
	<-ended
}

// A sign-in that was let in just before leaves nobody signed in.
func TestLeavingRacesSigningIn(t *testing.T) {
	idp := anIdP(t)
	h, _ := erasing(t, func(o *account.Options) { o.Provider = idp.provider(t) })
	for name, in := range map[string]func(s *account.Service, u string) error{
		"by password": func(s *account.Service, u string) error {
			_, err := s.SignIn(t.Context(), account.SignIn{User: u, Password: password, Device: "d"})
			return err
		},
		"by assertion": func(s *account.Service, u string) error {
			_, err := s.SignInByAssertion(t.Context(), idp.sign(t, h.clock(), u, nil), "d")
			return err
		},
	} {
		u := "ann-" + name[3:]
		h.register(u)
		s := h.beside(overtaken{h.store, func() { good(t, h.Erase(t.Context(), id.User(u))) }}, func(o *account.Options) { o.Provider = idp.provider(t) })
		refused(t, in(s, u), fault.Unauthenticated)
		if left, err := h.store.Sessions(t.Context(), id.User(u)); err != nil || len(left) > 0 {
			t.Fatalf("%s: %v %v", name, left, err)
		}
	}
}

// overtaken is a store that lets something happen before it stores a sign-in.
type overtaken struct {
	account.Store
	by func()
}

func (o overtaken) PutSession(ctx context.Context, ses account.Session) error {
	o.by()
	return o.Store.PutSession(ctx, ses)
}

// slow is a store that lets something happen before it marks an account.
type slow struct {
	account.Store
	by func()
}

func (s slow) ChangeAccount(ctx context.Context, u id.User, change func(*account.Account) error) (account.Account, error) {
	s.by()
	return s.Store.ChangeAccount(ctx, u, change)
}

// Work that somebody finds before the account is marked is not forgotten.
func TestOwedBeforeTheMark(t *testing.T) {
	h, f := erasing(t, nil)
	h.register("ann")
	s := h.beside(slow{h.store, func() {
		h.pass(account.EraseGrace)
		good(t, h.EraseOwed(t.Context()))
		equal(t, f.took(), nil)
	}}, nil)
	good(t, s.Erase(t.Context(), "ann"))
	good(t, h.EraseOwed(t.Context()))
	equal(t, f.took(), []string{"leave ann", "trace ann", "other ann"})
}

// An album has pictures of everybody's, and remembers which were let go of.
type album struct {
	mu   sync.Mutex
	gone []string
	fail error
}

func (a *album) Show(context.Context, id.User, string) error { return nil }

func (a *album) Leave(_ context.Context, media string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fail == nil {
		a.gone = append(a.gone, media)
	}
	return a.fail
}

// The picture of a profile is let go of, also if that does not work at first.
func TestThePictureOfWhoeverHasLeft(t *testing.T) {
	a := &album{}
	h, _ := erasing(t, func(o *account.Options) { o.Pictures = a })
	h.register("ann")
	picture := "m-ann"
	_, err := h.Change(t.Context(), "ann", account.ProfileChange{Avatar: &picture})
	good(t, err)
	good(t, h.Erase(t.Context(), "ann"))
	h.pass(account.EraseGrace)
	a.fail = errors.New("away")
	good(t, h.EraseOwed(t.Context()))
	if left, err := h.store.Account(t.Context(), "ann"); err != nil || left.Avatar != picture || left.DisplayName != "" {
		t.Fatalf("kept %+v, %v", left, err)
	}
	a.fail = nil
	good(t, h.EraseOwed(t.Context()))
	h.pass(account.EraseAgain)
	good(t, h.EraseOwed(t.Context()))
	equal(t, a.gone, []string{picture})
	if left, err := h.store.Account(t.Context(), "ann"); err != nil || left != (account.Account{User: "ann", Gone: left.Gone}) {
		t.Fatalf("kept %+v, %v", left, err)
	}
}
