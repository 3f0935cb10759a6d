package scylla

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/gocql/gocql"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// PutTold implements feed.Store.
func (s *Store) PutTold(ctx context.Context, p id.Post, told []feed.Told) error {
	return each(ctx, len(told), func(ctx context.Context, i int) error {
		value, err := json.Marshal(told[i])
		if err != nil {
			return fmt.Errorf("encode what was told of %s: %w", p, err)
		}
		q := s.writing(ctx, `INSERT INTO feed_told (post, entry, value) VALUES (?, ?, ?)`, string(p), gocql.UUID(told[i].Entry), value)
		return readError(q.Exec())
	})
}

// ToldOf implements feed.Store.
func (s *Store) ToldOf(ctx context.Context, p id.Post) ([]feed.Told, error) {
	iter := s.reading(ctx, `SELECT value FROM feed_told WHERE post=?`, string(p)).Iter()
	var all []feed.Told
	var value []byte
	var failed error
	for iter.Scan(&value) {
		var t feed.Told
		if err := json.Unmarshal(value, &t); err != nil {
			failed = errors.Join(failed, fmt.Errorf("decode what was told of %s: %w", p, err))
		}
		all = append(all, t)
		value = nil
	}
	return all, errors.Join(readError(iter.Close()), failed)
}

// DropTold implements feed.Store.
func (s *Store) DropTold(ctx context.Context, p id.Post, entries []uuid.UUID) error {
	return each(ctx, len(entries), func(ctx context.Context, i int) error {
		q := s.writing(ctx, `DELETE FROM feed_told WHERE post=? AND entry=?`, string(p), gocql.UUID(entries[i]))
		return readError(q.Exec())
	})
}
