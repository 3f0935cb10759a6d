package storagetest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

func acted(t *testing.T, s feed.Store, p id.Post, k feed.ActKey, change func(*feed.Act) error) feed.Act {
	t.Helper()
	a, err := s.ChangeAct(t.Context(), p, k, markOf(p), change)
	must(t, err)
	return a
}

// like makes an act one of its user's that is on.
func like(a *feed.Act) error {
	a.From, a.At, a.On, a.Turn = id.User(a.ID), someTime(), true, a.Turn+1
	return nil
}

func actIsKept(t *testing.T, s feed.Store) {
	p, c := posted(t, s), id.NewComment(someTime())
	k := feed.ActKey{Kind: feed.Comment, ID: string(c)}
	want := feed.Act{
		Kind: k.Kind, ID: k.ID, From: "bob", At: someTime(), Text: "\"hi\" \\ 你好\n🫖",
		ReplyTo: &feed.Reply{ID: id.NewComment(someTime()), User: "cyd"}, On: true, Turn: 3, Owed: true,
	}
	got := acted(t, s, p.ID, k, func(a *feed.Act) error {
		same(t, *a, feed.Act{Kind: k.Kind, ID: k.ID})
		*a = want
		return nil
	})
	same(t, got, want)
	same(t, thread(t, s, p.ID), feed.Thread{Post: p, Acts: []feed.Act{want}})

	want.On, want.Owed, want.ReplyTo, want.Text = false, false, nil, ""
	got = acted(t, s, p.ID, k, func(a *feed.Act) error {
		*a = want
		a.Kind, a.ID = "", "other" // it stays the act it is
		return nil
	})
	same(t, got, want)
	same(t, thread(t, s, p.ID), feed.Thread{Post: p, Acts: []feed.Act{want}})
}

func noActChange(t *testing.T, s feed.Store) {
	p, k, no := posted(t, s), feed.ActKey{Kind: feed.Like, ID: "bob"}, errors.New("no")
	nothing := func(*feed.Act) error { return nil }
	same(t, acted(t, s, p.ID, k, nothing), feed.Act{Kind: k.Kind, ID: k.ID})
	same(t, thread(t, s, p.ID), feed.Thread{Post: p})

	was := acted(t, s, p.ID, k, like)
	same(t, acted(t, s, p.ID, k, nothing), was)
	_, err := s.ChangeAct(t.Context(), p.ID, k, markOf(p.ID), func(a *feed.Act) error { a.On = false; return no })
	if !errors.Is(err, no) {
		t.Fatalf("got %v, want the change's own error", err)
	}
	same(t, thread(t, s, p.ID), feed.Thread{Post: p, Acts: []feed.Act{was}})
}

func actChangeIsOneStep(t *testing.T, s feed.Store) {
	p, k := posted(t, s), feed.ActKey{Kind: feed.Like, ID: "bob"}
	const writers, each = 4, 5
	together(writers, func(int) {
		for range each {
			if _, err := s.ChangeAct(t.Context(), p.ID, k, markOf(p.ID), like); err != nil {
				t.Error(err)
			}
		}
	})
	same(t, thread(t, s, p.ID).Acts, []feed.Act{{Kind: k.Kind, ID: k.ID, From: "bob", At: someTime(), On: true, Turn: writers * each}})
}

func actsBesideEachOther(t *testing.T, s feed.Store) {
	p := posted(t, s)
	users := []id.User{"ann", "bob", "cyd", "dan", "eve", "fay"}
	together(len(users)+1, func(i int) {
		for range 3 {
			var err error
			if i == len(users) {
				_, err = s.ChangePost(t.Context(), p.ID, markOf(p.ID), func(p *feed.Post) error { p.Text += "+"; return nil })
			} else {
				_, err = s.ChangeAct(t.Context(), p.ID, feed.ActKey{Kind: feed.Like, ID: string(users[i])}, markOf(p.ID), like)
			}
			if err != nil {
				t.Error(err)
			}
		}
	})
	p.Text += "+++"
	want := feed.Thread{Post: p}
	for _, u := range users {
		want.Acts = append(want.Acts, feed.Act{Kind: feed.Like, ID: string(u), From: u, At: someTime(), On: true, Turn: 3})
	}
	same(t, thread(t, s, p.ID), want)
}

func actsInOrder(t *testing.T, s feed.Store) {
	p := posted(t, s)
	var want []feed.ActKey
	for i := range 4 {
		want = append(want, feed.ActKey{Kind: feed.Comment, ID: string(id.NewComment(someTime().Add(time.Duration(i) * time.Second)))})
	}
	for _, kind := range []string{feed.Like, feed.Mute} {
		for _, u := range []string{"a1", "ann", "ann-b", "ann.b", "ann0", "annb", "zed", strings.Repeat("z", 32)} {
			want = append(want, feed.ActKey{Kind: kind, ID: u})
		}
	}
	together(4, func(i int) {
		for n := i; n < len(want); n += 4 {
			if _, err := s.ChangeAct(t.Context(), p.ID, want[len(want)-1-n], markOf(p.ID), like); err != nil {
				t.Error(err)
			}
		}
	})
	var got []feed.ActKey
	for _, a := range thread(t, s, p.ID).Acts {
		got = append(got, a.Key())
	}
	same(t, got, want)
}

func actsAreDropped(t *testing.T, s feed.Store) {
	p := posted(t, s)
	ann, bob := feed.ActKey{Kind: feed.Like, ID: "ann"}, feed.ActKey{Kind: feed.Like, ID: "bob"}
	muted := feed.ActKey{Kind: feed.Mute, ID: "ann"}
	for _, k := range []feed.ActKey{ann, bob, muted} {
		acted(t, s, p.ID, k, like)
	}
	for range 2 {
		must(t, s.DropActs(t.Context(), p.ID, []feed.ActKey{ann, muted}))
		acts := thread(t, s, p.ID).Acts
		same(t, len(acts), 1)
		same(t, acts[0].Key(), bob)
	}
	// Done again, it begins anew.
	a := acted(t, s, p.ID, ann, func(a *feed.Act) error {
		same(t, *a, feed.Act{Kind: feed.Like, ID: "ann"})
		return like(a)
	})
	same(t, thread(t, s, p.ID).Acts[0], a)
	same(t, thread(t, s, p.ID).Post, p)
}

func actWithoutPost(t *testing.T, s feed.Store) {
	p := newPost(somebody(), someTime())
	a := acted(t, s, p.ID, feed.ActKey{Kind: feed.Like, ID: "bob"}, like)
	same(t, a.Turn, int64(1))
	noThread(t, s, p.ID)
	_, err := s.ChangePost(t.Context(), p.ID, markOf(p.ID), func(*feed.Post) error { return nil })
	isUnknownPost(t, err)
	must(t, s.DropPost(t.Context(), p.Author, p.ID))
}
