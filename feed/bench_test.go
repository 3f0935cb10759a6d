package feed_test

import (
	"fmt"
	"testing"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// crowd makes friends of ann, straight in the books.
func (h *house) crowd(u id.User, n int) []id.User {
	h.t.Helper()
	friends := make([]id.User, n)
	for i := range friends {
		friends[i] = id.User(fmt.Sprintf("f%05d.%s", i, u))
		for _, pair := range [][2]id.User{{u, friends[i]}, {friends[i], u}} {
			_, err := h.store.ChangeRelation(ctx(h), pair[0], pair[1], func(r *contact.Relation) error {
				r.Friend, r.Decision, r.Settled = true, 1, 1
				r.Bond = [16]byte{1}
				return nil
			})
			good(h.t, err)
		}
	}
	return friends
}

// What a page of 20 costs a reader: of twenty authors, each moment with a few
// likes and comments. It is the same whatever number of friends the reader has.
func BenchmarkPage(b *testing.B) {
	for _, friends := range []int{20, 500, 5000} {
		b.Run(fmt.Sprintf("friends-%d", friends), func(b *testing.B) {
			h := open(b)
			authors := h.crowd("ann", friends)[:20]
			for i := range 40 {
				p := h.post(authors[i%20], fmt.Sprint("a moment of some length, as they are: ", i), forFriends)
				h.like("ann", p)
				h.like(authors[i%20], p)
				c := h.say(authors[i%20], p, "first", "")
				h.say("ann", p, "second", c)
			}
			b.ReportAllocs()
			for b.Loop() {
				page, next, err := h.Timeline(b.Context(), "ann", "", 20)
				if len(page) != 20 || next == "" || err != nil || len(page[0].Comments) != 2 {
					b.Fatal(len(page), next, err)
				}
			}
		})
	}
}

// What posting costs: the answer, and all that follows it.
func BenchmarkPost(b *testing.B) {
	for _, friends := range []int{5, 5000} {
		for _, what := range []string{"answer", "spread"} {
			b.Run(fmt.Sprintf("%s-friends-%d", what, friends), func(b *testing.B) {
				h := open(b)
				h.crowd("ann", friends)
				s := feed.NewService(h.store, h.seq, h.store, ties{h.contacts}, h, &h.uploads, func(id.User, id.User, id.Post) {}, h.opt)
				b.ReportAllocs()
				for b.Loop() {
					_, err := s.Post(b.Context(), "ann", feed.Draft{Text: "a moment", Audience: forFriends})
					good(b, err)
					if what == "answer" {
						b.StopTimer()
					}
					s.Settled()
					b.StartTimer()
				}
				s.Close()
			})
		}
	}
}
