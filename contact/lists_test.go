package contact_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

func TestIncrements(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	none := h.contacts("ann", "").Version
	for _, other := range []id.User{"ben", "carl", "dan"} {
		h.befriend("ann", other)
	}
	full := h.contacts("ann", "")
	equal(t, users(full.Items), []id.User{"ben", "carl", "dan"})
	same := h.contacts("ann", full.Version)
	if len(same.Items)+len(same.Removed) != 0 || same.Version != full.Version {
		t.Fatalf("of nothing %+v", same)
	}
	bee := "Bee"
	got, err := h.Change(ctx, "ann", "ben", contact.FriendChange{Alias: &bee})
	good(t, err)
	one := h.contacts("ann", full.Version)
	if !reflect.DeepEqual(one.Items, []contact.Friend{got}) || got.Alias != "Bee" || got.DisplayName != "BEN" || len(one.Removed) != 0 || one.Version == full.Version {
		t.Fatalf("got %+v, then %+v", got, one)
	}
	_, err = h.Change(ctx, "ann", "ben", contact.FriendChange{Alias: &bee}) // nothing new
	good(t, err)
	if v := h.contacts("ann", one.Version).Version; v != one.Version {
		t.Fatalf("changing nothing moved the list from %s to %s", one.Version, v)
	}
	good(t, h.Remove(ctx, "ann", "carl"))
	good(t, h.Remove(ctx, "dan", "ann"))
	two := h.contacts("ann", one.Version)
	equal(t, users(two.Items), nil)
	equal(t, two.Removed, []id.User{"carl", "dan"})
	if fresh := h.contacts("ann", ""); len(fresh.Removed) != 0 || fresh.Version != two.Version {
		t.Fatalf("asked afresh: %+v", fresh)
	}
	h.befriend("carl", "ann")
	back := h.contacts("ann", two.Version)
	equal(t, users(back.Items), []id.User{"carl"})
	equal(t, back.Removed, nil)
	if early := h.contacts("ann", none); len(early.Items) != 2 || len(early.Removed) != 1 {
		t.Fatalf("since the beginning: %+v", early)
	}
}

// A client that only ever applies increments has the list that one who asks afresh has.
func TestFollowingIncrementsGivesTheList(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	others := []id.User{"abe", "ben", "carl", "dan", "zoe"} // some before mia, some after
	mine, version := map[id.User]contact.Friend{}, ""
	for step := range 300 {
		o := others[r.IntN(len(others))]
		alias, yes := fmt.Sprint(r.IntN(5)), r.IntN(2) == 0
		switch r.IntN(8) {
		case 0:
			h.ask("mia", o)
		case 1:
			h.ask(o, "mia")
		case 2:
			good(t, h.Remove(ctx, "mia", string(o)))
		case 3:
			good(t, h.Remove(ctx, o, "mia"))
		case 4:
			good(t, h.Block(ctx, o, "mia"))
			good(t, h.Unblock(ctx, o, "mia"))
		default:
			if _, ok := mine[o]; ok {
				_, _ = h.Change(ctx, "mia", string(o), contact.FriendChange{Alias: &alias, Starred: &yes})
			}
		}
		if r.IntN(3) > 0 {
			continue
		}
		inc := h.contacts("mia", version)
		for _, gone := range inc.Removed {
			delete(mine, gone)
		}
		for _, f := range inc.Items {
			mine[f.User] = f
		}
		version = inc.Version
		fresh := map[id.User]contact.Friend{}
		for _, f := range h.contacts("mia", "").Items {
			fresh[f.User] = f
		}
		if !reflect.DeepEqual(mine, fresh) {
			t.Fatalf("after step %d the client has %v, the server %v", step, mine, fresh)
		}
	}
}

// A version is good for the list it is of, to the letter, and tells nothing.
func TestVersionsThatNeverWere(t *testing.T) {
	h := open(t)
	h.befriend("ann", "ben")
	mine := h.contacts("ann", "").Version
	bad := []string{"not a version", "\x00", strings.Repeat("9", 400), "v5", mine + "A", mine[1:], strings.ToUpper(mine), h.contacts("ben", "").Version}
	for i := range len(mine) {
		other := byte('A')
		if mine[i] == other {
			other = 'B'
		}
		bad = append(bad, mine[:i]+string(other)+mine[i+1:])
	}
	for _, since := range bad {
		_, err := h.Contacts(t.Context(), "ann", since)
		refused(t, err, fault.BadRequest)
	}
	equal(t, h.contacts("ann", mine).Items, []contact.Friend{})
}

func TestListsArePaged(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	var want []id.User
	for i := range 11 {
		u := id.User(fmt.Sprintf("u%02d", (i*7)%11))
		want = append(want, u)
		h.ask(u, "mia")
		good(t, h.Block(ctx, "zoe", string(u)))
	}
	slices.Reverse(want) // the latest first
	for _, limit := range []int{1, 3, 11, 12} {
		var asked, blocked []id.User
		for cursor := ""; ; {
			page, next, err := h.Requests(ctx, "mia", cursor, limit)
			good(t, err)
			if len(page) > limit || len(page) == 0 {
				t.Fatalf("a page of %d", len(page))
			}
			for _, r := range page {
				asked = append(asked, r.From)
			}
			if cursor = next; next == "" {
				break
			}
		}
		for cursor := ""; ; {
			page, next, err := h.Blocks(ctx, "zoe", cursor, limit)
			good(t, err)
			for _, b := range page {
				blocked = append(blocked, b.User)
			}
			if cursor = next; next == "" {
				break
			}
		}
		equal(t, asked, want)
		equal(t, blocked, want)
	}
	for _, limit := range []int{-1, 201, 1 << 40} {
		_, _, err := h.Requests(ctx, "mia", "", limit)
		refused(t, err, fault.BadRequest)
	}
	_, next, err := h.Requests(ctx, "mia", "", 1)
	good(t, err)
	for _, cursor := range []string{"garbled", "\x00", next + "x", next[:len(next)-1], strings.ToUpper(next), strings.Repeat("A", 1000)} {
		_, _, err := h.Requests(ctx, "mia", cursor, 0)
		refused(t, err, fault.BadRequest)
	}
	page, next, err := h.Requests(ctx, "nobody", "", 0)
	if err != nil || page == nil || len(page) != 0 || next != "" {
		t.Fatalf("of nobody %v %q %v", page, next, err)
	}
}

func TestThereIsRoomForSoManyFriends(t *testing.T) {
	h := open(t)
	ctx := t.Context()
	opt := contact.DefaultOptions()
	opt.Now, opt.Friends = h.clock, 3
	h.Service = contact.NewService(h.store, h.seq, people{}, opt)
	t.Cleanup(h.Service.Close)
	for _, other := range []id.User{"ben", "carl", "dan"} {
		h.befriend("ann", other)
	}
	h.ask("eve", "ann")
	refused(t, h.Accept(ctx, "ann", "eve"), fault.Conflict)
	h.ask("ann", "fay")
	refused(t, h.Accept(ctx, "fay", "ann"), fault.Conflict)
	_, err := h.Request(ctx, "ann", "eve", "") // crossing is accepting
	refused(t, err, fault.Conflict)
	equal(t, h.asking("ann"), []id.User{"eve"})
	equal(t, h.friends("ann"), []id.User{"ben", "carl", "dan"})
	if h.ask("ann", "ben") != contact.Friends {
		t.Fatal("a friend is no friend any more")
	}
	good(t, h.Remove(ctx, "ann", "ben"))
	good(t, h.Accept(ctx, "ann", "eve"))
	equal(t, h.friends("ann"), []id.User{"carl", "dan", "eve"})
}
