package scylla

import (
	"context"
	"fmt"

	"github.com/teahouse-im/teahouse/id"
)

// A timeline lies in partitions by month, so that none grows without bound, and a
// list tells which months there are. Who puts a reference there lists its month
// before, unless this server knows that it is listed.

// A monthKey is a partition of a timeline.
type monthKey struct {
	user  id.User
	month int // of all since year 0
}

const (
	// referring is how many references of one post are written at once.
	referring = 64
	// behindAll sorts behind every post.
	behindAll = id.Post("~")
)

// monthOf is the month a post is of.
func monthOf(p id.Post) (int, error) {
	if _, ok := id.ParsePost(string(p)); !ok {
		return 0, fmt.Errorf("%q is no post", p)
	}
	at := timeOf(p.UUID()).UTC()
	return at.Year()*12 + int(at.Month()) - 1, nil
}

// Timeline implements feed.Store.
func (s *Store) Timeline(ctx context.Context, viewer id.User, before id.Post, limit int) ([]id.Post, error) {
	if limit <= 0 {
		return nil, nil
	}
	last := 1 << 30 // months; more than there are
	if before == "" {
		before = behindAll
	} else {
		var err error
		if last, err = monthOf(before); err != nil {
			return nil, err
		}
	}
	months := s.reading(ctx, `SELECT month FROM timeline_months WHERE user=? AND month<=?`, string(viewer), last).Iter()
	var posts []id.Post
	for month := 0; len(posts) < limit && months.Scan(&month); {
		some, err := s.posts(ctx, limit-len(posts), `SELECT post FROM timeline_by_user WHERE user=? AND month=? AND post<? LIMIT ?`,
			string(viewer), month, string(before))
		if err != nil {
			months.Close()
			return nil, err
		}
		posts = append(posts, some...)
	}
	return posts, readError(months.Close())
}

// Profile implements feed.Store.
func (s *Store) Profile(ctx context.Context, author id.User, before id.Post, limit int) ([]id.Post, error) {
	if limit <= 0 {
		return nil, nil
	}
	if before == "" {
		before = behindAll
	}
	return s.posts(ctx, limit, `SELECT post FROM posts_by_author WHERE author=? AND post<? LIMIT ?`, string(author), string(before))
}

// posts asks for a list of posts; its limit is the statement's last parameter.
func (s *Store) posts(ctx context.Context, limit int, stmt string, args ...any) ([]id.Post, error) {
	iter := s.reading(ctx, stmt, append(args, limit)...).Iter()
	var all []id.Post
	var p string
	for iter.Scan(&p) {
		all = append(all, id.Post(p))
	}
	return all, readError(iter.Close())
}

func (s *Store) listPost(ctx context.Context, author id.User, p id.Post) error {
	q := s.writing(ctx, `INSERT INTO posts_by_author (author, post) VALUES (?, ?)`, string(author), string(p))
	return readError(q.Exec())
}

// Refer implements feed.Store.
func (s *Store) Refer(ctx context.Context, p id.Post, viewers []id.User) error {
	return eachOf(ctx, len(viewers), referring, func(ctx context.Context, i int) error { return s.refer(ctx, viewers[i], p) })
}

// Fill implements feed.Store.
func (s *Store) Fill(ctx context.Context, viewer id.User, posts []id.Post) error {
	return each(ctx, len(posts), func(ctx context.Context, i int) error { return s.refer(ctx, viewer, posts[i]) })
}

// Unrefer implements feed.Store.
func (s *Store) Unrefer(ctx context.Context, viewer id.User, posts []id.Post) error {
	return each(ctx, len(posts), func(ctx context.Context, i int) error { return s.unrefer(ctx, viewer, posts[i]) })
}

func (s *Store) refer(ctx context.Context, viewer id.User, p id.Post) error {
	month, err := monthOf(p)
	if err != nil {
		return err
	}
	if key := (monthKey{viewer, month}); !s.months.has(key) {
		q := s.writing(ctx, `INSERT INTO timeline_months (user, month) VALUES (?, ?)`, string(viewer), month)
		if err := q.Exec(); err != nil {
			return readError(err)
		}
		s.months.add(key)
	}
	q := s.writing(ctx, `INSERT INTO timeline_by_user (user, month, post) VALUES (?, ?, ?)`, string(viewer), month, string(p))
	return readError(q.Exec())
}

func (s *Store) unrefer(ctx context.Context, viewer id.User, p id.Post) error {
	month, err := monthOf(p)
	if err != nil {
		return err
	}
	q := s.writing(ctx, `DELETE FROM timeline_by_user WHERE user=? AND month=? AND post=?`, string(viewer), month, string(p))
	return readError(q.Exec())
}
