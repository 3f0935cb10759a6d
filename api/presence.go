package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// Presence is who is around. *presence.Service fits.
type Presence interface {
	// Seen is how users are seen by viewer, in the order asked.
	Seen(ctx context.Context, viewer id.User, users []id.User) ([]wire.Presence, error)
}

type (
	presenceChange struct {
		VisibleTo *string `json:"visible_to,omitempty" enum:"friends,nobody" doc:"Who sees whether I am around."`
	}
	seen struct {
		Items []wire.Presence `json:"items"`
	}
)

func (s *server) changePresence(ctx context.Context, c *call, in presenceChange) (none, error) {
	_, err := s.accounts.ChangePresence(ctx, c.user, account.PresenceChange{VisibleTo: in.VisibleTo})
	return none{}, err
}

// lookMost bounds of how many users presence is asked at a time, as for the op watch.
const lookMost = 200

func (s *server) getPresence(ctx context.Context, c *call, _ none) (seen, error) {
	users, err := lookedAt(c.query.Get(presenceUsers.name))
	if err != nil {
		return seen{}, err
	}
	items, err := s.presence.Seen(ctx, c.user, users)
	if items == nil {
		items = []wire.Presence{}
	}
	return seen{items}, err
}

// lookedAt reads whose presence is asked for, each once.
func lookedAt(list string) ([]id.User, error) {
	var users []id.User
	for name := range strings.SplitSeq(list, ",") {
		u, ok := id.ParseUser(name)
		switch {
		case !ok:
			return nil, fault.BadRequest.Saying("The query's users has something that is no user id.")
		case slices.Contains(users, u):
			continue
		case len(users) == lookMost:
			return nil, fault.BadRequest.Saying(fmt.Sprintf("The query's users has more than %d.", lookMost))
		}
		users = append(users, u)
	}
	return users, nil
}
