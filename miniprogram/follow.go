package miniprogram

import (
	"context"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// followed is what the rows of a user's list begin with: each is an app's id.
const followed = "app-"

// Follow puts an app among those a user wants to find again. The app is not told
// and gets nothing by it. NotFound; Conflict: too many.
func (s *Service) Follow(ctx context.Context, u id.User, app string) error {
	a, err := s.App(ctx, app)
	if err != nil {
		return err
	}
	at := owned{s.now()}
	return s.store.ChangePart(ctx, followPart(u), ledger.Want{Prefixes: []string{followed}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		switch {
		case v.Get(string(a.ID)) != nil:
			return nil, nil
		case len(v.Rows) >= FollowsMost:
			return nil, errFollows
		}
		return ledger.Rows(string(a.ID), at)
	})
}

// Unfollow takes it from there. It need not be there. NotFound: there is no such app.
func (s *Service) Unfollow(ctx context.Context, u id.User, app string) error {
	a, err := s.App(ctx, app)
	if err != nil {
		return err
	}
	return s.store.ChangePart(ctx, followPart(u), ledger.Want{Keys: []string{string(a.ID)}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if len(v.Rows) == 0 {
			return nil, nil
		}
		return ledger.Rows(string(a.ID), nil)
	})
}

// Following tells whether a user follows an app. NotFound.
func (s *Service) Following(ctx context.Context, u id.User, app string) (bool, error) {
	a, err := s.App(ctx, app)
	if err != nil {
		return false, err
	}
	v, err := s.store.ReadPart(ctx, followPart(u), ledger.Want{Keys: []string{string(a.ID)}})
	return len(v.Rows) > 0, err
}
