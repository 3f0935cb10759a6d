package pebble

import (
	"bytes"
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/id"
)

// Relation implements contact.Store.
func (s *Store) Relation(_ context.Context, owner, other id.User) (contact.Relation, error) {
	r := contact.Relation{Other: other}
	_, err := s.read(tableRelation.key(string(owner), string(other)), &r)
	return r, err
}

// ChangeRelation implements contact.Store. The book's lock is held throughout:
// all of its pages share one version.
func (s *Store) ChangeRelation(_ context.Context, owner, other id.User, change func(*contact.Relation) error) (contact.Relation, error) {
	page, book := tableRelation.key(string(owner), string(other)), tableBook.key(string(owner))
	defer s.locks.lock(book)()

	r, version := contact.Relation{Other: other}, int64(0)
	if _, err := s.read(page, &r); err != nil {
		return r, err
	}
	if _, err := s.read(book, &version); err != nil {
		return r, err
	}
	before, err := json.Marshal(r)
	if err != nil {
		return r, fmt.Errorf("encode the page %q: %w", page, err)
	}
	was := r.Version
	if err := change(&r); err != nil {
		return r, err
	}
	r.Other, r.Version = other, was
	if after, err := json.Marshal(r); err != nil || bytes.Equal(before, after) {
		return r, err
	}
	r.Version = version + 1
	err = s.write(func(b *pebble.Batch) error {
		if err := put(b, page, r); err != nil {
			return err
		}
		return put(b, book, r.Version)
	})
	return r, err
}

// Book implements contact.Store.
func (s *Store) Book(_ context.Context, owner id.User, since int64) ([]contact.Relation, int64, error) {
	var version int64
	if _, err := s.read(tableBook.key(string(owner)), &version); err != nil || since >= version {
		return nil, version, err
	}
	var pages []contact.Relation
	from := tableRelation.key(string(owner))
	err := s.scan(from, after(from), func(key, value []byte) (bool, error) {
		var r contact.Relation
		if err := json.Unmarshal(value, &r); err != nil {
			return false, fmt.Errorf("decode the page %q: %w", key, err)
		}
		if r.Version > since {
			pages = append(pages, r)
			version = max(version, r.Version)
		}
		return true, nil
	})
	return pages, version, err
}
