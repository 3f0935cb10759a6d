package account

import (
	"context"
	"errors"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// self is whoever asks, in paths; nobody else is called so.
const self id.User = "me"

// Register makes an account. ErrTaken, ErrWeakPassword, BadRequest.
func (s *Service) Register(ctx context.Context, user, password, name string) (Account, error) {
	u, ok := id.ParseUser(user)
	if !ok {
		return Account{}, fault.BadRequest.At("/user", "is no user id: 2 to 32 of a–z, 0–9, '.', '_' and '-', beginning with a letter or digit, and not with app-")
	}
	if err := checkPassword(u, password, "/password"); err != nil {
		return Account{}, err
	}
	shown, err := displayName(u, name, "/display_name")
	if err != nil {
		return Account{}, err
	}
	if u == self {
		return Account{}, ErrTaken
	}
	switch _, err := s.store.Account(ctx, u); {
	case err == nil: // before the costly part
		return Account{}, ErrTaken
	case !errors.Is(err, ErrUnknown):
		return Account{}, err
	}
	hash, err := s.hash.hash(ctx, password)
	if err != nil {
		return Account{}, err
	}
	a := Account{User: u, DisplayName: shown, Password: hash, CreatedAt: s.now()}
	if err := s.store.CreateAccount(ctx, a); err != nil {
		return Account{}, err
	}
	return public(a), nil
}

// public is an account without what nobody outside this package needs.
func public(a Account) Account {
	a.Password = ""
	return a
}

// told is what the service answers: accounts without secrets, NotFound for nobody.
func told(a Account, err error) (Account, error) {
	if errors.Is(err, ErrUnknown) {
		err = fault.NotFound
	}
	if err != nil {
		return Account{}, err
	}
	return public(a), nil
}
