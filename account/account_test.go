package account_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/storage/pebble"
)

const password = "correct horse"

// A house is a service on a real store, with a clock that is moved by hand and a
// memory of whose connections had to close.
type house struct {
	*account.Service
	t      *testing.T
	store  account.Store
	ledger ledger.Store

	mu   sync.Mutex
	now  time.Time
	ends []ended
}

type ended struct {
	user id.User
	account.End
}

func open(t *testing.T, change func(*account.Options)) *house {
	t.Helper()
	store, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, store: store, ledger: store, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h.Service = h.beside(store, change)
	return h
}

// beside is one more service, on the house's store or on what stands before it.
func (h *house) beside(store account.Store, change func(*account.Options)) *account.Service {
	opt := account.DefaultOptions()
	opt.Now, opt.Throttle = h.clock, false
	opt.Erasure.Ledger = h.ledger
	if change != nil {
		change(&opt)
		if opt.Erasure.Ledger == nil {
			opt.Erasure.Ledger = h.ledger
		}
	}
	s := account.NewService(store, func(u id.User, e account.End) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.ends = append(h.ends, ended{u, e})
	}, opt)
	h.t.Cleanup(s.Close)
	return s
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// told takes what was told about connections to close.
func (h *house) told() []ended {
	h.mu.Lock()
	defer h.mu.Unlock()
	ends := h.ends
	h.ends = nil
	return ends
}

func (h *house) register(u string) {
	h.t.Helper()
	if _, err := h.Register(h.t.Context(), u, password, ""); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) signIn(u, device string) account.SignedIn {
	h.t.Helper()
	in, err := h.SignIn(h.t.Context(), account.SignIn{User: u, Password: password, Device: device})
	if err != nil {
		h.t.Fatal(err)
	}
	return in
}

func (h *house) authenticate(token string) error {
	_, _, err := h.Authenticate(h.t.Context(), token)
	return err
}

func refused(t *testing.T, err error, want *fault.Fault) *fault.Fault {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %s", err, want.Code)
	}
	return fault.From(err)
}

func good(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRegister(t *testing.T) {
	h := open(t, nil)
	made, err := h.Register(t.Context(), "ann.b-c_1", "8 chars!", "Ann Ång 李")
	good(t, err)
	if made.User != "ann.b-c_1" || made.DisplayName != "Ann Ång 李" || made.Password != "" || !made.CreatedAt.Equal(h.now) {
		t.Fatalf("made %+v", made)
	}
	_, err = h.Register(t.Context(), "ann.b-c_1", "another password", "Second")
	refused(t, err, account.ErrTaken)
	_, err = h.Register(t.Context(), "me", "a good password", "Me")
	refused(t, err, account.ErrTaken)
	got, err := h.Profile(t.Context(), "ann.b-c_1")
	good(t, err)
	if got.DisplayName != "Ann Ång 李" || got.Password != "" {
		t.Fatalf("found %+v", got)
	}
	_, err = h.Profile(t.Context(), "nobody")
	refused(t, err, fault.NotFound)
}

func TestRegisterRefuses(t *testing.T) {
	h := open(t, nil)
	for name, c := range map[string]struct {
		user, password, shown string
		want                  *fault.Fault
		at                    string
	}{
		"no name":           {"", password, "", fault.BadRequest, "/user"},
		"capital":           {"Ann", password, "", fault.BadRequest, "/user"},
		"app":               {"app-ann", password, "", fault.BadRequest, "/user"},
		"NUL in name":       {"a\x00b", password, "", fault.BadRequest, "/user"},
		"token separator":   {"a~b", password, "", fault.BadRequest, "/user"},
		"no password":       {"ann", "", "", account.ErrWeakPassword, "/password"},
		"short password":    {"ann", "1234567", "", account.ErrWeakPassword, "/password"},
		"short in letters":  {"ann", "密碼密碼密碼密", "", account.ErrWeakPassword, "/password"},
		"user id":           {"longenough", "longenough", "", account.ErrWeakPassword, "/password"},
		"huge password":     {"ann", strings.Repeat("q", 1025), "", fault.BadRequest, "/password"},
		"long display name": {"ann", password, strings.Repeat("x", 65), fault.BadRequest, "/display_name"},
		"NUL":               {"ann", password, "a\x00b", fault.BadRequest, "/display_name"},
		"line":              {"ann", password, "a\nb", fault.BadRequest, "/display_name"},
		"turned around":     {"ann", password, "\u202eevil", fault.BadRequest, "/display_name"},
		"isolate":           {"ann", password, "a\u2066b", fault.BadRequest, "/display_name"},
		"nothing to see":    {"ann", password, "\u200b\u200d", fault.BadRequest, "/display_name"},
		"not UTF-8":         {"ann", password, "a\xffb", fault.BadRequest, "/display_name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := h.Register(t.Context(), c.user, c.password, c.shown)
			f := refused(t, err, c.want)
			if len(f.Fields) != 1 || f.Fields[0].Pointer != c.at {
				t.Fatalf("points to %v, want %s", f.Fields, c.at)
			}
			if c.password != "" && strings.Contains(f.Error()+f.Fields[0].Detail, c.password) {
				t.Fatal("the refusal repeats the password")
			}
			_, err = h.Profile(t.Context(), "ann")
			refused(t, err, fault.NotFound)
		})
	}
}

func TestDisplayNamesAreKept(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	for shown, want := range map[string]string{
		"": "ann", " \t ": "ann", "Ann": "Ann", "  Ann ": "Ann", "<script>alert(1)</script>": "<script>alert(1)</script>",
		"e\u0301": "e\u0301", "\u00e9": "\u00e9", "👩‍👩‍👧‍👦": "👩‍👩‍👧‍👦", "نص\u200f": "نص\u200f", strings.Repeat("李", 64): strings.Repeat("李", 64),
	} {
		got, err := h.Change(t.Context(), "ann", account.ProfileChange{DisplayName: &shown})
		good(t, err)
		if got.DisplayName != want {
			t.Errorf("%q became %q", shown, got.DisplayName)
		}
		if name, err := h.DisplayName(t.Context(), "ann"); err != nil || name != want {
			t.Errorf("after changing to %q the name is %q, %v", shown, name, err)
		}
	}
	got, err := h.Change(t.Context(), "ann", account.ProfileChange{})
	good(t, err)
	if got.User != "ann" {
		t.Fatalf("changing nothing gives %+v", got)
	}
	_, err = h.DisplayName(t.Context(), "nobody")
	refused(t, err, fault.NotFound)
}

func TestOfParallelRegistrationsOneWins(t *testing.T) {
	h := open(t, nil)
	passwords := []string{"password no 1", "password no 2", "password no 3", "password no 4"}
	errs := make([]error, len(passwords))
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() { _, errs[i] = h.Register(t.Context(), "ann", passwords[i], "") })
	}
	all.Wait()
	won := 0
	for i, err := range errs {
		_, in := h.SignIn(t.Context(), account.SignIn{User: "ann", Password: passwords[i], Device: "d"})
		if (err == nil) != (in == nil) {
			t.Errorf("registering said %v, signing in %v", err, in)
		}
		if err == nil {
			won++
		} else {
			refused(t, err, account.ErrTaken)
		}
	}
	if won != 1 {
		t.Fatalf("%d registrations won", won)
	}
}

// Who does not exist, has no password, or shows a wrong one gets one answer.
func TestSignInsThatFailLookAlike(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	good(t, h.store.CreateAccount(t.Context(), account.Account{User: "vouched-for", DisplayName: "x"}))
	var first error
	for _, in := range []account.SignIn{
		{User: "ann", Password: password + "x"},
		{User: "ann", Password: strings.ToUpper(password)},
		{User: "ann", Password: ""},
		{User: "ann", Password: " " + password},
		{User: "nobody", Password: password},
		{User: "Not A Name!", Password: password},
		{User: "", Password: ""},
		{User: "vouched-for", Password: ""},
		{User: "vouched-for", Password: password},
	} {
		in.Device = "d"
		_, err := h.SignIn(t.Context(), in)
		refused(t, err, fault.Unauthenticated)
		if first == nil {
			first = err
		}
		if err != first {
			t.Errorf("%q answers %v, not %v", in.User, err, first)
		}
	}
	for _, device := range []string{"", "a\nb", strings.Repeat("d", 65)} {
		_, err := h.SignIn(t.Context(), account.SignIn{User: "ann", Password: password, Device: device})
		refused(t, err, fault.BadRequest)
	}
	_, err := h.SignIn(t.Context(), account.SignIn{User: "ann", Password: strings.Repeat("p", 200_000), Device: "d"})
	refused(t, err, fault.BadRequest)
}

func TestPasswordsCountInFull(t *testing.T) {
	h := open(t, nil)
	long := strings.Repeat("p", 79) + "ö"
	_, err := h.Register(t.Context(), "ann", long, "")
	good(t, err)
	for _, wrong := range []string{long[:72], long[:79], long + "p", strings.Repeat("p", 79) + "o\u0308"} {
		_, err := h.SignIn(t.Context(), account.SignIn{User: "ann", Password: wrong, Device: "d"})
		refused(t, err, fault.Unauthenticated)
	}
	_, err = h.SignIn(t.Context(), account.SignIn{User: "ann", Password: long, Device: "d"})
	good(t, err)
}

func TestNamesAreFreshAfterAChange(t *testing.T) {
	h := open(t, nil)
	h.register("ann")
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 { // loads that race with the changes
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if _, err := h.DisplayName(context.Background(), "ann"); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	for i := range 200 {
		want := strings.Repeat("n", i%60+1)
		_, err := h.Change(t.Context(), "ann", account.ProfileChange{DisplayName: &want})
		good(t, err)
		if got, err := h.DisplayName(t.Context(), "ann"); err != nil || got != want {
			t.Fatalf("called %q, %v right after a change to %q", got, err, want)
		}
	}
	close(stop)
	readers.Wait()
}
