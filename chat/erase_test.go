package chat_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// farewell is all that happens when somebody's account ends, as far as conversations see it.
func (h *house) farewell(u id.User) {
	h.t.Helper()
	must(h.t, h.people.Erase(h.ctx, u))
	must(h.t, h.friends.Erase(h.ctx, u))
	must(h.t, h.chat.Erase(h.ctx, u))
}

// Whoever has left is in no group any more, and groups go on under others. What
// they said stays, to be read by those who could; nobody can answer.
func TestErase(t *testing.T) {
	for _, strangers := range []bool{false, true} {
		h := open(t, func(o *chat.Options) { o.Strangers = strangers })
		h.befriend("ann", "bob", "cat")
		own, other, alone, over := h.group("ann", "bob", "cat"), h.group("bob", "ann"), h.group("ann"), h.group("ann", "bob")
		nickname := "Annie"
		_, err := h.chat.ChangeMember(h.ctx, "ann", over, "ann", chat.MemberChange{Nickname: &nickname})
		must(t, err)
		must(t, h.chat.Dissolve(h.ctx, "ann", over))
		h.say("ann", own, "in a group")
		sent, _, err := h.chat.Send(h.ctx, chat.Draft{From: "ann", Send: wire.Send{To: "bob", MessageID: newID(), Kind: "text", Body: text("to bob")}})
		must(t, err)
		direct := sent.Stream
		h.say("bob", direct, "to ann")
		if len(h.history("ann", "@contacts")) == 0 {
			t.Fatal("nothing was told to ann")
		}

		h.farewell("ann")
		for range 2 {
			must(t, h.chat.Erase(h.ctx, "ann")) // again changes nothing
			h.wantRoles("bob", own, map[string]string{"bob": "owner", "cat": "member"})
			h.wantRoles("bob", other, map[string]string{"bob": "owner"})
			if got := h.texts("bob", own); !slices.Equal(got, []string{"in a group"}) {
				t.Fatalf("bob reads %v", got)
			}
			if got := h.texts("bob", direct); !slices.Equal(got, []string{"to bob", "to ann"}) {
				t.Fatalf("bob reads %v", got)
			}
			if log := h.history("bob", own); log[len(log)-1].Kind != "member" {
				t.Fatalf("the group ends with %+v", log[len(log)-1])
			}
			if st := h.state("bob", direct); st.Title != "ann" || st.Peer != "ann" {
				t.Fatalf("titled %+v", st)
			}
			if v, err := h.chat.View(h.ctx, "bob", id.Stream(direct)); err != nil || v.Title != "ann" {
				t.Fatalf("titled %+v, %v", v, err)
			}
			items, _, err := h.chat.Members(h.ctx, "bob", over, "", 10) // nobody leaves what is closed
			must(t, err)
			if len(items) != 2 || items[0].User != "ann" || items[0].DisplayName != "ann" || items[0].Nickname != "" {
				t.Fatalf("members %+v", items)
			}
			_, err = h.trySay("bob", direct, "are you there?")
			refused(t, err, contact.ErrNotFriends)
			_, err = h.chat.CreateGroup(h.ctx, "bob", "Tea", []string{"ann"})
			refused(t, err, map[bool]*fault.Fault{false: contact.ErrNotFriends, true: fault.NotFound}[strangers])
			_, err = h.chat.OpenDirect(h.ctx, "cat", "ann")
			refused(t, err, fault.NotFound)
			_, _, err = h.chat.Send(h.ctx, chat.Draft{From: "cat", Send: wire.Send{To: "ann", MessageID: newID(), Kind: "text", Body: text("hello")}})
			refused(t, err, fault.NotFound)
			if g, err := h.store.Group(h.ctx, id.Stream(alone)); err != nil || !g.Dissolved {
				t.Fatalf("the group of nobody: %+v, %v", g, err)
			}
			entries, err := h.store.Range(h.ctx, id.PersonalStream(id.Contacts, "ann"), 1, 1000)
			must(t, err)
			for _, e := range entries {
				if !e.Kind.Redacted() || string(e.Body) != "{}" {
					t.Fatalf("left to read: %s %s", e.Kind, e.Body)
				}
			}
			list, err := h.store.Memberships(h.ctx, "ann")
			must(t, err)
			for _, m := range list {
				if m.Stream.Kind() == id.Group && m.Left.Seq == 0 && m.Stream != id.Stream(over) {
					t.Fatalf("still in %+v", m)
				}
			}
		}
	}
}

// Long streams are emptied as well, whatever is in them, and others' are not.
func TestEraseEmptiesWhatOnlyOneCouldRead(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob")
	app := id.NewApp()
	mine, his := id.ServiceStream("ann", app), id.ServiceStream("bob", app)
	notices := id.PersonalStream(id.Notices, "ann")
	for _, st := range []id.Stream{mine, his, notices} {
		for i := range 450 {
			_, err := h.seq.Append(h.ctx, st, stream.Draft{
				ID: uuid.Must(uuid.NewV7()), Kind: "text", From: id.Principal(app), Countable: true, Body: json.RawMessage(fmt.Sprintf(`{"text":"%d"}`, i)),
			})
			must(t, err)
		}
	}
	for _, u := range []id.User{"ann", "bob"} {
		must(t, h.store.Join(h.ctx, id.ServiceStream(u, app), []id.User{u}, stream.Head{}))
	}
	h.farewell("ann")
	for st, kept := range map[id.Stream]int{mine: 0, his: 450, notices: 0} {
		entries, err := h.store.Range(h.ctx, st, 1, 1000)
		must(t, err)
		left := 0
		for _, e := range entries {
			if !e.Kind.Redacted() {
				left++
			}
		}
		if len(entries) != 450 || left != kept {
			t.Errorf("%s: %d of %d can be read", st, left, len(entries))
		}
	}
}

// Leaving that was decided and not carried out is carried out by whoever looks.
func TestEraseThatWasCutOff(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob", "cat")
	var groups []string
	for range 20 {
		groups = append(groups, h.group("ann", "bob", "cat"))
	}
	must(t, h.people.Erase(h.ctx, "ann"))
	dies := h.service(&breaking{Store: h.store, left: 25})
	if err := dies.Erase(h.ctx, "ann"); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	h.clock.Advance(time.Minute)
	must(t, h.chat.Erase(h.ctx, "ann"))
	for _, g := range groups {
		h.wantRoles("bob", g, map[string]string{"bob": "owner", "cat": "member"})
		log := h.history("bob", g)
		if len(log) != 2 {
			t.Fatalf("the group ends with %+v", log)
		}
	}
}

// What was shown where only one could read is gone with it, though it was looked
// after before, and found to be shown.
func TestEraseLetsGoOfWhatWasShownToApps(t *testing.T) {
	h, l := openShelf(t)
	h.befriend("ann", "bob")
	app := id.NewApp()
	st := id.ServiceStream("ann", app)
	m := l.upload(t, "ann")
	msg := newID()
	must(t, l.Carry(h.ctx, m, fmt.Sprintf("%s/%s/0/%d", st, msg, h.clock.Now().UnixMilli())))
	_, err := h.seq.Append(h.ctx, st, stream.Draft{
		ID: uuid.MustParse(msg), Kind: "file", From: "ann", Countable: true, Body: json.RawMessage(fmt.Sprintf(`{"media":%q,"name":"a.txt"}`, m)),
	})
	must(t, err)
	must(t, h.store.Join(h.ctx, st, []id.User{"ann"}, stream.Head{}))
	days := func() {
		for range 4 {
			h.clock.Advance(25 * time.Hour)
			must(t, l.Sweep(h.ctx))
		}
	}
	if days(); !h.sees(l, "ann", m) {
		t.Fatal("it is gone while it is shown")
	}
	h.farewell("ann")
	if days(); h.sees(l, "ann", m) {
		t.Error("it is kept for ever")
	}
}

// One conversation that cannot be left at present keeps no other from being.
func TestEraseGoesAsFarAsItCan(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob", "cat")
	var groups []string
	for range 40 {
		groups = append(groups, h.group("ann", "bob", "cat"))
	}
	if err := h.service(&stuck{h.store, id.Stream(groups[0])}).Erase(h.ctx, "ann"); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	for _, g := range groups[1:] {
		h.wantRoles("bob", g, map[string]string{"bob": "owner", "cat": "member"})
	}
}

// stuck is a store in which one group cannot be changed.
type stuck struct {
	chat.Store
	group id.Stream
}

func (s *stuck) PutGroup(ctx context.Context, g chat.Group) error {
	if g.Stream == s.group {
		return errBroken
	}
	return s.Store.PutGroup(ctx, g)
}
