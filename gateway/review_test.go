package gateway

import (
	"context"
	"crypto/sha256"
	"sync/atomic"
	"testing"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// A far node works on the same store, and nothing it says arrives here.
type far struct {
	people *account.Service
	chat   *chat.Service
}

type nobody struct{}

func (nobody) Heard(bus.Topic, bus.Message) {}
func (nobody) Gap()                         {}

func (h *house) far() far {
	b := bus.NewMemory(nobody{})
	seq := stream.NewSequencer(h.store, stream.Options{})
	people := account.NewService(h.store, func(id.User, account.End) {}, account.DefaultOptions())
	rules := chat.DefaultOptions()
	rules.Strangers = true
	h.t.Cleanup(func() {
		seq.Close()
		people.Close()
	})
	return far{people, chat.NewService(h.store, h.store, seq, b, people, h.friends, rules)}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatAGapSwallowed(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		ann, ben, cat := h.join("ann", "a"), h.join("ben", "b"), h.join("cat", "c")
		phone, dan := h.join("ann", "phone"), h.join("dan", "d")
		left, joined := h.group("ann", "ben"), h.group("ann", "ben")
		elsewhere := h.far()
		ok(t, elsewhere.chat.RemoveMember(h.ctx, "ann", left, "ben"))
		_, err := elsewhere.chat.AddMembers(h.ctx, "ann", joined, []string{"cat"})
		ok(t, err)
		ok(t, elsewhere.people.EndSession(h.ctx, "ann", sessionOf("ann", "phone")))
		ok(t, elsewhere.people.Suspend(h.ctx, "dan", account.Suspension{}))

		h.gw.Gap()
		phone.closes(wire.CloseSignedOut)
		dan.closes(wire.CloseSuspended)
		cat.event("resync") // of the gap
		cat.event("resync") // it hears the group now
		eventually(t, "who was removed hears no more", func() bool { return !h.hears("ben", left) })
		ann.ok("send", say(left, "without ben"))
		ann.ok("send", say(joined, "with cat"))
		cat.entry("with cat")
		ben.entry("with cat")
		ben.silent(isEntry("without ben"))
		ann.ok("ping", struct{}{})
	})
}

func hashOf(u id.User, device string) account.TokenHash {
	return sha256.Sum256([]byte(tokenOf(u, device)))
}

// hears tells whether a session of u hears a group.
func (h *house) hears(u id.User, group string) (yes bool) {
	h.gw.hub.each(bus.GroupTopic(id.Stream(group)), 0, func(s *session) { yes = yes || s.user == u })
	return yes
}

// slowGroups answers with what it read before something happened.
type slowGroups struct {
	Chat
	meanwhile func()
}

func (c *slowGroups) Groups(ctx context.Context, u id.User) ([]id.Stream, error) {
	groups, err := c.Chat.Groups(ctx, u)
	c.meanwhile()
	return groups, err
}

func TestSignalsDuringAReview(t *testing.T) {
	var slow *slowGroups
	h := open(t, func(p *plan) {
		p.chat = func(c Chat) Chat { slow = &slowGroups{Chat: c}; return slow }
	})
	ann := h.join("ann", "a")
	h.join("ben", "b")
	gone, new := h.group("ann", "ben"), h.group("ann")
	slow.meanwhile = func() {
		slow.meanwhile = func() {}
		ok(t, h.chat.RemoveMember(h.ctx, "ann", gone, "ben"))
		_, err := h.chat.AddMembers(h.ctx, "ann", new, []string{"ben"})
		ok(t, err)
		// As if the list that was read had been older still.
		h.signal("ben", wire.Signal{Leave: id.Stream(gone)})
	}
	ok(t, h.gw.reviews.review(h.ctx, "ben"))
	if h.hears("ben", gone) || !h.hears("ben", new) {
		t.Fatal("a review undid what came while it read")
	}
	ann.ok("send", say(new, "hello"))
}

func TestAReviewIsTriedAgain(t *testing.T) {
	failing := &accountsOnce{}
	h := open(t, func(p *plan) { p.accounts = func(a Accounts) Accounts { failing.Accounts = a; return failing } })
	ann := h.join("ann", "a")
	ok(t, h.store.DropSession(h.ctx, "ann", hashOf("ann", "a")))
	h.gw.Review()
	ann.closes(wire.CloseSignedOut)
	if n := failing.asked.Load(); n < 2 {
		t.Fatalf("asked %d times", n)
	}
}

// accountsOnce fails the first time.
type accountsOnce struct {
	Accounts
	asked atomic.Int64
}

func (a *accountsOnce) Standing(ctx context.Context, u id.User, inUse []id.Session) ([]id.Session, error) {
	if a.asked.Add(1) == 1 {
		return nil, context.DeadlineExceeded
	}
	return a.Accounts.Standing(ctx, u, inUse)
}

func TestSessionsAreReviewedOnceInAWhile(t *testing.T) {
	h := open(t, nil)
	ann := h.join("ann", "a")
	ok(t, h.store.DropSession(h.ctx, "ann", hashOf("ann", "a")))
	for _, s := range h.gw.hub.sessions("ann") {
		later := s.born.add(reviewEvery)
		s.heard.Store(int64(later)) // it answers its pings
		s.beat(later, 0)
	}
	ann.closes(wire.CloseSignedOut)
}
