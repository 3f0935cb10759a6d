package scylla

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/gocql/gocql"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/id"
)

// Relation implements contact.Store.
func (s *Store) Relation(ctx context.Context, owner, other id.User) (contact.Relation, error) {
	var blob []byte
	q := s.reading(ctx, `SELECT page FROM books WHERE owner=? AND other=?`, string(owner), string(other))
	err := readError(q.Scan(&blob))
	if errors.Is(err, gocql.ErrNotFound) {
		return contact.Relation{Other: other}, nil
	}
	if err != nil {
		return contact.Relation{}, err
	}
	return decodePage(blob)
}

func decodePage(blob []byte) (r contact.Relation, err error) {
	if err = json.Unmarshal(blob, &r); err != nil {
		err = fmt.Errorf("decode a page of a contact book: %w", err)
	}
	return r, err
}

// ChangeRelation implements contact.Store. All pages of a book are written on
// the condition of the book's version.
func (s *Store) ChangeRelation(ctx context.Context, owner, other id.User, change func(*contact.Relation) error) (contact.Relation, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		// The version first: a page that is newer than it fails the condition.
		now, err := s.bookVersion(ctx, owner, gocql.LocalQuorum)
		if err != nil {
			return contact.Relation{}, readError(err)
		}
		r, err := s.Relation(ctx, owner, other)
		if err != nil {
			return r, err
		}
		before, err := json.Marshal(r)
		if err != nil {
			return r, fmt.Errorf("encode a page of a contact book: %w", err)
		}
		was := r.Version
		if err := change(&r); err != nil {
			return r, err
		}
		r.Other, r.Version = other, was
		if after, err := json.Marshal(r); err != nil || bytes.Equal(before, after) {
			return r, err
		}
		r.Version = now.number + 1
		err = s.putPage(ctx, owner, r, now)
		if !errors.Is(err, errOvertaken) {
			return r, err
		}
		if err := pause(ctx, overtakenPause); err != nil {
			return r, readError(err)
		}
	}
}

func (s *Store) putPage(ctx context.Context, owner id.User, r contact.Relation, now version) error {
	blob, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode a page of a contact book: %w", err)
	}
	return s.decide(ctx, now, newTry(),
		func(ctx context.Context, next version) (bool, error) {
			q := s.deciding(ctx, `UPDATE books SET version=?, tries=?, page=?, page_version=? WHERE owner=? AND other=? IF version=?`,
				next.number, next.tries, blob, r.Version, string(owner), string(r.Other), now.expected())
			return q.MapScanCAS(map[string]any{})
		},
		func(ctx context.Context, level gocql.Consistency) (version, error) {
			return s.bookVersion(ctx, owner, level)
		})
}

func (s *Store) bookVersion(ctx context.Context, owner id.User, level gocql.Consistency) (version, error) {
	q := s.reading(ctx, `SELECT version, tries FROM books WHERE owner=? LIMIT 1`, string(owner))
	return scanVersion(q.Consistency(level))
}

// Book implements contact.Store. Pages that are newer than the version read
// before them may lack others of the same age, so both are read again then.
func (s *Store) Book(ctx context.Context, owner id.User, since int64) ([]contact.Relation, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		now, err := s.bookVersion(ctx, owner, gocql.LocalQuorum)
		if err != nil || since >= now.number {
			return nil, now.number, readError(err)
		}
		pages, newest, err := s.pages(ctx, owner, since)
		if err != nil || newest <= now.number {
			return pages, now.number, err
		}
		if err := pause(ctx, overtakenPause); err != nil {
			return nil, 0, readError(err)
		}
	}
}

// pages are those that changed after a version, and the newest version among them.
func (s *Store) pages(ctx context.Context, owner id.User, since int64) (all []contact.Relation, newest int64, err error) {
	q := s.reading(ctx, `SELECT page FROM books WHERE owner=? AND page_version>? ALLOW FILTERING`, string(owner), since)
	iter := q.Iter()
	var blob []byte
	var failed error
	for iter.Scan(&blob) {
		r, err := decodePage(blob)
		failed = errors.Join(failed, err)
		all = append(all, r)
		newest = max(newest, r.Version)
		blob = nil
	}
	return all, newest, errors.Join(readError(iter.Close()), failed)
}
