package chat_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// A house is chat with everything real around it: the embedded store on an
// in-memory file system, accounts, contacts, and a bus whose messages are kept.
type house struct {
	t       *testing.T
	ctx     context.Context
	store   *pebble.Store
	friends *contact.Service
	seq     *stream.Sequencer
	bus     *bus.Memory
	chat    *chat.Service
	clock   *clock
	ears    *ears
	opt     chat.Options
	people  *account.Service
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }

func (c *clock) Advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }

// ears keep what the bus carried.
type ears struct {
	mu    sync.Mutex
	heard []heard
}

type heard struct {
	topic bus.Topic
	bus.Message
}

func (e *ears) Heard(t bus.Topic, m bus.Message) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.heard = append(e.heard, heard{t, m})
}

func (e *ears) Gap() {}

// events are the frames of that name heard on a topic.
func (e *ears) events(t bus.Topic, name string) (out []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.heard {
		if h.topic == t && h.Kind == bus.Frame && frameName(h.Body) == name {
			out = append(out, string(h.Body))
		}
	}
	return out
}

// last is the frame that went along with the latest signal that u has left a group.
func (e *ears) last(u id.User) (frame string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, h := range e.heard {
		if h.topic != bus.UserTopic(u) || h.Kind != bus.Signal {
			continue
		}
		if sig, err := wire.DecodeSignal(h.Body); err == nil && sig.Leave != "" {
			frame = string(sig.Last)
		}
	}
	return frame
}

func frameName(b []byte) string {
	var f map[string]any
	if json.Unmarshal(b, &f) != nil {
		return ""
	}
	name, _ := f["event"].(string)
	return name
}

func open(t *testing.T, change func(*chat.Options)) *house {
	t.Helper()
	store, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, ctx: t.Context(), store: store, ears: &ears{}, clock: &clock{now: time.Now()}}
	h.bus = bus.NewMemory(h.ears)
	h.seq = stream.NewSequencer(store, stream.Options{Now: h.clock.Now})
	who := account.DefaultOptions()
	who.Now, who.Erasure.Ledger = h.clock.Now, store
	h.people = account.NewService(store, func(id.User, account.End) {}, who)
	h.friends = contact.NewService(store, h.seq, h.people, contact.Options{Now: h.clock.Now, Friends: 5000})
	h.opt = chat.DefaultOptions()
	h.opt.Now = h.clock.Now
	if change != nil {
		change(&h.opt)
	}
	h.chat = h.service(store)
	t.Cleanup(func() {
		h.seq.Close()
		if err := errors.Join(h.bus.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

// service is chat over a store that may be this house's own in a wrapper.
func (h *house) service(store chat.Store) *chat.Service {
	return chat.NewService(store, h.store, h.seq, h.bus, h.people, h.friends, h.opt)
}

// join makes people.
func (h *house) join(users ...id.User) {
	h.t.Helper()
	for _, u := range users {
		err := h.store.CreateAccount(h.ctx, account.Account{User: u, DisplayName: "The " + string(u), CreatedAt: h.clock.Now()})
		if err != nil {
			h.t.Fatal(err)
		}
		if err := h.bus.Subscribe(h.ctx, bus.UserTopic(u)); err != nil {
			h.t.Fatal(err)
		}
	}
}

// befriend makes people who are all friends of each other.
func (h *house) befriend(users ...id.User) {
	h.t.Helper()
	h.join(users...)
	for i, a := range users {
		for _, b := range users[i+1:] {
			if _, err := h.friends.Request(h.ctx, a, string(b), ""); err != nil {
				h.t.Fatal(err)
			}
			if err := h.friends.Accept(h.ctx, b, string(a)); err != nil {
				h.t.Fatal(err)
			}
		}
	}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func text(s string) []byte {
	b, err := json.Marshal(map[string]string{"text": s})
	if err != nil {
		panic(err)
	}
	return b
}

func (h *house) trySay(u id.User, st, words string) (wire.Sent, error) {
	sent, _, err := h.chat.Send(h.ctx, chat.Draft{From: u, Send: wire.Send{
		Stream: st, MessageID: newID(), Kind: "text", Body: text(words),
	}})
	return sent, err
}

func (h *house) say(u id.User, st, words string) wire.Sent {
	h.t.Helper()
	sent, err := h.trySay(u, st, words)
	if err != nil {
		h.t.Fatalf("%s says %q in %s: %v", u, words, st, err)
	}
	return sent
}

func (h *house) group(owner id.User, members ...string) string {
	h.t.Helper()
	g, err := h.chat.CreateGroup(h.ctx, owner, "Tea", members)
	if err != nil {
		h.t.Fatal(err)
	}
	return g.Stream
}

// history is all that u can read, as "kind:text".
func (h *house) history(u id.User, st string) []wire.Entry {
	h.t.Helper()
	limit := int64(chat.PageMost)
	page, err := h.chat.History(h.ctx, u, wire.History{Stream: st, Limit: &limit})
	if err != nil {
		h.t.Fatalf("history of %s for %s: %v", st, u, err)
	}
	return page.Entries
}

func (h *house) texts(u id.User, st string) (out []string) {
	for _, e := range h.history(u, st) {
		var b struct {
			Text string `json:"text"`
		}
		if e.Kind == "text" {
			if err := json.Unmarshal(e.Body, &b); err != nil {
				h.t.Fatal(err)
			}
			out = append(out, b.Text)
		}
	}
	return out
}

// state is what sync says of one stream to a new device.
func (h *house) state(u id.User, st string) wire.Stream {
	h.t.Helper()
	if s, listed := h.sync(u, nil)[st]; listed {
		return s
	}
	h.t.Fatalf("%s does not see %s in sync", u, st)
	return wire.Stream{}
}

func refused(t *testing.T, err error, want *fault.Fault) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %s", err, want.Code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }
