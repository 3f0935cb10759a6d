package chat_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

func (h *house) roles(u id.User, g string) map[string]string {
	h.t.Helper()
	items, _, err := h.chat.Members(h.ctx, u, g, "", 200)
	must(h.t, err)
	out := map[string]string{}
	for _, m := range items {
		out[m.User] = m.Role
	}
	return out
}

func (h *house) wantRoles(u id.User, g string, want map[string]string) {
	h.t.Helper()
	if got := h.roles(u, g); fmt.Sprint(got) != fmt.Sprint(want) {
		h.t.Fatalf("the roster is %v, want %v", got, want)
	}
}

func TestGroupsAreMadeOfFriends(t *testing.T) {
	h := open(t, func(o *chat.Options) { o.GroupMembers = 4 })
	h.befriend("ann", "bob", "cat")
	h.join("eve", "fay")
	_, err := h.chat.CreateGroup(h.ctx, "ann", "Tea", []string{"bob", "eve"})
	refused(t, err, contact.ErrNotFriends)
	if f := fault.From(err); len(f.Fields) != 1 || f.Fields[0].Pointer != "/members/1" {
		t.Fatalf("the refusal points at %+v", f.Fields)
	}
	for _, name := range []string{"", " ", "a\nb"} {
		_, err = h.chat.CreateGroup(h.ctx, "ann", name, nil)
		refused(t, err, fault.BadRequest)
	}
	g := h.group("ann", "bob", "bob", "ann")
	log := h.history("bob", g)
	if len(log) != 1 || log[0].Kind != "member" || string(log[0].Body) != `{"action":"create","users":["ann","bob"],"by":"ann"}` {
		t.Fatalf("the group begins with %s", log[0].Body)
	}
	added, err := h.chat.AddMembers(h.ctx, "bob", g, []string{"cat", "ann"})
	must(t, err)
	if !slices.Equal(added, []id.User{"cat"}) {
		t.Fatalf("added %v", added)
	}
	_, err = h.chat.AddMembers(h.ctx, "bob", g, []string{"eve"})
	refused(t, err, contact.ErrNotFriends)
	_, err = h.chat.AddMembers(h.ctx, "eve", g, []string{"fay"})
	refused(t, err, fault.NotFound)
	h.befriend("gus", "hal")
	for _, u := range []id.User{"gus", "hal"} {
		_, err = h.friends.Request(h.ctx, "ann", string(u), "")
		must(t, err)
		must(t, h.friends.Accept(h.ctx, u, "ann"))
	}
	_, err = h.chat.AddMembers(h.ctx, "ann", g, []string{"gus", "hal"})
	refused(t, err, chat.ErrGroupFull)
	_, err = h.chat.AddMembers(h.ctx, "ann", g, []string{"gus"})
	must(t, err)
	h.wantRoles("gus", g, map[string]string{"ann": "owner", "bob": "member", "cat": "member", "gus": "member"})
}

func TestMembersComeAndGo(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob", "cat")
	g := h.group("ann", "bob")
	h.say("ann", g, "one")
	_, err := h.chat.AddMembers(h.ctx, "ann", g, []string{"cat"})
	must(t, err)
	if log := h.history("cat", g); len(log) != 1 || log[0].Kind != "member" {
		t.Fatalf("a newcomer reads %+v", log)
	}
	h.say("bob", g, "two")
	if got := h.state("cat", g); got.Unread != 1 || got.FloorSeq != 2 {
		t.Fatalf("a newcomer has %d unread from %d on", got.Unread, got.FloorSeq)
	}
	refused(t, h.chat.RemoveMember(h.ctx, "bob", g, "cat"), fault.Forbidden)
	must(t, h.chat.RemoveMember(h.ctx, "ann", g, "cat"))
	_, err = h.trySay("cat", g, "let me in")
	refused(t, err, chat.ErrNotMember)
	h.say("ann", g, "three")
	log := h.history("cat", g)
	if last := log[len(log)-1]; string(last.Body) != `{"action":"remove","users":["cat"],"by":"ann"}` {
		t.Fatalf("somebody removed reads up to %s", last.Body)
	}
	_, err = h.chat.Conversation(h.ctx, "cat", g)
	refused(t, err, chat.ErrNotMember)
	_, err = h.chat.AddMembers(h.ctx, "bob", g, []string{"cat"})
	must(t, err)
	if got := h.texts("cat", g); len(got) != 0 {
		t.Fatalf("somebody who comes back reads %q of what was said meanwhile", got)
	}
	h.say("cat", g, "back")
	must(t, h.chat.RemoveMember(h.ctx, "bob", g, "bob"))
	refused(t, h.chat.RemoveMember(h.ctx, "bob", g, "bob"), chat.ErrNotMember)
	if last := h.ears.last("bob"); !strings.Contains(last, `{"action":"leave","users":["bob"],"by":"bob"}`) {
		t.Fatalf("bob's devices were not told that he left, but %q", last)
	}
}

func TestRolesAndMutes(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob", "cat", "dan")
	g := h.group("ann", "bob", "cat", "dan")
	role := func(by, who id.User, to string) error {
		_, err := h.chat.ChangeMember(h.ctx, by, g, string(who), chat.MemberChange{Role: &to})
		return err
	}
	mute := func(by, who id.User, d time.Duration) error {
		_, err := h.chat.ChangeMember(h.ctx, by, g, string(who), chat.MemberChange{Mute: &chat.Mute{Until: h.clock.Now().Add(d)}})
		return err
	}
	refused(t, role("bob", "cat", "admin"), fault.Forbidden)
	refused(t, role("ann", "bob", "owner"), fault.BadRequest)
	must(t, role("ann", "bob", "admin"))
	must(t, mute("bob", "cat", time.Minute))
	refused(t, mute("bob", "ann", time.Minute), fault.Forbidden)
	refused(t, mute("cat", "dan", time.Minute), fault.Forbidden)
	_, err := h.trySay("cat", g, "mmh")
	refused(t, err, chat.ErrMuted)
	h.clock.Advance(time.Minute + time.Second)
	h.say("cat", g, "free")
	must(t, mute("bob", "cat", time.Hour))
	_, err = h.chat.ChangeMember(h.ctx, "bob", g, "cat", chat.MemberChange{Mute: &chat.Mute{}})
	must(t, err)
	h.say("cat", g, "freed")
	_, err = h.chat.ChangeGroup(h.ctx, "cat", g, chat.GroupChange{Name: ptr("Mine")})
	refused(t, err, fault.Forbidden)
	_, err = h.chat.ChangeGroup(h.ctx, "bob", g, chat.GroupChange{MuteAll: ptr(true), Name: ptr("Quiet tea")})
	must(t, err)
	_, err = h.trySay("dan", g, "mmh")
	refused(t, err, chat.ErrMuted)
	h.say("bob", g, "quiet, please")
	_, err = h.chat.ChangeMember(h.ctx, "dan", g, "dan", chat.MemberChange{Nickname: ptr("Dee")})
	must(t, err)
	refused(t, h.chat.Transfer(h.ctx, "bob", g, "cat"), fault.Forbidden)
	must(t, h.chat.Transfer(h.ctx, "ann", g, "cat"))
	h.wantRoles("dan", g, map[string]string{"ann": "admin", "bob": "admin", "cat": "owner", "dan": "member"})
	refused(t, h.chat.Dissolve(h.ctx, "ann", g), fault.Forbidden)
	must(t, h.chat.Dissolve(h.ctx, "cat", g))
	_, err = h.trySay("cat", g, "hello?")
	refused(t, err, chat.ErrClosed)
	if got := h.texts("dan", g); len(got) != 3 {
		t.Fatalf("of a dissolved group can be read %q", got)
	}
}

func TestWhoOwnsNext(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob", "cat")
	g := h.group("ann", "cat")
	h.clock.Advance(time.Minute)
	_, err := h.chat.AddMembers(h.ctx, "ann", g, []string{"bob"})
	must(t, err)
	_, err = h.chat.ChangeMember(h.ctx, "ann", g, "bob", chat.MemberChange{Role: ptr("admin")})
	must(t, err)
	must(t, h.chat.RemoveMember(h.ctx, "ann", g, "ann"))
	h.wantRoles("cat", g, map[string]string{"bob": "owner", "cat": "member"})
	must(t, h.chat.RemoveMember(h.ctx, "bob", g, "bob"))
	h.wantRoles("cat", g, map[string]string{"cat": "owner"})
	must(t, h.chat.RemoveMember(h.ctx, "cat", g, "cat"))
	stored, err := h.store.Group(h.ctx, id.Stream(g))
	must(t, err)
	if !stored.Dissolved || stored.Members != 0 {
		t.Fatalf("the group everybody left is %+v", stored)
	}
}

// breaking is a store that fails at its n-th write, as a crash would.
type breaking struct {
	chat.Store
	mu   sync.Mutex
	left int
}

var errBroken = errors.New("broken off")

func (b *breaking) step() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left--; b.left < 0 {
		return errBroken
	}
	return nil
}

func (b *breaking) PutGroup(ctx context.Context, g chat.Group) error {
	if err := b.step(); err != nil {
		return err
	}
	return b.Store.PutGroup(ctx, g)
}

func (b *breaking) PutMembers(ctx context.Context, s id.Stream, at id.Seq, m []chat.Member) error {
	if err := b.step(); err != nil {
		return err
	}
	return b.Store.PutMembers(ctx, s, at, m)
}

func (b *breaking) DropMembers(ctx context.Context, s id.Stream, at id.Seq, u []id.User) error {
	if err := b.step(); err != nil {
		return err
	}
	return b.Store.DropMembers(ctx, s, at, u)
}

func (b *breaking) Join(ctx context.Context, s id.Stream, u []id.User, floor stream.Head) error {
	if err := b.step(); err != nil {
		return err
	}
	return b.Store.Join(ctx, s, u, floor)
}

func (b *breaking) Leave(ctx context.Context, s id.Stream, u []id.User, at stream.Head) error {
	if err := b.step(); err != nil {
		return err
	}
	return b.Store.Leave(ctx, s, u, at)
}

// TestAChangeThatBrokeOffIsFinished ends changes after each of their steps; the
// next who looks at the group finishes what was decided, once.
func TestAChangeThatBrokeOffIsFinished(t *testing.T) {
	for steps := range 5 {
		t.Run(fmt.Sprintf("after %d steps", steps), func(t *testing.T) {
			h := open(t, nil)
			h.befriend("ann", "bob", "cat")
			g := h.group("ann", "bob")
			_, err := h.service(&breaking{Store: h.store, left: steps}).AddMembers(h.ctx, "ann", g, []string{"cat"})
			if steps < 4 && !errors.Is(err, errBroken) {
				t.Fatalf("the change did not break off: %v", err)
			}
			h.clock.Advance(time.Minute)
			next := h.service(h.store) // another node, which remembers nothing
			if _, _, err := next.Send(h.ctx, chat.Draft{From: "bob", Send: wire.Send{
				Stream: g, MessageID: newID(), Kind: "text", Body: text("hello"),
			}}); err != nil {
				t.Fatal(err)
			}
			decided := steps > 0
			entries := h.history("ann", g)
			if got := len(entries); got != 2+map[bool]int{true: 1}[decided] {
				t.Fatalf("%d entries: %+v", got, entries)
			}
			_, in := h.roles("ann", g)["cat"]
			if in != decided {
				t.Fatalf("in the roster: %v, decided: %v", in, decided)
			}
			joined, err := h.chat.History(h.ctx, "cat", wire.History{Stream: "@contacts"})
			must(t, err)
			n := 0
			for _, e := range joined.Entries {
				if e.Kind == "joined" {
					n++
				}
			}
			if n != map[bool]int{true: 1}[decided] {
				t.Fatalf("cat was told %d times", n)
			}
			if decided {
				if _, err := h.trySay("cat", g, "I am here"); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestALateRepeatUndoesNothing: somebody who read a pending change, slept, and
// carries it out after a later one has undone it, changes nothing.
func TestALateRepeatUndoesNothing(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob", "cat")
	g := h.group("ann", "bob")
	asleep := &sleeper{Store: h.store, woken: make(chan struct{}), reached: make(chan struct{})}
	done := make(chan error)
	go func() {
		_, err := h.service(asleep).AddMembers(h.ctx, "ann", g, []string{"cat"})
		done <- err
	}()
	<-asleep.reached
	must(t, h.chat.RemoveMember(h.ctx, "ann", g, "cat")) // finishes the addition first
	close(asleep.woken)
	must(t, <-done)
	if _, in := h.roles("ann", g)["cat"]; in {
		t.Fatal("somebody removed is back in the roster")
	}
	_, err := h.service(h.store).Conversation(h.ctx, "cat", g)
	refused(t, err, chat.ErrNotMember)
}

// sleeper stops before it writes the roster until it is woken.
type sleeper struct {
	chat.Store
	reached, woken chan struct{}
	once           sync.Once
}

func (s *sleeper) PutMembers(ctx context.Context, st id.Stream, at id.Seq, m []chat.Member) error {
	s.once.Do(func() { close(s.reached) })
	<-s.woken
	return s.Store.PutMembers(ctx, st, at, m)
}

func TestManyChangesAtOnce(t *testing.T) {
	h := open(t, nil)
	users := []id.User{"ann", "bob", "cat", "dan", "eli", "fay"}
	h.befriend(users...)
	g := h.group("ann")
	var wg sync.WaitGroup
	for _, u := range users[1:] {
		wg.Go(func() {
			if _, err := h.service(h.store).AddMembers(h.ctx, "ann", g, []string{string(u)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := len(h.roles("ann", g)); got != len(users) {
		t.Fatalf("%d members, want %d", got, len(users))
	}
	stored, err := h.store.Group(h.ctx, id.Stream(g))
	must(t, err)
	if stored.Members != len(users) || stored.Pending != nil {
		t.Fatalf("the group is %+v", stored)
	}
	for i, e := range h.history("ann", g) {
		if e.Seq != int64(i+1) || e.Kind != "member" {
			t.Fatalf("entry %d is %+v", i+1, e)
		}
	}
}

// TestWhatIsShownIsNew: a device that hears of a change and asks is shown it, on
// a node that has just sent by what it knew before.
func TestWhatIsShownIsNew(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob")
	g := h.group("ann", "bob")
	h.say("bob", g, "hello") // this node remembers the group now
	other := h.service(h.store)
	_, err := other.ChangeGroup(h.ctx, "ann", g, chat.GroupChange{Name: ptr("New tea")})
	must(t, err)
	c, err := h.chat.Conversation(h.ctx, "bob", g)
	must(t, err)
	if c.Title != "New tea" || h.state("bob", g).Title != "New tea" {
		t.Fatalf("shown is %q, in sync %q", c.Title, h.state("bob", g).Title)
	}
}
