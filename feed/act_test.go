package feed_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// cast is ann with the friends bea, cyd and dov, of whom bea and cyd are friends;
// eve knows nobody.
func cast(t testing.TB) *house {
	h := open(t)
	h.befriend("ann", "bea", "cyd", "dov")
	h.befriend("bea", "cyd")
	return h
}

func TestLikesAreSeenByFriends(t *testing.T) {
	h := cast(t)
	p := h.post("ann", "like me", forFriends)
	for range 2 {
		h.like("dov", p)
		h.like("bea", p)
	}
	equal(t, h.likers("ann", p), []id.User{"dov", "bea"})
	equal(t, h.likers("bea", p), []id.User{"bea"})
	equal(t, h.likers("cyd", p), []id.User{"bea"})
	equal(t, h.likers("dov", p), []id.User{"dov"})
	for _, m := range append(h.timeline("cyd", 20), h.profile("cyd", "ann")...) {
		if len(m.Likes) != 1 || m.Likes[0].User != "bea" || m.Likes[0].At.IsZero() {
			t.Fatalf("likes %+v", m.Likes)
		}
	}
	for range 2 {
		good(t, h.Unlike(ctx(h), "bea", string(p)))
	}
	h.Settled()
	equal(t, h.likers("ann", p), []id.User{"dov"})
	equal(t, h.likers("cyd", p), nil)
	h.like("bea", p) // again, and now after dov
	equal(t, h.likers("ann", p), []id.User{"dov", "bea"})
	h.quiet()
}

func TestCommentsAreSeenByFriends(t *testing.T) {
	h := cast(t)
	p := h.post("ann", "x", forFriends)
	h.say("bea", p, "from bea", "")
	h.say("dov", p, "from dov", "")
	h.say("ann", p, "from ann", "")
	equal(t, h.said("ann", p), []string{"from bea", "from dov", "from ann"})
	equal(t, h.said("bea", p), []string{"from bea", "from ann"})
	equal(t, h.said("cyd", p), []string{"from bea", "from ann"})
	equal(t, h.said("dov", p), []string{"from dov", "from ann"})
}

func TestRepliesNeedBoth(t *testing.T) {
	h := cast(t)
	p := h.post("ann", "x", forFriends)
	dov := h.say("dov", p, "dov asks", "")
	toDov := h.say("ann", p, "ann answers dov", dov)
	h.say("ann", p, "and once more", toDov) // a reply to ann, under one that bea does not see
	bea := h.say("bea", p, "bea asks", "")
	toBea := h.say("ann", p, "ann answers bea", bea)
	h.say("cyd", p, "cyd says", toBea)
	equal(t, h.said("dov", p), []string{"dov asks", "ann answers dov", "and once more"})
	equal(t, h.said("bea", p), []string{"bea asks", "ann answers bea", "cyd says"})
	equal(t, h.said("cyd", p), []string{"bea asks", "ann answers bea", "cyd says"})
	if got := h.said("ann", p); len(got) != 6 {
		t.Fatalf("ann sees %v", got)
	}
	m, err := h.Get(ctx(h), "bea", string(p))
	good(t, err)
	if strings.Contains(fmt.Sprint(m), "dov") || m.Comments[1].ReplyTo.ID != bea || m.Comments[1].ReplyTo.User != "bea" {
		t.Fatalf("%+v", m)
	}
	// A thread goes with its root, but for what one wrote oneself.
	h.unsay("bea", p, bea)
	equal(t, h.said("bea", p), nil)
	equal(t, h.said("cyd", p), []string{"cyd says"})
	equal(t, h.said("ann", p), []string{"dov asks", "ann answers dov", "and once more", "ann answers bea", "cyd says"})
	h.quiet()
}

func TestWhatOneCannotSeeOneCannotAnswer(t *testing.T) {
	h := cast(t)
	p := h.post("ann", "x", forFriends)
	dov, bea := h.say("dov", p, "dov's", ""), h.say("bea", p, "bea's", "")
	gone := h.say("cyd", p, "gone", "")
	h.unsay("cyd", p, gone)
	for _, c := range []string{string(dov), string(id.NewComment(h.clock())), string(gone), "c-1", "dov", "\x00"} {
		_, err := h.Comment(ctx(h), "bea", string(p), "?", c)
		if f := refused(t, err, fault.NotFound); f.Fields[0].Pointer != "/reply_to" {
			t.Fatalf("points at %v", f.Fields)
		}
		refused(t, h.DeleteComment(ctx(h), "bea", string(p), c), fault.NotFound)
	}
	refused(t, h.DeleteComment(ctx(h), "cyd", string(p), string(bea)), fault.Forbidden)
	equal(t, h.said("ann", p), []string{"dov's", "bea's"})
	h.say("cyd", p, "answer", bea)
	h.unsay("ann", p, dov) // the post's author may
	equal(t, h.said("dov", p), nil)
	equal(t, h.said("ann", p), []string{"bea's", "answer"})
	h.quiet()
}

func TestBadCommentsAreRefused(t *testing.T) {
	h := cast(t)
	h.opt.Comments = 3
	small := h.node(h.store, h.seq, h.store)
	p := h.post("ann", "x", forFriends)
	for _, text := range []string{"", " \t", "a\x00", "\xff", strings.Repeat("茶", 2001)} {
		_, err := h.Comment(ctx(h), "bea", string(p), text, "")
		if f := refused(t, err, fault.BadRequest); f.Fields[0].Pointer != "/text" {
			t.Fatalf("points at %v", f.Fields)
		}
	}
	h.say("bea", p, strings.Repeat("茶", 2000), "")
	one := h.say("dov", p, "2", "")
	h.say("ann", p, "3", "")
	_, err := small.Comment(ctx(h), "cyd", string(p), "4", "")
	refused(t, err, fault.Conflict)
	h.unsay("dov", p, one)
	_, err = small.Comment(ctx(h), "cyd", string(p), "4", "")
	good(t, err)
	small.Settled()
	if got := h.said("ann", p); len(got) != 3 {
		t.Fatalf("%d comments", len(got))
	}
}

func TestFriendshipsAndBlocksFilterActsAtOnce(t *testing.T) {
	h := cast(t)
	p := h.post("ann", "between us", forFriends)
	h.say("bea", p, "b", "")
	h.like("bea", p)
	look := func(u id.User, sees bool) {
		t.Helper()
		if sees {
			equal(t, h.said(u, p), []string{"b"})
			equal(t, h.likers(u, p), []id.User{"bea"})
		} else {
			equal(t, h.said(u, p), nil)
			equal(t, h.likers(u, p), nil)
		}
	}
	look("cyd", true)
	for _, by := range [][2]id.User{{"cyd", "bea"}, {"bea", "cyd"}} {
		h.block(by[0], by[1], true)
		look("cyd", false)
		look("bea", true)
		look("ann", true)
		h.block(by[0], by[1], false)
		look("cyd", true)
	}
	good(t, h.contacts.Remove(ctx(h), "bea", "cyd"))
	look("cyd", false)
	h.befriend("bea", "cyd")
	good(t, h.contacts.Remove(ctx(h), "bea", "ann"))
	look("ann", true) // the author keeps what former friends wrote
	look("cyd", true)
	h.block("ann", "bea", true)
	look("ann", false)
	h.block("ann", "bea", false)
	h.block("bea", "ann", true)
	look("ann", false)
}

// Whoever sees the same gets the same, and what one does not see changes nothing.
func TestTwoViewersWhoSeeTheSame(t *testing.T) {
	h := open(t)
	h.befriend("ann", "pat", "quin", "xi", "ray")
	h.befriend("xi", "ray")
	var posts []id.Post
	for i := range 5 {
		posts = append(posts, h.post("ann", fmt.Sprint(i), forFriends))
	}
	read := func(u id.User) string {
		t.Helper()
		page, next, err := h.Timeline(ctx(h), u, "", 3)
		good(t, err)
		profile, then, err := h.Profile(ctx(h), u, "ann", "", 3)
		good(t, err)
		one, err := h.Get(ctx(h), u, string(posts[0]))
		good(t, err)
		return fmt.Sprint(page, next, profile, then, one)
	}
	before, ray := read("pat"), read("ray")
	if before != read("quin") {
		t.Fatal("pat and quin read differently")
	}
	for _, p := range posts {
		h.like("xi", p)
		h.say("ann", p, "answer", h.say("xi", p, "unseen", ""))
	}
	h.post("ann", "unseen", only("xi"))
	if read("pat") != before || read("quin") != before {
		t.Fatal("what pat may not see changes pat's pages")
	}
	if read("ray") == ray {
		t.Fatal("ray does not see a friend's")
	}
}

func TestLikesAtOnceAreOne(t *testing.T) {
	h := cast(t)
	other := h.node(h.store, h.seq, h.store)
	p := h.post("ann", "race", forFriends)
	var all sync.WaitGroup
	for i := range 16 {
		s := []*feed.Service{h.Service, other}[i%2]
		all.Go(func() {
			if err := s.Like(ctx(h), "bea", string(p)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	h.Settled()
	other.Settled()
	equal(t, h.likers("ann", p), []id.User{"bea"})
	equal(t, h.heard("ann"), []string{"like bea"})
	entries, err := h.store.Range(ctx(h), id.PersonalStream(id.Moments, "ann"), 1, 10)
	good(t, err)
	if len(entries) != 1 {
		t.Fatalf("ann was told %d times", len(entries))
	}
	h.quiet()
}

func TestNewFriendsFindLatestPosts(t *testing.T) {
	h := open(t)
	var made []id.Post
	for i := range 60 {
		made = append(made, h.post("ann", fmt.Sprint(i), forFriends))
		h.post("ann", "diary", forNobody)
	}
	theirs := h.post("ben", "of ben", forFriends)
	h.blind("ben", "ann", made[59])
	h.befriend("ann", "ben")
	if got := ids(h.timeline("ben", 20)); len(got) != 51 || got[0] != theirs || got[1] != made[59] || got[50] != made[10] {
		t.Fatalf("ben finds %d", len(got))
	}
	if got := h.profile("ben", "ann"); len(got) != 60 {
		t.Fatalf("ben finds %d in the profile", len(got))
	}
	h.sees("ann", theirs)
	good(t, h.Befriended(ctx(h), "ann", "ben"))
	if got := h.timeline("ben", 7); len(got) != 51 {
		t.Fatalf("ben finds %d", len(got))
	}
}

func TestAsAFriendSees(t *testing.T) {
	h := cast(t)
	h.befriend("bea", "fay")
	h.befriend("ann", "fay")
	yes := true
	all, some := h.post("ann", "all", forFriends), h.post("ann", "some", only("cyd"))
	h.like("bea", all)
	h.like("cyd", all)
	h.like("ann", all)
	mine := h.say("bea", all, "mine", "")
	h.say("ann", all, "ann to bea", mine)
	h.say("cyd", all, "not told", "")
	h.say("ann", all, "ann to cyd", h.say("cyd", all, "cyd", ""))
	as := func(friend id.User) []feed.Moment {
		t.Helper()
		return h.all(func(before string) ([]feed.Moment, string, error) {
			return h.As(ctx(h), "ann", string(friend), before, 1)
		})
	}
	look := func() {
		t.Helper()
		got := as("bea")
		if len(got) != 1 || got[0].ID != all || got[0].Audience != nil {
			t.Fatalf("as bea: %+v", got)
		}
		if m := fmt.Sprint(got[0].Likes, got[0].Comments); strings.Contains(m, "cyd") || len(got[0].Likes) != 2 || len(got[0].Comments) != 2 {
			t.Fatalf("as bea: %s", m)
		}
	}
	look()
	// Whatever bea chooses, it looks the same.
	h.change("bea", "ann", contact.FriendChange{HideTheirMoments: &yes, ChatOnly: &yes})
	look()
	h.block("bea", "ann", true)
	look()
	if got := as("cyd"); len(got) != 2 || got[0].ID != some {
		t.Fatalf("as cyd: %+v", got)
	}
	h.change("ann", "cyd", contact.FriendChange{HideMyMoments: &yes})
	equal(t, as("cyd"), nil)
	equal(t, as("eve"), nil)
	if got := as("ann"); len(got) != 2 || got[0].Audience == nil {
		t.Fatalf("as oneself: %+v", got)
	}
	_, _, err := h.As(ctx(h), "ann", "A B", "", 0)
	refused(t, err, fault.BadRequest)
	_, _, err = h.As(ctx(h), "ann", "bea", "garbage", 0)
	refused(t, err, fault.BadRequest)
}

func TestWhy(t *testing.T) {
	h := cast(t)
	yes := true
	p := h.post("ann", "x", except([]id.User{"dov"}))
	h.change("bea", "ann", contact.FriendChange{HideTheirMoments: &yes})
	h.block("bea", "ann", true)
	h.change("ann", "cyd", contact.FriendChange{ChatOnly: &yes})
	want := []feed.Verdict{{"bea", true, feed.SeenAsFriend}, {"cyd", false, feed.AuthorChats}, {"dov", false, feed.ExceptNamed}}
	var got []feed.Verdict
	for cursor := ""; ; {
		page, next, err := h.Why(ctx(h), "ann", string(p), cursor, 1)
		good(t, err)
		got = append(got, page...)
		if cursor = next; next == "" {
			break
		}
	}
	equal(t, got, want)
	for _, c := range []string{"A", "\x00", strings.Repeat("a", 40)} {
		_, _, err := h.Why(ctx(h), "ann", string(p), c, 1)
		refused(t, err, fault.BadRequest)
	}
	_, _, err := h.Why(ctx(h), "ann", string(p), "", 201)
	refused(t, err, fault.BadRequest)
	_, _, err = h.Why(ctx(h), "ann", "p-1", "", 0)
	refused(t, err, fault.NotFound)
	q := h.post("ann", "x", forFriends)
	_, _, err = h.Why(ctx(h), "dov", string(q), "", 0)
	refused(t, err, fault.Forbidden)
	_, err = h.Preview(ctx(h), "ann", only("eve"))
	refused(t, err, feed.ErrNotFriends)
	_, err = h.Preview(ctx(h), "ann", feed.Audience{Kind: "all"})
	refused(t, err, fault.BadRequest)
}
