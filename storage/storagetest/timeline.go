package storagetest

import (
	"fmt"
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

func timelines(t *testing.T, open func(t *testing.T) feed.Store) {
	for name, run := range map[string]func(*testing.T, feed.Store){
		"a timeline is read in pages, newest first":    timelinePages,
		"a profile is read in pages, newest first":     profilePages,
		"references are put and taken again and again": referencesRepeat,
		"a list is its owner's":                        listsAreTheirOwners,
		"pages are stable while others write":          pagesAreStable,
		"a post reaches many at once":                  referMany,
		"any walk over a timeline agrees with a list":  timelineWalk,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

func wantTimeline(t *testing.T, s feed.Store, viewer id.User, want ...id.Post) {
	t.Helper()
	got, err := s.Timeline(t.Context(), viewer, "", len(want)+10)
	must(t, err)
	same(t, append([]id.Post{}, got...), append([]id.Post{}, want...))
}

func wantProfile(t *testing.T, s feed.Store, author id.User, want ...id.Post) {
	t.Helper()
	got, err := s.Profile(t.Context(), author, "", len(want)+10)
	must(t, err)
	same(t, append([]id.Post{}, got...), append([]id.Post{}, want...))
}

// someTimes are of a few years, some at the very ends of months, newest first.
func someTimes() []time.Time {
	var all []time.Time
	for _, month := range []int{0, 1, 2, 13, 14, 40} {
		begin := time.Date(2023, time.Month(1+month), 1, 0, 0, 0, 0, time.UTC)
		all = append(all, begin.Add(-time.Millisecond), begin, begin.Add(time.Millisecond), begin.AddDate(0, 0, 9))
	}
	slices.SortFunc(all, func(a, b time.Time) int { return b.Compare(a) })
	return all
}

// inPages reads a list whole, in pages of every size.
func inPages(t *testing.T, want []id.Post, read func(before id.Post, limit int) ([]id.Post, error)) {
	t.Helper()
	for _, limit := range []int{1, 2, 3, 7, len(want) - 1, len(want), len(want) + 1} {
		var got []id.Post
		for before := id.Post(""); ; {
			page, err := read(before, limit)
			must(t, err)
			if got = append(got, page...); len(page) > limit || len(got) > len(want) {
				t.Fatalf("%d posts in a page of %d, %d in all, there are %d", len(page), limit, len(got), len(want))
			}
			if len(page) < limit {
				break
			}
			before = page[len(page)-1]
		}
		same(t, got, want)
	}
	for i, p := range want {
		page, err := read(p, 2)
		must(t, err)
		same(t, append([]id.Post{}, page...), append([]id.Post{}, want[i+1:min(i+3, len(want))]...))
	}
	page, err := read(id.NewPost(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)), 1)
	must(t, err)
	same(t, page, want[:1])
	page, err = read(id.NewPost(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)), 5)
	must(t, err)
	same(t, len(page), 0)
	page, err = read("", 0)
	must(t, err)
	same(t, len(page), 0)
}

func timelinePages(t *testing.T, s feed.Store) {
	viewer := somebody()
	var want []id.Post
	for _, at := range someTimes() {
		want = append(want, id.NewPost(at))
	}
	shuffled := slices.Clone(want)
	rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, p := range shuffled[:10] {
		must(t, s.Refer(t.Context(), p, []id.User{viewer}))
	}
	must(t, s.Fill(t.Context(), viewer, shuffled[10:]))
	inPages(t, want, func(before id.Post, limit int) ([]id.Post, error) {
		return s.Timeline(t.Context(), viewer, before, limit)
	})
	wantProfile(t, s, viewer)
}

func profilePages(t *testing.T, s feed.Store) {
	author := somebody()
	var want []id.Post
	for _, at := range someTimes() {
		p := newPost(author, at)
		must(t, s.CreatePost(t.Context(), p, markOf(p.ID)))
		want = append(want, p.ID)
	}
	inPages(t, want, func(before id.Post, limit int) ([]id.Post, error) {
		return s.Profile(t.Context(), author, before, limit)
	})
	inPages(t, want, func(before id.Post, limit int) ([]id.Post, error) {
		return s.Timeline(t.Context(), author, before, limit)
	})
}

func referencesRepeat(t *testing.T, s feed.Store) {
	a, b, ctx := somebody(), somebody(), t.Context()
	one, two := id.NewPost(someTime()), id.NewPost(someTime().AddDate(0, 2, 0))
	for range 3 {
		for range 2 {
			must(t, s.Refer(ctx, one, []id.User{a, b, a}))
			must(t, s.Fill(ctx, b, []id.Post{two, one, two}))
			wantTimeline(t, s, a, one)
			wantTimeline(t, s, b, two, one)
		}
		for range 2 {
			must(t, s.Unrefer(ctx, b, []id.Post{one, id.NewPost(someTime())}))
			must(t, s.Unrefer(ctx, a, []id.Post{one}))
			wantTimeline(t, s, a)
			wantTimeline(t, s, b, two)
		}
	}
}

func listsAreTheirOwners(t *testing.T, s feed.Store) {
	p := posted(t, s)
	for _, stranger := range []id.User{somebody(), p.Author + "a", p.Author[:len(p.Author)-1]} {
		wantTimeline(t, s, stranger)
		wantProfile(t, s, stranger)
		must(t, s.Unrefer(t.Context(), stranger, []id.Post{p.ID}))
	}
	wantTimeline(t, s, p.Author, p.ID)
	wantProfile(t, s, p.Author, p.ID)
}

// pagesAreStable pages through a timeline while newer and older references come
// and others go: what was there all the time is read once.
func pagesAreStable(t *testing.T, s feed.Store) {
	viewer, at := somebody(), someTime()
	var stay, leave, come []id.Post
	for i := range 60 {
		p := id.NewPost(at.Add(-time.Duration(i) * 9 * time.Hour))
		switch i % 3 {
		case 0:
			stay = append(stay, p)
		case 1:
			leave = append(leave, p)
		default:
			come = append(come, p)
		}
	}
	must(t, s.Fill(t.Context(), viewer, slices.Concat(stay, leave)))
	var read []id.Post
	together(2, func(i int) {
		if i == 0 {
			for n := range come {
				if err := s.Unrefer(t.Context(), viewer, leave[n:n+1]); err != nil {
					t.Error(err)
				}
				if err := s.Refer(t.Context(), come[n], []id.User{viewer}); err != nil {
					t.Error(err)
				}
			}
			return
		}
		for before := id.Post(""); ; {
			page, err := s.Timeline(t.Context(), viewer, before, 3)
			if err != nil {
				t.Error(err)
			}
			if len(page) == 0 || len(read) > 60 {
				return
			}
			read = append(read, page...)
			before = page[len(page)-1]
		}
	})
	if !slices.IsSortedFunc(read, newestFirst) || len(slices.Compact(slices.Clone(read))) != len(read) {
		t.Fatalf("read in no order, or twice: %v", read)
	}
	same(t, slices.DeleteFunc(read, func(p id.Post) bool { return !slices.Contains(stay, p) }), stay)
	all := slices.Concat(stay, come)
	slices.SortFunc(all, newestFirst)
	wantTimeline(t, s, viewer, all...)
}

func newestFirst(a, b id.Post) int { return slices.Compare([]byte(b), []byte(a)) }

func referMany(t *testing.T, s feed.Store) {
	prefix := somebody()
	var viewers []id.User
	for i := range 700 {
		viewers = append(viewers, id.User(fmt.Sprint(prefix, "-", i)))
	}
	posts := []id.Post{id.NewPost(someTime().AddDate(0, 1, 0)), id.NewPost(someTime())}
	together(2, func(i int) {
		if err := s.Refer(t.Context(), posts[i], viewers); err != nil {
			t.Error(err)
		}
	})
	for _, i := range []int{0, 1, 10, 77, 699} {
		wantTimeline(t, s, viewers[i], posts...)
	}
	wantTimeline(t, s, prefix+"-700")
}

// timelineWalk makes random changes and compares with a sorted list after each.
func timelineWalk(t *testing.T, s feed.Store) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	viewer := somebody()
	var posts []id.Post
	for i := range 12 {
		posts = append(posts, id.NewPost(someTime().AddDate(0, i/3, i)))
	}
	there := map[id.Post]bool{}
	for range 40 {
		some := posts[:r.IntN(len(posts))]
		r.Shuffle(len(posts), func(i, j int) { posts[i], posts[j] = posts[j], posts[i] })
		put := r.IntN(2) == 0
		if put {
			must(t, s.Fill(t.Context(), viewer, some))
		} else {
			must(t, s.Unrefer(t.Context(), viewer, some))
		}
		for _, p := range some {
			there[p] = put
		}
		want := []id.Post{}
		for _, p := range posts {
			if there[p] {
				want = append(want, p)
			}
		}
		slices.SortFunc(want, newestFirst)
		wantTimeline(t, s, viewer, want...)
		before, limit := posts[0], 1+r.IntN(4)
		got, err := s.Timeline(t.Context(), viewer, before, limit)
		must(t, err)
		want = slices.DeleteFunc(want, func(p id.Post) bool { return p >= before })
		same(t, append([]id.Post{}, got...), want[:min(limit, len(want))])
	}
}
