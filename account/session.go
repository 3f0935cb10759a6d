package account

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const (
	// touchEvery is how often at most the use of a sign-in is written down.
	touchEvery = time.Minute
	// touchesMost bounds the notes being written; what finds no place is noted at the next use.
	touchesMost  = 16
	touchTimeout = 5 * time.Second
)

// Authenticate finds the sign-in a token stands for: one hash, one look-up.
// Unauthenticated: there is none (any more). TokenExpired: it was not used for
// too long. ErrSuspended: session and account are told all the same.
func (s *Service) Authenticate(ctx context.Context, token string) (Session, Account, error) {
	u, hash, ok := parseToken(token)
	if !ok {
		return Session{}, Account{}, fault.Unauthenticated
	}
	ses, a, err := s.store.Session(ctx, u, hash)
	if errors.Is(err, ErrUnknown) {
		err = fault.Unauthenticated
	}
	if err != nil {
		return Session{}, Account{}, err
	}
	if a.gone() {
		return Session{}, Account{}, fault.Unauthenticated
	}
	now := s.now()
	if s.expired(ses, now) {
		return Session{}, Account{}, fault.TokenExpired
	}
	s.Seen(ses)
	ses.ExpiresAt = s.expiry(ses)
	if a.SuspendedAt(now) {
		return ses, public(a), ErrSuspended
	}
	return ses, public(a), nil
}

// expiry is when a sign-in ends unless it is used again.
func (s *Service) expiry(ses Session) time.Time {
	if slid := ses.LastSeenAt.Add(s.opt.SessionLife); slid.After(ses.ExpiresAt) {
		return slid
	}
	return ses.ExpiresAt
}

func (s *Service) expired(ses Session, now time.Time) bool { return !now.Before(s.expiry(ses)) }

// Seen notes that a sign-in is in use, for instance by a connection that has
// been open for long. It does not wait, and writes once a minute at most.
func (s *Service) Seen(ses Session) {
	now := s.now()
	if now.Sub(ses.LastSeenAt) < touchEvery {
		return
	}
	select {
	case s.touches <- struct{}{}:
	default:
		return
	}
	s.touching.Go(func() {
		defer func() { <-s.touches }()
		ctx, cancel := context.WithTimeout(context.Background(), touchTimeout)
		defer cancel()
		// What cannot be noted now is noted at the next use.
		_ = s.store.TouchSession(ctx, ses.User, ses.Hash, now)
	})
}

// Sessions are a user's sign-ins, the one used last first.
func (s *Service) Sessions(ctx context.Context, u id.User) ([]Session, error) {
	all, err := s.store.Sessions(ctx, u)
	if err != nil {
		return nil, err
	}
	now := s.now()
	all = slices.DeleteFunc(all, func(ses Session) bool { return s.expired(ses, now) })
	for i := range all {
		all[i].ExpiresAt = s.expiry(all[i])
	}
	slices.SortFunc(all, func(a, b Session) int { return b.LastSeenAt.Compare(a.LastSeenAt) })
	return all, nil
}

// Standing tells which of a user's sign-ins are good, to whoever may not have
// heard that one of them has ended, and notes that those in use are. ErrSuspended:
// none of them is at the moment.
func (s *Service) Standing(ctx context.Context, u id.User, inUse []id.Session) (good []id.Session, err error) {
	all, err := s.good(ctx, u)
	if err != nil {
		return nil, err
	}
	for _, ses := range all {
		good = append(good, ses.ID)
		if slices.Contains(inUse, ses.ID) {
			s.Seen(ses)
		}
	}
	return good, nil
}

// good are a user's sign-ins that are good now. ErrSuspended: none of them is.
func (s *Service) good(ctx context.Context, u id.User) ([]Session, error) {
	all, err := s.Sessions(ctx, u)
	if err != nil {
		return nil, err
	}
	a, err := s.find(ctx, u)
	switch {
	case errors.Is(err, ErrUnknown):
		return nil, nil
	case err != nil:
		return nil, err
	case a.SuspendedAt(s.now()):
		return nil, ErrSuspended
	}
	return all, nil
}

// Devices are those on which u is signed in; none while u is suspended.
func (s *Service) Devices(ctx context.Context, u id.User) ([]id.Device, error) {
	all, err := s.good(ctx, u)
	if errors.Is(err, ErrSuspended) {
		return nil, nil
	}
	devices := make([]id.Device, len(all))
	for i, ses := range all {
		devices[i] = ses.Device
	}
	return devices, err
}

// EndSession signs one device of u out. NotFound: u has no such sign-in, whoever else may.
func (s *Service) EndSession(ctx context.Context, u id.User, session id.Session) error {
	all, err := s.store.Sessions(ctx, u)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(all, func(ses Session) bool { return ses.ID == session })
	if i < 0 {
		return fault.NotFound
	}
	return s.drop(ctx, u, all[i:i+1])
}

// ChangePassword sets a new password for whoever is signed in as by and knows the
// old one; all other sign-ins end. Forbidden: the old one is wrong. ErrWeakPassword.
func (s *Service) ChangePassword(ctx context.Context, by Session, old, new string) error {
	if err := checkPassword(by.User, new, "/new"); err != nil {
		return err
	}
	a, err := s.prove(ctx, string(by.User), old, "", "/old")
	if errors.Is(err, errWrong) {
		return fault.Forbidden.Saying("The old password is wrong.").At("/old", "is wrong")
	}
	if err != nil {
		return err
	}
	return s.replacePassword(ctx, by.User, &a.Password, new, by.ID)
}

// replacePassword stores a new password, if the old hash is still that one, and
// ends all sign-ins but one. Sign-ins that are just being made notice: see signIn.
func (s *Service) replacePassword(ctx context.Context, u id.User, old *string, new string, except id.Session) error {
	hash, err := s.hash.hash(ctx, new)
	if err != nil {
		return err
	}
	_, err = told(s.change(ctx, u, func(a *Account) error {
		if old != nil && a.Password != *old {
			return fault.Conflict
		}
		a.Password = hash
		return nil
	}))
	if err != nil {
		return err
	}
	all, err := s.store.Sessions(ctx, u)
	if err != nil {
		return err
	}
	for _, ses := range all {
		if ses.ID == except {
			continue
		}
		if err := s.store.DropSession(ctx, u, ses.Hash); err != nil {
			return err
		}
	}
	s.end(u, End{Except: except, Code: closeSignedOut})
	return nil
}
