package feed_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

func TestPagesHoldEverythingOnce(t *testing.T) {
	h := open(t)
	h.befriend("ann", "bea", "cyd")
	var all, seen []id.Post
	for i := range 120 {
		a := forFriends
		if i%2 == 0 {
			a = pick(i%4 == 0, forNobody, only("cyd"))
		}
		p := h.post("ann", fmt.Sprint(i), a)
		if all = append(all, p); i%2 == 1 {
			seen = append(seen, p)
		}
	}
	slices.Reverse(all)
	slices.Reverse(seen)
	for _, limit := range []int{1, 7, 20, 0, 60, 200} {
		equal(t, ids(h.timeline("bea", limit)), seen)
		equal(t, ids(h.timeline("ann", limit)), all)
	}
	equal(t, ids(h.profile("bea", "ann")), seen)
	equal(t, ids(h.profile("ann", "ann")), all)
	// A page that ends with the last visible one leads nowhere, whatever is hidden beyond.
	page, next, err := h.Timeline(ctx(h), "bea", "", 60)
	good(t, err)
	if len(page) != 60 || next != "" {
		t.Fatalf("%d, then %q", len(page), next)
	}
	for _, limit := range []int{-1, 201} {
		_, _, err := h.Timeline(ctx(h), "bea", "", limit)
		refused(t, err, fault.BadRequest)
		_, _, err = h.Profile(ctx(h), "eve", "ann", "", limit)
		refused(t, err, fault.BadRequest)
	}
	for _, cursor := range []string{"garbage", "%00", strings.Repeat("9", 300), "-1", "p-", string(all[0]) + "x", "\xff"} {
		_, _, err := h.Timeline(ctx(h), "bea", cursor, 0)
		refused(t, err, fault.BadRequest)
		_, _, err = h.Profile(ctx(h), "bea", "ann", cursor, 0)
		refused(t, err, fault.BadRequest)
		_, _, err = h.Profile(ctx(h), "eve", "ann", cursor, 0)
		refused(t, err, fault.BadRequest)
	}
	// The cursor of somebody who sees more is only a place.
	page, _, err = h.Profile(ctx(h), "bea", "ann", string(all[1]), 200)
	good(t, err)
	equal(t, ids(page), seen[1:])
	equal(t, h.profile("bea", "nobody"), nil)
	equal(t, h.profile("eve", "ann"), nil)
	_, _, err = h.Profile(ctx(h), "bea", "A B", "", 0)
	refused(t, err, fault.NotFound)
}

func TestCursorsAreStable(t *testing.T) {
	h := open(t)
	h.befriend("ann", "bea")
	for _, read := range []func(before string) ([]feed.Moment, string, error){
		func(before string) ([]feed.Moment, string, error) { return h.Timeline(ctx(h), "bea", before, 6) },
		func(before string) ([]feed.Moment, string, error) { return h.Profile(ctx(h), "bea", "ann", before, 6) },
	} {
		var made, got []id.Post
		for i := range 40 {
			made = append(made, h.post("ann", fmt.Sprint(i), forFriends))
		}
		gone := map[id.Post]bool{}
		for before, turn := "", 0; ; turn++ {
			page, next, err := read(before)
			good(t, err)
			got = append(got, ids(page)...)
			if before = next; next == "" {
				break
			}
			last := slices.Index(made, got[len(got)-1])
			for _, i := range []int{last, last + 2, last - 1, 0} { // the one at the cursor, one before, the next, the oldest
				if turn%2 == 0 && i >= 0 && i < len(made) && !gone[made[i]] {
					h.del("ann", made[i])
					gone[made[i]] = true
				}
			}
			h.post("ann", "new", forFriends)
		}
		var want []id.Post
		for _, p := range slices.Backward(made) {
			if !gone[p] || slices.Contains(got, p) {
				want = append(want, p)
			}
		}
		equal(t, got, want)
		for _, m := range h.profile("ann", "ann") {
			h.del("ann", m.ID)
		}
	}
}

// What points to nothing is stepped over, and cleaned away when it is old: a
// young one may be there before its post.
func TestReferencesToNothing(t *testing.T) {
	h := open(t)
	p := h.post("ann", "x", forFriends)
	lost := []id.Post{id.NewPost(h.clock()), id.NewPost(h.clock())}
	good(t, h.store.Fill(ctx(h), "ann", lost))
	left := func() []id.Post {
		equal(t, ids(h.timeline("ann", 1)), []id.Post{p})
		h.Settled()
		refs, err := h.store.Timeline(ctx(h), "ann", "", 10)
		good(t, err)
		return refs
	}
	equal(t, left(), []id.Post{lost[1], lost[0], p})
	h.advance(2 * time.Hour)
	left()
	equal(t, left(), []id.Post{p})
}

// A spy's people change while it reads: a post is read, and before the reader's
// ties are, the reader is blocked and something new is posted. Whoever was blocked
// before something was posted does not see it, however the reading goes.
type spy struct {
	feed.Store
	between func()
}

func (s *spy) Timeline(ctx context.Context, viewer id.User, before id.Post, limit int) ([]id.Post, error) {
	refs, err := s.Store.Timeline(ctx, viewer, before, limit)
	s.between()
	return refs, err
}

func (s *spy) Profile(ctx context.Context, author id.User, before id.Post, limit int) ([]id.Post, error) {
	s.between()
	return s.Store.Profile(ctx, author, before, limit)
}

func TestBlockedWhileReading(t *testing.T) {
	h := open(t)
	h.befriend("ann", "bea")
	old := h.post("ann", "old", forFriends)
	store := &spy{Store: h.store}
	store.between = func() {
		h.block("ann", "bea", true)
		_, err := h.SetAudience(ctx(h), "ann", string(old), forFriends)
		good(t, err)
		h.post("ann", "new", forFriends)
	}
	slow := h.node(store, h.seq, h.store)
	for _, read := range []func() ([]feed.Moment, string, error){
		func() ([]feed.Moment, string, error) { return slow.Timeline(ctx(h), "bea", "", 0) },
		func() ([]feed.Moment, string, error) { return slow.Profile(ctx(h), "bea", "ann", "", 0) },
	} {
		h.block("ann", "bea", false)
		page, _, err := read()
		good(t, err)
		equal(t, ids(page), nil)
	}
}
