package account

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// SignIn is what somebody shows to be let in.
type SignIn struct {
	User, Password, Device string
	From                   string // the client's address; guesses are counted by it
}

// SignedIn is a new sign-in. Token is told this once and kept nowhere.
type SignedIn struct {
	Token   string
	Session Session
}

// SignIn lets somebody in by password. Whoever does not exist, has no password
// or shows a wrong one gets the same answer after the same time: Unauthenticated.
// RateLimited: too many guesses. ErrSuspended is told only to the right password.
func (s *Service) SignIn(ctx context.Context, in SignIn) (SignedIn, error) {
	device, err := parseDevice(in.Device)
	if err != nil {
		return SignedIn{}, err
	}
	a, err := s.prove(ctx, in.User, in.Password, in.From, "/password")
	if err != nil {
		return SignedIn{}, err
	}
	return s.signIn(ctx, a, device)
}

func parseDevice(name string) (id.Device, error) {
	d, ok := id.ParseDevice(name)
	if !ok {
		return "", fault.BadRequest.At("/device", "is no device name: 1 to 64 printable ASCII characters")
	}
	return d, nil
}

// prove finds the account that a password opens; at points to the password in the request.
func (s *Service) prove(ctx context.Context, user, password, from, at string) (Account, error) {
	if err := checkPasswordSize(password, at); err != nil {
		return Account{}, err
	}
	u, _ := id.ParseUser(user) // what is no user id has no account either
	attempt, err := s.guesses.begin(u, from)
	if err != nil {
		return Account{}, err
	}
	a, err := s.find(ctx, u)
	if err != nil && !errors.Is(err, ErrUnknown) {
		attempt.forget()
		return Account{}, err
	}
	ok, err := s.hash.matches(ctx, password, a.Password)
	switch {
	case err != nil:
		attempt.forget()
		return Account{}, err
	case !ok:
		return Account{}, errWrong
	}
	attempt.succeed()
	return a, nil
}

// signIn stores a new sign-in of a device, which replaces the device's earlier
// one, and ends those that are too many.
func (s *Service) signIn(ctx context.Context, a Account, device id.Device) (SignedIn, error) {
	now := s.now()
	if a.SuspendedAt(now) {
		return SignedIn{}, ErrSuspended
	}
	earlier, err := s.store.Sessions(ctx, a.User)
	if err != nil {
		return SignedIn{}, err
	}
	token, hash := newToken(a.User)
	ses := Session{
		ID: id.NewSession(), User: a.User, Device: device, Hash: hash,
		CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(s.opt.SessionLife),
	}
	for _, e := range earlier { // the newest is the one that stays, whatever other nodes' clocks say
		if !ses.CreatedAt.After(e.CreatedAt) {
			ses.CreatedAt = e.CreatedAt.Add(time.Millisecond)
		}
		if e.LastSeenAt.After(ses.LastSeenAt) {
			ses.LastSeenAt = e.LastSeenAt
		}
	}
	if err := s.store.PutSession(ctx, ses); err != nil {
		return SignedIn{}, err
	}
	// Whoever changed the password since it was checked, or deleted the account, may
	// have looked for sign-ins to end before this one was there.
	switch now, err := s.find(ctx, a.User); {
	case errors.Is(err, ErrUnknown), err == nil && now.Password != a.Password:
		return SignedIn{}, cmp.Or(s.store.DropSession(ctx, a.User, hash), error(errWrong))
	case err != nil:
		return SignedIn{}, err
	}
	if err := s.trim(ctx, a.User, now); err != nil {
		return SignedIn{}, err
	}
	return SignedIn{token, ses}, nil
}

// trim ends the sign-ins that are replaced, expired or too many.
func (s *Service) trim(ctx context.Context, u id.User, now time.Time) error {
	all, err := s.store.Sessions(ctx, u)
	if err != nil {
		return err
	}
	return s.drop(ctx, u, s.surplus(all, now))
}

// surplus are the sign-ins that have to go: expired ones, all but the newest of
// each device, and of the rest those unused for longest. Nodes that look at the
// same sign-ins at the same time find the same ones.
func (s *Service) surplus(all []Session, now time.Time) []Session {
	slices.SortFunc(all, func(a, b Session) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	devices := map[id.Device]bool{}
	var keep, gone []Session
	for _, ses := range all {
		if devices[ses.Device] || s.expired(ses, now) {
			gone = append(gone, ses)
			continue
		}
		devices[ses.Device] = true
		keep = append(keep, ses)
	}
	slices.SortStableFunc(keep, func(a, b Session) int { return b.LastSeenAt.Compare(a.LastSeenAt) })
	if most := s.opt.SessionsPerUser; len(keep) > most {
		gone = append(gone, keep[most:]...)
	}
	return gone
}

// drop forgets sign-ins, then has their connections closed.
func (s *Service) drop(ctx context.Context, u id.User, gone []Session) error {
	if len(gone) == 0 {
		return nil
	}
	e := End{Code: closeSignedOut}
	for _, ses := range gone {
		if err := s.store.DropSession(ctx, u, ses.Hash); err != nil {
			return err
		}
		e.Sessions = append(e.Sessions, ses.ID)
	}
	s.end(u, e)
	return nil
}
