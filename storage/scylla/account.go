package scylla

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gocql/gocql"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/id"
)

// CreateAccount implements account.Store.
func (s *Store) CreateAccount(ctx context.Context, a account.Account) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := s.putAccount(ctx, a, version{}, newTry())
	if errors.Is(err, errOvertaken) {
		return account.ErrTaken
	}
	return err
}

// Account implements account.Store.
func (s *Store) Account(ctx context.Context, u id.User) (account.Account, error) {
	a, _, err := s.account(ctx, u)
	return a, err
}

// Users implements account.Store: in the order of their tokens.
func (s *Store) Users(ctx context.Context, after id.User, limit int) (users []id.User, err error) {
	if limit <= 0 {
		return nil, nil
	}
	q := s.reading(ctx, `SELECT DISTINCT user, account FROM users LIMIT ?`, limit)
	if after != "" {
		q = s.reading(ctx, `SELECT DISTINCT user, account FROM users WHERE token(user) > token(?) LIMIT ?`, string(after), limit)
	}
	rows := q.Iter()
	var user string
	var account []byte
	for rows.Scan(&user, &account) {
		users = append(users, id.User(user))
	}
	return users, readError(rows.Close())
}

// ChangeAccount implements account.Store.
func (s *Store) ChangeAccount(ctx context.Context, u id.User, change func(*account.Account) error) (account.Account, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		a, now, err := s.account(ctx, u)
		if err != nil {
			return a, err
		}
		if err := change(&a); err != nil {
			return a, err
		}
		a.User = u
		err = s.putAccount(ctx, a, now, newTry())
		if !errors.Is(err, errOvertaken) {
			return a, err
		}
		if err := pause(ctx, overtakenPause); err != nil {
			return a, readError(err)
		}
	}
}

func (s *Store) account(ctx context.Context, u id.User) (a account.Account, v version, err error) {
	var blob []byte
	q := s.reading(ctx, `SELECT version, tries, account FROM users WHERE user=? LIMIT 1`, string(u))
	err = readError(q.Scan(&v.number, &v.tries, &blob))
	if errors.Is(err, gocql.ErrNotFound) || err == nil && v.number == 0 {
		return a, v, account.ErrUnknown
	}
	if err == nil {
		err = decodeAccount(blob, &a)
	}
	return a, v, err
}

func decodeAccount(blob []byte, a *account.Account) error {
	if err := json.Unmarshal(blob, a); err != nil {
		return fmt.Errorf("decode an account: %w", err)
	}
	return nil
}

func (s *Store) putAccount(ctx context.Context, a account.Account, now version, try gocql.UUID) error {
	blob, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("encode an account: %w", err)
	}
	return s.decide(ctx, now, try,
		func(ctx context.Context, next version) (bool, error) {
			q := s.deciding(ctx, `UPDATE users SET version=?, tries=?, account=? WHERE user=? IF version=?`,
				next.number, next.tries, blob, string(a.User), now.expected())
			return q.MapScanCAS(map[string]any{})
		},
		func(ctx context.Context, level gocql.Consistency) (v version, err error) {
			q := s.reading(ctx, `SELECT version, tries FROM users WHERE user=? LIMIT 1`, string(a.User))
			return scanVersion(q.Consistency(level))
		})
}

// PutSession implements account.Store. ErrUnknown: there is no such account.
//
// Sessions are written conditionally, so that a sign-out is never undone by a
// sign-in that another server dated a little later; seen alone is not.
func (s *Store) PutSession(ctx context.Context, ses account.Session) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	blob, err := json.Marshal(ses)
	if err != nil {
		return fmt.Errorf("encode a session: %w", err)
	}
	applied, err := s.insist(ctx, `UPDATE users SET session=? WHERE user=? AND hash=? IF version!=NULL`,
		blob, string(ses.User), ses.Hash[:])
	if err == nil && !applied {
		err = account.ErrUnknown
	}
	return err
}

// Session implements account.Store.
func (s *Store) Session(ctx context.Context, u id.User, h account.TokenHash) (account.Session, account.Account, error) {
	var session, acc []byte
	var seen time.Time
	q := s.reading(ctx, `SELECT session, seen, account FROM users WHERE user=? AND hash=?`, string(u), h[:])
	err := readError(q.Scan(&session, &seen, &acc))
	if errors.Is(err, gocql.ErrNotFound) || err == nil && (session == nil || acc == nil) {
		err = account.ErrUnknown
	}
	if err != nil {
		return account.Session{}, account.Account{}, err
	}
	ses, err := decodeSession(session, h, seen)
	if err != nil {
		return account.Session{}, account.Account{}, err
	}
	var a account.Account
	return ses, a, decodeAccount(acc, &a)
}

func decodeSession(blob []byte, h account.TokenHash, seen time.Time) (account.Session, error) {
	ses := account.Session{Hash: h}
	if err := json.Unmarshal(blob, &ses); err != nil {
		return ses, fmt.Errorf("decode a session: %w", err)
	}
	if seen.After(ses.LastSeenAt) {
		ses.LastSeenAt = seen.UTC()
	}
	return ses, nil
}

// Sessions implements account.Store.
func (s *Store) Sessions(ctx context.Context, u id.User) ([]account.Session, error) {
	q := s.reading(ctx, `SELECT hash, session, seen FROM users WHERE user=?`, string(u))
	iter := q.Iter()
	var all []account.Session
	var hash, blob []byte
	var seen time.Time
	var failed error
	for iter.Scan(&hash, &blob, &seen) {
		if len(hash) == len(account.TokenHash{}) && blob != nil { // not the account alone, nor what a late touch left behind
			ses, err := decodeSession(blob, account.TokenHash(hash), seen)
			failed = errors.Join(failed, err)
			all = append(all, ses)
		}
		hash, blob, seen = nil, nil, time.Time{}
	}
	return all, errors.Join(readError(iter.Close()), failed)
}

// DropSession implements account.Store.
func (s *Store) DropSession(ctx context.Context, u id.User, h account.TokenHash) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := s.insist(ctx, `DELETE FROM users WHERE user=? AND hash=? IF EXISTS`, string(u), h[:])
	return err
}

// seenFor is how long a note of when a session was seen is kept, in seconds; it
// is what removes one that came after the session was dropped.
const seenFor = 90 * 24 * 60 * 60

// TouchSession implements account.Store. Its time is its timestamp: an earlier one changes nothing.
func (s *Store) TouchSession(ctx context.Context, u id.User, h account.TokenHash, at time.Time) error {
	q := s.writing(ctx, `UPDATE users USING TTL ? AND TIMESTAMP ? SET seen=? WHERE user=? AND hash=?`,
		seenFor, at.UnixMicro(), at, string(u), h[:])
	return readError(q.Exec())
}
