package account_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
)

// However many sign in at once, as many hash as there are cores; the others wait
// for as long as their requests do. Who does not exist is hashed for all the same.
func TestAFloodOfSignInsWaits(t *testing.T) {
	h := open(t, func(o *account.Options) { o.Throttle = true })
	h.register("ann")
	release := h.TakeCores()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for _, user := range []string{"ann", "nobody", "Not A Name!"} {
		for range 20 {
			_, err := h.SignIn(ctx, account.SignIn{User: user, Password: "wrong", Device: "d", From: "192.0.2.1"})
			refused(t, err, fault.Unavailable) // and never RateLimited: nothing was learned about a password
		}
	}
	h.Waiting(account.WaitingMost)
	_, err := h.SignIn(t.Context(), account.SignIn{User: "ann", Password: password, Device: "d"})
	if f := refused(t, err, fault.Unavailable); f.Retry == 0 {
		t.Fatal("no advice when to come back")
	}
	h.Waiting(-account.WaitingMost)
	release()
	h.signIn("ann", "d")
}

func TestGuessingIsRefused(t *testing.T) {
	h := open(t, func(o *account.Options) { o.Throttle = true })
	h.register("ann")
	guess := func(user, password, from string) error {
		_, err := h.SignIn(t.Context(), account.SignIn{User: user, Password: password, Device: "d", From: from})
		return err
	}
	for _, user := range []string{"ann", "nobody"} { // a limit must not tell who exists
		wrong := 0
		for errors.Is(guess(user, "wrong guess", "192.0.2.1"), fault.Unauthenticated) {
			if wrong++; wrong > 100 {
				t.Fatal("guessing is not limited")
			}
		}
		if wrong != 10 {
			t.Fatalf("%d guesses at %s", wrong, user)
		}
		if f := refused(t, guess(user, password, "192.0.2.1"), fault.RateLimited); f.Retry <= 0 || f.Retry > time.Minute {
			t.Fatalf("advice to wait %s", f.Retry)
		}
	}
	good(t, guess("ann", password, "203.0.113.9"))
	h.pass(time.Minute)
	good(t, guess("ann", password, "192.0.2.1"))
}
