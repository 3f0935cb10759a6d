package chat_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

func (h *house) sync(u id.User, cursors map[string]int64) map[string]wire.Stream {
	h.t.Helper()
	out := map[string]wire.Stream{}
	r := wire.SyncRequest{Cursors: cursors}
	for {
		page, err := h.chat.Sync(h.ctx, u, r)
		must(h.t, err)
		for _, s := range page.Streams {
			if _, twice := out[s.Stream]; twice {
				h.t.Fatalf("%s is listed twice", s.Stream)
			}
			out[s.Stream] = s
		}
		if page.Next == nil {
			return out
		}
		r.After = *page.Next
	}
}

func TestSyncTellsWhatIsNew(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob", "cat")
	st := string(id.DirectStream("ann", "bob"))
	if _, listed := h.sync("ann", nil)[st]; listed {
		t.Fatal("an empty conversation is listed")
	}
	for i := range 150 {
		h.say("ann", st, fmt.Sprint(i))
	}
	news := h.sync("bob", nil)[st]
	if news.Entries != nil || news.Last == nil || news.Last.Seq != 150 || news.Unread != 150 || news.Peer != "ann" || news.Title != "The ann" {
		t.Fatalf("a new device is told %+v", news)
	}
	news = h.sync("bob", map[string]int64{st: 147})[st]
	if len(news.Entries) != 3 || news.Entries[0].Seq != 148 || news.Limited {
		t.Fatalf("a device at 147 is told %+v", news)
	}
	news = h.sync("bob", map[string]int64{st: 3})[st]
	if len(news.Entries) != 100 || news.Entries[0].Seq != 51 || !news.Limited {
		t.Fatalf("a device at 3 is told %d entries, limited %v", len(news.Entries), news.Limited)
	}
	if _, listed := h.sync("bob", map[string]int64{st: 150})[st]; listed {
		t.Fatal("a stream without news is listed")
	}
	if news = h.sync("bob", map[string]int64{st: 999})[st]; news.Head != 150 || len(news.Entries) != 0 {
		t.Fatalf("a device ahead of the stream is told %+v", news)
	}
	foreign := string(id.DirectStream("ann", "cat"))
	if got := h.sync("bob", map[string]int64{foreign: 0, "g-x": 1, "?": 5, st: 150}); len(got) != 3 {
		t.Fatalf("foreign cursors show %v", got)
	}
	_, err := h.chat.Sync(h.ctx, "bob", wire.SyncRequest{Cursors: map[string]int64{st: -1}})
	refused(t, err, fault.BadRequest)
	for _, cursor := range []int64{-1, math.MinInt64, math.MaxInt64} {
		page, err := h.chat.Resume(h.ctx, "bob", map[string]int64{st: cursor, "g-x": cursor}, func([]id.Stream) error { return nil })
		must(t, err)
		at := slices.IndexFunc(page.Streams, func(s wire.Stream) bool { return s.Stream == st })
		if at < 0 || page.Streams[at].Head != 150 || len(page.Streams[at].Entries) != 0 {
			t.Fatalf("a device that connects with %d is told %d streams", cursor, len(page.Streams))
		}
	}
}

func TestSyncOfWhatWasLeft(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob")
	g := h.group("ann", "bob")
	h.say("ann", g, "one")
	must(t, h.chat.RemoveMember(h.ctx, "ann", g, "bob"))
	h.say("ann", g, "two")
	left := h.sync("bob", map[string]int64{g: 1})[g]
	if !left.Left || left.Head != 3 || len(left.Entries) != 2 || left.Entries[1].Kind != "member" {
		t.Fatalf("somebody removed is told %+v", left)
	}
	if stays := h.sync("ann", nil)[g]; strings.Contains(string(wire.Reply(1, stays)), `"left"`) {
		t.Fatal("who has not left is told of leaving")
	}
	for _, cursors := range []map[string]int64{nil, {g: 3}} {
		if _, listed := h.sync("bob", cursors)[g]; listed {
			t.Fatalf("a group that was left is listed for %v", cursors)
		}
	}
	for u, want := range map[id.User]int{"ann": 1, "bob": 0} {
		if groups, err := h.chat.Groups(h.ctx, u); err != nil || len(groups) != want {
			t.Fatalf("%s is in %v: %v", u, groups, err)
		}
	}
	items, _, err := h.chat.Conversations(h.ctx, "bob", "", 50)
	must(t, err)
	if len(items) != 0 {
		t.Fatalf("a group that was left is in the list: %+v", items)
	}
}

func TestSyncPages(t *testing.T) {
	h := open(t, func(o *chat.Options) { o.Strangers = true })
	h.join("hub")
	for i := range 230 {
		u := id.User(fmt.Sprintf("u%03d", i))
		h.join(u)
		h.say(u, string(id.DirectStream("hub", u)), "hi")
	}
	page, err := h.chat.Sync(h.ctx, "hub", wire.SyncRequest{})
	must(t, err)
	if len(page.Streams) != chat.SyncMost || page.Next == nil {
		t.Fatalf("the first page has %d streams", len(page.Streams))
	}
	if got := len(h.sync("hub", nil)); got != 233 {
		t.Fatalf("all pages have %d streams", got)
	}
	seen := map[string]bool{}
	for cursor := ""; ; {
		items, next, err := h.chat.Conversations(h.ctx, "hub", cursor, 50)
		must(t, err)
		for _, s := range items {
			seen[s.Stream] = true
		}
		if cursor = next; next == "" {
			break
		}
	}
	if len(seen) != 230 {
		t.Fatalf("the list has %d conversations", len(seen))
	}
}

// A metered log counts the bytes of entries it gives out.
type metered struct {
	stream.Log
	bytes atomic.Int64
}

func (m *metered) Range(ctx context.Context, s id.Stream, from, to id.Seq) ([]stream.Entry, error) {
	entries, err := m.Log.Range(ctx, s, from, to)
	for _, e := range entries {
		m.bytes.Add(int64(len(e.Body)))
	}
	return entries, err
}

// TestSyncReadsWhatItTells: whoever is behind in many busy streams gets one page,
// and the server reads little more than that page.
func TestSyncReadsWhatItTells(t *testing.T) {
	h := open(t, func(o *chat.Options) { o.Strangers = true })
	h.join("hub")
	const streams, entries, size = 64, 10, 8000
	cursors := map[string]int64{}
	for range streams {
		g := h.group("hub")
		for range entries {
			h.say("hub", g, strings.Repeat("x", size))
		}
		cursors[g] = 1
	}
	log := &metered{Log: h.store}
	service := chat.NewService(h.store, log, h.seq, h.bus, h.people, h.friends, h.opt)
	seen := map[string]int{}
	for r := (wire.SyncRequest{Cursors: cursors}); ; {
		log.bytes.Store(0)
		page, err := service.Sync(h.ctx, "hub", r)
		must(t, err)
		told := 0
		for _, st := range page.Streams {
			seen[st.Stream] += len(st.Entries)
			for _, e := range st.Entries {
				told += len(e.Body)
			}
		}
		if read := log.bytes.Load(); read > int64(told)+16*entries*(size+100) {
			t.Fatalf("a page with %d bytes of entries took reading %d", told, read)
		}
		if page.Next == nil {
			break
		}
		r.After = *page.Next
	}
	for g := range cursors {
		if seen[g] != entries {
			t.Fatalf("%d entries of a stream were told", seen[g])
		}
	}
}

func TestHiddenUntilNew(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob")
	st := string(id.DirectStream("ann", "bob"))
	h.say("ann", st, "one")
	c, err := h.chat.Configure(h.ctx, "bob", st, chat.SettingsChange{Hidden: ptr(true), Muted: ptr(true)})
	must(t, err)
	if !c.Hidden || !c.Muted || c.Pinned {
		t.Fatalf("the conversation is %+v", c)
	}
	listed := func() int {
		items, _, err := h.chat.Conversations(h.ctx, "bob", "", 50)
		must(t, err)
		return len(items)
	}
	if n := listed(); n != 0 {
		t.Fatalf("%d conversations are listed", n)
	}
	h.say("ann", st, "two")
	if n := listed(); n != 1 {
		t.Fatalf("%d conversations are listed", n)
	}
}

func TestReadIsTold(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob")
	st := string(id.DirectStream("ann", "bob"))
	for i := range 4 {
		h.say("ann", st, fmt.Sprint(i))
	}
	for _, c := range []struct{ seq, want, unread int64 }{{2, 2, 2}, {1, 2, 2}, {99, 4, 0}, {3, 4, 0}} {
		got, err := h.chat.Read(h.ctx, "bob", wire.Read{Stream: st, Seq: &c.seq})
		must(t, err)
		if got.Seq != c.want || got.Unread != c.unread {
			t.Fatalf("reading up to %d answers %+v", c.seq, got)
		}
	}
	if got := h.ears.events(bus.UserTopic("ann"), "read"); len(got) != 2 {
		t.Fatalf("ann was told %q", got)
	}
	if _, err := h.chat.Read(h.ctx, "bob", wire.Read{Stream: "@contacts", Seq: ptr(int64(1))}); err != nil {
		t.Fatal(err)
	}
	if got := h.state("bob", "@contacts").ReadSeq; got != 1 {
		t.Fatalf("@contacts is read up to %d", got)
	}
}

// TestAgainstAModel walks at random through the life of a group and compares
// what each person reads and has unread with a plain model of it.
func TestAgainstAModel(t *testing.T) {
	users := []id.User{"ann", "bob", "cat", "dan"}
	h := open(t, nil)
	h.befriend(users...)
	rapid.Check(t, func(t *rapid.T) {
		g := h.group("ann", "bob", "cat", "dan")
		m := newModel()
		m.append("member", "ann", users...)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			u := rapid.SampledFrom(users).Draw(t, "user")
			switch rapid.SampledFrom([]string{"say", "say", "say", "read", "recall", "remove", "add"}).Draw(t, "op") {
			case "say":
				_, err := h.trySay(u, g, "x")
				if (err == nil) != m.in[u] {
					t.Fatalf("%s (member: %v) says something: %v", u, m.in[u], err)
				}
				if err == nil {
					m.append("text", u)
					m.read[u] = int64(len(m.log))
				}
			case "read":
				seq := int64(rapid.IntRange(0, len(m.log)+2).Draw(t, "seq"))
				if _, err := h.chat.Read(h.ctx, u, wire.Read{Stream: g, Seq: &seq}); err != nil {
					t.Fatal(err)
				}
				m.read[u] = max(m.read[u], min(seq, m.end(u)))
			case "recall":
				seq := rapid.IntRange(1, len(m.log)).Draw(t, "seq")
				e := &m.log[seq-1]
				_, err := h.chat.Recall(h.ctx, "ann", g, int64(seq))
				if (err == nil) != (e.kind == "text" || e.kind == "recalled") {
					t.Fatalf("recall of a %s: %v", e.kind, err)
				}
				if err == nil && e.kind == "text" {
					e.kind = "recalled"
					m.append("recall", "ann")
				}
			case "remove":
				if u == "ann" || !m.in[u] {
					continue
				}
				if err := h.chat.RemoveMember(h.ctx, "ann", g, string(u)); err != nil {
					t.Fatal(err)
				}
				m.append("member", "ann")
				m.in[u], m.left[u] = false, int64(len(m.log))
			case "add":
				if m.in[u] {
					continue
				}
				if _, err := h.chat.AddMembers(h.ctx, "ann", g, []string{string(u)}); err != nil {
					t.Fatal(err)
				}
				m.append("member", "ann", u)
			}
		}
		for _, u := range users {
			var got []string
			for _, e := range h.history(u, g) {
				got = append(got, fmt.Sprint(e.Seq, e.Kind))
			}
			if want := m.visible(u); !slices.Equal(got, want) {
				t.Fatalf("%s reads %v, want %v", u, got, want)
			}
			if m.in[u] {
				if s := h.state(u, g); s.Unread != m.unread(u) {
					t.Fatalf("%s has %d unread, want %d", u, s.Unread, m.unread(u))
				}
			}
		}
	})
}

type model struct {
	log               []modelEntry
	in                map[id.User]bool
	floor, left, read map[id.User]int64
}

type modelEntry struct{ kind string }

func newModel() *model {
	return &model{in: map[id.User]bool{}, floor: map[id.User]int64{}, left: map[id.User]int64{}, read: map[id.User]int64{}}
}

// append adds an entry; those named by it can read from it on.
func (m *model) append(kind string, _ id.User, joins ...id.User) {
	m.log = append(m.log, modelEntry{kind})
	for _, u := range joins {
		m.in[u], m.left[u], m.floor[u] = true, 0, int64(len(m.log))-1
	}
}

func (m *model) end(u id.User) int64 {
	if m.left[u] > 0 {
		return m.left[u]
	}
	return int64(len(m.log))
}

func (m *model) visible(u id.User) (out []string) {
	for seq := m.floor[u] + 1; seq <= m.end(u); seq++ {
		out = append(out, fmt.Sprint(seq, m.log[seq-1].kind))
	}
	return out
}

func (m *model) unread(u id.User) (n int64) {
	for seq := max(m.read[u], m.floor[u]) + 1; seq <= int64(len(m.log)); seq++ {
		if k := m.log[seq-1].kind; k == "text" || k == "recalled" {
			n++
		}
	}
	return n
}
