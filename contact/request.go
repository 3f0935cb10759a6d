package contact

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Where a request stands when it was made.
const (
	Pending = "pending"
	Friends = "friends"
)

const greetingRunes = 200

var (
	errFull      = fault.Conflict.Saying("You have as many friends as one can have.")
	errOtherFull = fault.Conflict.Saying("They have as many friends as one can have.")
	// errRoom interrupts a decision that would make friends, until there is known to be room.
	errRoom = errors.New("two friends more need room")
)

// Request asks to become to's friend. Asking somebody who asks already makes
// friends at once; asking again changes nothing. Whoever is blocked by the other
// is told Pending, and the other nothing. NotFound, BadRequest, Conflict: one of
// the two has no room for a friend; ErrBlocked: from blocks to.
func (s *Service) Request(ctx context.Context, from id.User, to, greeting string) (state string, err error) {
	if n := utf8.RuneCountInString(greeting); n > greetingRunes {
		return "", fault.BadRequest.At("/greeting", fmt.Sprintf("has more than %d characters", greetingRunes))
	}
	if !utf8.ValidString(greeting) || strings.IndexByte(greeting, 0) >= 0 {
		return "", fault.BadRequest.At("/greeting", "is no text")
	}
	other, err := s.somebodyElse(ctx, from, to, "/to")
	if err != nil {
		return "", err
	}
	now := s.now()
	ask := Request{ID: id.NewEntry(now), Greeting: greeting, At: now}
	st, err := s.decideWithRoom(ctx, from, other, func(st *Standing, room bool) error {
		switch {
		case st.Friend:
		case !st.BlockedAt.IsZero():
			return ErrBlocked.Saying("You block them. Lift the block first.")
		case !st.BlockedBy.IsZero():
		case st.Asked != nil:
			return st.befriend(st.Asked.ID, from, other, now, room)
		case st.Asking == nil:
			st.Asking = &ask
			st.Owed = append(st.Owed, Notice{ID: ask.ID, Kind: KindRequest, To: other, About: from, Greeting: greeting})
		}
		return nil
	})
	switch {
	case err != nil:
		return "", err
	case st.Friend:
		return Friends, nil
	}
	return Pending, nil
}

// Accept makes u and from friends, if from has asked. NotFound: they have not, or
// have left since;
// ErrBlocked: one blocks the other, the request stays; Conflict: one of the two
// has no room for a friend. Accepting again is accepting.
func (s *Service) Accept(ctx context.Context, u id.User, from string) error {
	other, ok := id.ParseUser(from)
	if !ok || other == u {
		return fault.NotFound
	}
	if _, err := s.people.DisplayName(ctx, other); err != nil {
		return err
	}
	now := s.now()
	_, err := s.decideWithRoom(ctx, u, other, func(st *Standing, room bool) error {
		switch {
		case st.Friend:
			return nil
		case st.Asked == nil:
			return fault.NotFound
		case st.Blocked():
			return ErrBlocked
		}
		return st.befriend(st.Asked.ID, u, other, now, room)
	})
	return err
}

// Decline refuses from's request and tells nobody. NotFound: there is none.
func (s *Service) Decline(ctx context.Context, u id.User, from string) error {
	other, ok := id.ParseUser(from)
	if !ok || other == u {
		return fault.NotFound
	}
	_, err := s.decide(ctx, u, other, func(st *Standing) error {
		if st.Asked == nil {
			return fault.NotFound
		}
		st.Asked = nil
		return nil
	})
	return err
}

// befriend makes friends of u and other by the request of that id.
func (s *Standing) befriend(bond [16]byte, u, other id.User, now time.Time, room bool) error {
	if !room {
		return errRoom
	}
	s.Friend, s.Bond, s.Since = true, bond, now
	s.Asked, s.Asking = nil, nil
	for _, n := range []Notice{{To: other, About: u}, {To: u, About: other}} {
		n.ID, n.Kind = id.Derive(bond, KindAccepted, string(n.To)), KindAccepted
		s.Owed = append(s.Owed, n)
	}
	return nil
}

// decideWithRoom is decide for what may make friends. Whether both have room is
// looked up only if it does. Friendships that one person makes at the same
// moment may exceed the limit by a few.
func (s *Service) decideWithRoom(ctx context.Context, u, other id.User, change func(st *Standing, room bool) error) (Standing, error) {
	for room := false; ; room = true {
		st, err := s.decide(ctx, u, other, func(st *Standing) error { return change(st, room) })
		if !errors.Is(err, errRoom) {
			return st, err
		}
		if err := s.room(ctx, u, errFull); err != nil {
			return Standing{}, err
		}
		if err := s.room(ctx, other, errOtherFull); err != nil {
			return Standing{}, err
		}
	}
}

// room fails with full if u has as many friends as one can have.
func (s *Service) room(ctx context.Context, u id.User, full error) error {
	// A friend has moved the book's version at least once, so most books need no counting.
	_, version, err := s.store.Book(ctx, u, math.MaxInt64)
	if err != nil || version < int64(s.opt.Friends) {
		return err
	}
	pages, _, err := s.store.Book(ctx, u, 0)
	if err != nil {
		return err
	}
	friends := 0
	for i := range pages {
		if pages[i].Friend {
			friends++
		}
	}
	if friends >= s.opt.Friends {
		return full
	}
	return nil
}
