package scylla

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// BenchmarkMoments measures a page of a timeline (its references; the posts and
// their acts), what a post costs for 5,000 friends, a like, and likes of one post
// by so many at once.
func BenchmarkMoments(b *testing.B) {
	const pagePosts, acts, viewers = 20, 30, 5000
	s := openFull(b)
	good := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	like := func(p id.Post, u id.User) error {
		m := feed.Mark{ID: uuid.Must(uuid.NewV7()), Post: p}
		_, err := s.ChangeAct(b.Context(), p, feed.ActKey{Kind: feed.Like, ID: string(u)}, m, func(a *feed.Act) error {
			a.From, a.At, a.On, a.Turn = u, time.Now(), true, a.Turn+1
			return nil
		})
		if err != nil {
			return err
		}
		return s.DropMarks(b.Context(), []feed.Mark{m})
	}
	var all []id.User
	for i := range viewers {
		all = append(all, id.User(fmt.Sprint("viewer-", i)))
	}
	var posts []id.Post
	for range pagePosts {
		p, m := aPost()
		good(s.CreatePost(b.Context(), p, m))
		good(each(b.Context(), acts, func(_ context.Context, i int) error { return like(p.ID, all[i]) }))
		posts = append(posts, p.ID)
	}
	good(s.Fill(b.Context(), all[0], posts))
	b.Run("timeline", func(b *testing.B) {
		for b.Loop() {
			got, err := s.Timeline(b.Context(), all[0], "", pagePosts)
			if err != nil || len(got) != pagePosts {
				b.Fatal(len(got), err)
			}
		}
	})
	b.Run("threads", func(b *testing.B) {
		for b.Loop() {
			got, err := s.Threads(b.Context(), posts)
			if err != nil || len(got) != pagePosts || len(got[3].Acts) != acts {
				b.Fatal(len(got), err)
			}
		}
	})
	b.Run("refer", func(b *testing.B) {
		for b.Loop() {
			good(s.Refer(b.Context(), id.NewPost(time.Now()), all))
		}
	})
	for _, n := range []int{1, 16, 64} {
		b.Run(fmt.Sprint("likes=", n), func(b *testing.B) {
			for b.Loop() {
				p, m := aPost()
				good(s.CreatePost(b.Context(), p, m))
				var all sync.WaitGroup
				for i := range n {
					all.Go(func() {
						if err := like(p.ID, id.User(fmt.Sprint("u", i))); err != nil {
							b.Error(err)
						}
					})
				}
				all.Wait()
			}
		})
	}
}
