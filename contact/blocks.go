package contact

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// Block keeps other from writing to u, and u from writing to other, until it is
// lifted. Nobody is told, and friendships and lists stay as they are. NotFound, BadRequest.
func (s *Service) Block(ctx context.Context, u id.User, other string) error {
	o, err := s.somebodyElse(ctx, u, other, "/user")
	if err != nil {
		return err
	}
	now := s.now()
	_, err = s.decide(ctx, u, o, func(st *Standing) error {
		if st.BlockedAt.IsZero() {
			st.BlockedAt = now
		}
		return nil
	})
	return err
}

// Unblock lifts a block. There may be none.
func (s *Service) Unblock(ctx context.Context, u id.User, other string) error {
	o, ok := id.ParseUser(other)
	if !ok || o == u {
		return nil
	}
	_, err := s.decide(ctx, u, o, func(st *Standing) error {
		st.BlockedAt = time.Time{}
		return nil
	})
	return err
}
