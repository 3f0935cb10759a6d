package pebble_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
)

// What the benchmarks of moments work on: each viewer is a friend of all authors.
const (
	momentViewers = 5000
	momentPosts   = 400
	momentActs    = 30 // under a post
)

// moments fills a store. Posts are in the order of their times.
func moments(b *testing.B, s *pebble.Store) (posts []id.Post, viewers []id.User) {
	b.Helper()
	for i := range momentViewers {
		viewers = append(viewers, id.User(fmt.Sprintf("viewer-%d", i*7919%momentViewers)))
	}
	at := time.Now().Add(-momentPosts * time.Hour)
	for i := range momentPosts {
		p := feed.Post{
			ID: id.NewPost(at.Add(time.Duration(i) * time.Hour)), Author: id.User(fmt.Sprintf("author-%d", i%100)), At: at.Add(time.Duration(i) * time.Hour),
			Text: string(words(i)), Audience: feed.Audience{Kind: feed.Friends, Mode: feed.Live},
			Media: []feed.Medium{{ID: id.NewMedia(), Type: "image/jpeg", Width: 4000, Height: 3000, Placeholder: "LEHV6nWB2yk8pyo0adR*.7kCMdnj"}},
		}
		good(b, s.CreatePost(b.Context(), p, feed.Mark{}))
		good(b, s.Refer(b.Context(), p.ID, viewers))
		for k := range momentActs {
			_, err := s.ChangeAct(b.Context(), p.ID, feed.ActKey{Kind: feed.Like, ID: string(viewers[k])}, feed.Mark{}, likedAt(p.At))
			good(b, err)
		}
		posts = append(posts, p.ID)
	}
	return posts, viewers
}

func likedAt(at time.Time) func(*feed.Act) error {
	return func(a *feed.Act) error {
		a.From, a.At, a.On, a.Owed, a.Turn = id.User(a.ID), at, true, true, a.Turn+1
		return nil
	}
}

func good(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkMoments measures a page of a timeline (its references; the posts and
// their acts), what a post costs for 5,000 friends, and a like.
func BenchmarkMoments(b *testing.B) {
	s := onDisk(b)
	posts, viewers := moments(b, s)
	b.Run("timeline", func(b *testing.B) {
		i := 0
		measured(b, func() {
			for b.Loop() {
				got, err := s.Timeline(b.Context(), viewers[i*31%momentViewers], posts[len(posts)-1-i%100], 20)
				if err != nil || len(got) != 20 {
					b.Fatal(len(got), err)
				}
				i++
			}
		})
	})
	b.Run("threads", func(b *testing.B) {
		i := 0
		measured(b, func() {
			for b.Loop() {
				from := i * 37 % (momentPosts - 20)
				got, err := s.Threads(b.Context(), posts[from:from+20])
				if err != nil || len(got) != 20 || len(got[7].Acts) < momentActs {
					b.Fatal(len(got), err)
				}
				i++
			}
		})
	})
	b.Run("refer", func(b *testing.B) {
		measured(b, func() {
			for b.Loop() {
				good(b, s.Refer(b.Context(), id.NewPost(time.Now()), viewers))
			}
		})
	})
	b.Run("like", func(b *testing.B) {
		i := 0
		measured(b, func() {
			for b.Loop() {
				p := posts[len(posts)-1-i%20]
				m := feed.Mark{ID: uuid.Must(uuid.NewV7()), Post: p}
				_, err := s.ChangeAct(b.Context(), p, feed.ActKey{Kind: feed.Like, ID: string(viewers[i*31%momentViewers])}, m, likedAt(time.Now().UTC()))
				good(b, err)
				good(b, s.DropMarks(b.Context(), []feed.Mark{m}))
				i++
			}
		})
	})
}
