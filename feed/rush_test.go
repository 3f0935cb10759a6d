package feed_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// A rush is many people who do things to the same posts at once, on several nodes.
type rush struct {
	*house
	nodes []*feed.Service
	crowd []id.User
	posts []id.Post

	mu   sync.Mutex
	said map[id.Post][]feed.Said
}

func newRush(t *testing.T, store backend, round int) *rush {
	r := &rush{house: openOn(t, store), said: map[id.Post][]feed.Said{}}
	for i := range 5 {
		u := id.User(fmt.Sprintf("r%d-%d", i, round))
		r.befriend(u, r.crowd...)
		r.crowd = append(r.crowd, u)
	}
	for i := range 3 {
		r.posts = append(r.posts, r.post(r.crowd[0], fmt.Sprint(i), forFriends))
	}
	for range 3 {
		r.nodes = append(r.nodes, r.node(store, r.seq, store))
	}
	return r
}

// act does something as somebody; that what it is about is gone is fine.
func (r *rush) act(g *rand.Rand, s *feed.Service) error {
	ctx, u, i := context.Background(), r.crowd[g.IntN(len(r.crowd))], g.IntN(len(r.posts))
	p := r.posts[i]
	r.mu.Lock()
	said := slices.Clone(r.said[p])
	r.mu.Unlock()
	var err error
	switch n := g.IntN(20); {
	case n < 6:
		err = s.Like(ctx, u, string(p))
	case n < 11:
		err = s.Unlike(ctx, u, string(p))
	case n < 16 || len(said) == 0:
		to := ""
		if len(said) > 0 && g.IntN(2) == 0 {
			to = string(said[g.IntN(len(said))].ID)
		}
		var c feed.Said
		if c, err = s.Comment(ctx, u, string(p), fmt.Sprint("c", g.Uint32()), to); err == nil {
			r.mu.Lock()
			r.said[p] = append(r.said[p], c)
			r.mu.Unlock()
		}
	case n < 19:
		c := said[g.IntN(len(said))]
		err = s.DeleteComment(ctx, c.From, string(p), string(c.ID))
	case i == 0:
		err = s.Delete(ctx, r.crowd[0], string(p))
	}
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// run has everybody act, and waits until nothing is left to be done.
func (r *rush) run(round int) {
	var all sync.WaitGroup
	for w := range 6 {
		all.Go(func() {
			g := rand.New(rand.NewPCG(uint64(round), uint64(w)))
			for range 25 {
				if err := r.act(g, r.nodes[g.IntN(len(r.nodes))]); err != nil {
					r.t.Error(err)
				}
			}
		})
	}
	all.Wait()
	for _, s := range r.nodes {
		s.Settled()
	}
	r.advance(time.Hour)
	r.Sweep(r.t.Context())
}

// check expects that the author has heard of exactly what is there, and others of
// nothing that is not.
func (r *rush) check() {
	r.t.Helper()
	var want []string
	for _, p := range r.posts {
		m, err := r.Get(r.t.Context(), r.crowd[0], string(p))
		if errors.Is(err, fault.NotFound) {
			continue
		}
		good(r.t, err)
		there := map[id.Comment]bool{}
		for _, l := range m.Likes {
			if l.User != m.Author {
				want = append(want, "like "+string(l.User))
			}
		}
		for _, c := range m.Comments {
			lost := c.ReplyTo != nil && !there[c.ReplyTo.ID] // only its writer sees it
			if there[c.ID] = !lost; !lost && c.From != m.Author {
				want = append(want, fmt.Sprint("comment ", c.From, " ", c.Text))
			}
		}
	}
	got := r.heard(r.crowd[0])
	slices.Sort(got)
	slices.Sort(want)
	equal(r.t, got, want)
	for _, u := range r.crowd[1:] {
		for _, heard := range r.heard(u) {
			if !slices.Contains(want, heard) && !r.by(r.crowd[0], heard) {
				r.t.Fatalf("%s still hears %q", u, heard)
			}
		}
	}
}

// by tells whether the author wrote a comment that is there.
func (r *rush) by(author id.User, heard string) bool {
	for _, p := range r.posts {
		m, err := r.Get(r.t.Context(), author, string(p))
		if err != nil {
			continue
		}
		for _, c := range m.Comments {
			if heard == fmt.Sprint("comment ", author, " ", c.Text) {
				return true
			}
		}
	}
	return false
}

// However acts, their undoing and the end of a post meet on several nodes: in the
// end everybody has heard of what is there, and of nothing else.
func TestNoticesOfActsAtOnce(t *testing.T) {
	for round := range 12 {
		r := newRush(t, embedded(t), round)
		r.run(round)
		r.quiet()
		r.check()
	}
}

func TestNoticesOfActsAtOnceOnACluster(t *testing.T) {
	store := cluster(t)
	for round := range 2 {
		r := newRush(t, store, round)
		r.run(round)
		r.check()
	}
}

// A raced store lets somebody else go first.
type raced struct {
	feed.Store
	once  sync.Once
	first func()
}

func (s *raced) ChangePost(ctx context.Context, p id.Post, m feed.Mark, change func(*feed.Post) error) (feed.Post, error) {
	s.once.Do(s.first)
	return s.Store.ChangePost(ctx, p, m, change)
}

// What is deleted while it is being changed stays deleted, and says so.
func TestDeletedMeanwhile(t *testing.T) {
	for _, gone := range []bool{false, true} {
		h := cast(t)
		for _, act := range []func(s *feed.Service, p id.Post) error{
			func(s *feed.Service, p id.Post) error {
				_, err := s.SetAudience(ctx(h), "ann", string(p), forFriends)
				return err
			},
			func(s *feed.Service, p id.Post) error { return s.Delete(ctx(h), "ann", string(p)) },
		} {
			p := h.post("ann", "x", forFriends)
			store := &raced{Store: h.store, first: func() {
				_, err := h.store.ChangePost(ctx(h), p, feed.Mark{}, func(p *feed.Post) error { p.Deleted = true; return nil })
				if good(t, err); gone {
					good(t, h.store.DropPost(ctx(h), "ann", p))
				}
			}}
			s := h.node(store, h.seq, h.store)
			refused(t, act(s, p), fault.NotFound)
			s.Settled()
			h.blind("bea", "ann", p)
		}
	}
}

// What is posted while two people become friends reaches the new friend, whichever
// comes first, and each post once.
func TestPostsWhileBecomingFriends(t *testing.T) { whileBecomingFriends(t, embedded(t), 150) }

func TestPostsWhileBecomingFriendsOnACluster(t *testing.T) { whileBecomingFriends(t, cluster(t), 12) }

func whileBecomingFriends(t *testing.T, store backend, rounds int) {
	h := openOn(t, store)
	other := h.node(store, h.seq, store)
	for round := range rounds {
		author, friend := id.User(fmt.Sprintf("a%d", round)), id.User(fmt.Sprintf("f%d", round))
		if round%2 == 0 { // the other one's page decides
			author, friend = friend, author
		}
		_, err := h.contacts.Request(t.Context(), friend, string(author), "")
		good(t, err)
		var all sync.WaitGroup
		var made []id.Post
		all.Go(func() {
			for range 3 {
				m, err := other.Post(context.Background(), author, feed.Draft{Text: "x", Audience: forFriends})
				if err != nil {
					t.Error(err)
				}
				made = append(made, m.ID)
			}
		})
		all.Go(func() {
			if err := h.contacts.Accept(context.Background(), author, string(friend)); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		other.Settled()
		slices.Reverse(made)
		equal(t, ids(h.timeline(friend, 2)), made)
	}
}
