package contact

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/errgroup"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// The entries of a user's @contacts.
const (
	KindRequest  = "request"  // somebody asks to be a friend
	KindAccepted = "accepted" // somebody is a friend now
	KindRemoved  = "removed"  // the user removed a friend
)

// A pair names two people, and the page that decides about them: owner's about
// other. It is the same whoever of the two asks.
type pair struct{ owner, other id.User }

func lead(a, b id.User) pair {
	if b < a {
		a, b = b, a
	}
	return pair{a, b}
}

// settleTimeout bounds how long a decision is carried out; its client need not wait for that.
const settleTimeout = 10 * time.Second

// decide changes what actor and other are to each other and carries it out. The
// standing is as actor sees it, in change and in what is returned. Deciding
// nothing new still finishes what an earlier decision has left undone.
func (s *Service) decide(ctx context.Context, actor, other id.User, change func(*Standing) error) (Standing, error) {
	p := lead(actor, other)
	view := func(st Standing) Standing {
		if actor != p.owner {
			return st.turned()
		}
		return st
	}
	page, err := s.store.ChangeRelation(ctx, p.owner, p.other, func(r *Relation) error {
		st := view(r.Standing)
		if err := change(&st); err != nil {
			return err
		}
		if st = view(st); !reflect.DeepEqual(st, r.Standing) {
			st.Decision++
			r.show(st)
		}
		return nil
	})
	s.passes.Invalidate(p) // whatever came of it: an error may hide that it was stored
	if err != nil {
		return Standing{}, err
	}
	return view(page.Standing), s.settle(ctx, p, page.Standing)
}

// turned is a standing as the other one sees it.
func (s Standing) turned() Standing {
	s.Asked, s.Asking = s.Asking, s.Asked
	s.BlockedAt, s.BlockedBy = s.BlockedBy, s.BlockedAt
	return s
}

// show makes a page say what was decided. What the owner wrote about a friend
// goes when that friendship ends, even if the page was never told of its end.
func (r *Relation) show(st Standing) {
	if r.Bond == st.Bond {
		r.Standing = st
		r.quietly()
		return
	}
	*r = Relation{Other: r.Other, Version: r.Version, Standing: st, Removed: !st.Friend && (r.Friend || r.Removed)}
}

// quietly notes that a change does not concern the contact list.
func (r *Relation) quietly() {
	if r.Quiet == 0 {
		r.Quiet = r.Version
	}
}

// listed is the book's version when the page last changed in what a contact list shows.
func (r *Relation) listed() int64 {
	if r.Quiet != 0 {
		return r.Quiet
	}
	return r.Version
}

// settle carries a decision out: the copy in the other's book, what else follows
// from a new friendship, the entries that tell of it, the mark that this is done.
// Each step may be repeated, by anybody, at any time: the copy never goes back,
// and an entry has its id.
func (s *Service) settle(ctx context.Context, p pair, st Standing) error {
	if st.Settled == st.Decision {
		return nil
	}
	s.opt.Changed(p.owner, p.other)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	theirs := st.turned()
	theirs.Settled, theirs.Owed = 0, nil
	_, err := s.store.ChangeRelation(ctx, p.other, p.owner, func(r *Relation) error {
		if r.Decision < theirs.Decision {
			r.show(theirs)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if st.befriends() {
		if err := s.opt.Befriended(ctx, p.owner, p.other); err != nil {
			return err
		}
	}
	for _, n := range st.Owed {
		if err := s.tell(ctx, n); err != nil {
			return err
		}
	}
	_, err = s.store.ChangeRelation(ctx, p.owner, p.other, func(r *Relation) error {
		if r.Settled < st.Decision {
			r.settled(st)
			r.quietly()
		}
		return nil
	})
	return err
}

// befriends tells whether the two have become friends and that is still to be carried out.
func (s *Standing) befriends() bool {
	return s.Friend && slices.ContainsFunc(s.Owed, func(n Notice) bool { return n.Kind == KindAccepted })
}

// settled notes that everything up to st was carried out.
func (r *Relation) settled(st Standing) {
	r.Settled = st.Decision
	var left []Notice
	for _, n := range r.Owed {
		if !st.owes(n) {
			left = append(left, n)
		}
	}
	r.Owed = left
}

func (s *Standing) owes(n Notice) bool {
	for _, o := range s.Owed {
		if o.ID == n.ID {
			return true
		}
	}
	return false
}

// finish carries out what was decided on one of u's pages and then interrupted,
// if that page decides. It is for readers, who need not know whether it works.
func (s *Service) finish(ctx context.Context, u id.User, page *Relation) {
	if p := lead(u, page.Other); p.owner == u {
		_ = s.settle(ctx, p, page.Standing)
	}
}

// pendingMost bounds how many requests are looked after when a list is read.
const pendingMost = 16

// book reads all of u's pages. A request that waits there, where the other's page
// decides, may have been answered by somebody who then did not get to say so here:
// some of them are looked up, ever others, and what was interrupted is carried out.
func (s *Service) book(ctx context.Context, u id.User) ([]Relation, int64, error) {
	pages, version, err := s.store.Book(ctx, u, 0)
	if err != nil {
		return nil, 0, err
	}
	var pending []pair
	for i := range pages {
		if p := lead(u, pages[i].Other); p.owner != u && (pages[i].Asked != nil || pages[i].Asking != nil) {
			pending = append(pending, p)
		}
	}
	if len(pending) > pendingMost {
		rand.Shuffle(len(pending), func(i, j int) { pending[i], pending[j] = pending[j], pending[i] })
		pending = pending[:pendingMost]
	}
	var behind atomic.Bool
	var g errgroup.Group
	for _, p := range pending {
		g.Go(func() error {
			page, err := s.store.Relation(ctx, p.owner, p.other)
			if err == nil && page.Settled != page.Decision {
				s.finish(ctx, p.owner, &page)
				behind.Store(true)
			}
			return nil // readers need not know
		})
	}
	_ = g.Wait()
	if behind.Load() {
		return s.store.Book(ctx, u, 0)
	}
	return pages, version, nil
}

type (
	requestBody struct {
		From     id.User `json:"from"`
		Greeting string  `json:"greeting"`
	}
	userBody struct {
		User id.User `json:"user"`
	}
)

// tell writes an entry into somebody's @contacts, once however often it is called.
func (s *Service) tell(ctx context.Context, n Notice) error {
	author, body := n.About, any(userBody{n.About})
	switch n.Kind {
	case KindRequest:
		body = requestBody{n.About, n.Greeting}
	case KindRemoved:
		author = n.To
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	_, err = s.entries.Append(ctx, id.PersonalStream(id.Contacts, n.To), stream.Draft{
		ID: n.ID, Kind: stream.Kind(n.Kind), From: id.Principal(author), Body: raw,
	})
	if errors.Is(err, stream.ErrReused) { // it is there, as an earlier release wrote it
		return nil
	}
	return err
}
