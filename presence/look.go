package presence

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// A View is how somebody is seen by those who may know.
type View struct {
	State    State     // Online, Away or Offline
	LastSeen time.Time // of who is Offline; zero: not known, or not told
	Text     string    // of who is not
}

// Nothing is what everybody else sees, and what there is to see of somebody long gone.
var Nothing = View{State: Offline}

// Same tells whether two views show the same.
func (v View) Same(o View) bool {
	return v.State == o.State && v.Text == o.Text && v.LastSeen.Equal(o.LastSeen)
}

// Of is the view as one who may know, or may not, is told it.
func (v View) Of(u id.User, mayKnow bool) wire.Presence {
	if !mayKnow {
		v = Nothing
	}
	p := wire.Presence{User: string(u), State: string(v.State), Text: v.Text}
	if !v.LastSeen.IsZero() {
		p.LastSeen = &wire.Time{Time: v.LastSeen}
	}
	return p
}

// reads bounds how many users are looked up at a time for one answer.
const reads = 16

// Views are how users are seen by those who may know, in the order asked.
// Unavailable: the board does not answer.
func (s *Service) Views(ctx context.Context, users []id.User) ([]View, error) {
	states, err := s.states(ctx, users)
	if err != nil {
		return nil, err
	}
	views := make([]View, len(users))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(reads)
	for i, u := range users {
		g.Go(func() error {
			var err error
			views[i], err = s.view(ctx, u, states[i])
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return views, nil
}

// states are the best states of users, on this node and the others.
func (s *Service) states(ctx context.Context, users []id.User) ([]State, error) {
	states, err := s.board.Look(ctx, users)
	if err != nil {
		return nil, fmt.Errorf("%w: look at the board: %w", fault.Unavailable, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, u := range users { // what is not written yet counts
		states[i] = Better(states[i], s.best(u))
	}
	return states, nil
}

// Live are the devices of u that have a live session, or had one a moment ago, on
// this node and the others.
// Unavailable: the board does not answer.
func (s *Service) Live(ctx context.Context, u id.User) ([]id.Device, error) {
	devices, err := s.board.Devices(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("%w: look at the board: %w", fault.Unavailable, err)
	}
	s.mu.Lock()
	devices = append(devices, s.devices(u)...) // what is not written yet counts
	s.mu.Unlock()
	slices.Sort(devices)
	return slices.Compact(devices), nil
}

// view puts together how one user is seen. The same is read whatever there is to
// see: the time it takes tells nothing, not even to those who may not know.
func (s *Service) view(ctx context.Context, u id.User, state State) (View, error) {
	chosen, err := s.people.Showing(ctx, u)
	if err != nil {
		return View{}, err
	}
	last, err := s.people.LastSeen(ctx, u)
	switch {
	case err != nil || chosen.Hidden:
		return Nothing, err
	case state != Offline:
		return View{State: state, Text: chosen.Text}, nil
	}
	return View{State: Offline, LastSeen: last}, nil
}

// MayKnow tells for each of others whether viewer may know whether they are
// around, as far as that is between the two: friends may while neither blocks the
// other, and everybody may see what others see of themselves.
func (s *Service) MayKnow(ctx context.Context, viewer id.User, others []id.User) ([]bool, error) {
	may, err := s.ties.MayKnow(ctx, viewer, others)
	if err != nil {
		return nil, err
	}
	for i, o := range others {
		may[i] = may[i] || o == viewer
	}
	return may, nil
}

// Seen is how users are seen by viewer, in the order asked. Who may not be known
// of, or does not exist, looks like somebody long gone.
func (s *Service) Seen(ctx context.Context, viewer id.User, users []id.User) ([]wire.Presence, error) {
	views, err := s.Views(ctx, users)
	if err != nil {
		return nil, err
	}
	may, err := s.MayKnow(ctx, viewer, users)
	if err != nil {
		return nil, err
	}
	seen := make([]wire.Presence, len(users))
	for i, u := range users {
		seen[i] = views[i].Of(u, may[i])
	}
	return seen, nil
}
