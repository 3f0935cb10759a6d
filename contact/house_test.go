package contact_test

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

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

// A house is a service on a real store and a real sequencer. Everybody whose id
// does not begin with "nobody" exists.
type house struct {
	*contact.Service
	t     *testing.T
	store *pebble.Store
	seq   *stream.Sequencer

	mu   sync.Mutex
	now  time.Time
	rung []string // "a b" for each ring of Changed
	// befriended is what Befriended does; nil: nothing.
	befriended func(a, b id.User) error
}

type people struct{}

func (people) DisplayName(_ context.Context, u id.User) (string, error) {
	if strings.HasPrefix(string(u), "nobody") {
		return "", fault.NotFound
	}
	return strings.ToUpper(string(u)), nil
}

func open(t *testing.T) *house {
	t.Helper()
	store, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	good(t, err)
	h := &house{t: t, store: store, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	h.seq = stream.NewSequencer(store, stream.Options{Now: h.clock})
	h.Service = h.node(store, h.seq)
	t.Cleanup(func() {
		h.seq.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// node is one more service on the same store, or on what stands before it.
func (h *house) node(store contact.Store, entries contact.Entries) *contact.Service {
	opt := contact.DefaultOptions()
	opt.Now = h.clock
	opt.Befriended = func(_ context.Context, a, b id.User) error {
		if h.befriended == nil {
			return nil
		}
		return h.befriended(a, b)
	}
	opt.Changed = func(a, b id.User) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.rung = append(h.rung, string(min(a, b)+" "+max(a, b)))
	}
	s := contact.NewService(store, entries, people{}, opt)
	h.t.Cleanup(s.Close)
	return s
}

// clock moves on by itself, so that no two things happen at the same time.
func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(time.Millisecond)
	return h.now
}

func (h *house) ask(from, to id.User) string {
	h.t.Helper()
	state, err := h.Request(h.t.Context(), from, string(to), "hello from "+string(from))
	good(h.t, err)
	return state
}

func (h *house) befriend(a, b id.User) {
	h.t.Helper()
	h.ask(a, b)
	good(h.t, h.Accept(h.t.Context(), b, string(a)))
}

func (h *house) asking(u id.User) []id.User {
	h.t.Helper()
	page, next, err := h.Requests(h.t.Context(), u, "", 200)
	good(h.t, err)
	if next != "" || page == nil {
		h.t.Fatalf("page %v, next %q", page, next)
	}
	var from []id.User
	for _, r := range page {
		from = append(from, r.From)
	}
	slices.Sort(from)
	return from
}

func (h *house) contacts(u id.User, since string) contact.Increment {
	h.t.Helper()
	inc, err := h.Contacts(h.t.Context(), u, since)
	good(h.t, err)
	if inc.Items == nil || inc.Removed == nil || inc.Version == "" {
		h.t.Fatalf("increment %+v", inc)
	}
	return inc
}

func (h *house) friends(u id.User) []id.User { return users(h.contacts(u, "").Items) }

func users(items []contact.Friend) []id.User {
	var who []id.User
	for _, f := range items {
		who = append(who, f.User)
	}
	return who
}

func (h *house) blocks(u id.User) []id.User {
	h.t.Helper()
	page, _, err := h.Blocks(h.t.Context(), u, "", 0)
	good(h.t, err)
	var who []id.User
	for _, b := range page {
		who = append(who, b.User)
	}
	slices.Sort(who)
	return who
}

// told are the entries of a user's @contacts, as "kind about" in order.
func (h *house) told(u id.User) []string {
	h.t.Helper()
	entries, err := h.store.Range(h.t.Context(), id.PersonalStream(id.Contacts, u), 1, 1000)
	good(h.t, err)
	var out []string
	for i, e := range entries {
		var body struct{ From, User, Greeting string }
		good(h.t, json.Unmarshal(e.Body, &body))
		if e.Seq != id.Seq(i+1) || e.Count != 0 {
			h.t.Fatalf("entry %d of %s is at %d, count %d", i+1, u, e.Seq, e.Count)
		}
		out = append(out, string(e.Kind)+" "+body.From+body.User)
	}
	return out
}

func (h *house) mayWrite(a, b id.User) error { return h.MayWrite(h.t.Context(), a, b) }

// agreed checks that both books say the same of two people and nothing is left to be done.
func (h *house) agreed(a, b id.User) {
	h.t.Helper()
	if b < a {
		a, b = b, a
	}
	first, err := h.store.Relation(h.t.Context(), a, b)
	good(h.t, err)
	second, err := h.store.Relation(h.t.Context(), b, a)
	good(h.t, err)
	if first.Settled != first.Decision || len(first.Owed) > 0 {
		h.t.Fatalf("not settled: %+v", first)
	}
	second.Asked, second.Asking = second.Asking, second.Asked
	second.BlockedAt, second.BlockedBy = second.BlockedBy, second.BlockedAt
	first.Settled = 0
	x, _ := json.Marshal(first.Standing)
	y, _ := json.Marshal(second.Standing)
	if string(x) != string(y) {
		h.t.Fatalf("the books differ:\n%s\n%s", x, y)
	}
}

func good(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, want *fault.Fault) *fault.Fault {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %s", err, want.Code)
	}
	return fault.From(err)
}

func equal[T any](t *testing.T, got, want []T) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}
