package contact_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Whoever has left is nobody's friend any more, asks nobody and is asked by nobody,
// and blocks nobody; friends find them gone, and hear nothing.
func TestErase(t *testing.T) {
	for _, u := range []id.User{"mia", "a-first", "z-last"} { // the other's page decides, or u's does
		h, ctx := open(t), t.Context()
		h.befriend(u, "ben")
		h.befriend("zoe", u)
		h.befriend("zoe", "ben")
		alias := "my dearest"
		for who, about := range map[id.User]id.User{"ben": u, u: "ben"} {
			_, err := h.Change(ctx, who, string(about), contact.FriendChange{Alias: &alias, Tags: &[]string{"a tag"}})
			good(t, err)
		}
		h.ask(u, "cat")
		h.ask("dan", u)
		h.befriend(u, "eve")
		good(t, h.Remove(ctx, u, "eve"))
		good(t, h.Block(ctx, u, "fay"))
		good(t, h.Block(ctx, "gil", string(u)))
		before, told := h.contacts("ben", "").Version, map[id.User][]string{}
		others := []id.User{"ben", "zoe", "cat", "dan", "eve", "fay", "gil"}
		for _, o := range others {
			told[o] = h.told(o)
		}

		for range 2 { // again changes nothing
			good(t, h.Erase(ctx, u))
			inc := h.contacts("ben", before)
			equal(t, inc.Removed, []id.User{u})
			equal(t, users(inc.Items), nil)
			equal(t, h.friends("ben"), []id.User{"zoe"})
			equal(t, h.friends("zoe"), []id.User{"ben"})
			equal(t, h.asking("cat"), nil)
			equal(t, h.blocks(u), nil)
			equal(t, h.blocks("gil"), []id.User{u})
			for _, o := range others {
				equal(t, h.told(o), told[o])
				h.agreed(u, o)
				want := contact.ErrNotFriends
				if o == "gil" {
					want = contact.ErrBlocked
				}
				refused(t, h.mayWrite(o, u), want)
				for owner, about := range map[id.User]id.User{u: o, o: u} {
					page, err := h.store.Relation(ctx, owner, about)
					good(t, err)
					if page.Alias != "" || page.Tags != nil || page.Asked != nil || page.Asking != nil || page.Friend {
						t.Fatalf("%s about %s: %+v", owner, about, page)
					}
				}
			}
			refused(t, h.Accept(ctx, "cat", string(u)), fault.NotFound)
			known, err := h.Known(ctx, u)
			good(t, err)
			slices.Sort(known)
			equal(t, known, []id.User{"ben", "eve", "zoe"})
		}
		good(t, h.Unblock(ctx, "gil", string(u)))
	}
}

// A request that its maker's own book was never told of is not found when they
// leave: it makes no friends, and can be declined.
func TestRequestOfSomebodyWhoHasLeft(t *testing.T) {
	h, ctx := open(t), t.Context()
	const zed = "nobody-zed"
	k := &cut{h: h, left: 1, stored: true}
	if _, err := h.node(cutStore{h.store, k}, k).Request(ctx, zed, "ann", "hello"); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	good(t, h.Erase(ctx, zed))
	equal(t, h.asking("ann"), []id.User{zed})
	refused(t, h.Accept(ctx, "ann", zed), fault.NotFound)
	equal(t, h.friends("ann"), nil)
	good(t, h.Decline(ctx, "ann", zed))
	equal(t, h.asking("ann"), nil)
}
