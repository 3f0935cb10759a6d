package feed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

type backend interface {
	storage.Backend
	feed.Store
}

// A house is moments with everything real around them: a store, contacts, a
// sequencer. Only settings and uploads are plain lists.
type house struct {
	*feed.Service
	t        testing.TB
	store    backend
	contacts *contact.Service
	seq      *stream.Sequencer
	uploads  uploads
	opt      feed.Options

	mu       sync.Mutex
	now      time.Time
	authors  map[id.User]feed.Author
	hints    []string // "to author post"
	failures []error
}

func open(t testing.TB) *house { return openOn(t, embedded(t)) }

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

func openOn(t testing.TB, store backend) *house {
	h := &house{
		t: t, store: store, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), authors: map[id.User]feed.Author{},
		uploads: uploads{media: map[id.Media]upload{}, carried: map[string]bool{}},
	}
	h.seq = stream.NewSequencer(store, stream.Options{Now: h.clock})
	opt := contact.DefaultOptions()
	opt.Now = h.clock
	opt.Befriended = func(ctx context.Context, a, b id.User) error { return h.Befriended(ctx, a, b) }
	h.contacts = contact.NewService(store, h.seq, everybody{}, opt)
	h.opt = feed.DefaultOptions()
	h.opt.Now, h.opt.Wall, h.opt.Failed = h.clock, h.clock, h.failed
	h.Service = h.node(store, h.seq, store)
	t.Cleanup(func() {
		h.seq.Close()
		h.contacts.Close()
		for _, err := range h.failures {
			t.Errorf("failed in the background: %v", err)
		}
	})
	return h
}

// node is one more service on the same store, or on what stands before it.
func (h *house) node(store feed.Store, entries feed.Entries, log feed.Redacter) *feed.Service {
	s := feed.NewService(store, entries, log, ties{h.contacts}, h, &h.uploads, h.hinted, h.opt)
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

func (h *house) hinted(to, author id.User, p id.Post) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hints = append(h.hints, fmt.Sprint(to, " ", author, " ", p))
}

// Authors are as set by the test.
func (h *house) Authors(_ context.Context, users []id.User) ([]feed.Author, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := make([]feed.Author, len(users))
	for i, u := range users {
		out[i] = h.authors[u]
	}
	return out, nil
}

func (h *house) set(u id.User, a feed.Author) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.authors[u] = a
}

func (h *house) befriend(a id.User, others ...id.User) {
	h.t.Helper()
	for _, b := range others {
		_, err := h.contacts.Request(ctx(h), a, string(b), "")
		good(h.t, err)
		_, err = h.contacts.Request(ctx(h), b, string(a), "")
		good(h.t, err)
	}
}

func (h *house) change(u, other id.User, c contact.FriendChange) {
	h.t.Helper()
	_, err := h.contacts.Change(ctx(h), u, string(other), c)
	good(h.t, err)
}

func (h *house) tag(u, other id.User, tags ...string) {
	h.t.Helper()
	h.change(u, other, contact.FriendChange{Tags: &tags})
}

func (h *house) post(u id.User, text string, a feed.Audience) id.Post {
	h.t.Helper()
	return h.draft(u, feed.Draft{Text: text, Audience: a}).ID
}

func (h *house) draft(u id.User, d feed.Draft) feed.Moment {
	h.t.Helper()
	m, err := h.Post(ctx(h), u, d)
	good(h.t, err)
	h.Settled()
	return m
}

func (h *house) like(u id.User, p id.Post) {
	h.t.Helper()
	good(h.t, h.Like(ctx(h), u, string(p)))
	h.Settled()
}

func (h *house) say(u id.User, p id.Post, text string, to id.Comment) id.Comment {
	h.t.Helper()
	c, err := h.Comment(ctx(h), u, string(p), text, string(to))
	good(h.t, err)
	h.Settled()
	return c.ID
}

func (h *house) unsay(u id.User, p id.Post, c id.Comment) {
	h.t.Helper()
	good(h.t, h.DeleteComment(ctx(h), u, string(p), string(c)))
	h.Settled()
}

func (h *house) del(u id.User, p id.Post) {
	h.t.Helper()
	good(h.t, h.Delete(ctx(h), u, string(p)))
	h.Settled()
}

// timeline is all of u's timeline, read in pages of that many.
func (h *house) timeline(u id.User, limit int) []feed.Moment {
	h.t.Helper()
	return h.all(func(before string) ([]feed.Moment, string, error) { return h.Timeline(ctx(h), u, before, limit) })
}

func (h *house) profile(u, author id.User) []feed.Moment {
	h.t.Helper()
	return h.all(func(before string) ([]feed.Moment, string, error) {
		return h.Profile(ctx(h), u, string(author), before, 7)
	})
}

func (h *house) all(page func(before string) ([]feed.Moment, string, error)) (all []feed.Moment) {
	h.t.Helper()
	for before := ""; ; {
		items, next, err := page(before)
		good(h.t, err)
		if items == nil {
			h.t.Fatal("a page is nil")
		}
		if all = append(all, items...); next == "" {
			return all
		}
		if len(items) == 0 || next == before {
			h.t.Fatal("a page does not lead on")
		}
		before = next
	}
}

func ids(moments []feed.Moment) []id.Post {
	out := make([]id.Post, len(moments))
	for i, m := range moments {
		out[i] = m.ID
	}
	return out
}

// sees checks on every path that u sees a post, blind that u does not.
func (h *house) sees(u id.User, p id.Post) feed.Moment {
	h.t.Helper()
	m, err := h.Get(ctx(h), u, string(p))
	if err != nil {
		h.t.Fatalf("%s does not see the post: %v", u, err)
	}
	if !slices.Contains(ids(h.timeline(u, 20)), p) || !slices.Contains(ids(h.profile(u, m.Author)), p) {
		h.t.Fatalf("%s sees the post alone and not in the lists", u)
	}
	return m
}

func (h *house) blind(u, author id.User, p id.Post) {
	h.t.Helper()
	_, err := h.Get(ctx(h), u, string(p))
	refused(h.t, err, fault.NotFound)
	refused(h.t, h.Like(ctx(h), u, string(p)), fault.NotFound)
	refused(h.t, h.Unlike(ctx(h), u, string(p)), fault.NotFound)
	refused(h.t, h.MuteAbout(ctx(h), u, string(p)), fault.NotFound)
	_, err = h.Comment(ctx(h), u, string(p), "?", "")
	refused(h.t, err, fault.NotFound)
	refused(h.t, h.DeleteComment(ctx(h), u, string(p), "c-1"), fault.NotFound)
	refused(h.t, h.Delete(ctx(h), u, string(p)), fault.NotFound)
	_, err = h.SetAudience(ctx(h), u, string(p), feed.Audience{Kind: feed.Friends})
	refused(h.t, err, fault.NotFound)
	_, _, err = h.Why(ctx(h), u, string(p), "", 0)
	refused(h.t, err, fault.NotFound)
	if slices.Contains(ids(h.timeline(u, 20)), p) || slices.Contains(ids(h.profile(u, author)), p) {
		h.t.Fatalf("%s sees the post in a list", u)
	}
	if ok, err := h.Shows(ctx(h), u, p, "m-x"); ok || err != nil {
		h.t.Fatalf("%s may see what the post shows: %v", u, err)
	}
}

func (h *house) said(u id.User, p id.Post) (texts []string) {
	h.t.Helper()
	m, err := h.Get(ctx(h), u, string(p))
	good(h.t, err)
	for _, c := range m.Comments {
		texts = append(texts, c.Text)
	}
	return texts
}

func (h *house) likers(u id.User, p id.Post) (who []id.User) {
	h.t.Helper()
	m, err := h.Get(ctx(h), u, string(p))
	good(h.t, err)
	for _, l := range m.Likes {
		who = append(who, l.User)
	}
	return who
}

// heard is what stands in u's @moments and was not withdrawn, as "kind user
// text". What was withdrawn must have lost its content.
func (h *house) heard(u id.User) (out []string) {
	h.t.Helper()
	entries, err := h.store.Range(ctx(h), id.PersonalStream(id.Moments, u), 1, 10000)
	good(h.t, err)
	undone := map[id.Seq]bool{}
	for _, e := range entries {
		var b struct{ Seq id.Seq }
		if good(h.t, json.Unmarshal(e.Body, &b, json.MatchCaseInsensitiveNames(true))); e.Kind == feed.KindUndone {
			if undone[b.Seq] {
				h.t.Fatalf("%s is told twice that %d is undone", u, b.Seq)
			}
			undone[b.Seq] = true
		}
	}
	for i, e := range entries {
		var b struct {
			User, Text string
			Post       id.Post
		}
		good(h.t, json.Unmarshal(e.Body, &b, json.MatchCaseInsensitiveNames(true)))
		switch {
		case e.Seq != id.Seq(i+1):
			h.t.Fatalf("entry %d of %s is at %d", i+1, u, e.Seq)
		case e.Kind == feed.KindUndone:
		case e.Kind == stream.Recalled:
			if string(e.Body) != "{}" {
				h.t.Fatalf("what was withdrawn still says %s", e.Body)
			}
		case undone[e.Seq]:
			h.t.Fatalf("entry %d of %s is undone and still says %s", e.Seq, u, e.Body)
		default:
			out = append(out, strings.TrimSpace(fmt.Sprint(e.Kind, " ", b.User, " ", b.Text)))
		}
	}
	return out
}

// quiet checks that nothing is left to be done.
func (h *house) quiet() {
	h.t.Helper()
	h.Settled()
	for shard := range feed.Shards {
		marks, err := h.store.Marks(ctx(h), shard, 100)
		good(h.t, err)
		if len(marks) > 0 {
			h.t.Fatalf("%d marks are left: %v", len(marks), marks)
		}
	}
}

func ctx(h *house) context.Context { return h.t.Context() }

func good(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t testing.TB, err error, want *fault.Fault) *fault.Fault {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %s", err, want.Code)
	}
	return fault.From(err)
}

func equal[T any](t testing.TB, got, want []T) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

var (
	forFriends = feed.Audience{Kind: feed.Friends}
	forNobody  = feed.Audience{Kind: feed.Private}
)
