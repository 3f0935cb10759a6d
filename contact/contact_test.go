package contact_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

func TestARequestIsAskedAndAccepted(t *testing.T) {
	for _, p := range [][2]id.User{{"ann", "ben"}, {"ben", "ann"}} { // whoever's page decides
		a, b := p[0], p[1]
		h := open(t)
		if state := h.ask(a, b); state != contact.Pending {
			t.Fatalf("state %s", state)
		}
		page, _, err := h.Requests(t.Context(), b, "", 0)
		good(t, err)
		if len(page) != 1 || page[0].From != a || page[0].Greeting != "hello from "+string(a) || page[0].At.IsZero() {
			t.Fatalf("requests %+v", page)
		}
		equal(t, h.asking(a), nil)
		equal(t, h.friends(b), nil)
		refused(t, h.mayWrite(a, b), contact.ErrNotFriends)
		refused(t, h.mayWrite(b, a), contact.ErrNotFriends)

		good(t, h.Accept(t.Context(), b, string(a)))
		good(t, h.mayWrite(a, b))
		good(t, h.mayWrite(b, a))
		equal(t, h.friends(a), []id.User{b})
		equal(t, h.friends(b), []id.User{a})
		equal(t, h.asking(b), nil)
		equal(t, h.told(a), []string{"accepted " + string(b)})
		equal(t, h.told(b), []string{"request " + string(a), "accepted " + string(a)})
		if f := h.contacts(a, "").Items[0]; f.DisplayName != strings.ToUpper(string(b)) || f.Since.IsZero() || f.Tags == nil {
			t.Fatalf("contact %+v", f)
		}
		good(t, h.Accept(t.Context(), b, string(a))) // again
		if h.ask(a, b) != contact.Friends || len(h.told(b)) != 2 {
			t.Fatal("asking a friend is something new")
		}
		h.agreed(a, b)
	}
}

func TestCrossingRequestsMakeFriends(t *testing.T) {
	h := open(t)
	if h.ask("ann", "ben") != contact.Pending || h.ask("ben", "ann") != contact.Friends {
		t.Fatal("two crossing requests did not make friends")
	}
	equal(t, h.asking("ann"), nil)
	equal(t, h.asking("ben"), nil)
	equal(t, h.told("ann"), []string{"accepted ben"})
	equal(t, h.told("ben"), []string{"request ann", "accepted ann"})
	h.agreed("ann", "ben")
}

func TestAskingTwiceIsOneRequest(t *testing.T) {
	h := open(t)
	h.ask("ann", "ben")
	if h.ask("ann", "ben") != contact.Pending {
		t.Fatal("not pending any more")
	}
	equal(t, h.told("ben"), []string{"request ann"})
	equal(t, h.asking("ben"), []id.User{"ann"})
}

func TestDecliningTellsNobody(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	h.ask("ann", "ben")
	good(t, h.Decline(ctx, "ben", "ann"))
	equal(t, h.asking("ben"), nil)
	equal(t, h.told("ann"), nil)
	refused(t, h.Accept(ctx, "ben", "ann"), fault.NotFound)
	refused(t, h.Decline(ctx, "ben", "ann"), fault.NotFound)
	if h.ask("ben", "ann") != contact.Pending {
		t.Fatal("a declined request crosses")
	}
	h.agreed("ann", "ben")
}

func TestWhatIsRefused(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	request := func(from id.User, to, greeting string) error {
		_, err := h.Request(ctx, from, to, greeting)
		return err
	}
	long := strings.Repeat("李", 64)
	h.befriend("ann", "ben")
	change := func(other string, c contact.FriendChange) error {
		_, err := h.Change(ctx, "ann", other, c)
		return err
	}
	label := func(s string) contact.FriendChange { return contact.FriendChange{Alias: &s} }
	tags := func(tags ...string) contact.FriendChange { return contact.FriendChange{Tags: &tags} }
	twenty := strings.Split(strings.Repeat("x,", 19)+"x", ",")
	for i, c := range []struct {
		err  error
		want *fault.Fault
	}{
		{request("ann", "ann", ""), fault.BadRequest},
		{request("ann", "nobody.at.all", ""), fault.NotFound},
		{request("ann", "", ""), fault.NotFound},
		{request("ann", "../me", ""), fault.NotFound},
		{request("ann", strings.Repeat("a", 5000), ""), fault.NotFound},
		{request("ann", "carl", strings.Repeat("李", 201)), fault.BadRequest},
		{request("ann", "carl", "a\x00b"), fault.BadRequest},
		{request("ann", "carl", "a\xffb"), fault.BadRequest},
		{h.Accept(ctx, "ann", "carl"), fault.NotFound},
		{h.Accept(ctx, "ann", "nobody"), fault.NotFound},
		{h.Accept(ctx, "ann", "ann"), fault.NotFound},
		{h.Accept(ctx, "ann", "A B"), fault.NotFound},
		{h.Decline(ctx, "ann", "carl"), fault.NotFound},
		{h.Decline(ctx, "ann", "nobody"), fault.NotFound},
		{h.Decline(ctx, "ann", ""), fault.NotFound},
		{change("carl", label("x")), fault.NotFound},
		{change("nobody", label("x")), fault.NotFound},
		{change("", label("x")), fault.NotFound},
		{change("ben", label(long+"x")), fault.BadRequest},
		{change("ben", label("a\nb")), fault.BadRequest},
		{change("ben", tags(long+"x")), fault.BadRequest},
		{change("ben", tags("x", " ")), fault.BadRequest},
		{change("ben", tags("x", "")), fault.BadRequest},
		{change("ben", tags(append(twenty, "x")...)), fault.BadRequest},
		{h.Block(ctx, "ann", "ann"), fault.BadRequest},
		{h.Block(ctx, "ann", "nobody"), fault.NotFound},
		{h.Block(ctx, "ann", "A"), fault.NotFound},
	} {
		if !errors.Is(c.err, c.want) {
			t.Errorf("case %d: got %v, want %s", i, c.err, c.want.Code)
		}
	}
	good(t, h.Remove(ctx, "ann", "nobody"))
	good(t, h.Remove(ctx, "ann", ""))
	good(t, h.Unblock(ctx, "ann", "nobody"))
	good(t, request("ann", "carl", strings.Repeat("李", 200)))
	good(t, change("ben", label(long)))
	good(t, change("ben", tags(twenty...)))
	if f := h.contacts("ann", "").Items[0]; f.Alias != long || len(f.Tags) != 1 {
		t.Fatalf("contact %+v", f)
	}
	pages, version, err := h.store.Book(ctx, "nobody", 0)
	good(t, err)
	if len(pages) != 0 || version != 0 {
		t.Fatal("a book was made for nobody")
	}
}

func TestRemoving(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	for _, p := range [][2]id.User{{"ann", "ben"}, {"dan", "carl"}} {
		a, b := p[0], p[1]
		h.befriend(a, b)
		alias, yes := "Uncle", true
		for _, x := range [][2]id.User{{a, b}, {b, a}} {
			_, err := h.Change(ctx, x[0], string(x[1]), contact.FriendChange{Alias: &alias, Starred: &yes, ChatOnly: &yes, Tags: &[]string{"kin"}})
			good(t, err)
		}
		before := h.told(b)
		good(t, h.mayWrite(a, b))
		good(t, h.Remove(ctx, a, string(b)))
		good(t, h.Remove(ctx, a, string(b)))
		refused(t, h.mayWrite(a, b), contact.ErrNotFriends)
		refused(t, h.mayWrite(b, a), contact.ErrNotFriends)
		equal(t, h.friends(a), nil)
		equal(t, h.friends(b), nil)
		equal(t, h.told(b), before)
		equal(t, h.told(a)[1:], []string{"removed " + string(b)})
		good(t, h.Remove(ctx, b, string(a)))
		equal(t, h.told(b), before)

		h.befriend(b, a)
		for _, u := range []id.User{a, b} {
			if f := h.contacts(u, "").Items[0]; f.Alias != "" || f.Starred || f.ChatOnly || len(f.Tags) != 0 {
				t.Fatalf("after being friends again %s has %+v", u, f)
			}
		}
		good(t, h.mayWrite(b, a))
		good(t, h.Remove(ctx, a, string(b)))
		equal(t, h.told(a)[2:], []string{"request " + string(b), "accepted " + string(b), "removed " + string(b)})
		h.agreed(a, b)
	}
}

func TestBlocks(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	for _, p := range [][2]id.User{{"ann", "ben"}, {"dan", "carl"}} {
		a, b := p[0], p[1]
		h.befriend(a, b)
		good(t, h.mayWrite(b, a))
		theirs, told := h.contacts(b, ""), h.told(b)
		for range 2 {
			good(t, h.Block(ctx, a, string(b)))
			refused(t, h.mayWrite(a, b), contact.ErrBlocked)
			refused(t, h.mayWrite(b, a), contact.ErrBlocked)
			refused(t, h.Unblocked(ctx, b, a), contact.ErrBlocked)
		}
		equal(t, h.blocks(a), []id.User{b})
		equal(t, h.blocks(b), nil)
		// The blocked one sees nothing, not even that something has changed.
		after := h.contacts(b, theirs.Version)
		if len(after.Items) != 0 || len(after.Removed) != 0 || after.Version != theirs.Version {
			t.Fatalf("told the blocked one %+v", after)
		}
		if all := h.contacts(b, ""); all.Version != theirs.Version {
			t.Fatalf("version %s, was %s", all.Version, theirs.Version)
		}
		equal(t, h.told(b), told)
		equal(t, h.friends(a), []id.User{b})
		equal(t, h.friends(b), []id.User{a})

		good(t, h.Block(ctx, b, string(a))) // both
		good(t, h.Unblock(ctx, a, string(b)))
		refused(t, h.mayWrite(a, b), contact.ErrBlocked)
		good(t, h.Unblock(ctx, b, string(a)))
		good(t, h.Unblock(ctx, b, string(a)))
		good(t, h.mayWrite(a, b))
		good(t, h.mayWrite(b, a))

		good(t, h.Remove(ctx, a, string(b)))
		good(t, h.Block(ctx, a, string(b)))
		refused(t, h.mayWrite(b, a), contact.ErrBlocked) // goes before not_friends
		h.agreed(a, b)
	}
	good(t, h.Unblocked(ctx, "ann", "xavier"))
}

func TestRequestsOfTheBlocked(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	for _, p := range [][2]id.User{{"ann", "ben"}, {"dan", "carl"}} {
		a, b := p[0], p[1]
		good(t, h.Block(ctx, a, string(b)))
		if h.ask(b, a) != contact.Pending {
			t.Fatal("the blocked one learns of it")
		}
		equal(t, h.asking(a), nil)
		equal(t, h.told(a), nil)
		_, err := h.Request(ctx, a, string(b), "")
		refused(t, err, contact.ErrBlocked)
		good(t, h.Unblock(ctx, a, string(b)))
		equal(t, h.asking(a), nil) // never delivered

		// What was asked before stays, unseen, and makes no friends meanwhile.
		h.ask(b, a)
		good(t, h.Block(ctx, a, string(b)))
		equal(t, h.asking(a), nil)
		refused(t, h.Accept(ctx, a, string(b)), contact.ErrBlocked)
		good(t, h.Unblock(ctx, a, string(b)))
		good(t, h.Block(ctx, b, string(a)))
		refused(t, h.Accept(ctx, a, string(b)), contact.ErrBlocked)
		if h.ask(a, b) != contact.Pending {
			t.Fatal("crossed in spite of a block")
		}
		equal(t, h.friends(a), nil)
		good(t, h.Unblock(ctx, b, string(a)))
		equal(t, h.asking(a), []id.User{b})
		if h.ask(a, b) != contact.Friends {
			t.Fatal("requests do not cross after the block")
		}
		h.agreed(a, b)
	}
}
