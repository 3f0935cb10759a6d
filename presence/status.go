package presence

import (
	"context"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

// The states a client can set.
const (
	statusActive    = "active"
	statusAway      = "away"
	statusInvisible = "invisible"
)

// Status sets how a session's user is to be seen. Active and away are the
// session's; invisible is the user's, on all devices, until some device says
// active, or the one that said invisible says anything else: other devices that
// fall asleep by themselves do not give anybody away. BadRequest.
func (s *Service) Status(ctx context.Context, seat *Seat, to wire.Status) error {
	var invisible *bool
	state := Online
	switch to.State {
	case statusActive:
		invisible = new(bool)
	case statusAway:
		state = Away
		s.mu.Lock()
		if seat.hid {
			invisible = new(bool)
		}
		s.mu.Unlock()
	case statusInvisible:
		yes := true
		invisible = &yes
	default:
		return fault.BadRequest.At("/state", "is none of active, away and invisible")
	}
	if invisible != nil || to.Text != nil {
		if err := s.people.Choose(ctx, seat.user, invisible, to.Text); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if seat.hid = to.State == statusInvisible; seat.hid || seat.left != 0 {
		return nil
	}
	s.change(seat.user, func() { seat.state, seat.until = state, 0 })
	return nil
}
