package storagetest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/id"
)

// Account holds a backend to the contract of account.Store. Each test makes
// people of its own, so the stores may be one and hold other things too.
func Account(t *testing.T, open func(t *testing.T) account.Store) {
	for name, run := range map[string]func(*testing.T, account.Store){
		"an account is found as it was created":         accountIsKept,
		"of parallel creations of one name one wins":    oneCreationWins,
		"nobody is unknown":                             nobodyIsUnknown,
		"all accounts are listed, page by page":         accountsAreListed,
		"a change is one step":                          changeIsOneStep,
		"a change that fails stores nothing":            failedChangeStoresNothing,
		"a session is found with its account":           sessionIsFound,
		"a session is found only by its user and hash":  sessionIsNobodyElses,
		"sessions are listed, replaced and dropped":     sessionsComeAndGo,
		"a touch moves a session and revives none":      touchRevivesNothing,
		"touches and drops race without a session left": touchesRaceDrops,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

func accountsAreListed(t *testing.T, s account.Store) {
	want := map[id.User]bool{}
	for range 7 {
		a := account.Account{User: somebody(), DisplayName: "x", CreatedAt: someTime()}
		must(t, s.CreateAccount(t.Context(), a))
		want[a.User] = true
	}
	for _, limit := range []int{1, 3, 500} {
		seen, last := map[id.User]bool{}, id.User("")
		for {
			page, err := s.Users(t.Context(), last, limit)
			must(t, err)
			if len(page) > limit {
				t.Fatalf("%d users in a page of %d", len(page), limit)
			}
			for _, u := range page {
				if seen[u] {
					t.Fatalf("%s is listed twice", u)
				}
				seen[u], last = true, u
			}
			if len(page) < limit {
				break
			}
		}
		for u := range want {
			if !seen[u] {
				t.Errorf("in pages of %d %s is not listed", limit, u)
			}
		}
	}
}

// somebody is a user id no other test has.
func somebody() id.User {
	var b [8]byte
	rand.Read(b[:])
	return id.User("u" + hex.EncodeToString(b[:]))
}

// someTime is in the precision in which times are kept.
func someTime() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 8e6, time.UTC) }

func created(t *testing.T, s account.Store) account.Account {
	t.Helper()
	a := account.Account{User: somebody(), DisplayName: "Ann Ång 李", Password: "$argon2id$…", CreatedAt: someTime()}
	must(t, s.CreateAccount(t.Context(), a))
	return a
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}

// together runs fn n times at once and returns when all are done.
func together(n int, fn func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { fn(i) })
	}
	all.Wait()
}

func accountIsKept(t *testing.T, s account.Store) {
	a := account.Account{
		User: somebody(), DisplayName: "\"Ann\" \\ Ång 李 🫖", Avatar: "m-1", Password: "$argon2id$v=19$…",
		Role:       account.RoleSenior,
		Suspension: &account.Suspension{Reason: "spam", Until: someTime().Add(time.Hour)},
		CreatedAt:  someTime(),
	}
	must(t, s.CreateAccount(t.Context(), a))
	got, err := s.Account(t.Context(), a.User)
	must(t, err)
	same(t, got, a)
}

func oneCreationWins(t *testing.T, s account.Store) {
	u := somebody()
	errs := make([]error, 8)
	together(len(errs), func(i int) {
		errs[i] = s.CreateAccount(t.Context(), account.Account{User: u, DisplayName: strconv.Itoa(i), CreatedAt: someTime()})
	})
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Fatalf("both %d and %d created %s", winner, i, u)
		case err == nil:
			winner = i
		case !errors.Is(err, account.ErrTaken):
			t.Fatal(err)
		}
	}
	got, err := s.Account(t.Context(), u)
	must(t, err)
	same(t, got.DisplayName, strconv.Itoa(winner))
}

func nobodyIsUnknown(t *testing.T, s account.Store) {
	u, ctx := somebody(), t.Context()
	_, err := s.Account(ctx, u)
	isUnknown(t, err)
	_, err = s.ChangeAccount(ctx, u, func(*account.Account) error { t.Error("changed nobody"); return nil })
	isUnknown(t, err)
	_, _, err = s.Session(ctx, u, account.TokenHash{1})
	isUnknown(t, err)
	all, err := s.Sessions(ctx, u)
	must(t, err)
	same(t, len(all), 0)
	must(t, s.DropSession(ctx, u, account.TokenHash{1}))
	must(t, s.TouchSession(ctx, u, account.TokenHash{1}, someTime()))
	_, err = s.Account(ctx, u)
	isUnknown(t, err)
}

func isUnknown(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, account.ErrUnknown) {
		t.Fatalf("got %v, want ErrUnknown", err)
	}
}

func changeIsOneStep(t *testing.T, s account.Store) {
	a := created(t, s)
	const writers, each = 4, 5
	together(writers, func(int) {
		for range each {
			_, err := s.ChangeAccount(t.Context(), a.User, func(a *account.Account) error {
				a.DisplayName += "+"
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
	got, err := s.Account(t.Context(), a.User)
	must(t, err)
	a.DisplayName += strings.Repeat("+", writers*each)
	same(t, got, a)
}

func failedChangeStoresNothing(t *testing.T, s account.Store) {
	a, no := created(t, s), errors.New("no")
	_, err := s.ChangeAccount(t.Context(), a.User, func(a *account.Account) error {
		a.DisplayName = "changed"
		return no
	})
	if !errors.Is(err, no) {
		t.Fatalf("got %v, want the change's own error", err)
	}
	got, err := s.Account(t.Context(), a.User)
	must(t, err)
	same(t, got, a)

	want := a
	want.Suspension, want.Role = &account.Suspension{}, account.RoleAuditor
	got, err = s.ChangeAccount(t.Context(), a.User, func(a *account.Account) error {
		a.Suspension, a.Role = &account.Suspension{}, account.RoleAuditor
		return nil
	})
	must(t, err)
	same(t, got, want)
	got, err = s.Account(t.Context(), a.User)
	must(t, err)
	same(t, got, want)
}

func sessionOf(u id.User, n byte) account.Session {
	return account.Session{
		ID: id.Session(fmt.Sprintf("ses-%d", n)), User: u, Device: id.Device(fmt.Sprintf("phone %d", n)), Hash: account.TokenHash{n, 0, 0xff},
		CreatedAt: someTime(), LastSeenAt: someTime(), ExpiresAt: someTime().AddDate(0, 3, 0),
	}
}

func sessionIsFound(t *testing.T, s account.Store) {
	a := created(t, s)
	want := sessionOf(a.User, 1)
	must(t, s.PutSession(t.Context(), want))
	got, of, err := s.Session(t.Context(), a.User, want.Hash)
	must(t, err)
	same(t, got, want)
	same(t, of, a)

	_, err = s.ChangeAccount(t.Context(), a.User, func(a *account.Account) error { a.DisplayName = "new"; return nil })
	must(t, err)
	_, of, err = s.Session(t.Context(), a.User, want.Hash)
	must(t, err)
	same(t, of.DisplayName, "new")
}

func sessionIsNobodyElses(t *testing.T, s account.Store) {
	a, b := created(t, s), created(t, s)
	must(t, s.PutSession(t.Context(), sessionOf(a.User, 1)))
	for _, wrong := range []struct {
		u id.User
		h account.TokenHash
	}{{b.User, account.TokenHash{1, 0, 0xff}}, {a.User, account.TokenHash{2, 0, 0xff}}, {a.User, account.TokenHash{}}} {
		_, _, err := s.Session(t.Context(), wrong.u, wrong.h)
		isUnknown(t, err)
	}
	must(t, s.DropSession(t.Context(), b.User, account.TokenHash{1, 0, 0xff}))
	_, _, err := s.Session(t.Context(), a.User, account.TokenHash{1, 0, 0xff})
	must(t, err)
	all, err := s.Sessions(t.Context(), b.User)
	must(t, err)
	same(t, len(all), 0)
}

func sessionsComeAndGo(t *testing.T, s account.Store) {
	a := created(t, s)
	var want []account.Session
	for n := range byte(30) {
		ses := sessionOf(a.User, n)
		want = append(want, ses)
		must(t, s.PutSession(t.Context(), ses))
	}
	want[3].Device, want[3].LastSeenAt = "desk", someTime().Add(time.Hour)
	must(t, s.PutSession(t.Context(), want[3]))
	listed(t, s, a.User, want)
	for range 2 { // dropping twice is dropping
		must(t, s.DropSession(t.Context(), a.User, want[7].Hash))
	}
	_, _, err := s.Session(t.Context(), a.User, want[7].Hash)
	isUnknown(t, err)
	listed(t, s, a.User, slices.Delete(want, 7, 8))
	if _, err := s.Account(t.Context(), a.User); err != nil {
		t.Fatal(err)
	}
}

func listed(t *testing.T, s account.Store, u id.User, want []account.Session) {
	t.Helper()
	got, err := s.Sessions(t.Context(), u)
	must(t, err)
	slices.SortFunc(got, func(a, b account.Session) int { return slices.Compare(a.Hash[:], b.Hash[:]) })
	same(t, got, want)
}

func touchRevivesNothing(t *testing.T, s account.Store) {
	a := created(t, s)
	ses, later := sessionOf(a.User, 1), someTime().Add(5*time.Minute)
	must(t, s.PutSession(t.Context(), ses))
	must(t, s.TouchSession(t.Context(), a.User, ses.Hash, later))
	ses.LastSeenAt = later
	got, _, err := s.Session(t.Context(), a.User, ses.Hash)
	must(t, err)
	same(t, got, ses)
	listed(t, s, a.User, []account.Session{ses})

	must(t, s.DropSession(t.Context(), a.User, ses.Hash))
	must(t, s.TouchSession(t.Context(), a.User, ses.Hash, later.Add(time.Minute)))
	_, _, err = s.Session(t.Context(), a.User, ses.Hash)
	isUnknown(t, err)
	listed(t, s, a.User, nil)
}

func touchesRaceDrops(t *testing.T, s account.Store) {
	a := created(t, s)
	for n := range byte(20) {
		ses := sessionOf(a.User, n)
		must(t, s.PutSession(t.Context(), ses))
		together(3, func(i int) {
			var err error
			if i == 0 {
				err = s.DropSession(context.WithoutCancel(t.Context()), a.User, ses.Hash)
			} else {
				err = s.TouchSession(t.Context(), a.User, ses.Hash, someTime().Add(time.Duration(i)*time.Hour))
			}
			if err != nil {
				t.Error(err)
			}
		})
		_, _, err := s.Session(t.Context(), a.User, ses.Hash)
		isUnknown(t, err)
	}
	listed(t, s, a.User, nil)
}
