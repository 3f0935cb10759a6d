package chat_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

func (h *house) views(u id.User, st id.Stream, want chat.View) {
	h.t.Helper()
	got, err := h.chat.View(h.ctx, u, st)
	if err != nil || got != want {
		h.t.Fatalf("%s sees of %s %+v, %v; want %+v", u, st, got, err, want)
	}
}

func (h *house) viewsNot(u id.User, st id.Stream, want *fault.Fault) {
	h.t.Helper()
	if got, err := h.chat.View(h.ctx, u, st); !errors.Is(err, want) {
		h.t.Fatalf("%s sees of %s %+v, %v; want %v", u, st, got, err, want)
	}
}

func (h *house) read(u id.User, st string, seq int64) {
	h.t.Helper()
	_, err := h.chat.Read(h.ctx, u, wire.Read{Stream: st, Seq: &seq})
	must(h.t, err)
}

// A view says what sync says, of every kind of stream, to nobody else.
func TestViews(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob", "cat")
	st := id.DirectStream("ann", "bob")
	h.say("ann", string(st), "1")
	h.say("ann", string(st), "2")
	h.views("bob", st, chat.View{Title: "The ann", Unread: 2})
	h.views("ann", st, chat.View{Title: "The bob", Read: 2})
	h.read("bob", string(st), 1)
	h.views("bob", st, chat.View{Title: "The ann", Read: 1, Unread: 1})
	_, err := h.chat.Configure(h.ctx, "bob", string(st), chat.SettingsChange{Muted: ptr(true)})
	must(t, err)
	h.views("bob", st, chat.View{Title: "The ann", Read: 1, Unread: 1, Muted: true})
	h.viewsNot("cat", st, fault.NotFound)

	mine := id.PersonalStream(id.Contacts, "bob")
	h.read("bob", id.Contacts, 1)
	h.views("bob", mine, chat.View{Title: id.Contacts, Read: 1})
	h.viewsNot("ann", mine, fault.NotFound)

	g := id.Stream(h.group("ann", "bob", "cat"))
	h.say("ann", string(g), "1")
	v, err := h.chat.View(h.ctx, "bob", g)
	must(t, err)
	if is := h.state("bob", string(g)); v.Title != "Tea" || v.Unread != 1 || int64(v.Read) != is.ReadSeq {
		t.Fatalf("bob sees %+v of a group that is %+v", v, is)
	}
	must(t, h.chat.RemoveMember(h.ctx, "ann", string(g), "bob"))
	h.viewsNot("bob", g, chat.ErrNotMember)
	h.viewsNot("dan", g, fault.NotFound)
	h.viewsNot("bob", "#secrets", fault.NotFound)
}

func TestRosterPages(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob", "cat")
	g := id.Stream(h.group("ann", "bob", "cat"))
	var all []id.User
	for after := id.User(""); ; {
		page, err := h.chat.Roster(h.ctx, g, after, 2)
		must(t, err)
		all = append(all, page...)
		if len(page) < 2 {
			break
		}
		after = page[1]
	}
	if !slices.Equal(all, []id.User{"ann", "bob", "cat"}) {
		t.Fatalf("the roster is %q", all)
	}
}

// Whoever wants to hear how far people have read hears it once, when it has moved.
func TestReadingIsHeard(t *testing.T) {
	var heard []string
	h := open(t, func(o *chat.Options) {
		o.HasRead = func(u id.User, s id.Stream, upTo id.Seq) { heard = append(heard, fmt.Sprint(u, " ", s, " ", upTo)) }
	})
	h.befriend("ann", "bob")
	st := string(id.DirectStream("ann", "bob"))
	h.say("ann", st, "1")
	h.say("ann", st, "2")
	for _, seq := range []int64{1, 1, 9} {
		h.read("bob", st, seq)
	}
	h.read("bob", id.Contacts, 1)
	if want := []string{"bob d-ann~bob 1", "bob d-ann~bob 2", "bob @contacts/bob 1"}; !slices.Equal(heard, want) {
		t.Fatalf("heard of %q, want %q", heard, want)
	}
}
