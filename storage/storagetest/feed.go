package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// Feed holds a backend to the contract of feed.Store. Each test makes people and
// posts of its own, so the stores may be one and hold other things too.
func Feed(t *testing.T, open func(t *testing.T) feed.Store) {
	for name, run := range map[string]func(*testing.T, feed.Store){
		"a post is found as it was created":               postIsKept,
		"what nobody posted is unknown":                   postIsUnknown,
		"creating again changes nothing":                  creatingAgain,
		"a post is found as it was changed":               postIsChanged,
		"a post's change that fails or alters nothing":    noPostChange,
		"a post's change is one step":                     postChangeIsOneStep,
		"an act is found as it was changed":               actIsKept,
		"an act's change that fails or alters nothing":    noActChange,
		"an act's change is one step":                     actChangeIsOneStep,
		"acts of many beside changes of the post":         actsBesideEachOther,
		"acts are in the order of their keys":             actsInOrder,
		"acts are forgotten one by one":                   actsAreDropped,
		"an act without a post is seen by nobody":         actWithoutPost,
		"threads come in the order asked":                 threadsInOrder,
		"a post is forgotten with all that belongs to it": postIsDropped,
		"changes and forgetting race without a post left": changesRaceDrop,
		"what was told is noted, placed and forgotten":    toldComesAndGoes,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
	t.Run("Marks", func(t *testing.T) { marks(t, open) })
	t.Run("Timelines", func(t *testing.T) { timelines(t, open) })
}

// newPost is a plain post of somebody, at a time.
func newPost(author id.User, at time.Time) feed.Post {
	return feed.Post{ID: id.NewPost(at), Author: author, At: at, Text: "tea", Audience: feed.Audience{Kind: feed.Friends, Mode: feed.Live}}
}

// posted creates a plain post.
func posted(t *testing.T, s feed.Store) feed.Post {
	t.Helper()
	p := newPost(somebody(), someTime())
	must(t, s.CreatePost(t.Context(), p, markOf(p.ID)))
	return p
}

func thread(t *testing.T, s feed.Store, p id.Post) feed.Thread {
	t.Helper()
	threads, err := s.Threads(t.Context(), []id.Post{p})
	must(t, err)
	if len(threads) != 1 {
		t.Fatalf("%d threads of %s", len(threads), p)
	}
	return threads[0]
}

func noThread(t *testing.T, s feed.Store, p id.Post) {
	t.Helper()
	threads, err := s.Threads(t.Context(), []id.Post{p})
	must(t, err)
	if len(threads) != 0 {
		t.Fatalf("there is %v", threads)
	}
}

func isUnknownPost(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, feed.ErrUnknown) {
		t.Fatalf("got %v, want ErrUnknown", err)
	}
}

// wholePost has something in every field.
func wholePost() feed.Post {
	p := newPost(somebody(), someTime())
	p.Text = "\"hi\" \\ 你好\n🫖"
	p.Media = []feed.Medium{{ID: id.NewMedia(), Type: "image/jpeg", Width: 4000, Height: 3000, Placeholder: "LEHV6nWB2yk8"}, {ID: id.NewMedia(), Type: "video/mp4"}}
	p.Location = &feed.Location{Lat: 31.2304, Lng: -121.4737, Name: "茶館"}
	p.Mentions = []id.User{"bob", "ann"}
	p.Audience = feed.Audience{Kind: feed.Except, Users: []id.User{"cyd"}, Tags: []string{"kin", "tea 茶"}, Mode: feed.Snapshot, Frozen: []id.User{"ann", "bob"}}
	p.Deleted, p.Owed = true, true
	return p
}

func postIsKept(t *testing.T, s feed.Store) {
	p, ctx := wholePost(), t.Context()
	must(t, s.CreatePost(ctx, p, markOf(p.ID)))
	same(t, thread(t, s, p.ID), feed.Thread{Post: p})
	for _, list := range []func() ([]id.Post, error){
		func() ([]id.Post, error) { return s.Timeline(ctx, p.Author, "", 10) },
		func() ([]id.Post, error) { return s.Profile(ctx, p.Author, "", 10) },
	} {
		got, err := list()
		must(t, err)
		same(t, got, []id.Post{p.ID})
	}
	plain := posted(t, s)
	same(t, thread(t, s, plain.ID), feed.Thread{Post: plain})
}

func postIsUnknown(t *testing.T, s feed.Store) {
	p, u, ctx := id.NewPost(someTime()), somebody(), t.Context()
	_, err := s.ChangePost(ctx, p, markOf(p), func(*feed.Post) error { t.Error("changed nothing"); return nil })
	isUnknownPost(t, err)
	noThread(t, s, p)
	threads, err := s.Threads(ctx, nil)
	must(t, err)
	same(t, len(threads), 0)
	told, err := s.ToldOf(ctx, p)
	must(t, err)
	same(t, len(told), 0)
	wantTimeline(t, s, u)
	wantProfile(t, s, u)
	for range 2 {
		must(t, s.DropPost(ctx, u, p))
		must(t, s.DropActs(ctx, p, []feed.ActKey{{Kind: feed.Like, ID: "bob"}}))
		must(t, s.DropActs(ctx, p, nil))
		must(t, s.DropTold(ctx, p, []uuid.UUID{uuid.Must(uuid.NewV7())}))
		must(t, s.DropTold(ctx, p, nil))
		must(t, s.PutTold(ctx, p, nil))
		must(t, s.DropMarks(ctx, []feed.Mark{markOf(p)}))
		must(t, s.DropMarks(ctx, nil))
		must(t, s.Refer(ctx, p, nil))
		must(t, s.Fill(ctx, u, nil))
		must(t, s.Unrefer(ctx, u, nil))
		must(t, s.Unrefer(ctx, u, []id.Post{p}))
	}
	noThread(t, s, p)
	wantTimeline(t, s, u)
}

func creatingAgain(t *testing.T, s feed.Store) {
	p := posted(t, s)
	changed, err := s.ChangePost(t.Context(), p.ID, markOf(p.ID), func(p *feed.Post) error { p.Deleted = true; return nil })
	must(t, err)
	must(t, s.CreatePost(t.Context(), p, markOf(p.ID)))
	same(t, thread(t, s, p.ID), feed.Thread{Post: changed})
	wantTimeline(t, s, p.Author, p.ID)
}

func postIsChanged(t *testing.T, s feed.Store) {
	was, want := posted(t, s), wholePost()
	want.ID, want.Author = was.ID, was.Author
	for _, to := range []feed.Post{want, was} {
		got, err := s.ChangePost(t.Context(), was.ID, markOf(was.ID), func(p *feed.Post) error { *p = to; return nil })
		must(t, err)
		same(t, got, to)
		same(t, thread(t, s, was.ID), feed.Thread{Post: to})
	}
	// Nobody else's: which post it is cannot be changed.
	got, err := s.ChangePost(t.Context(), was.ID, markOf(was.ID), func(p *feed.Post) error {
		p.ID, p.Author, p.Text = id.NewPost(someTime()), "mallory", "new"
		return nil
	})
	must(t, err)
	was.Text = "new"
	same(t, got, was)
	same(t, thread(t, s, was.ID), feed.Thread{Post: was})
}

func noPostChange(t *testing.T, s feed.Store) {
	p, no := posted(t, s), errors.New("no")
	_, err := s.ChangePost(t.Context(), p.ID, markOf(p.ID), func(p *feed.Post) error { p.Text = "changed"; return no })
	if !errors.Is(err, no) {
		t.Fatalf("got %v, want the change's own error", err)
	}
	m := markOf(p.ID)
	got, err := s.ChangePost(t.Context(), p.ID, m, func(got *feed.Post) error { same(t, *got, p); return nil })
	must(t, err)
	same(t, got, p)
	same(t, thread(t, s, p.ID), feed.Thread{Post: p})
	if slices.Contains(allMarks(t, s, p.ID), m) {
		t.Fatal("a change that alters nothing left a mark")
	}
}

func postChangeIsOneStep(t *testing.T, s feed.Store) {
	p := posted(t, s)
	const writers, each = 4, 5
	together(writers, func(int) {
		for range each {
			if _, err := s.ChangePost(t.Context(), p.ID, markOf(p.ID), func(p *feed.Post) error { p.Text += "+"; return nil }); err != nil {
				t.Error(err)
			}
		}
	})
	p.Text += strings.Repeat("+", writers*each)
	same(t, thread(t, s, p.ID), feed.Thread{Post: p})
	same(t, len(marksOf(t, s, p.ID)), writers*each+1)
}

func threadsInOrder(t *testing.T, s feed.Store) {
	var posts []feed.Post
	for i := range 12 {
		p := newPost(somebody(), someTime().Add(time.Duration(i)*time.Hour))
		must(t, s.CreatePost(t.Context(), p, markOf(p.ID)))
		posts = append(posts, p)
	}
	var asked []id.Post
	var want []feed.Thread
	for i := range posts {
		p := posts[i*5%len(posts)]
		a := acted(t, s, p.ID, feed.ActKey{Kind: feed.Like, ID: fmt.Sprint("u", i)}, like)
		asked = append(asked, p.ID, id.NewPost(someTime()))
		want = append(want, feed.Thread{Post: p, Acts: []feed.Act{a}})
	}
	got, err := s.Threads(t.Context(), asked)
	must(t, err)
	same(t, got, want)
}

func postIsDropped(t *testing.T, s feed.Store) {
	p, other, ctx := posted(t, s), posted(t, s), t.Context()
	friend, second := somebody(), newPost(p.Author, someTime().Add(time.Minute))
	must(t, s.CreatePost(ctx, second, markOf(second.ID)))
	must(t, s.Refer(ctx, p.ID, []id.User{friend}))
	k := feed.ActKey{Kind: feed.Like, ID: "bob"}
	acted(t, s, p.ID, k, like)
	kept := acted(t, s, other.ID, k, like)
	must(t, s.PutTold(ctx, p.ID, []feed.Told{{Entry: uuid.Must(uuid.NewV7()), To: "ann"}}))
	for range 2 {
		must(t, s.DropPost(ctx, p.Author, p.ID))
		noThread(t, s, p.ID)
		told, err := s.ToldOf(ctx, p.ID)
		must(t, err)
		same(t, len(told), 0)
		wantTimeline(t, s, p.Author, second.ID)
		wantProfile(t, s, p.Author, second.ID)
		wantTimeline(t, s, friend, p.ID) // what points to nothing does no harm
		_, err = s.ChangePost(ctx, p.ID, markOf(p.ID), func(p *feed.Post) error { p.Text = "back"; return nil })
		isUnknownPost(t, err)
		acted(t, s, p.ID, k, like) // by somebody who looked before
		noThread(t, s, p.ID)
	}
	must(t, s.DropPost(ctx, "", p.ID)) // whose it was is not known any more
	noThread(t, s, p.ID)
	same(t, thread(t, s, other.ID), feed.Thread{Post: other, Acts: []feed.Act{kept}})
}

func changesRaceDrop(t *testing.T, s feed.Store) {
	for range 10 {
		p := posted(t, s)
		together(3, func(i int) {
			var err error
			switch i {
			case 0:
				err = s.DropPost(t.Context(), p.Author, p.ID)
			case 1:
				_, err = s.ChangePost(t.Context(), p.ID, markOf(p.ID), func(p *feed.Post) error { p.Text += "+"; return nil })
			default:
				_, err = s.ChangeAct(t.Context(), p.ID, feed.ActKey{Kind: feed.Like, ID: "bob"}, markOf(p.ID), like)
			}
			if err != nil && !errors.Is(err, feed.ErrUnknown) {
				t.Error(err)
			}
		})
		noThread(t, s, p.ID)
	}
}

func toldComesAndGoes(t *testing.T, s feed.Store) {
	p, other, ctx := posted(t, s), posted(t, s), t.Context()
	var want []feed.Told
	for i := range 20 {
		want = append(want, feed.Told{Entry: uuid.Must(uuid.NewV7()), To: id.User(fmt.Sprint("u", i))})
	}
	want[1].About, want[1].Turn = feed.ActKey{Kind: feed.Comment, ID: string(id.NewComment(someTime()))}, 2
	check := func() {
		t.Helper()
		got, err := s.ToldOf(ctx, p.ID)
		must(t, err)
		slices.SortFunc(got, func(a, b feed.Told) int { return slices.Compare(a.Entry[:], b.Entry[:]) })
		same(t, got, want)
	}
	must(t, s.PutTold(ctx, p.ID, want))
	check()
	for i := range want[:10] {
		want[i].Seq = id.Seq(i + 1)
	}
	for range 2 {
		must(t, s.PutTold(ctx, p.ID, want[:10]))
		check()
	}
	gone := []uuid.UUID{want[3].Entry, want[4].Entry}
	want = slices.Delete(want, 3, 5)
	for range 2 {
		must(t, s.DropTold(ctx, p.ID, gone))
		check()
	}
	told, err := s.ToldOf(ctx, other.ID)
	must(t, err)
	same(t, len(told), 0)
	same(t, thread(t, s, p.ID), feed.Thread{Post: p})
}
