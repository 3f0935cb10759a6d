package contact

import (
	"context"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/teahouse-im/teahouse/id"
)

// erasedAtOnce bounds how many pairs are decided at a time.
const erasedAtOnce = 8

// Erase ends all that somebody who has left was to others: friendships, requests
// both ways, and blocks of theirs. Nobody is told; they are gone from the lists of
// their friends, as after a removal. Blocks of others stay: they are theirs.
func (s *Service) Erase(ctx context.Context, u id.User) error {
	pages, _, err := s.store.Book(ctx, u, 0)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(erasedAtOnce)
	for i := range pages {
		g.Go(func() error { // whatever the page says: it may be behind
			_, err := s.decide(ctx, u, pages[i].Other, func(st *Standing) error {
				st.Friend, st.Bond, st.Since = false, uuid.Nil, time.Time{}
				st.Asked, st.Asking, st.BlockedAt = nil, nil, time.Time{}
				st.Owed = nil // nobody needs to hear any more of what is over
				return nil
			})
			return err
		})
	}
	return g.Wait()
}

// Known are all who are u's friends, or ever were, in no order.
func (s *Service) Known(ctx context.Context, u id.User) ([]id.User, error) {
	pages, _, err := s.store.Book(ctx, u, 0)
	if err != nil {
		return nil, err
	}
	var all []id.User
	for i := range pages {
		if pages[i].Friend || pages[i].Removed {
			all = append(all, pages[i].Other)
		}
	}
	return all, nil
}
