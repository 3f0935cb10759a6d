package miniprogram_test

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/miniprogram"
	"github.com/teahouse-im/teahouse/storage/blob"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/storage/scylla"
)

// A house is a service on a real store, with a clock that stands still.
type house struct {
	*miniprogram.Service
	t     *testing.T
	store ledger.Store
	files miniprogram.Files

	mu      sync.Mutex
	now     time.Time
	closed  []string // "user app" of each CloseAll
	closing func(u id.User, a id.App) error
	rung    []id.App // of Changed
	failed  []error
}

func open(t *testing.T) *house {
	t.Helper()
	store, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	good(t, err)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return houseOn(t, store)
}

func houseOn(t *testing.T, store ledger.Store) *house {
	t.Helper()
	var files miniprogram.Files
	if shared, ok := store.(interface{ Uploads() *scylla.Uploads }); ok { // as nodes of a cluster do
		files = shared.Uploads()
	} else {
		folder, err := blob.OpenFiles(t.TempDir())
		good(t, err)
		files = folder
	}
	h := &house{t: t, store: store, files: files, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	h.Service = h.node(store, files)
	return h
}

// node is one more service in the house.
func (h *house) node(store ledger.Store, files miniprogram.Files) *miniprogram.Service {
	opt := miniprogram.DefaultOptions()
	opt.Now = h.clock
	opt.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	opt.Changed = func(a id.App) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.rung = append(h.rung, a)
	}
	opt.Failed = func(err error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.failed = append(h.failed, err)
	}
	s := miniprogram.NewService(store, files, h, opt)
	h.t.Cleanup(s.Close)
	return s
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// CloseAll makes the house the grants of its services.
func (h *house) CloseAll(_ context.Context, u id.User, a id.App) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = append(h.closed, string(u)+" "+string(a))
	if h.closing != nil {
		return h.closing(u, a)
	}
	return nil
}

// app makes an app and gives its secret too.
func (h *house) app(developer id.User, name string) (miniprogram.App, string) {
	h.t.Helper()
	a, secret, err := h.Create(h.t.Context(), developer, name, "transport", "Tables and rides")
	good(h.t, err)
	return a, secret
}

func (h *house) token(a miniprogram.App, secret string) string {
	h.t.Helper()
	token, lives, err := h.Token(h.t.Context(), string(a.ID), secret)
	good(h.t, err)
	if lives != miniprogram.TokenLives {
		h.t.Fatalf("a token lives %v", lives)
	}
	return token
}

// whose tells what a token is: its app, or the code of the refusal.
func (h *house) whose(token string) string {
	h.t.Helper()
	a, err := h.Authenticate(h.t.Context(), token)
	if err != nil {
		return string(fault.From(err).Code)
	}
	return string(a.ID)
}

func (h *house) code(u id.User, a miniprogram.App) string {
	h.t.Helper()
	code, ends, err := h.LoginCode(h.t.Context(), u, string(a.ID))
	good(h.t, err)
	if ends.Sub(h.clock()) != miniprogram.CodeLives {
		h.t.Fatalf("a code of %v ends at %v", h.clock(), ends)
	}
	return code
}

func (h *house) login(u id.User, a miniprogram.App) string {
	h.t.Helper()
	openid, err := h.Login(h.t.Context(), a.ID, h.code(u, a))
	good(h.t, err)
	return openid
}

func good(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, want *fault.Fault) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%v, want %s", err, want.Code)
	}
}
