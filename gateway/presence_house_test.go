package gateway

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus"
	busredis "github.com/teahouse-im/teahouse/bus/redis"
	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
	boardredis "github.com/teahouse-im/teahouse/presence/redis"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// A village is nodes on one store, each with everything real around it, between
// which people come and go.
type village struct {
	t     testing.TB
	ctx   context.Context
	store *pebble.Store
	at    string        // the Redis of its buses and boards; "": it has one node, which needs none
	every time.Duration // see Options.PresenceEvery
	queue int           // see Limits.SendQueueBytes; 0: the usual
	nodes []*villageNode
}

type villageNode struct {
	v        *village
	gw       *Gateway
	bus      bus.Bus
	board    *mortal
	people   *account.Service
	friends  *contact.Service
	presence *presence.Service
	seq      *stream.Sequencer
	addr     string
	later    time.Duration // see rested
	frames   int64         // see sent
}

// settle opens a village of one node, without Redis.
func settle(t testing.TB, change func(*presence.Options), wrap ...func(Presence) Presence) *villageNode {
	t.Helper()
	v := newVillage(t, "")
	return v.node(change, wrap...)
}

func newVillage(t testing.TB, at string) *village {
	t.Helper()
	store, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ok(t, store.Close()) })
	return &village{t: t, ctx: context.Background(), store: store, at: at, every: 20 * time.Millisecond}
}

// redisVillage opens a village on the Redis that all tests share.
func redisVillage(t testing.TB) *village {
	t.Helper()
	return newVillage(t, redistest.Shared(t, "village"))
}

// node adds a node.
func (v *village) node(change func(*presence.Options), wrap ...func(Presence) Presence) *villageNode {
	v.t.Helper()
	opt := DefaultOptions()
	opt.ConnectsPerSecond, opt.Limits.FramesPerSecond, opt.Limits.FramesBurst = 0, 1000, 100_000
	opt.PresenceEvery = v.every
	opt.Limits.SendQueueBytes = cmp.Or(v.queue, opt.Limits.SendQueueBytes)
	n := &villageNode{v: v, gw: New(opt)}
	around := presence.DefaultOptions()
	around.Again = n.gw.LookAgain
	if change != nil {
		change(&around)
	}
	n.open(around.RenewEvery * 5)
	n.seq = stream.NewSequencer(v.store, stream.Options{})
	who := account.DefaultOptions()
	who.Changed = func(u id.User) { n.bus.Publish(bus.PresenceTopic(u), bus.Message{Kind: bus.Signal}) }
	n.people = account.NewService(v.store, func(id.User, account.End) {}, who)
	n.friends = contact.NewService(v.store, n.seq, n.people, contact.Options{Now: time.Now, Friends: 5000, Changed: n.tied})
	n.presence = presence.NewService(n.board, n.bus, n, n, around)
	talk := chat.NewService(v.store, v.store, n.seq, n.bus, n.people, n.friends, chat.DefaultOptions())
	var shown Presence = n.presence
	for _, w := range wrap {
		shown = w(shown)
	}
	n.gw.ShowPresence(shown)
	n.gw.Serve(n.bus, n.people, talk)
	n.listen()
	v.nodes = append(v.nodes, n)
	return n
}

// open opens bus and board.
func (n *villageNode) open(lease time.Duration) {
	t := n.v.t
	t.Helper()
	if n.v.at == "" {
		n.bus, n.board = bus.NewMemory(n.gw), &mortal{Board: presence.NewMemory().Node(lease)}
		return
	}
	b, err := busredis.New(n.v.at, n.gw, busredis.Options{})
	ok(t, err)
	ok(t, b.Ready())
	board, err := boardredis.New(n.v.at, lease)
	ok(t, err)
	n.bus, n.board = b, &mortal{Board: board}
}

func (n *villageNode) listen() {
	t := n.v.t
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	n.addr = l.Addr().String()
	server := &http.Server{Handler: n.gw}
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(l) }()
	t.Cleanup(func() {
		ok(t, errors.Join(server.Close(), n.gw.Close(), n.presence.Close()))
		<-served
		n.seq.Close()
		n.people.Close()
		n.friends.Close()
		ok(t, n.bus.Close())
	})
}

// A mortal board loses its node without a goodbye once that is dead.
type mortal struct {
	presence.Board
	dead atomic.Bool
}

func (m *mortal) Renew(ctx context.Context) (wiped, moved bool, err error) {
	if m.dead.Load() {
		return false, false, errors.New("dead")
	}
	return m.Board.Renew(ctx)
}

func (n *villageNode) tied(x, y id.User) {
	n.bus.Publish(bus.UserTopic(x), bus.Message{Kind: bus.Signal, Body: wire.Signal{Tie: y}.Encode()})
	n.bus.Publish(bus.UserTopic(y), bus.Message{Kind: bus.Signal, Body: wire.Signal{Tie: x}.Encode()})
}

func (n *villageNode) Showing(ctx context.Context, u id.User) (presence.Showing, error) {
	s, err := n.people.SettingsOf(ctx, u)
	return presence.Showing{Hidden: s.Invisible || s.VisibleTo == account.VisibleToNobody, Text: s.StatusText}, err
}

func (n *villageNode) LastSeen(ctx context.Context, u id.User) (time.Time, error) {
	return n.people.LastSeen(ctx, u)
}

func (n *villageNode) Choose(ctx context.Context, u id.User, invisible *bool, text *string) error {
	_, err := n.people.ChangePresence(ctx, u, account.PresenceChange{Invisible: invisible, Text: text})
	return err
}

func (n *villageNode) Used(ctx context.Context, u id.User, session id.Session) error {
	return n.people.Used(ctx, u, session)
}

func (n *villageNode) MayKnow(ctx context.Context, viewer id.User, others []id.User) ([]bool, error) {
	ties, err := n.friends.Standings(ctx, viewer, others)
	may := make([]bool, len(ties))
	for i, t := range ties {
		may[i] = t.Friends && !t.Blocks && !t.Blocked
	}
	return may, err
}

// register makes users who have never been there.
func (v *village) register(users ...id.User) {
	v.t.Helper()
	for _, u := range users {
		err := v.store.CreateAccount(v.ctx, account.Account{User: u, DisplayName: string(u), CreatedAt: time.Now()})
		if !errors.Is(err, account.ErrTaken) {
			ok(v.t, err)
		}
	}
}

// join connects u's device to the node and says hello.
func (n *villageNode) join(u id.User, device string) *peer {
	t := n.v.t
	t.Helper()
	n.v.register(u)
	now := time.Now()
	ok(t, n.v.store.PutSession(n.v.ctx, account.Session{
		ID: sessionOf(u, device), User: u, Device: id.Device(device), Hash: sha256.Sum256([]byte(tokenOf(u, device))),
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(time.Hour),
	}))
	conn, err := net.Dial("tcp", n.addr)
	ok(t, err)
	t.Cleanup(func() { conn.Close() })
	p := shake(t, conn)
	p.ok("hello", hello(tokenOf(u, device), device))
	return p
}

// befriend makes u and everybody else friends.
func (n *villageNode) befriend(u id.User, others ...id.User) {
	t := n.v.t
	t.Helper()
	n.v.register(append(others, u)...)
	for _, o := range others {
		_, err := n.friends.Request(n.v.ctx, u, string(o), "")
		ok(t, err)
		_, err = n.friends.Request(n.v.ctx, o, string(u), "")
		ok(t, err)
	}
}

func (n *villageNode) visibleTo(u id.User, whom string) {
	n.v.t.Helper()
	_, err := n.people.ChangePresence(n.v.ctx, u, account.PresenceChange{VisibleTo: &whom})
	ok(n.v.t, err)
}

// watch watches users and tells how they are seen, as JSON.
func (p *peer) watch(users ...string) []string {
	p.t.Helper()
	var reply struct{ Presence []json.RawMessage }
	if users == nil {
		users = []string{}
	}
	if err := json.Unmarshal(p.ok("watch", map[string]any{"users": users}), &reply); err != nil {
		p.t.Fatal(err)
	}
	out := make([]string, len(reply.Presence))
	for i, one := range reply.Presence {
		out[i] = string(one)
	}
	return out
}

// sees waits for the next event of presence and checks it. "~" at its end stands
// for a last_seen.
func (p *peer) sees(want string) wire.Presence {
	p.t.Helper()
	m := p.event("presence")
	return p.shows(string(m.Data), want)
}

func (p *peer) shows(got, want string) (one wire.Presence) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(got), &one); err != nil {
		p.t.Fatal(err)
	}
	last := one.LastSeen
	one.LastSeen = nil
	short := one.User + " " + one.State
	if one.Text != "" {
		short += " " + one.Text
	}
	if last != nil {
		short += "~"
	}
	if short != want {
		p.t.Fatalf("sees %s, want %s", got, want)
	}
	one.LastSeen = last
	return one
}

func isPresence(m message) bool { return m.Event == "presence" }

// status sets a state.
func (p *peer) status(state string) {
	p.t.Helper()
	p.ok("status", map[string]any{"state": state})
}
