package grant_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

const day = 24 * time.Hour

var secret = []byte("the key of all handles, 32 bytes")

type backend interface {
	ledger.Store
	stream.Log
}

// A house is two nodes on one store, with people and apps of its own.
type house struct {
	*grant.Book // the first node
	second      *grant.Book
	t           testing.TB
	store       backend
	delay       time.Duration

	mu     sync.Mutex
	now    time.Time
	read   map[id.User]id.Seq
	people map[id.User]bool
	told   []grant.Handed // as apps were told, each once for each time
	again  int            // of them, when a window was there already
	yes    []grant.Decision
	heard  func(grant.Handed)
	mute   error // why there are no words at the moment
}

// on runs a test on every store there is.
func on(t *testing.T, test func(t *testing.T, h *house)) {
	t.Run("embedded", func(t *testing.T) { test(t, open(t, embedded(t))) })
	if server() != "" {
		t.Run("cluster", func(t *testing.T) { test(t, open(t, cluster(t))) })
	}
}

// embedded is the embedded store on an in-memory file system.
func embedded(t testing.TB) backend {
	t.Helper()
	store, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	good(t, err)
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func open(t testing.TB, store backend) *house {
	h := &house{
		t: t, store: store, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), read: map[id.User]id.Seq{}, people: map[id.User]bool{},
	}
	h.Book, h.second = h.node(store, store), h.node(store, store)
	return h
}

// node is one more book, on the house's store or on what stands before it.
func (h *house) node(store ledger.Store, log stream.Log) *grant.Book {
	seq := stream.NewSequencer(log, stream.Options{Now: h.clock, Sealed: sealed})
	h.t.Cleanup(seq.Close)
	return grant.New(store, log, seq, seq.Door(), grant.Options{
		Now: h.clock, Delay: func() time.Duration { return h.delay }, Secret: secret, ReadUpTo: h.readUpTo, Handed: h.hear, Wording: h.wording,
		Failed: func(err error) {
			if !errors.Is(err, errKilled) {
				h.t.Errorf("failed in the background: %v", err)
			}
		},
	})
}

func sealed(s id.Stream) bool { return strings.HasPrefix(string(s), id.Notices+"/") }

func (h *house) readUpTo(_ context.Context, u id.User) (id.Seq, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.read[u], nil
}

// wording has the last key first.
func (h *house) wording(_ context.Context, _ id.Template, _ int, data grant.Values, state string) (of grant.Wording, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range slices.Backward(slices.Sorted(maps.Keys(data))) {
		for kind, value := range data[key] {
			of.Params = append(of.Params, grant.Param{Key: key, Label: strings.ToUpper(key), Type: kind, Value: value})
		}
	}
	of.State = strings.ReplaceAll(state, "_", " ")
	return of, h.mute
}

// silence takes the words away, or gives them back (nil).
func (h *house) silence(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mute = err
}

func (h *house) hear(_ context.Context, told grant.Handed, _ id.App, first bool) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told = append(h.told, told)
	if !first {
		h.again++
	}
	if h.heard != nil {
		h.heard(told)
	}
	return nil
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

var guests atomic.Int64

// guest is a new user on a phone.
func (h *house) guest() grant.By {
	u := id.User(fmt.Sprintf("u%d-%s", guests.Add(1), uuid.NewString()[:8]))
	h.mu.Lock()
	h.people[u] = true
	h.mu.Unlock()
	return grant.By{User: u, Session: id.NewSession(), Device: "phone"}
}

// queue is an offer of one notice.
func queue(template id.Template, subject string) grant.Offer {
	return grant.Offer{
		Template: template, Version: 1, Title: "Your turn", Page: "/queue", Scope: grant.Once, Subject: subject,
		Locked: grant.Values{"order": {"code": "A17"}}, Uses: 1, Lives: 7 * day,
	}
}

// ride is an offer of a few along a way.
func ride(template id.Template, subject string) grant.Offer {
	o := queue(template, subject)
	o.Scope, o.Uses, o.Lives, o.Within = grant.Progress, 5, day, 5*time.Minute
	return o
}

// bus is an offer of one a day.
func bus(template id.Template, subject string) grant.Offer {
	o := queue(template, subject)
	o.Scope, o.Uses, o.Lives, o.Cadence = grant.Standing, 0, 180*day, &grant.Cadence{Uses: 1, Per: "day"}
	return o
}

const appName = "Noodles"

// ask is a tap and the sheet that it brings up.
func (h *house) ask(by grant.By, a id.App, offers ...grant.Offer) (grant.Sheet, error) {
	h.t.Helper()
	tap, _, err := h.Tap(h.ctx(), by, a, offers[0].Page)
	good(h.t, err)
	return h.Ask(h.ctx(), by, a, appName, tap, offers)
}

func (h *house) sheet(by grant.By, a id.App, offers ...grant.Offer) grant.Sheet {
	h.t.Helper()
	s, err := h.ask(by, a, offers...)
	good(h.t, err)
	return s
}

// decide answers all items of a sheet alike, after a decent while.
func (h *house) decide(by grant.By, s grant.Sheet, accept bool) error {
	h.advance(500 * time.Millisecond)
	return h.Decide(h.ctx(), by, string(s.Consent), decisions(s, accept), false)
}

func decisions(s grant.Sheet, accept bool) []grant.Decision {
	var ds []grant.Decision
	for _, item := range s.Items {
		ds = append(ds, grant.Decision{Item: item.Item, Accept: accept})
	}
	return ds
}

// mint is what an honest user does: tap, look, allow. It gives the handles.
func (h *house) mint(by grant.By, a id.App, offers ...grant.Offer) []string {
	h.t.Helper()
	good(h.t, h.decide(by, h.sheet(by, a, offers...), true))
	var handles []string
	for _, o := range offers {
		handles = append(handles, h.handle(a, o.Template, o.Subject))
	}
	return handles
}

// handle finds a grant in its app's list.
func (h *house) handle(a id.App, t id.Template, subject string) string {
	h.t.Helper()
	for _, x := range h.handed(a) {
		if x.Template == t && x.Subject == subject {
			return x.Handle
		}
	}
	h.t.Fatalf("the app was handed nothing of %s", subject)
	return ""
}

// handed is an app's whole list.
func (h *house) handed(a id.App) []grant.Handed {
	h.t.Helper()
	h.sweep()
	var all []grant.Handed
	for after := ""; ; {
		items, next, err := h.Handed(h.ctx(), a, after, 100)
		good(h.t, err)
		all = append(all, items...)
		if next == after {
			return all
		}
		after = next
	}
}

// sweep does what is owed, on both nodes.
func (h *house) sweep() {
	h.t.Helper()
	h.advance(grant.Grace)
	good(h.t, h.Sweep(h.ctx()))
	good(h.t, h.second.Sweep(h.ctx()))
}

// spend is a notice as package notify would have found it good.
func spend(o grant.Offer) grant.Spend {
	return grant.Spend{
		App: "", AppName: appName, Template: o.Template, Version: o.Version, Title: o.Title, Page: o.Page, Alert: true,
		Data: grant.Values{"order": {"code": "A17"}, "status": {"enum": "called"}},
	}
}

// send redeems and delivers on a node, under a new key.
func (h *house) send(a id.App, handle string, s grant.Spend) (grant.Answer, error) {
	return sendOn(h.ctx(), h.Book, a, handle, uuid.NewString(), s)
}

func sendOn(ctx context.Context, b *grant.Book, a id.App, handle, key string, s grant.Spend) (grant.Answer, error) {
	s.App = a
	f, err := b.Find(ctx, a, handle, key, hash(handle, s))
	if err != nil {
		return grant.Answer{}, err
	}
	return b.Send(ctx, f, s)
}

// hash is of all that a request says.
func hash(handle string, s grant.Spend) [32]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s %s %d %v %s %s %s", handle, s.Template, s.Version, s.Data, s.Page, s.State, s.Body))
}

// inbox is what stands in somebody's @notices.
func (h *house) inbox(u id.User) []stream.Entry {
	h.t.Helper()
	entries, err := h.store.Range(h.ctx(), id.PersonalStream(id.Notices, u), 1, 1000)
	good(h.t, err)
	return entries
}

// shown are the names of the notices in it.
func (h *house) shown(u id.User) []string {
	h.t.Helper()
	var names []string
	for _, e := range h.inbox(u) {
		var body grant.Shown
		good(h.t, json.Unmarshal(e.Body, &body))
		names = append(names, body.Notice)
	}
	return names
}

// held is what one user has granted.
func (h *house) grants(u id.User) []grant.Grant {
	h.t.Helper()
	grants, next, err := h.Grants(h.ctx(), u, "", 100)
	good(h.t, err)
	if next != "" {
		h.t.Fatalf("more than 100 grants")
	}
	return grants
}

// lawful holds everybody of the house against the law, when all is done that is owed.
func (h *house) lawful() grant.Report {
	h.t.Helper()
	h.sweep()
	r := h.check()
	for _, b := range r.Broken {
		h.t.Error(b)
	}
	if r.Underway != 0 {
		h.t.Errorf("%d notices are still under way", r.Underway)
	}
	return r
}

func (h *house) check() grant.Report {
	h.t.Helper()
	h.mu.Lock()
	people := h.people
	h.mu.Unlock()
	r, err := h.Check(h.ctx(), func(yield func(id.User, error) bool) {
		for u := range people {
			if !yield(u, nil) {
				return
			}
		}
	})
	good(h.t, err)
	return r
}

func (h *house) ctx() context.Context { return h.t.Context() }

func good(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want checks the code of a refusal; "" is none.
func want(t testing.TB, code fault.Code, err error) {
	t.Helper()
	if got := codeOf(err); got != code {
		t.Fatalf("got %q (%v), want %q", got, err, code)
	}
}

func codeOf(err error) fault.Code {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

func equal[T comparable](t testing.TB, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}
