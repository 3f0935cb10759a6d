package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const statusRunes = 128 // code points of a status text, at most

// PresenceChange changes what is set of it.
type PresenceChange struct {
	VisibleTo *string
	Invisible *bool
	Text      *string
}

// ChangePresence changes how a user is seen by others and returns what is so
// then. BadRequest. A change that alters nothing stores nothing.
func (s *Service) ChangePresence(ctx context.Context, u id.User, c PresenceChange) (Settings, error) {
	if c.VisibleTo != nil && *c.VisibleTo != VisibleToFriends && *c.VisibleTo != VisibleToNobody {
		return Settings{}, fault.BadRequest.At("/visible_to", "is neither friends nor nobody")
	}
	if c.Text != nil {
		if err := checkStatus(*c.Text); err != nil {
			return Settings{}, err
		}
	}
	apply := func(a *Account) {
		set(&a.VisibleTo, c.VisibleTo)
		set(&a.Invisible, c.Invisible)
		set(&a.StatusText, c.Text)
	}
	a, err := s.Profile(ctx, u) // devices tell their state whenever they connect, mostly the same
	if err != nil {
		return Settings{}, err
	}
	before := a.Settings
	if apply(&a); a.Settings == before {
		return before, nil
	}
	a, err = told(s.change(ctx, u, func(a *Account) error {
		apply(a)
		return nil
	}))
	s.opt.Changed(u) // whatever came of it: an error may hide that it was stored
	return a.Settings, err
}

func checkStatus(text string) error {
	switch {
	case !utf8.ValidString(text):
		return fault.BadRequest.At("/text", "is not UTF-8")
	case utf8.RuneCountInString(text) > statusRunes:
		return fault.BadRequest.At("/text", fmt.Sprintf("has more than %d characters", statusRunes))
	case strings.ContainsFunc(text, unprintable):
		return fault.BadRequest.At("/text", "has characters that cannot be shown, or that turn the text around them")
	}
	return nil
}

// SettingsOf are what a user has chosen. Somebody who does not exist, or is kept
// out, is seen by nobody.
func (s *Service) SettingsOf(ctx context.Context, u id.User) (Settings, error) {
	a, err := s.find(ctx, u)
	switch {
	case errors.Is(err, ErrUnknown):
		return Settings{VisibleTo: VisibleToNobody}, nil
	case err != nil:
		return Settings{}, err
	case a.SuspendedAt(s.now()):
		a.VisibleTo = VisibleToNobody
	}
	return a.Settings, nil
}

// Used notes that a sign-in was in use until now, if there still is one. Unlike
// Seen it does so however short the use before was ago, and waits.
func (s *Service) Used(ctx context.Context, u id.User, session id.Session) error {
	all, err := s.store.Sessions(ctx, u)
	if err != nil {
		return err
	}
	for _, ses := range all {
		if ses.ID == session {
			return s.store.TouchSession(ctx, u, ses.Hash, s.now())
		}
	}
	return nil
}

// LastSeen is when a user was last seen on any device they are signed in on, to
// the minute or so; zero if that is not known.
func (s *Service) LastSeen(ctx context.Context, u id.User) (last time.Time, err error) {
	all, err := s.store.Sessions(ctx, u)
	for _, ses := range all {
		if ses.LastSeenAt.After(last) {
			last = ses.LastSeenAt
		}
	}
	return last, err
}
