package account

import (
	"context"

	"github.com/maypok86/otter/v2"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Profile finds a user. NotFound.
func (s *Service) Profile(ctx context.Context, u id.User) (Account, error) {
	return told(s.find(ctx, u))
}

// ProfileChange changes what is set of it.
type ProfileChange struct {
	DisplayName *string
	Avatar      *string // a picture of one's own; "" takes it away
	LookBack    *string
}

// Change changes a user's profile and returns it. BadRequest.
func (s *Service) Change(ctx context.Context, u id.User, c ProfileChange) (Account, error) {
	if c == (ProfileChange{}) {
		return s.Profile(ctx, u)
	}
	var name string
	if c.DisplayName != nil {
		var err error
		if name, err = displayName(u, *c.DisplayName, "/display_name"); err != nil {
			return Account{}, err
		}
		defer s.names.Invalidate(u)
	}
	if c.LookBack != nil {
		if _, ok := lookBacks[*c.LookBack]; !ok {
			return Account{}, fault.BadRequest.At("/moments_look_back", "is none of all, 6m, 1m and 3d")
		}
	}
	if c.Avatar != nil {
		if err := s.picture(ctx, u, *c.Avatar); err != nil {
			return Account{}, err
		}
	}
	return told(s.change(ctx, u, func(a *Account) error {
		if c.DisplayName != nil {
			a.DisplayName = name
		}
		set(&a.Avatar, c.Avatar)
		set(&a.LookBack, c.LookBack)
		return nil
	}))
}

// picture notes that a profile is about to show another picture than before.
func (s *Service) picture(ctx context.Context, u id.User, media string) error {
	a, err := s.Profile(ctx, u)
	if err != nil || a.Avatar == media {
		return err
	}
	if media != "" {
		if s.opt.Pictures == nil {
			return ErrNoPicture
		}
		if err := s.opt.Pictures.Show(ctx, u, media); err != nil {
			return err
		}
	}
	if a.Avatar == "" || s.opt.Pictures == nil {
		return nil
	}
	return s.opt.Pictures.Leave(ctx, a.Avatar)
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

// DisplayName is what a user is called, as of a second ago at most, and what this
// service has changed at once. NotFound: there is no such user.
func (s *Service) DisplayName(ctx context.Context, u id.User) (string, error) {
	return s.names.Get(ctx, u, otter.LoaderFunc[id.User, string](s.readName))
}

func (s *Service) readName(ctx context.Context, u id.User) (string, error) {
	a, err := s.Profile(ctx, u)
	return a.DisplayName, err
}
