package storagetest

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

func marks(t *testing.T, open func(t *testing.T) feed.Store) {
	for name, run := range map[string]func(*testing.T, feed.Store){
		"a mark leads to what was stored with it":    marksLead,
		"marks come oldest first, a shard at a time": marksInOrder,
		"a mark is dropped alone":                    marksAreDropped,
		"whoever sees something owed finds its mark": marksComeFirst,
		"the zero mark is none":                      zeroMark,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

func marksLead(t *testing.T, s feed.Store) {
	p, ctx := newPost(somebody(), someTime()), t.Context()
	want := []feed.Mark{markOf(p.ID), markOf(p.ID), markOf(p.ID)}
	must(t, s.CreatePost(ctx, p, want[0]))
	same(t, marksOf(t, s, p.ID), want[:1])
	_, err := s.ChangePost(ctx, p.ID, want[1], func(p *feed.Post) error { p.Text = "new"; return nil })
	must(t, err)
	same(t, marksOf(t, s, p.ID), want[:2])
	_, err = s.ChangeAct(ctx, p.ID, feed.ActKey{Kind: feed.Like, ID: "bob"}, want[2], like)
	must(t, err)
	same(t, marksOf(t, s, p.ID), want)
}

// marksInOrder makes marks that are days apart, in no order.
func marksInOrder(t *testing.T, s feed.Store) {
	p := posted(t, s)
	want := marksOf(t, s, p.ID)
	for i := range 30 {
		at := time.Now().Add(-time.Duration(1+i*i) * time.Hour)
		want = append(want, feed.Mark{ID: id.NewEntry(at), Post: p.ID})
	}
	slices.Reverse(want)
	for _, i := range rand.Perm(len(want) - 1) {
		_, err := s.ChangePost(t.Context(), p.ID, want[i], func(p *feed.Post) error { p.Text += "+"; return nil })
		must(t, err)
	}
	same(t, marksOf(t, s, p.ID), want)

	for shard := range feed.Shards {
		all, err := s.Marks(t.Context(), shard, 1<<20)
		must(t, err)
		for i, m := range all {
			if feed.Shard(m.Post) != shard || i > 0 && slices.Compare(all[i-1].ID[:6], m.ID[:6]) > 0 {
				t.Fatalf("%v in shard %d", m, shard)
			}
		}
		for _, limit := range []int{0, 1, 7} {
			some, err := s.Marks(t.Context(), shard, limit)
			must(t, err)
			if len(some) != min(limit, len(all)) || !slices.Equal(some, all[:len(some)]) {
				t.Fatalf("shard %d, limit %d: %d of %d marks", shard, limit, len(some), len(all))
			}
		}
	}
	must(t, s.DropMarks(t.Context(), want))
}

func marksAreDropped(t *testing.T, s feed.Store) {
	p, ctx := newPost(somebody(), someTime()), t.Context()
	want := []feed.Mark{markOf(p.ID), {ID: id.NewEntry(time.Now().Add(-time.Hour)), Post: p.ID}, markOf(p.ID)}
	must(t, s.CreatePost(ctx, p, want[0]))
	for _, m := range want[1:] {
		_, err := s.ChangeAct(ctx, p.ID, feed.ActKey{Kind: feed.Like, ID: "bob"}, m, like)
		must(t, err)
	}
	for range 2 {
		must(t, s.DropMarks(ctx, want[:2]))
		same(t, marksOf(t, s, p.ID), want[2:])
	}
	must(t, s.DropPost(ctx, p.Author, p.ID))
	same(t, marksOf(t, s, p.ID), want[2:])
	must(t, s.DropMarks(ctx, want))
	same(t, len(marksOf(t, s, p.ID)), 0)
}

// marksComeFirst looks for the mark of whatever is seen while others write.
func marksComeFirst(t *testing.T, s feed.Store) {
	author, done := somebody(), make(chan struct{})
	var posts []feed.Post
	marked := map[id.Post][]feed.Mark{}
	for i := range 15 {
		p := newPost(author, someTime().Add(time.Duration(i)*time.Second))
		p.Owed = true
		posts, marked[p.ID] = append(posts, p), []feed.Mark{markOf(p.ID), markOf(p.ID)}
	}
	k := feed.ActKey{Kind: feed.Like, ID: "bob"}
	check := func() (whole int) {
		for _, p := range posts {
			threads, err := s.Threads(t.Context(), []id.Post{p.ID})
			if err != nil {
				t.Error(err)
				return 0
			}
			if len(threads) == 0 {
				continue
			}
			owed := 1 + len(threads[0].Acts)
			there := marksOf(t, s, p.ID)
			for _, m := range marked[p.ID][:owed] {
				if !slices.Contains(there, m) {
					t.Errorf("%s is owed %d, its marks are %v", p.ID, owed, there)
				}
			}
			for _, list := range []func() ([]id.Post, error){
				func() ([]id.Post, error) { return s.Timeline(t.Context(), author, "", 100) },
				func() ([]id.Post, error) { return s.Profile(t.Context(), author, "", 100) },
			} {
				if refs, err := list(); err != nil || !slices.Contains(refs, p.ID) {
					t.Errorf("%s is there, its author's references are %v (%v)", p.ID, refs, err)
				}
			}
			if owed == 2 {
				whole++
			}
		}
		return whole
	}
	together(2, func(i int) {
		if i == 0 {
			defer close(done)
			for _, p := range posts {
				if err := s.CreatePost(t.Context(), p, marked[p.ID][0]); err != nil {
					t.Error(err)
				}
				if _, err := s.ChangeAct(t.Context(), p.ID, k, marked[p.ID][1], like); err != nil {
					t.Error(err)
				}
			}
			return
		}
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			check()
		}
	})
	same(t, check(), len(posts))
}

// zeroMark: who carries out what is owed changes things and owes nothing new.
func zeroMark(t *testing.T, s feed.Store) {
	p := newPost(somebody(), someTime())
	m := markOf(p.ID)
	must(t, s.CreatePost(t.Context(), p, m))
	_, err := s.ChangePost(t.Context(), p.ID, feed.Mark{}, func(p *feed.Post) error { p.Text = "new"; return nil })
	must(t, err)
	_, err = s.ChangeAct(t.Context(), p.ID, feed.ActKey{Kind: feed.Like, ID: "bob"}, feed.Mark{}, like)
	must(t, err)
	same(t, thread(t, s, p.ID).Text, "new")
	same(t, marksOf(t, s, p.ID), []feed.Mark{m})
	for shard := range feed.Shards {
		all, err := s.Marks(t.Context(), shard, 1<<20)
		must(t, err)
		for _, m := range all {
			if m.ID == (uuid.UUID{}) {
				t.Fatalf("shard %d has %v", shard, m)
			}
		}
	}
}

func markOf(p id.Post) feed.Mark { return feed.Mark{ID: uuid.Must(uuid.NewV7()), Post: p} }

// allMarks are those of a post's shard, whoever they are of.
func allMarks(t *testing.T, s feed.Store, p id.Post) []feed.Mark {
	t.Helper()
	all, err := s.Marks(t.Context(), feed.Shard(p), 1<<20)
	must(t, err)
	return all
}

// marksOf are those of one post.
func marksOf(t *testing.T, s feed.Store, p id.Post) []feed.Mark {
	t.Helper()
	return slices.DeleteFunc(allMarks(t, s, p), func(m feed.Mark) bool { return m.Post != p })
}
