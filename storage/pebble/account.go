package pebble

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/id"
)

func accountKey(u id.User) []byte { return tableAccount.key(string(u)) }

func sessionKey(u id.User, h account.TokenHash) []byte {
	return append(tableSession.key(string(u)), h[:]...)
}

// CreateAccount implements account.Store.
func (s *Store) CreateAccount(_ context.Context, a account.Account) error {
	key := accountKey(a.User)
	defer s.locks.lock(key)()
	var there account.Account
	switch found, err := s.read(key, &there); {
	case err != nil:
		return err
	case found:
		return account.ErrTaken
	}
	return s.write(func(b *pebble.Batch) error { return put(b, key, a) })
}

// Account implements account.Store.
func (s *Store) Account(_ context.Context, u id.User) (account.Account, error) {
	var a account.Account
	found, err := s.read(accountKey(u), &a)
	if err == nil && !found {
		err = account.ErrUnknown
	}
	return a, err
}

// Users implements account.Store.
func (s *Store) Users(ctx context.Context, behind id.User, limit int) (users []id.User, err error) {
	if limit <= 0 {
		return nil, nil
	}
	table := []byte{byte(tableAccount)}
	from := table
	if behind != "" {
		from = after(accountKey(behind))
	}
	err = s.scan(from, after(table), func(key, _ []byte) (bool, error) {
		users = append(users, id.User(bytes.TrimSuffix(key[len(table):], []byte{0})))
		return len(users) < limit, ctx.Err()
	})
	return users, err
}

// ChangeAccount implements account.Store.
func (s *Store) ChangeAccount(ctx context.Context, u id.User, change func(*account.Account) error) (account.Account, error) {
	key := accountKey(u)
	defer s.locks.lock(key)()
	a, err := s.Account(ctx, u)
	if err != nil {
		return a, err
	}
	if err := change(&a); err != nil {
		return a, err
	}
	return a, s.write(func(b *pebble.Batch) error { return put(b, key, a) })
}

// PutSession implements account.Store.
func (s *Store) PutSession(_ context.Context, ses account.Session) error {
	key := sessionKey(ses.User, ses.Hash)
	defer s.locks.lock(key)()
	return s.write(func(b *pebble.Batch) error { return put(b, key, ses) })
}

// Session implements account.Store.
func (s *Store) Session(ctx context.Context, u id.User, h account.TokenHash) (account.Session, account.Account, error) {
	ses := account.Session{Hash: h}
	found, err := s.read(sessionKey(u, h), &ses)
	if err == nil && !found {
		err = account.ErrUnknown
	}
	if err != nil {
		return account.Session{}, account.Account{}, err
	}
	a, err := s.Account(ctx, u)
	return ses, a, err
}

// Sessions implements account.Store.
func (s *Store) Sessions(_ context.Context, u id.User) ([]account.Session, error) {
	var all []account.Session
	from := tableSession.key(string(u))
	err := s.scan(from, after(from), func(key, value []byte) (bool, error) {
		var ses account.Session
		if err := json.Unmarshal(value, &ses); err != nil {
			return false, fmt.Errorf("decode a session of %s: %w", u, err)
		}
		copy(ses.Hash[:], key[len(from):])
		all = append(all, ses)
		return true, nil
	})
	return all, err
}

// DropSession implements account.Store.
func (s *Store) DropSession(_ context.Context, u id.User, h account.TokenHash) error {
	key := sessionKey(u, h)
	defer s.locks.lock(key)()
	return s.write(func(b *pebble.Batch) error { return b.Delete(key, nil) })
}

// TouchSession implements account.Store.
func (s *Store) TouchSession(_ context.Context, u id.User, h account.TokenHash, at time.Time) error {
	key := sessionKey(u, h)
	defer s.locks.lock(key)()
	var ses account.Session
	found, err := s.read(key, &ses)
	if err != nil || !found || !at.After(ses.LastSeenAt) {
		return err
	}
	ses.LastSeenAt = at
	return s.writeSoon(func(b *pebble.Batch) error { return put(b, key, ses) })
}
