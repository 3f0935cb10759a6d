package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

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
	end   func() // stops what runs

	mu       sync.Mutex
	now      time.Time
	apps     map[id.App]*notify.App
	gone     map[id.User]bool
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
	h := &house{t: t, store: store, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), apps: map[id.App]*notify.App{}, gone: map[id.User]bool{}}
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
	})
	opt := notify.DefaultOptions()
	opt.Now, opt.Failed = h.clock, h.failed
	h.Service = notify.New(h.book, h.board, store, h.store, h, h, h, h, opt)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { h.book.Run(ctx) })
	h.end = func() { cancel(); all.Wait(); seq.Close() }
}

// node is one more gate on the house's store.
func (h *house) node(moderators notify.Moderators, change func(*notify.Options)) *notify.Service {
	opt := notify.DefaultOptions()
	opt.Now, opt.Failed = h.clock, h.failed
	change(&opt)
	return notify.New(h.book, h.board, h.store, h.store, h, h, moderators, h, opt)
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

func (h *house) Exists(_ context.Context, u id.User) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.gone[u], nil
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

// Drafts of templates.

var order = notify.Param{Key: "order", Label: "Order", Type: "code", Role: notify.Locked}

func queue() notify.Draft {
	return notify.Draft{
		Title: "Table is ready", Category: "transport", Scope: grant.Once, PagePattern: "/queue",
		Params: []notify.Param{order, {Key: "status", Label: "Status", Type: "enum", Role: notify.Free, Values: []string{"called", "waiting"}}},
	}
}

func remark() notify.Draft {
	d := queue()
	d.Title, d.Params = "About your order", []notify.Param{order, {Key: "note", Label: "Note", Type: "text20", Role: notify.Free}}
	return d
}

func ride() notify.Draft {
	d := queue()
	d.Title, d.Scope, d.States = "Your order", grant.Progress, []string{"placed", "cooking", "riding", "there"}
	d.Edges = []notify.Edge{{From: "placed", To: "cooking"}, {From: "cooking", To: "riding", Alert: true}, {From: "riding", To: "there", Alert: true}}
	return d
}

func line() notify.Draft {
	d := queue()
	d.Title, d.Scope, d.Cadence = "Your line", grant.Standing, &grant.Cadence{Uses: 1, Per: "day"}
	return d
}

// template is one that a moderator has approved.
func (h *house) template(a id.App, d notify.Draft) notify.Template {
	h.t.Helper()
	t, err := h.Submit(h.ctx(), a, d)
	good(h.t, err)
	t, err = h.ReviewTemplate(h.ctx(), "mo", string(t.ID), t.Version, true, "fine")
	good(h.t, err)
	return t
}

// From a tap to a handle.

func item(t notify.Template, subject string) notify.Item {
	return notify.Item{Template: string(t.ID), Subject: subject, Locked: grant.Values{"order": {"code": "A17"}}}
}

func (h *house) ask(by grant.By, t notify.Template, items ...notify.Item) (grant.Sheet, error) {
	h.t.Helper()
	tap, _, err := h.Tap(h.ctx(), by, string(t.App), "tap", t.PagePattern)
	good(h.t, err)
	return h.Ask(h.ctx(), by, string(t.App), string(tap), items)
}

func (h *house) accept(by grant.By, s grant.Sheet) {
	h.t.Helper()
	h.advance(500 * time.Millisecond)
	var ds []grant.Decision
	for _, i := range s.Items {
		ds = append(ds, grant.Decision{Item: i.Item, Accept: true})
	}
	good(h.t, h.Decide(h.ctx(), by, string(s.Consent), ds, false))
}

// mint is what an honest user does. It gives the handle.
func (h *house) mint(by grant.By, t notify.Template, subject string) string {
	h.t.Helper()
	s, err := h.ask(by, t, item(t, subject))
	good(h.t, err)
	h.accept(by, s)
	return h.handle(t, subject)
}

func (h *house) handle(t notify.Template, subject string) string {
	h.t.Helper()
	got := h.handles(t)
	for end := time.Now().Add(10 * time.Second); got[subject] == ""; got = h.handles(t) {
		if time.Now().After(end) {
			h.t.Fatalf("no handle for %q", subject)
		}
		time.Sleep(time.Millisecond)
	}
	return got[subject]
}

// handles are all of a template that its app holds, by subject.
func (h *house) handles(t notify.Template) map[string]string {
	h.t.Helper()
	got := map[string]string{}
	for after := ""; ; {
		items, next, err := h.Handed(h.ctx(), t.App, after, 200)
		good(h.t, err)
		for _, i := range items {
			if i.Template == t.ID {
				got[i.Subject] = i.Handle
			}
		}
		if len(items) == 0 {
			return got
		}
		after = next
	}
}

// A crowd are people with a grant each, of subjects of their own.
type member struct {
	grant.By
	handle string
}

func (h *house) crowd(t notify.Template, n int) []member {
	h.t.Helper()
	all, subjects := make([]member, n), make([]string, n)
	for i := range all {
		all[i].By, subjects[i] = h.guest(), h.next("s")
		s, err := h.ask(all[i].By, t, item(t, subjects[i]))
		good(h.t, err)
		h.accept(all[i].By, s)
	}
	var got map[string]string
	for slices.ContainsFunc(subjects, func(s string) bool { return got[s] == "" }) {
		h.handle(t, subjects[n-1])
		got = h.handles(t)
	}
	for i, s := range subjects {
		all[i].handle = got[s]
	}
	return all
}

// with is a request that is fine, but for what is set; nil takes a member away.
type with map[string]any

func request(t notify.Template, handle string, over with) []byte {
	body := map[string]any{
		"grant": handle, "template": t.ID, "page": t.PagePattern, "idempotency_key": uuid.NewString(),
		"data": map[string]any{"status": map[string]any{"enum": "called"}},
	}
	if slices.ContainsFunc(t.Params, func(p notify.Param) bool { return p.Key == "note" }) {
		body["data"] = map[string]any{"note": map[string]any{"text20": "At the window seat"}}
	}
	for k, v := range over {
		if body[k] = v; v == nil {
			delete(body, k)
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return raw
}

func (h *house) send(t notify.Template, handle string, over with) (grant.Answer, error) {
	return h.Redeem(h.ctx(), t.App, request(t, handle, over))
}

// attempt is accepted, held, or the code of a refusal, which has left its trace.
func (h *house) attempt(t notify.Template, handle string, over with) string {
	h.t.Helper()
	return h.raw(t.App, request(t, handle, over))
}

func (h *house) raw(a id.App, body []byte) string {
	h.t.Helper()
	before := h.traces()
	answer, err := h.Redeem(h.ctx(), a, body)
	if err == nil {
		return answer.Status
	}
	return h.traced(a, before, err)
}

func (h *house) traces() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.refusals)
}

func (h *house) traced(a id.App, before int, err error) string {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	code := fault.From(err).Code
	if len(h.refusals) != before+1 || h.refusals[before].Code != code || h.refusals[before].App != a {
		h.t.Errorf("the refusal %v left %+v", err, h.refusals[before:])
	}
	return string(code)
}

// note says some words of a remark.
func note(text string) with {
	return with{"data": map[string]any{"note": map[string]any{"text20": text}}}
}

func (h *house) inbox(u id.User) []notify.Shown {
	h.t.Helper()
	page, next, err := h.MyNotices(h.ctx(), u, "", 200)
	good(h.t, err)
	if next != "" {
		h.t.Error("an inbox of more than a page")
	}
	return page
}

// delivered counts what a crowd has got.
func (h *house) delivered(all []member) (n int) {
	h.t.Helper()
	for _, m := range all {
		n += len(h.inbox(m.User))
	}
	return n
}

func (h *house) held() (all []notify.HeldNotice) {
	h.t.Helper()
	for cursor := ""; ; {
		page, next, err := h.HeldNotices(h.ctx(), cursor, 7)
		good(h.t, err)
		if all = append(all, page...); next == "" {
			return all
		}
		cursor = next
	}
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
