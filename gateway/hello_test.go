package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

func TestHello(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		h.token("ben", "b")
		first := h.join("ann", "a")
		first.ok("send", sayTo("ben", "one"))
		p := h.dial()
		var w wire.Welcome
		in := hello(h.token("ann", "a2"), "a2")
		in["cursors"] = map[string]int64{"d-ann~ben": 0, "d-nobody~else": 7}
		if err := json.Unmarshal(p.ok("hello", in), &w); err != nil {
			t.Fatal(err)
		}
		if w.User != "ann" || w.Session != string(sessionOf("ann", "a2")) || w.HeartbeatMS != 30_000 ||
			w.Limits != h.gw.opt.Limits || time.Since(w.ServerTime.Time).Abs() > time.Minute {
			t.Fatalf("welcome %+v", w)
		}
		for _, s := range w.Sync.Streams {
			if s.Stream == "d-ann~ben" && len(s.Entries) == 1 {
				return
			}
		}
		t.Fatalf("sync %+v", w.Sync)
	})
}

func TestSecondHello(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		p := h.join("ann", "a")
		p.refused("bad_request", "hello", hello(tokenOf("ann", "a"), "a"))
		p.ok("ping", struct{}{})
	})
}

func TestHelloThatIsRefused(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		token := h.token("ann", "a")
		h.token("eve", "e")
		h.token("ann", "old")
		ok(t, h.store.PutSession(h.ctx, account.Session{
			ID: sessionOf("ann", "old"), User: "ann", Device: "old", Hash: hashOf("ann", "old"),
			CreatedAt: time.Now().Add(-2 * time.Hour), ExpiresAt: time.Now().Add(-time.Hour),
		}))
		if _, err := h.store.ChangeAccount(h.ctx, "eve", func(a *account.Account) error {
			a.Suspension = &account.Suspension{Reason: "spam"}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			data  any
			code  string
			close int // 0: it stays, and may try again
		}{
			"another's secret": {hello(tokenOf("ann", "b"), "a"), "unauthenticated", 4401},
			"no such user":     {hello(tokenOf("zoe", "a"), "a"), "unauthenticated", 4401},
			"no token":         {hello("", "a"), "unauthenticated", 4401},
			"not a token":      {hello("hello", "a"), "unauthenticated", 4401},
			"token left out":   {map[string]any{"device": "a"}, "unauthenticated", 4401},
			"expired":          {hello(tokenOf("ann", "old"), "old"), "unauthenticated", 4401},
			"suspended":        {hello(tokenOf("eve", "e"), "e"), "forbidden", 4403},
			"another device":   {hello(token, "b"), "bad_request", 0},
			"no device":        {map[string]any{"token": token}, "bad_request", 0},
			"a bad device":     {hello(token, "a\n"), "bad_request", 0},
			"unknown field":    {map[string]any{"token": token, "device": "a", "more": 1}, "unknown_field", 0},
			"null":             {map[string]any{"token": token, "device": "a", "cursors": nil}, "bad_request", 0},
			"wrong type":       {map[string]any{"token": 5, "device": "a"}, "bad_request", 0},
			"not an object":    {[]int{1}, "bad_request", 0},
		} {
			t.Run(name, func(t *testing.T) {
				p := h.dial()
				p.t = t
				p.refused(c.code, "hello", c.data)
				if c.close != 0 {
					p.closes(c.close)
					return
				}
				p.ok("hello", hello(token, "a"))
			})
		}
		eventually(t, "nobody is listened to but the last", func() bool {
			n := 0
			h.gw.hub.all(func(*session) { n++ })
			return n <= 1
		})
	})
}

func TestFirstOpMustBeHello(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		for _, first := range []string{
			`{"id":1,"op":"ping"}`, `{"id":1,"op":"sync","data":{"cursors":{}}}`, `{"id":1,"op":"none"}`, `{"id":1}`, `{"op":"hello"}`,
		} {
			p := h.dial()
			p.write(textOf(first)...)
			p.closes(wire.CloseProtocol)
		}
	})
}

func TestHelloThatDoesNotCome(t *testing.T) {
	bothHouses(t, func(p *plan) { p.HelloWithin = 100 * time.Millisecond }, func(t *testing.T, h *house) {
		silent, half, pinging := h.dial(), h.dial(), h.dial()
		half.write(textOf(`{"id":1,"op":"hello"}`)[:9]...)
		pinging.write(clientFrame(final|opPing, []byte("still here"))...)
		for _, p := range []*peer{silent, half, pinging} {
			p.closes(wire.CloseSilent)
		}
	})
}

// A hook is what happens at some moment. A server may be at it while a test changes it.
type hook struct{ f atomic.Pointer[func()] }

func (h *hook) set(f func()) { h.f.Store(&f) }

func (h *hook) unset() { h.f.Store(nil) }

func (h *hook) call() {
	if f := h.f.Load(); f != nil {
		(*f)()
	}
}

// chatWith is a Chat whose Resume is held up.
type chatWith struct {
	Chat
	before, between, after hook
	fail                   atomic.Pointer[error]
}

func (c *chatWith) Resume(ctx context.Context, u id.User, cursors map[string]int64, listen func([]id.Stream) error) (wire.Sync, error) {
	if err := c.fail.Load(); err != nil {
		return wire.Sync{}, *err
	}
	c.before.call()
	defer c.after.call()
	return c.Chat.Resume(ctx, u, cursors, func(groups []id.Stream) error {
		c.between.call()
		return listen(groups)
	})
}

// accountsWith is an Accounts that is held up.
type accountsWith struct {
	Accounts
	after hook
}

func (a *accountsWith) Authenticate(ctx context.Context, token string) (account.Session, account.Account, error) {
	s, who, err := a.Accounts.Authenticate(ctx, token)
	a.after.call()
	return s, who, err
}

// TestWhatIsSaidDuringHello comes behind the reply and is not missed.
func TestWhatIsSaidDuringHello(t *testing.T) {
	both(t, func(t *testing.T, portable bool) {
		var c chatWith
		h := open(t, func(p *plan) {
			p.Portable = portable
			p.chat = func(inner Chat) Chat { c.Chat = inner; return &c }
		})
		ben := h.join("ben", "b")
		token := h.token("ann", "a")
		group := h.group("ben", "ann")
		c.before.set(func() { ben.ok("send", sayTo("ann", "before")) })
		c.between.set(func() { ben.ok("send", sayTo("ann", "between")) })
		c.after.set(func() {
			ben.ok("send", sayTo("ann", "after"))
			ben.ok("send", say(group, "to all"))
		})
		ann := h.dial()
		n := ann.start("hello", hello(token, "a"))
		m, err := ann.next()
		if err != nil || m.ID != n {
			t.Fatalf("the first frame is %+v, %v", m, err)
		}
		for _, text := range []string{"before", "between", "after", "to all"} {
			m, err := ann.next()
			if err != nil || !isEntry(text)(m) {
				t.Fatalf("got %s %s, %v, want the entry %s", m.Event, m.Data, err, text)
			}
		}
	})
}

// TestSignOutDuringHello: whichever moment a sign-in ends at, its connection does.
func TestSignOutDuringHello(t *testing.T) {
	both(t, func(t *testing.T, portable bool) {
		var c chatWith
		var a accountsWith
		h := open(t, func(p *plan) {
			p.Portable = portable
			p.chat = func(inner Chat) Chat { c.Chat = inner; return &c }
			p.accounts = func(inner Accounts) Accounts { a.Accounts = inner; return &a }
		})
		end := func() {
			h.signal("ann", wire.Signal{End: &wire.End{Sessions: []id.Session{sessionOf("ann", "a")}, Code: 4401}})
		}
		for name, at := range map[string]*hook{"after it was looked up": &a.after, "before the list is read": &c.before, "before the groups are listened to": &c.between, "before the reply": &c.after} {
			t.Run(name, func(t *testing.T) {
				at.set(end)
				defer at.unset()
				token := h.token("ann", "a")
				p := h.dial()
				p.t = t
				p.start("hello", hello(token, "a"))
				p.closes(4401)
			})
		}
		// Somebody else's sign-out is none of ours.
		a.after.set(func() {
			h.signal("ann", wire.Signal{End: &wire.End{Sessions: []id.Session{"ses-other"}, Code: 4401}})
			h.signal("ann", wire.Signal{End: &wire.End{Except: sessionOf("ann", "a"), Code: 4401}})
		})
		p := h.dial()
		p.ok("hello", hello(h.token("ann", "a"), "a"))
		p.ok("ping", struct{}{})
	})
}

// TestLeavingDuringHello: who left a group after the list of groups was read hears nothing of it.
func TestLeavingDuringHello(t *testing.T) {
	both(t, func(t *testing.T, portable bool) {
		var c chatWith
		h := open(t, func(p *plan) {
			p.Portable = portable
			p.chat = func(inner Chat) Chat { c.Chat = inner; return &c }
		})
		ben := h.join("ben", "b")
		h.token("ann", "a")
		group := h.group("ben", "ann")
		c.between.set(func() {
			if err := h.chat.RemoveMember(h.ctx, "ben", group, "ann"); err != nil {
				t.Error(err)
			}
			c.between.unset()
		})
		ann := h.join("ann", "a")
		ben.ok("send", say(group, "about ann"))
		ann.silent(isEntry("about ann"))
	})
}

func TestHelloWhileTheStoreIsAway(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		c := &chatWith{Chat: h.gw.chat}
		h.gw.chat = c
		for _, err := range []error{fault.Unavailable, errors.New("a secret")} {
			c.fail.Store(&err)
			p := h.dial()
			m := p.call("hello", hello(h.token("ann", "a"), "a"))
			if m.Error == nil || m.Error.Code != string(fault.From(err).Code) || m.Error.Message != fault.From(err).Message {
				t.Fatalf("answers %+v", m.Error)
			}
			c.fail.Store(nil)
			p.ok("hello", hello(h.token("ann", "a"), "a"))
			p.ok("ping", struct{}{})
		}
	})
}

func TestSessionsPerUser(t *testing.T) {
	bothHouses(t, func(p *plan) { p.Limits.SessionsPerUser = 2 }, func(t *testing.T, h *house) {
		first := h.join("ann", "a")
		h.join("ann", "b")
		p := h.dial()
		p.refused("rate_limited", "hello", hello(h.token("ann", "c"), "c"))
		p.closes(wire.CloseRateLimited)
		again := h.join("ann", "a") // in the place of the first
		first.closes(wire.CloseReplaced)
		again.ok("ping", struct{}{})
	})
}
