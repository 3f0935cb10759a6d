package feed_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// A cut lets so many writes through and then none, as if the process had died.
// The one in between is stored or not, without an answer.
type cut struct {
	h      *house
	mu     sync.Mutex
	left   int
	stored bool
}

var errCut = fmt.Errorf("%w: cut", fault.Unavailable)

func (c *cut) write(do func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock() // so that what comes first is the same at each step
	c.left--
	if c.left > 0 {
		return do()
	}
	if c.left == 0 && c.stored {
		if err := do(); err != nil {
			return err
		}
	}
	return errCut
}

func (c *cut) Append(ctx context.Context, s id.Stream, d stream.Draft) (r stream.Receipt, err error) {
	err = c.write(func() (err error) { r, err = c.h.seq.Append(ctx, s, d); return err })
	if errors.Is(err, errCut) {
		r = stream.Receipt{}
	}
	return r, err
}

func (c *cut) Redact(ctx context.Context, s id.Stream, seq id.Seq, kind stream.Kind, body json.RawMessage) error {
	return c.write(func() error { return c.h.store.Redact(ctx, s, seq, kind, body) })
}

type cutStore struct {
	feed.Store
	c *cut
}

func (s cutStore) CreatePost(ctx context.Context, p feed.Post, m feed.Mark) error {
	return s.c.write(func() error { return s.Store.CreatePost(ctx, p, m) })
}

func (s cutStore) ChangePost(ctx context.Context, p id.Post, m feed.Mark, change func(*feed.Post) error) (got feed.Post, err error) {
	err = s.c.write(func() (err error) { got, err = s.Store.ChangePost(ctx, p, m, change); return err })
	return got, err
}

func (s cutStore) ChangeAct(ctx context.Context, p id.Post, k feed.ActKey, m feed.Mark, change func(*feed.Act) error) (got feed.Act, err error) {
	err = s.c.write(func() (err error) { got, err = s.Store.ChangeAct(ctx, p, k, m, change); return err })
	return got, err
}

func (s cutStore) DropPost(ctx context.Context, author id.User, p id.Post) error {
	return s.c.write(func() error { return s.Store.DropPost(ctx, author, p) })
}

func (s cutStore) DropActs(ctx context.Context, p id.Post, keys []feed.ActKey) error {
	return s.c.write(func() error { return s.Store.DropActs(ctx, p, keys) })
}

func (s cutStore) Refer(ctx context.Context, p id.Post, viewers []id.User) error {
	return s.c.write(func() error { return s.Store.Refer(ctx, p, viewers) })
}

func (s cutStore) Fill(ctx context.Context, viewer id.User, posts []id.Post) error {
	return s.c.write(func() error { return s.Store.Fill(ctx, viewer, posts) })
}

func (s cutStore) PutTold(ctx context.Context, p id.Post, told []feed.Told) error {
	return s.c.write(func() error { return s.Store.PutTold(ctx, p, told) })
}

func (s cutStore) DropTold(ctx context.Context, p id.Post, entries []uuid.UUID) error {
	return s.c.write(func() error { return s.Store.DropTold(ctx, p, entries) })
}

func (s cutStore) DropMarks(ctx context.Context, marks []feed.Mark) error {
	return s.c.write(func() error { return s.Store.DropMarks(ctx, marks) })
}

// A scenario is something that can be done, with the moment it is done to.
type scenario struct {
	name  string
	given func(g *group) // before
	act   func(s *feed.Service, g *group) error
	least int // writes it takes
}

// A group is ann with the friends bea, cyd and dov, of whom bea and cyd are
// friends, and a post of ann's.
type group struct {
	*house
	suffix             string
	ann, bea, cyd, dov id.User
	p                  id.Post
	c, reply           id.Comment
}

func (h *house) group(n int) *group {
	suffix := fmt.Sprintf(".%d", n)
	g := &group{h, suffix, id.User("ann" + suffix), id.User("bea" + suffix), id.User("cyd" + suffix), id.User("dov" + suffix), "", "", ""}
	h.befriend(g.ann, g.bea, g.cyd, g.dov)
	h.befriend(g.bea, g.cyd)
	g.p = h.post(g.ann, "p", forFriends)
	h.like(g.bea, g.p)
	g.c = h.say(g.cyd, g.p, "first", "")
	g.reply = h.say(g.bea, g.p, "second", g.c)
	return g
}

// outcome is all that anybody can see.
func (g *group) outcome() string {
	var b strings.Builder
	for _, u := range []id.User{g.ann, g.bea, g.cyd, g.dov} {
		fmt.Fprintf(&b, "\n%s heard %q and sees", u, g.heard(u))
		for _, m := range g.timeline(u, 2) {
			fmt.Fprintf(&b, " [%s %v", m.Text, m.Mentions)
			for _, l := range m.Likes {
				fmt.Fprintf(&b, " +%s", l.User)
			}
			for _, c := range m.Comments {
				fmt.Fprintf(&b, " %s:%s", c.From, c.Text)
			}
			if m.Audience != nil {
				fmt.Fprintf(&b, " for %v", *m.Audience)
			}
			b.WriteString("]")
		}
	}
	return strings.ReplaceAll(b.String(), g.suffix, "")
}

var scenarios = []scenario{
	{"post", func(*group) {}, func(s *feed.Service, g *group) error {
		_, err := s.Post(context.Background(), g.ann, feed.Draft{Text: "q", Audience: forFriends, Mentions: []string{string(g.bea), string(g.dov)}})
		return err
	}, 7},
	{"post a diary", func(*group) {}, func(s *feed.Service, g *group) error {
		_, err := s.Post(context.Background(), g.ann, feed.Draft{Text: "q", Audience: forNobody})
		return err
	}, 3},
	{"like", func(*group) {}, func(s *feed.Service, g *group) error {
		return s.Like(context.Background(), g.cyd, string(g.p))
	}, 6},
	{"unlike", func(*group) {}, func(s *feed.Service, g *group) error {
		return s.Unlike(context.Background(), g.bea, string(g.p))
	}, 6},
	{"like again", func(g *group) { good(g.t, g.Unlike(context.Background(), g.bea, string(g.p))); g.Settled() }, func(s *feed.Service, g *group) error {
		return s.Like(context.Background(), g.bea, string(g.p))
	}, 6},
	{"comment", func(*group) {}, func(s *feed.Service, g *group) error {
		_, err := s.Comment(context.Background(), g.cyd, string(g.p), "third", string(g.reply))
		return err
	}, 7},
	{"delete a comment", func(*group) {}, func(s *feed.Service, g *group) error {
		return s.DeleteComment(context.Background(), g.cyd, string(g.p), string(g.c))
	}, 12},
	{"mute", func(*group) {}, func(s *feed.Service, g *group) error {
		return s.MuteAbout(context.Background(), g.ann, string(g.p))
	}, 2},
	{"narrow the audience", func(*group) {}, func(s *feed.Service, g *group) error {
		_, err := s.SetAudience(context.Background(), g.ann, string(g.p), except([]id.User{g.bea}))
		return err
	}, 4},
	{"open a diary", func(g *group) { g.p = g.post(g.ann, "diary", forNobody) }, func(s *feed.Service, g *group) error {
		_, err := s.SetAudience(context.Background(), g.ann, string(g.p), forFriends)
		return err
	}, 4},
	{"delete", func(g *group) {
		g.p = g.draft(g.ann, feed.Draft{Text: "q", Audience: forFriends, Mentions: []string{string(g.bea)}}).ID
		g.like(g.cyd, g.p)
		g.say(g.bea, g.p, "bye", "")
	}, func(s *feed.Service, g *group) error {
		return s.Delete(context.Background(), g.ann, string(g.p))
	}, 12},
}

// However something is cut off, at whichever write, and whether that was stored:
// once somebody has swept, it was done, or was never begun. What was answered was done.
func TestWhatWasCutOffIsFinished(t *testing.T) {
	h, n := open(t), 0
	begin := func(sc scenario) *group {
		n++
		g := h.group(n)
		sc.given(g)
		return g
	}
	for _, sc := range scenarios {
		undone := begin(sc).outcome()
		g := begin(sc)
		good(t, sc.act(h.Service, g))
		h.quiet()
		done := g.outcome()
		if (done == undone) != (sc.name == "mute") {
			t.Fatalf("%s changes nothing: %s", sc.name, done)
		}
		for step := 1; ; step++ {
			whole := false
			for _, stored := range []bool{false, true} {
				g := begin(sc)
				k := &cut{h: h, left: step, stored: stored}
				h.opt.Failed = func(error) {}
				node := h.node(cutStore{h.store, k}, k, k)
				err := sc.act(node, g)
				if err != nil && !errors.Is(err, errCut) {
					t.Fatal(err)
				}
				node.Settled()
				if whole = k.left > 0; whole {
					break
				}
				h.opt.Failed = h.failed
				h.advance(time.Hour)
				h.Sweep(t.Context())
				h.quiet()
				got := g.outcome()
				if got != done && (err == nil || stored && step == 1 || got != undone) {
					t.Fatalf("%s, cut at write %d (stored: %v, answer: %v)\n got %s\nwant %s", sc.name, step, stored, err, got, done)
				}
				h.Sweep(t.Context())
				if again := g.outcome(); again != got {
					t.Fatalf("%s: sweeping again changes\n%s\nto %s", sc.name, got, again)
				}
			}
			if whole {
				if step-1 < sc.least {
					t.Fatalf("%s took only %d writes", sc.name, step-1)
				}
				break
			}
		}
	}
}

// A friendship is filled again until it is whole.
func TestABackFillThatWasCutOff(t *testing.T) {
	h := open(t)
	h.post("ann", "of ann", forFriends)
	h.post("ben", "of ben", forFriends)
	for _, stored := range []bool{false, true} {
		for step := range 2 {
			k := &cut{h: h, left: step + 1, stored: stored}
			if err := h.node(cutStore{h.store, k}, k, k).Befriended(t.Context(), "ann", "ben"); !errors.Is(err, errCut) {
				t.Fatal(err)
			}
		}
	}
	good(t, h.Befriended(t.Context(), "ann", "ben"))
	for _, u := range []id.User{"ann", "ben"} {
		refs, err := h.store.Timeline(t.Context(), u, "", 10)
		good(t, err)
		if len(refs) != 2 {
			t.Fatalf("%s has %d references", u, len(refs))
		}
	}
}

// What takes longer than one attempt may take gets further with each.
func TestAPostOfWhichMuchWasTold(t *testing.T) {
	h := open(t)
	h.befriend("ann", "bea")
	p := h.post("ann", "x", forFriends)
	for i := range 600 {
		c := feed.ActKey{Kind: feed.Comment, ID: string(id.NewComment(h.clock()))}
		_, err := h.store.ChangeAct(ctx(h), p, c, feed.Mark{ID: id.NewEntry(h.clock()), Post: p}, func(a *feed.Act) error {
			a.From, a.At, a.Text, a.On, a.Turn, a.Owed = "bea", h.clock(), fmt.Sprint(i), true, 1, true
			return nil
		})
		good(t, err)
	}
	h.advance(time.Hour)
	h.Sweep(ctx(h)) // more marks of one shard than are read at a time
	h.quiet()
	if n := len(h.heard("ann")); n != 600 {
		t.Fatalf("ann heard of %d", n)
	}
	h.opt.Failed = func(error) {}
	good(t, h.node(cutStore{h.store, &cut{h: h, left: 2}}, h.seq, h.store).Delete(ctx(h), "ann", string(p)))
	h.advance(time.Hour)
	last := 600
	for last > 0 {
		k := &cut{h: h, left: 600} // appends and redactions, two for each
		h.node(cutStore{h.store, k}, k, k).Sweep(ctx(h))
		told, err := h.store.ToldOf(ctx(h), p)
		good(t, err)
		if len(told) >= last {
			t.Fatalf("%d were told, and after one more attempt %d", last, len(told))
		}
		last = len(told)
	}
	h.Sweep(ctx(h))
	h.quiet()
	equal(t, h.heard("ann"), nil)
}

// A node whose clock was moved does not bury what is being posted elsewhere.
func TestAMovedClockBuriesNothing(t *testing.T) {
	h := open(t)
	p := feed.Post{ID: id.NewPost(h.clock()), Author: "ann", At: h.now, Text: "x", Audience: forFriends}
	like := feed.ActKey{Kind: feed.Like, ID: "ann"}
	_, err := h.store.ChangeAct(ctx(h), p.ID, like, feed.Mark{ID: id.NewEntry(h.clock()), Post: p.ID}, func(a *feed.Act) error {
		a.From, a.At, a.On, a.Turn = "ann", h.now, true, 1
		return nil
	})
	good(t, err)
	h.opt.Now = func() time.Time { return h.clock().AddDate(1, 0, 0) }
	h.node(h.store, h.seq, h.store).Sweep(ctx(h))
	good(t, h.store.CreatePost(ctx(h), p, feed.Mark{ID: id.NewEntry(h.clock()), Post: p.ID}))
	threads, err := h.store.Threads(ctx(h), []id.Post{p.ID})
	good(t, err)
	if len(threads) != 1 || len(threads[0].Acts) != 1 {
		t.Fatalf("what is left is %+v", threads)
	}
}
