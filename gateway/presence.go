package gateway

import (
	"context"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/wire"
)

// Presence knows who is around. *presence.Service fits.
type Presence interface {
	Arrive(u id.User, session id.Session, device id.Device) *presence.Seat
	Leave(seat *presence.Seat)
	Status(ctx context.Context, seat *presence.Seat, to wire.Status) error
	// Views are how users are seen by those who may know, MayKnow who may; in the order asked.
	Views(ctx context.Context, users []id.User) ([]presence.View, error)
	MayKnow(ctx context.Context, viewer id.User, others []id.User) ([]bool, error)
	// Missed says that rings may have been lost; LookAgain follows as soon as it makes sense.
	Missed()
}

// ShowPresence gives the gateway what knows who is around. It comes before Serve;
// without it there is nobody to be seen, and nothing to watch.
func (g *Gateway) ShowPresence(p Presence) { g.presence = p }

// arrive notes a session that is live now. Its lock is held, so that its end comes later.
func (s *session) arrive(device id.Device) {
	if s.gw.presence != nil {
		s.seat = s.gw.presence.Arrive(s.user, s.id, device)
	}
}

// leave notes the end of a session, live or not.
func (s *session) leave() {
	s.mu.Lock()
	seat := s.seat
	s.seat = nil
	s.mu.Unlock()
	if seat != nil {
		s.gw.presence.Leave(seat)
		s.gw.watches.drop(s)
	}
}

// status sets how the user is seen.
func (s *session) status(ctx context.Context, to wire.Status) (any, error) {
	s.mu.Lock()
	seat := s.seat
	s.mu.Unlock()
	if seat == nil {
		return nil, errNoPresence
	}
	return wire.Empty{}, s.gw.presence.Status(ctx, seat, to)
}

var errNoPresence = fault.BadRequest.At("/op", "is not known")
