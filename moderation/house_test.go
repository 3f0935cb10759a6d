package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/moderation"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/storage/scylla/scyllatest"
	"github.com/teahouse-im/teahouse/stream"
)

type backend interface {
	ledger.Store
	stream.Log
	Close() error
}

// A house is moderation on a real store, with a clock of its own. What it has done to
// apps and templates is written down.
type house struct {
	*moderation.Service
	t     testing.TB
	store backend

	mu   sync.Mutex
	now  time.Time
	done []string // what was asked for, in order
	fail error    // what is asked for fails with this
	left id.User  // moderates no more
}

func open(t testing.TB) *house { return openOn(t, embedded(t)) }

func openOn(t testing.TB, store backend) *house {
	h := &house{t: t, store: store, now: time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC)}
	h.Service = h.another(store)
	return h
}

// another is moderation on another node of the house.
func (h *house) another(log stream.Log) *moderation.Service {
	s := moderation.NewService(h.store, log, moderation.Options{Now: h.clock, Notices: notices{h}, Apps: apps{h}, Moderates: h.moderates, Patience: time.Minute})
	h.t.Cleanup(s.Close)
	return s
}

func (h *house) moderates(_ context.Context, u id.User) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return u != h.left, nil
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

func (h *house) failing(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fail = err
}

func (h *house) did(format string, args ...any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fail != nil {
		return h.fail
	}
	h.done = append(h.done, fmt.Sprintf(format, args...))
	return nil
}

// told is what was asked for since the last time.
func (h *house) told() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	done := h.done
	h.done = nil
	return done
}

type notices struct{ *house }

func (n notices) PauseTemplate(_ context.Context, t id.Template, until time.Time, reason string) error {
	return n.did("pause %s until %s: %s", t, stamp(until), reason)
}

func (n notices) ResumeTemplate(_ context.Context, t id.Template) error { return n.did("resume %s", t) }

func (n notices) ReleaseHeld(_ context.Context, t id.Template) (int, error) {
	return 7, n.did("release %s", t)
}

func (n notices) DropHeld(_ context.Context, t id.Template) (int, error) {
	return 7, n.did("drop %s", t)
}

type apps struct{ *house }

func (a apps) Suspend(_ context.Context, app id.App, until time.Time, reason string) error {
	return a.did("suspend %s until %s: %s", app, stamp(until), reason)
}

func (a apps) SuspendNotices(_ context.Context, app id.App, until time.Time, reason string) error {
	return a.did("silence %s until %s: %s", app, stamp(until), reason)
}

func (a apps) Resume(_ context.Context, app id.App) error { return a.did("resume %s", app) }

func stamp(t time.Time) string {
	if t.IsZero() {
		return "lifted"
	}
	return t.Format(time.RFC3339)
}

// embedded is the embedded store on an in-memory file system.
func embedded(t testing.TB) backend {
	t.Helper()
	store, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	good(t, err)
	t.Cleanup(func() { good(t, store.Close()) })
	return store
}

// cluster is a store on the CQL server for tests.
func cluster(t *testing.T) backend { return scyllatest.New(t, "moderation") }

// everywhere runs a test on every kind of store.
func everywhere(t *testing.T, test func(t *testing.T, h *house)) {
	t.Run("embedded", func(t *testing.T) { test(t, open(t)) })
	t.Run("cluster", func(t *testing.T) { test(t, openOn(t, cluster(t))) })
}

func good(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t testing.TB, err error, want *fault.Fault) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%v, want %s", err, want.Code)
	}
}

func same[T comparable](t testing.TB, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

// rows is the whole audit, in the order in which it was written.
func (h *house) rows(q moderation.AuditQuery) []moderation.Row {
	h.t.Helper()
	rows := all(h.t, func(cursor string) ([]moderation.Row, string, error) {
		return h.Audit(h.t.Context(), q, cursor, 0)
	})
	slices.Reverse(rows)
	return rows
}

func all[T any](t testing.TB, list func(cursor string) ([]T, string, error)) (items []T) {
	t.Helper()
	for cursor := ""; ; {
		page, next, err := list(cursor)
		good(t, err)
		items = append(items, page...)
		if next == "" {
			return items
		}
		cursor = next
	}
}
