package account

import (
	"context"
	"errors"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// Moments is how old a user's moments may be that others see, 0 for as old as
// they are, and whether others see any: not of somebody who is kept out, or does
// not exist.
func (s *Service) Moments(ctx context.Context, u id.User) (back time.Duration, shown bool, err error) {
	a, err := s.find(ctx, u)
	if errors.Is(err, ErrUnknown) {
		return 0, false, nil
	}
	return a.LookBackWindow(), err == nil && !a.SuspendedAt(s.now()), err
}
