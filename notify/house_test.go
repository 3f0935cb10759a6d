package notify_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

const (
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * hour
)

type backend interface {
	ledger.Store
	stream.Log
}

// A house is the gate with the real book, board and store around it. Who exists
// and what moderators were told are plain lists.
type house struct {
	*notify.Service
	t     testing.TB
	store backend
	book  *grant.Book
	board shape.Board
	shelf *shelf
	end   func() // stops what runs

	mu       sync.Mutex
	now      time.Time
	apps     map[id.App]*notify.App
	refusals []notify.Refusal
	floods   []flood
	reports  []string // "by template did"
	did      []string // "action template"
	reviews  int
	serial   int
	failures []error
}

type flood struct {
	app  id.App
	t    id.Template
	held int
	did  string
}

func open(t testing.TB) *house {
	store, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	good(t, err)
	h := &house{t: t, store: store, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), apps: map[id.App]*notify.App{}}
	h.shelf = &shelf{uploads: map[id.Media]upload{}, carried: map[id.Media][]string{}}
	h.board = shape.NewMemory(shape.DefaultLimits(), shape.Options{Most: 1 << 14})
	h.start(store)
	t.Cleanup(func() {
		h.end()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, err := range h.failures {
			t.Errorf("failed in the background: %v", err)
		}
	})
	return h
}

// start begins a node on the house's store, or on what stands before it.
func (h *house) start(store ledger.Store) {
	seq := stream.NewSequencer(h.store, stream.Options{Now: h.clock, Sealed: func(s id.Stream) bool { return strings.HasPrefix(string(s), id.Notices+"/") }})
	h.book = grant.New(store, h.store, seq, seq.Door(), grant.Options{
		Now: h.clock, Secret: []byte("the key of all handles, 32 bytes"), Failed: h.failed,
		ReadUpTo: func(context.Context, id.User) (id.Seq, error) { return 0, nil },
		Wording: func(ctx context.Context, t id.Template, version int, data grant.Values, state string) (grant.Wording, error) {
			return h.Wording(ctx, t, version, data, state)
		},
	})
	opt := notify.DefaultOptions()
	opt.Now, opt.Failed, opt.Media = h.clock, h.failed, h.shelf
	h.Service = notify.New(h.book, h.board, store, h.store, h, h, h, opt)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { h.book.Run(ctx) })
	h.end = func() { cancel(); all.Wait(); seq.Close() }
}

// node is one more gate on the house's store.
func (h *house) node(moderators notify.Moderators, change func(*notify.Options)) *notify.Service {
	opt := notify.DefaultOptions()
	opt.Now, opt.Failed, opt.Media = h.clock, h.failed, h.shelf
	change(&opt)
	return notify.New(h.book, h.board, h.store, h.store, h, moderators, h, opt)
}

// deafened are moderators who cannot be told of refusals.
type deafened struct {
	*house
	err error
}

func (d deafened) Refused(context.Context, notify.Refusal) error { return d.err }

// restart is another process on the same store.
func (h *house) restart() {
	h.end()
	h.start(h.store)
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) failed(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures = append(h.failures, err)
}

// forgive takes the failures that a test has brought about.
func (h *house) forgive() (failures []error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	failures, h.failures = h.failures, nil
	return failures
}

func (h *house) App(_ context.Context, a id.App) (notify.App, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if app := h.apps[a]; app != nil {
		return *app, nil
	}
	return notify.App{}, fault.NotFound
}

func (h *house) Refused(_ context.Context, r notify.Refusal) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.refusals = append(h.refusals, r)
	return nil
}

func (h *house) Flooded(_ context.Context, app id.App, t id.Template, held int, did string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.floods = append(h.floods, flood{app, t, held, did})
	return nil
}

func (h *house) Reported(_ context.Context, by id.User, _ id.App, t id.Template, _, _, did string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reports = append(h.reports, fmt.Sprint(by, " ", t, " ", did))
	return nil
}

func (h *house) Reviewed(context.Context, id.User, notify.Template) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reviews++
	return nil
}

func (h *house) Did(_ context.Context, action string, app id.App, t id.Template, _ string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	about := string(t)
	if about == "" {
		about = string(app)
	}
	h.did = append(h.did, action+" "+about)
	return nil
}

func (h *house) Suspend(_ context.Context, a id.App, _ time.Time, _ string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.apps[a].Suspended = true
	return nil
}

// resume lifts a suspension.
func (h *house) resume(a id.App) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.apps[a].Suspended = false
}

func (h *house) acts(of string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, d := range h.did {
		if strings.HasPrefix(d, of) {
			n++
		}
	}
	return n
}

func (h *house) floodsOf(t id.Template) (all []flood) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.floods {
		if f.t == t {
			all = append(all, f)
		}
	}
	return all
}

func (h *house) next(what string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.serial++
	return fmt.Sprintf("%s%d", what, h.serial)
}

// app is a new one, of a developer of its own unless one is named.
func (h *house) app(developer ...id.User) id.App {
	a := id.NewApp()
	dev := id.User(h.next("maker"))
	if len(developer) > 0 {
		dev = developer[0]
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.apps[a] = &notify.App{ID: a, Name: "Noodles", Category: "transport", Developer: dev, Reach: 10_000}
	return a
}

func (h *house) guest() grant.By {
	return grant.By{User: id.User(h.next("guest")), Session: id.NewSession(), Device: "phone"}
}

func (h *house) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	h.t.Cleanup(cancel)
	return ctx
}

func good(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%v, not %v", err, want)
	}
}
