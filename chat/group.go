package chat

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// recentFor bounds how long a node may send by what it knew of a group before
// another node changed it. It is well below the two seconds within which a
// removal takes effect everywhere.
const recentFor = time.Second

const recentMost = 20_000

// recent remembers groups and roster lines for a moment, because every message
// to a group asks for both. What this node changes it forgets at once.
type recent struct {
	groups  *otter.Cache[id.Stream, Group]
	members *otter.Cache[seat, Member]
}

// A seat is one person's place in one group.
type seat struct {
	group id.Stream
	user  id.User
}

func newRecent() *recent {
	return &recent{
		groups: otter.Must(&otter.Options[id.Stream, Group]{
			MaximumSize: recentMost, ExpiryCalculator: otter.ExpiryWriting[id.Stream, Group](recentFor),
		}),
		members: otter.Must(&otter.Options[seat, Member]{
			MaximumSize: recentMost, ExpiryCalculator: otter.ExpiryWriting[seat, Member](recentFor),
		}),
	}
}

func (r *recent) close() {
	r.groups.StopAllGoroutines()
	r.members.StopAllGoroutines()
}

func (r *recent) forget(s id.Stream, users []id.User) {
	r.groups.Invalidate(s)
	for _, u := range users {
		r.members.Invalidate(seat{s, u})
	}
}

// group finds a group as it was at most recentFor ago; it is asked for every
// message. What people are shown comes from settled. NotFound: there is none.
func (s *Service) group(ctx context.Context, st id.Stream) (Group, error) {
	return s.recent.groups.Get(ctx, st, otter.LoaderFunc[id.Stream, Group](s.settled))
}

// rosterLine finds a member's line as it was at most recentFor ago. ErrUnknown.
func (s *Service) rosterLine(ctx context.Context, st id.Stream, u id.User) (Member, error) {
	return s.recent.members.Get(ctx, seat{st, u}, otter.LoaderFunc[seat, Member](
		func(ctx context.Context, at seat) (Member, error) { return s.store.Member(ctx, at.group, at.user) }))
}

// settled reads a group from the store, and finishes what somebody decided and
// did not carry out in good time.
func (s *Service) settled(ctx context.Context, st id.Stream) (Group, error) {
	g, err := s.store.Group(ctx, st)
	if errors.Is(err, ErrUnknown) {
		return g, fault.NotFound
	}
	if err == nil && g.Pending != nil && s.opt.Now().Sub(g.Pending.At) > carryOutWithin {
		return s.carryOut(ctx, g)
	}
	return g, err
}

// roleOf tells the role of somebody who is in the group.
func (g *Group) roleOf(u id.User) Role {
	switch {
	case u == g.Owner:
		return Owner
	case slices.Contains(g.Admins, u):
		return Admin
	}
	return Plain
}

// wire shows a group to somebody with that role; "" for who has left.
func (g *Group) wire(role Role) wire.Group {
	admins := make([]string, len(g.Admins))
	for i, a := range g.Admins {
		admins[i] = string(a)
	}
	return wire.Group{
		Stream:      string(g.Stream),
		Name:        g.Name,
		Owner:       string(g.Owner),
		Admins:      admins,
		MemberCount: g.Members,
		MyRole:      string(role),
		Settings:    wire.GroupSettings{MuteAll: g.MuteAll, Dissolved: g.Dissolved},
	}
}
