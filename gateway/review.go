package gateway

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// Reviews compare this node's sessions with what is stored: whether their
// sign-ins are still good, and which groups they should hear. Signals keep both
// right as long as they arrive; after a gap in the bus everybody is reviewed. Once
// in a while each session is reviewed anyway, which finds sign-ins that have
// expired and notes that the others are in use.
type reviews struct {
	gw   *Gateway
	news chan struct{}

	mu  sync.Mutex // guards what follows
	all bool       // everybody is due
	due map[id.User]struct{}
	// Of the users under review: the groups of which signals have spoken since it
	// began. What was read may be older, so those are left as the signals say.
	spoken map[id.User]map[id.Stream]struct{}
}

const (
	// reviewEvery is how often a session is reviewed without a reason.
	reviewEvery = 10 * time.Minute
	// reviewsMost bounds how many users are reviewed at a time.
	reviewsMost = 16
	// reviewAgain is when a review is tried again that the store did not answer.
	reviewAgain = time.Second
)

func newReviews(gw *Gateway) *reviews {
	return &reviews{
		gw: gw, news: make(chan struct{}, 1),
		due: map[id.User]struct{}{}, spoken: map[id.User]map[id.Stream]struct{}{},
	}
}

// Review has all sessions reviewed soon, for instance because the clock was moved.
func (g *Gateway) Review() {
	g.reviews.mu.Lock()
	g.reviews.all = true
	g.reviews.mu.Unlock()
	g.reviews.ring()
}

// of has the sessions of a user reviewed soon.
func (r *reviews) of(u id.User) {
	r.mu.Lock()
	r.due[u] = struct{}{}
	r.mu.Unlock()
	r.ring()
}

func (r *reviews) ring() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// run reviews who is due, until ctx ends.
func (r *reviews) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.news:
		}
		var at errgroup.Group
		at.SetLimit(reviewsMost)
		for _, u := range r.take() {
			at.Go(func() error {
				r.try(ctx, u)
				return nil
			})
		}
		_ = at.Wait() // what failed is due again
	}
}

// take are those who are due.
func (r *reviews) take() (users []id.User) {
	r.mu.Lock()
	all, due := r.all, r.due
	r.all, r.due = false, map[id.User]struct{}{}
	r.mu.Unlock()
	if all {
		return r.gw.hub.everybody()
	}
	for u := range due {
		users = append(users, u)
	}
	return users
}

// try reviews a user, now or later.
func (r *reviews) try(ctx context.Context, u id.User) {
	within, cancel := context.WithTimeout(ctx, opWithin)
	defer cancel()
	err := r.review(within, u)
	if err == nil || ctx.Err() != nil {
		return
	}
	r.gw.opt.Log.Warn().Err(err).Msg("cannot review sessions yet")
	r.mu.Lock()
	r.due[u] = struct{}{}
	r.mu.Unlock()
	time.AfterFunc(reviewAgain, r.ring)
}

// review closes the connections of a user whose sign-in has ended, and makes the
// others hear the groups the user is in and no others. Only those are judged that
// were live before the store was asked.
func (r *reviews) review(ctx context.Context, u id.User) error {
	sessions, ids := r.begin(u)
	defer r.end(u)
	if len(sessions) == 0 {
		return nil
	}
	good, err := r.gw.accounts.Standing(ctx, u, ids)
	if errors.Is(err, fault.Forbidden) {
		for _, s := range sessions {
			s.close(wire.CloseSuspended)
		}
		return nil
	}
	if err != nil {
		return err
	}
	groups, err := r.gw.chat.Groups(ctx, u)
	if err != nil {
		return err
	}
	for i, s := range sessions {
		if slices.Contains(good, ids[i]) {
			r.seat(s, u, groups)
		} else {
			s.close(wire.CloseSignedOut)
		}
	}
	return nil
}

// begin finds the live sessions of a user and their sign-ins.
func (r *reviews) begin(u id.User) (sessions []*session, ids []id.Session) {
	r.mu.Lock()
	r.spoken[u] = map[id.Stream]struct{}{}
	r.mu.Unlock()
	for _, s := range r.gw.hub.sessions(u) {
		s.mu.Lock()
		if s.phase == live {
			sessions, ids = append(sessions, s), append(ids, s.id)
		}
		s.mu.Unlock()
	}
	return sessions, ids
}

func (r *reviews) end(u id.User) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.spoken, u)
}

// speaks notes that a signal says how a user stands to a group, before that is carried out.
func (r *reviews) speaks(u id.User, group id.Stream) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if under := r.spoken[u]; under != nil {
		under[group] = struct{}{}
	}
}

// seat makes a session hear those groups and no others.
func (r *reviews) seat(s *session, u id.User, groups []id.Stream) {
	s.mu.Lock()
	hears := slices.Clone(s.groups)
	s.mu.Unlock()
	wrong := difference(hears, groups)
	missing := difference(groups, hears)
	if len(wrong)+len(missing) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, g := range wrong {
		if _, spoken := r.spoken[u][g]; !spoken {
			r.gw.hub.leave(s, u, g, 0)
		}
	}
	for _, g := range missing {
		if _, spoken := r.spoken[u][g]; !spoken {
			r.gw.hub.join(s, u, g, false)
			r.gw.topics.follow(s, g)
		}
	}
}

// difference are those of a that are not in b.
func difference(a, b []id.Stream) (out []id.Stream) {
	in := make(map[id.Stream]struct{}, len(b))
	for _, g := range b {
		in[g] = struct{}{}
	}
	for _, g := range a {
		if _, both := in[g]; !both {
			out = append(out, g)
		}
	}
	return out
}
