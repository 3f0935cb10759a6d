package pebble_test

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
)

// The power goes, before and after every time something is synced, while posts
// are made, liked and settled: what was acknowledged is there, what is owed has a
// mark, and what is not owed any more was done.
func TestPowerLossOfMoments(t *testing.T) {
	const posters, posts = 8, 4
	d := &cutDisk{MemFS: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(rand.Uint64(), 0)), acked: map[id.Stream]id.Seq{}}
	s := opened(t, d)
	d.on(true)
	together(posters, func() {
		for range posts {
			p := id.NewPost(time.Now())
			for i, step := range stepsOf(s, p) {
				if err := step(t); err != nil {
					t.Error(err)
					return
				}
				d.know(id.Stream(p), id.Seq(i+1))
			}
		}
	})
	d.on(false)
	for i, c := range d.cuts {
		after, err := pebble.Open("data", pebble.Options{FS: c.disk})
		if err != nil {
			t.Fatal(err)
		}
		for p, steps := range c.acked {
			momentHolds(t, after, id.Post(p), steps)
		}
		others, err := after.Profile(t.Context(), "ann", "", posters*posts)
		if err != nil {
			t.Error(err)
		}
		for _, p := range others {
			momentHolds(t, after, p, 0)
		}
		if err := after.Close(); err != nil || t.Failed() {
			t.Fatalf("after cut %d of %d (%v)", i, len(d.cuts), err)
		}
	}
	t.Logf("%d cuts", len(d.cuts))
}

func together(n int, fn func()) {
	var all sync.WaitGroup
	for range n {
		all.Go(fn)
	}
	all.Wait()
}

var momentLike = feed.ActKey{Kind: feed.Like, ID: "bob"}

// stepsOf are what becomes of a post: it is made, liked, settled, and its marks are dropped.
func stepsOf(s *pebble.Store, p id.Post) []func(t *testing.T) error {
	first := feed.Mark{ID: uuid.Must(uuid.NewV7()), Post: p}
	second := feed.Mark{ID: uuid.Must(uuid.NewV7()), Post: p}
	return []func(t *testing.T) error{
		func(t *testing.T) error {
			return s.CreatePost(t.Context(), feed.Post{ID: p, Author: "ann", Owed: true}, first)
		},
		func(t *testing.T) error {
			_, err := s.ChangeAct(t.Context(), p, momentLike, second, func(a *feed.Act) error { a.On, a.Owed = true, true; return nil })
			return err
		},
		func(t *testing.T) error { return s.Refer(t.Context(), p, []id.User{"bob", "cyd"}) },
		func(t *testing.T) error {
			_, err := s.ChangePost(t.Context(), p, feed.Mark{}, func(p *feed.Post) error { p.Owed = false; return nil })
			return err
		},
		func(t *testing.T) error {
			_, err := s.ChangeAct(t.Context(), p, momentLike, feed.Mark{}, func(a *feed.Act) error { a.Owed = false; return nil })
			return err
		},
		func(t *testing.T) error { return s.DropMarks(t.Context(), []feed.Mark{first, second}) },
	}
}

// momentHolds checks a post of which so many steps were acknowledged.
func momentHolds(t *testing.T, s *pebble.Store, p id.Post, steps id.Seq) {
	t.Helper()
	threads, err := s.Threads(t.Context(), []id.Post{p})
	if err != nil || len(threads) != 1 {
		t.Errorf("%d posts after step %d (%v)", len(threads), steps, err)
		return
	}
	th := threads[0]
	marks, err := s.Marks(t.Context(), feed.Shard(p), 1<<20)
	if err != nil {
		t.Error(err)
	}
	marks = slices.DeleteFunc(marks, func(m feed.Mark) bool { return m.Post != p })
	liked, owed := len(th.Acts) == 1 && th.Acts[0].On, th.Owed || len(th.Acts) == 1 && th.Acts[0].Owed
	mine, err := s.Timeline(t.Context(), "ann", "", 1000)
	if err != nil {
		t.Error(err)
	}
	theirs, err := s.Timeline(t.Context(), "cyd", "", 1000)
	if err != nil {
		t.Error(err)
	}
	switch {
	case steps >= 2 && !liked:
		t.Errorf("the like is gone after step %d", steps)
	case steps >= 4 && th.Owed, steps >= 5 && owed:
		t.Errorf("it is owed again after step %d", steps)
	case owed && len(marks) == 0:
		t.Errorf("something is owed, and there is no mark, after step %d", steps)
	case !slices.Contains(mine, p):
		t.Errorf("its author does not have it, after step %d", steps)
	case !th.Owed && !slices.Contains(theirs, p):
		t.Errorf("nothing is owed, and a friend does not have it, after step %d", steps)
	}
}
