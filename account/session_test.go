package account_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const (
	signedOut = 4401
	suspended = 4403
)

func (h *house) devices(u id.User) []string {
	h.t.Helper()
	all, err := h.Sessions(h.t.Context(), u)
	good(h.t, err)
	var names []string
	for _, s := range all {
		names = append(names, string(s.Device))
	}
	slices.Sort(names)
	return names
}

func equal[T comparable](t *testing.T, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestTokens(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	h.register("ben")
	in := h.signIn("ann", "phone")
	token := in.Token
	if user, secret, _ := strings.Cut(token, "~"); user != "ann" || len(secret) != 43 {
		t.Fatalf("token %q", token)
	}
	ses, a, err := h.Authenticate(t.Context(), token)
	good(t, err)
	if ses.ID != in.Session.ID || ses.Device != "phone" || a.User != "ann" || a.Password != "" {
		t.Fatalf("authenticated %+v %+v", ses, a)
	}
	_, secret, _ := strings.Cut(token, "~")
	last := byte('A')
	if token[len(token)-1] == last {
		last = 'B'
	}
	for _, bad := range []string{
		"", "~", "ann", "ann~", secret, "ben~" + secret, "nobody~" + secret, "Ann~" + secret,
		token[:len(token)-1], token + "x", token + "=", " " + token, token + "\n", token[:len(token)-1] + string(last),
		"ann~" + strings.Repeat("A", 43), "ann~~" + secret[1:], strings.Repeat("z", 4000), "ann~" + strings.Repeat("\x00", 43), "\xff~" + secret,
	} {
		refused(t, h.authenticate(bad), fault.Unauthenticated)
	}
	stored, err := h.store.Sessions(t.Context(), "ann")
	good(t, err)
	if len(stored) != 1 || strings.Contains(fmt.Sprintf("%+v %x", stored, stored[0].Hash), secret) {
		t.Fatalf("stored %+v", stored)
	}
}

func TestADeviceHasOneSignIn(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	first := h.signIn("ann", "phone")
	desk := h.signIn("ann", "desk")
	h.told()
	second := h.signIn("ann", "phone") // in the same millisecond, even
	refused(t, h.authenticate(first.Token), fault.Unauthenticated)
	good(t, h.authenticate(second.Token))
	good(t, h.authenticate(desk.Token))
	equal(t, h.devices("ann"), []string{"desk", "phone"})
	ends := h.told()
	if len(ends) != 1 || ends[0].user != "ann" || ends[0].Code != signedOut || !slices.Equal(ends[0].Sessions, []id.Session{first.Session.ID}) {
		t.Fatalf("told %+v", ends)
	}
}

func TestTheDeviceUnusedForLongestGoes(t *testing.T) {
	h := open(t, func(o *account.Options) { o.SessionsPerUser = 3 })
	h.register("ann")
	var in []account.SignedIn
	for i := range 3 {
		in = append(in, h.signIn("ann", fmt.Sprint("d", i)))
		h.pass(2 * time.Minute)
	}
	good(t, h.authenticate(in[0].Token)) // used again: now d1 is the one unused for longest
	h.settled("ann", in[0].Session.ID)
	in = append(in, h.signIn("ann", "d3"))
	equal(t, h.devices("ann"), []string{"d0", "d2", "d3"})
	refused(t, h.authenticate(in[1].Token), fault.Unauthenticated)
	for _, i := range []int{0, 2, 3} {
		good(t, h.authenticate(in[i].Token))
	}
	ends := h.told()
	if len(ends) != 1 || !slices.Equal(ends[0].Sessions, []id.Session{in[1].Session.ID}) {
		t.Fatalf("told %+v", ends)
	}
}

// settled waits until the use of a sign-in has been noted.
func (h *house) settled(u id.User, ses id.Session) {
	h.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		all, err := h.store.Sessions(h.t.Context(), u)
		good(h.t, err)
		for _, s := range all {
			if s.ID == ses && s.LastSeenAt.Equal(h.clock()) {
				return
			}
		}
	}
	h.t.Fatal("the use was not noted")
}

func TestParallelSignInsLeaveOnePerDevice(t *testing.T) {
	idp := anIdP(t)
	h := open(t, func(o *account.Options) { o.SessionsPerUser, o.Provider = 3, idp.provider(t) })
	tokens := make([]account.SignedIn, 24)
	var all sync.WaitGroup
	for i := range tokens {
		all.Go(func() {
			var err error
			tokens[i], err = h.SignInByAssertion(t.Context(), idp.sign(t, h.clock(), "ann", nil), fmt.Sprint("d", i%4))
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := h.devices("ann"); len(got) != 3 || len(slices.Compact(got)) != 3 {
		t.Fatalf("signed in on %v", got)
	}
	live := 0
	for _, in := range tokens {
		if h.authenticate(in.Token) == nil {
			live++
		}
	}
	if live != 3 {
		t.Fatalf("%d tokens are good", live)
	}
	told := map[id.Session]bool{}
	for _, e := range h.told() {
		for _, s := range e.Sessions {
			told[s] = true
		}
	}
	if len(told) != len(tokens)-live {
		t.Fatalf("told of %d sign-ins that ended, not %d", len(told), len(tokens)-live)
	}
}

func TestEndSession(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	h.register("ben")
	phone, desk, bens := h.signIn("ann", "phone"), h.signIn("ann", "desk"), h.signIn("ben", "phone")
	h.told()
	refused(t, h.EndSession(t.Context(), "ann", bens.Session.ID), fault.NotFound)
	refused(t, h.EndSession(t.Context(), "ann", "ses-none"), fault.NotFound)
	good(t, h.EndSession(t.Context(), "ann", desk.Session.ID))
	refused(t, h.EndSession(t.Context(), "ann", desk.Session.ID), fault.NotFound)
	refused(t, h.authenticate(desk.Token), fault.Unauthenticated)
	good(t, h.authenticate(phone.Token))
	good(t, h.authenticate(bens.Token))
	ends := h.told()
	if len(ends) != 1 || ends[0].Code != signedOut || !slices.Equal(ends[0].Sessions, []id.Session{desk.Session.ID}) {
		t.Fatalf("told %+v", ends)
	}
}

// What ends is forgotten by the store before anybody is told: a client that
// comes back at once must not get in.
func TestForgottenBeforeTold(t *testing.T) {
	h, checked := open(t, nil), 0
	svc := account.NewService(h.store, func(u id.User, e account.End) {
		all, err := h.store.Sessions(t.Context(), u)
		good(t, err)
		for _, s := range all {
			if e.Code == signedOut && s.ID != e.Except && (len(e.Sessions) == 0 || slices.Contains(e.Sessions, s.ID)) {
				t.Errorf("%s is still there", s.ID)
			}
		}
		checked++
	}, account.Options{Now: h.clock, SessionsPerUser: 2, SessionLife: time.Hour})
	defer svc.Close()
	h.Service = svc
	h.register("ann")
	h.signIn("ann", "a")
	h.signIn("ann", "a")
	in := h.signIn("ann", "b")
	h.signIn("ann", "c")
	good(t, h.EndSession(t.Context(), "ann", in.Session.ID))
	good(t, h.SetPassword(t.Context(), "ann", "another one"))
	if checked != 4 {
		t.Fatalf("told %d times", checked)
	}
}

func TestSignInsExpireWhenUnused(t *testing.T) {
	h := open(t, func(o *account.Options) { o.SessionLife = time.Hour })
	h.register("ann")
	in := h.signIn("ann", "phone")
	if want := h.clock().Add(time.Hour); !in.Session.ExpiresAt.Equal(want) {
		t.Fatalf("expires at %s, want %s", in.Session.ExpiresAt, want)
	}
	h.pass(59 * time.Minute)
	good(t, h.authenticate(in.Token))
	h.settled("ann", in.Session.ID)
	h.pass(59 * time.Minute)
	ses, _, err := h.Authenticate(t.Context(), in.Token) // used since
	good(t, err)
	h.settled("ann", ses.ID)
	h.pass(time.Hour)
	refused(t, h.authenticate(in.Token), fault.TokenExpired)
	equal(t, h.devices("ann"), nil)
	again := h.signIn("ann", "desk")
	refused(t, h.authenticate(in.Token), fault.Unauthenticated) // tidied up by the next sign-in
	good(t, h.authenticate(again.Token))
}

func TestUseIsNotedOnceAMinute(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	in := h.signIn("ann", "phone")
	h.pass(59 * time.Second)
	good(t, h.authenticate(in.Token))
	h.Close() // waits for notes
	all, err := h.store.Sessions(t.Context(), "ann")
	good(t, err)
	if !all[0].LastSeenAt.Equal(in.Session.LastSeenAt) {
		t.Fatal("a use within the minute was noted")
	}
}

func TestStanding(t *testing.T) {
	h := open(t, func(o *account.Options) { o.SessionLife = time.Hour })
	h.register("ann")
	phone, desk := h.signIn("ann", "phone").Session.ID, h.signIn("ann", "desk").Session.ID
	stands := func(inUse []id.Session, want ...id.Session) {
		t.Helper()
		got, err := h.Standing(t.Context(), "ann", inUse)
		good(t, err)
		slices.Sort(got)
		slices.Sort(want)
		equal(t, got, want)
	}
	h.pass(50 * time.Minute)
	stands([]id.Session{desk}, phone, desk)
	h.settled("ann", desk)
	h.pass(50 * time.Minute)
	stands(nil, desk)
	good(t, h.Suspend(t.Context(), "ann", account.Suspension{}))
	_, err := h.Standing(t.Context(), "ann", nil)
	refused(t, err, fault.Forbidden)
	good(t, h.Unsuspend(t.Context(), "ann"))
	good(t, h.EndSession(t.Context(), "ann", desk))
	stands([]id.Session{desk})
	if got, err := h.Standing(t.Context(), "nobody", nil); len(got) != 0 || err != nil {
		t.Fatalf("nobody stands with %v, %v", got, err)
	}
}

func TestDevices(t *testing.T) {
	h := open(t, func(o *account.Options) { o.SessionLife = time.Hour })
	h.register("ann")
	h.signIn("ann", "phone")
	desk := h.signIn("ann", "desk").Session.ID
	are := func(want ...id.Device) {
		t.Helper()
		got, err := h.Devices(t.Context(), "ann")
		good(t, err)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("ann is signed in on %q, want %q", got, want)
		}
	}
	are("desk", "phone")
	good(t, h.EndSession(t.Context(), "ann", desk))
	are("phone")
	good(t, h.Suspend(t.Context(), "ann", account.Suspension{}))
	are()
	good(t, h.Unsuspend(t.Context(), "ann"))
	are("phone")
	h.pass(2 * time.Hour)
	are()
	if got, err := h.Devices(t.Context(), "nobody"); len(got) != 0 || err != nil {
		t.Fatalf("nobody is signed in on %v, %v", got, err)
	}
}

func TestChangePassword(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	phone, desk := h.signIn("ann", "phone"), h.signIn("ann", "desk")
	h.told()
	ctx, by := t.Context(), phone.Session
	refused(t, h.ChangePassword(ctx, by, "not the old one", "a brand new one"), fault.Forbidden)
	refused(t, h.ChangePassword(ctx, by, password, "short"), account.ErrWeakPassword)
	refused(t, h.ChangePassword(ctx, by, password, "ann"), account.ErrWeakPassword)
	refused(t, h.ChangePassword(ctx, by, strings.Repeat("x", 5000), "a brand new one"), fault.BadRequest)
	good(t, h.authenticate(desk.Token))
	good(t, h.ChangePassword(ctx, by, password, "a brand new one"))
	refused(t, h.authenticate(desk.Token), fault.Unauthenticated)
	good(t, h.authenticate(phone.Token))
	_, err := h.SignIn(ctx, account.SignIn{User: "ann", Password: password, Device: "x"})
	refused(t, err, fault.Unauthenticated)
	_, err = h.SignIn(ctx, account.SignIn{User: "ann", Password: "a brand new one", Device: "x"})
	good(t, err)
	ends := h.told()
	if len(ends) != 1 || len(ends[0].Sessions) != 0 || ends[0].Except != by.ID || ends[0].Code != signedOut {
		t.Fatalf("told %+v", ends)
	}
}

// Whoever signs in with the old password while it is being changed is out afterwards.
func TestNoSignInOutlivesItsPassword(t *testing.T) {
	h := open(t, func(o *account.Options) { o.SessionsPerUser = 100 })
	h.register("ann")
	in := make([]account.SignedIn, 12)
	var all sync.WaitGroup
	for i := range in {
		all.Go(func() {
			in[i], _ = h.SignIn(t.Context(), account.SignIn{User: "ann", Password: password, Device: fmt.Sprint("d", i)})
		})
		if i == len(in)/2 {
			all.Go(func() { good(t, h.SetPassword(t.Context(), "ann", "a brand new one")) })
		}
	}
	all.Wait()
	for _, got := range in {
		if got.Token != "" {
			refused(t, h.authenticate(got.Token), fault.Unauthenticated)
		}
	}
	equal(t, h.devices("ann"), nil)
}

func TestSuspension(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	in := h.signIn("ann", "phone")
	h.told()
	good(t, h.Suspend(t.Context(), "ann", account.Suspension{}))
	ends := h.told()
	if len(ends) != 1 || len(ends[0].Sessions) != 0 || ends[0].Except != "" || ends[0].Code != suspended {
		t.Fatalf("told %+v", ends)
	}
	ses, a, err := h.Authenticate(t.Context(), in.Token)
	refused(t, err, fault.Forbidden)
	if ses.ID != in.Session.ID || a.User != "ann" {
		t.Fatalf("told of %+v %+v", ses, a)
	}
	_, err = h.SignIn(t.Context(), account.SignIn{User: "ann", Password: password, Device: "x"})
	refused(t, err, fault.Forbidden)
	_, err = h.SignIn(t.Context(), account.SignIn{User: "ann", Password: "wrong password", Device: "x"})
	refused(t, err, fault.Unauthenticated) // a stranger does not learn of it
	good(t, h.Unsuspend(t.Context(), "ann"))
	good(t, h.authenticate(in.Token))

	good(t, h.Suspend(t.Context(), "ann", account.Suspension{Reason: "spam", Until: h.clock().Add(time.Hour)}))
	refused(t, h.authenticate(in.Token), fault.Forbidden)
	h.pass(time.Hour)
	good(t, h.authenticate(in.Token))
}

func TestOperator(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	in, ctx := h.signIn("ann", "phone"), t.Context()
	for _, err := range []error{
		h.SetPassword(ctx, "nobody", "long enough"), h.SetRole(ctx, "nobody", account.RoleSenior),
		h.Suspend(ctx, "nobody", account.Suspension{}), h.Unsuspend(ctx, "nobody"), h.Suspend(ctx, "", account.Suspension{}),
	} {
		refused(t, err, fault.NotFound)
	}
	refused(t, h.SetRole(ctx, "ann", "emperor"), fault.BadRequest)
	good(t, h.SetRole(ctx, "ann", account.RoleAuditor))
	if _, a, err := h.Authenticate(ctx, in.Token); err != nil || a.Role != account.RoleAuditor {
		t.Fatalf("role %q, %v", a.Role, err)
	}
	good(t, h.SetRole(ctx, "ann", "none"))
	if a, err := h.Profile(ctx, "ann"); err != nil || a.Role != account.RoleNone {
		t.Fatalf("role %q, %v", a.Role, err)
	}
	refused(t, h.SetPassword(ctx, "ann", "short"), account.ErrWeakPassword)
	good(t, h.SetPassword(ctx, "ann", "set by hand"))
	refused(t, h.authenticate(in.Token), fault.Unauthenticated)
	_, err := h.SignIn(ctx, account.SignIn{User: "ann", Password: "set by hand", Device: "x"})
	good(t, err)
}
