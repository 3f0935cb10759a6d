package storagetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

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
