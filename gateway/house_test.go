package gateway

import (
	"context"
	"crypto/sha256"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// A house is a gateway with everything real around it: an HTTP server on
// loopback, the embedded store on an in-memory file system, and the domains.
type house struct {
	t       testing.TB
	ctx     context.Context
	gw      *Gateway
	bus     *bus.Memory
	store   *pebble.Store
	people  *account.Service
	friends *contact.Service
	seq     *stream.Sequencer
	chat    *chat.Service
	addr    string
	narrow  atomic.Bool // sockets that are accepted hold little
}

// plan is how a house may differ from a usual one.
type plan struct {
	Options
	accounts func(Accounts) Accounts
	chat     func(Chat) Chat
	bus      func(bus.Bus) bus.Bus
}

func open(t testing.TB, change func(*plan)) *house {
	t.Helper()
	p := plan{Options: DefaultOptions()}
	p.ConnectsPerSecond = 0
	p.Limits.FramesPerSecond = 0
	if change != nil {
		change(&p)
	}
	store, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, ctx: context.Background(), store: store, gw: New(p.Options)}
	h.bus = bus.NewMemory(h.gw)
	h.seq = stream.NewSequencer(store, stream.Options{Announce: h.announce})
	h.people = account.NewService(store, h.end, account.DefaultOptions())
	h.friends = contact.NewService(store, h.seq, h.people, contact.Options{Now: time.Now, Friends: 5000})
	rules := chat.DefaultOptions()
	rules.Strangers = true
	rules.GroupMembers = 100_000
	h.chat = chat.NewService(store, store, h.seq, h.bus, h.people, h.friends, rules)
	var (
		accounts Accounts = h.people
		talk     Chat     = h.chat
		ring     bus.Bus  = h.bus
	)
	if p.accounts != nil {
		accounts = p.accounts(accounts)
	}
	if p.chat != nil {
		talk = p.chat(talk)
	}
	if p.bus != nil {
		ring = p.bus(ring)
	}
	h.gw.Serve(ring, accounts, talk)

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = l.Addr().String()
	server := &http.Server{Handler: h.gw}
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(&tuned{l, h}) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), h.gw.Close()); err != nil {
			t.Error(err)
		}
		<-served
		h.seq.Close()
		h.people.Close()
		h.friends.Close()
		if err := errors.Join(h.bus.Close(), store.Close()); err != nil {
			t.Error(err)
		}
	})
	return h
}

type tuned struct {
	net.Listener
	h *house
}

func (l *tuned) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil && l.h.narrow.Load() {
		err = c.(*net.TCPConn).SetWriteBuffer(8 << 10)
	}
	return c, err
}

// announce rings the bus for what is stored, as a node does.
func (h *house) announce(s id.Stream, news []stream.Appended) {
	for _, e := range news {
		m := bus.Message{Kind: bus.Frame, Origin: uint64(e.Origin), Body: wire.EntryEvent(e.Entry)}
		for _, t := range bus.TopicsOf(s) {
			h.bus.Publish(t, m)
		}
	}
}

func (h *house) end(u id.User, e account.End) {
	h.signal(u, wire.Signal{End: &wire.End{Sessions: e.Sessions, Except: e.Except, Code: e.Code}})
}

func (h *house) signal(u id.User, s wire.Signal) {
	h.bus.Publish(bus.UserTopic(u), bus.Message{Kind: bus.Signal, Body: s.Encode()})
}

// token signs u in on a device without asking for a password. The token is a
// function of both, so it need not be kept.
func (h *house) token(u id.User, device string) string {
	h.t.Helper()
	h.account(u)
	token := tokenOf(u, device)
	now := time.Now()
	err := h.store.PutSession(h.ctx, account.Session{
		ID: sessionOf(u, device), User: u, Device: id.Device(device), Hash: sha256.Sum256([]byte(token)),
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return token
}

// account makes u, if they are not there yet.
func (h *house) account(u id.User) {
	h.t.Helper()
	err := h.store.CreateAccount(h.ctx, account.Account{User: u, DisplayName: string(u), CreatedAt: time.Now()})
	if err != nil && !errors.Is(err, account.ErrTaken) {
		h.t.Fatal(err)
	}
}

func tokenOf(u id.User, device string) string {
	return string(u) + "~" + (device + strings.Repeat("x", 43))[:43]
}

func sessionOf(u id.User, device string) id.Session {
	return id.Session("ses-" + string(u) + "-" + device)
}

// group makes a group of people who may be offline.
func (h *house) group(owner id.User, members ...string) string {
	h.t.Helper()
	for _, m := range members {
		h.account(id.User(m))
	}
	g, err := h.chat.CreateGroup(h.ctx, owner, "Tea", members)
	if err != nil {
		h.t.Fatal(err)
	}
	return g.Stream
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// both runs a test with either kind of link.
func both(t *testing.T, test func(t *testing.T, portable bool)) {
	t.Run("readiness", func(t *testing.T) { test(t, false) })
	t.Run("portable", func(t *testing.T) { test(t, true) })
}

// bothHouses is both with a house.
func bothHouses(t *testing.T, change func(*plan), test func(t *testing.T, h *house)) {
	t.Helper()
	both(t, func(t *testing.T, portable bool) {
		test(t, open(t, func(p *plan) {
			p.Portable = portable
			if change != nil {
				change(p)
			}
		}))
	})
}

// eventually waits for something to come true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
		time.Sleep(2 * time.Millisecond) // between two looks at a condition
	}
}
