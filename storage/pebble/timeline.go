package pebble

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/teahouse-im/teahouse/id"
)

// Timeline implements feed.Store.
func (s *Store) Timeline(_ context.Context, viewer id.User, before id.Post, limit int) ([]id.Post, error) {
	return s.references(tableTimeline, viewer, before, limit)
}

// Profile implements feed.Store.
func (s *Store) Profile(_ context.Context, author id.User, before id.Post, limit int) ([]id.Post, error) {
	return s.references(tableProfile, author, before, limit)
}

// references are the posts in somebody's list, the newest first.
func (s *Store) references(t table, u id.User, before id.Post, limit int) ([]id.Post, error) {
	if limit <= 0 {
		return nil, nil
	}
	from := t.key(string(u))
	to := after(from)
	if before != "" {
		to = t.key(string(u), string(before))
	}
	rows, err := s.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return nil, unavailable("scan", err)
	}
	var posts []id.Post
	for ok := rows.Last(); ok; ok = rows.Prev() {
		key := rows.Key()
		posts = append(posts, id.Post(key[len(from):len(key)-1]))
		if len(posts) == limit {
			break
		}
	}
	return posts, unavailable("scan", errors.Join(rows.Error(), rows.Close()))
}

// Refer implements feed.Store.
func (s *Store) Refer(_ context.Context, p id.Post, viewers []id.User) error {
	return s.write(func(b *pebble.Batch) error {
		var key []byte
		for _, u := range viewers {
			key = appendKey(key[:0], tableTimeline, string(u), string(p))
			if err := b.Set(key, nil, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// Fill implements feed.Store.
func (s *Store) Fill(_ context.Context, viewer id.User, posts []id.Post) error {
	return s.write(func(b *pebble.Batch) error {
		for _, p := range posts {
			if err := b.Set(tableTimeline.key(string(viewer), string(p)), nil, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unrefer implements feed.Store.
func (s *Store) Unrefer(_ context.Context, viewer id.User, posts []id.Post) error {
	return s.write(func(b *pebble.Batch) error {
		for _, p := range posts {
			if err := b.Delete(tableTimeline.key(string(viewer), string(p)), nil); err != nil {
				return err
			}
		}
		return nil
	})
}
