package scylla

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gocql/gocql"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// A feedRow names a row of feed_posts.
type feedRow struct {
	post       string
	part       int8
	kind, name string
}

const (
	partPost = 0
	partAct  = 1
)

func postRow(p id.Post) feedRow { return feedRow{post: string(p), part: partPost} }

func actRow(p id.Post, k feed.ActKey) feedRow {
	return feedRow{string(p), partAct, k.Kind, k.ID}
}

const (
	// remarkAfter is how long after its mark a record may be written. Later, the mark
	// may have been found and dropped by somebody who saw nothing owed.
	remarkAfter = 5 * time.Second
	// graveFor is how long what was forgotten is known to have been, in seconds; by
	// then no write that was begun before is still under way.
	graveFor = 24 * 60 * 60
)

// CreatePost implements feed.Store. One that was dropped before it came to be,
// because its mark led to nothing for too long, fails.
func (s *Store) CreatePost(ctx context.Context, p feed.Post, m feed.Mark) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := s.now()
	before := []func() error{
		func() error { return s.putMark(ctx, m) },
		func() error { return s.refer(ctx, p.Author, p.ID) },
		func() error { return s.listPost(ctx, p.Author, p.ID) },
	}
	if err := each(ctx, len(before), func(_ context.Context, i int) error { return before[i]() }); err != nil {
		return err
	}
	value, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("encode the post %s: %w", p.ID, err)
	}
	err = s.putRow(ctx, postRow(p.ID), value, version{})
	if errors.Is(err, errOvertaken) {
		return s.wasCreated(ctx, p.ID)
	}
	return s.remark(ctx, m, began, err)
}

// wasCreated tells whether what stands in a post's row is a post, and no grave.
func (s *Store) wasCreated(ctx context.Context, p id.Post) error {
	value, _, err := s.row(ctx, postRow(p))
	if err == nil && len(value) == 0 {
		err = fmt.Errorf("create the post %s: %w: it was dropped before", p, fault.Unavailable)
	}
	return err
}

// ChangePost implements feed.Store.
func (s *Store) ChangePost(ctx context.Context, post id.Post, m feed.Mark, change func(*feed.Post) error) (feed.Post, error) {
	return changeRow(ctx, s, postRow(post), feed.Post{}, m, func(p *feed.Post, found bool) error {
		if !found {
			return feed.ErrUnknown
		}
		author := p.Author
		err := change(p)
		p.ID, p.Author = post, author
		return err
	})
}

// ChangeAct implements feed.Store.
func (s *Store) ChangeAct(ctx context.Context, post id.Post, k feed.ActKey, m feed.Mark, change func(*feed.Act) error) (feed.Act, error) {
	none := feed.Act{Kind: k.Kind, ID: k.ID}
	return changeRow(ctx, s, actRow(post, k), none, m, func(a *feed.Act, _ bool) error {
		err := change(a)
		a.Kind, a.ID = k.Kind, k.ID
		return err
	})
}

// changeRow reads a row, changes and stores it as one step, and the mark before
// it. none is what is changed where there is no row.
func changeRow[T any](ctx context.Context, s *Store, row feedRow, none T, m feed.Mark, change func(v *T, found bool) error) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var marked time.Time
	for {
		v := none
		value, now, err := s.row(ctx, row)
		if err != nil {
			return v, err
		}
		found := len(value) > 0
		if found {
			if err := json.Unmarshal(value, &v); err != nil {
				return v, fmt.Errorf("decode a row of %s: %w", row.post, err)
			}
		}
		next, err := changed(&v, func(v *T) error { return change(v, found) })
		if err != nil || next == nil {
			return v, err
		}
		if marked.IsZero() {
			marked = s.now()
			if err := s.putMark(ctx, m); err != nil {
				return v, err
			}
		}
		err = s.putRow(ctx, row, next, now)
		if !errors.Is(err, errOvertaken) {
			return v, s.remark(ctx, m, marked, err)
		}
		if err := pause(ctx, overtakenPause); err != nil {
			return v, readError(err)
		}
	}
}

// changed is what to store of a value after its change; nil if that alters nothing.
func changed[T any](v *T, change func(*T) error) ([]byte, error) {
	before, err := json.Marshal(*v)
	if err != nil {
		return nil, err
	}
	if err := change(v); err != nil {
		return nil, err
	}
	after, err := json.Marshal(*v)
	if err != nil || bytes.Equal(before, after) {
		return nil, err
	}
	return after, nil
}

// row reads a row of feed_posts with its version; no value if there is none.
func (s *Store) row(ctx context.Context, r feedRow) (value []byte, v version, err error) {
	q := s.reading(ctx, `SELECT version, tries, value FROM feed_posts WHERE post=? AND part=? AND kind=? AND name=?`,
		r.post, r.part, r.kind, r.name)
	err = readError(q.Scan(&v.number, &v.tries, &value))
	if errors.Is(err, gocql.ErrNotFound) {
		err = nil
	}
	return value, v, err
}

func (s *Store) rowVersion(r feedRow) func(context.Context, gocql.Consistency) (version, error) {
	return func(ctx context.Context, level gocql.Consistency) (version, error) {
		q := s.reading(ctx, `SELECT version, tries FROM feed_posts WHERE post=? AND part=? AND kind=? AND name=?`,
			r.post, r.part, r.kind, r.name)
		return scanVersion(q.Consistency(level))
	}
}

// putRow writes a row that is at now.
func (s *Store) putRow(ctx context.Context, r feedRow, value []byte, now version) error {
	return s.decide(ctx, now, newTry(), func(ctx context.Context, next version) (bool, error) {
		q := s.deciding(ctx, `UPDATE feed_posts SET version=?, tries=?, value=? WHERE post=? AND part=? AND kind=? AND name=? IF version=?`,
			next.number, next.tries, value, r.post, r.part, r.kind, r.name, now.expected())
		return q.MapScanCAS(map[string]any{})
	}, s.rowVersion(r))
}

// Threads implements feed.Store. An answered change is on a majority of the
// replicas, so a read of a majority sees it; one whose outcome is unknown may
// show or not. Each post is one query, and a thread is one state of its partition.
func (s *Store) Threads(ctx context.Context, posts []id.Post) ([]feed.Thread, error) {
	found := make([]*feed.Thread, len(posts))
	err := each(ctx, len(posts), func(ctx context.Context, i int) (err error) {
		found[i], err = s.thread(ctx, posts[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	threads := make([]feed.Thread, 0, len(posts))
	for _, t := range found {
		if t != nil {
			threads = append(threads, *t)
		}
	}
	return threads, nil
}

// thread is nil if there is no such post, whatever acts stand there.
func (s *Store) thread(ctx context.Context, p id.Post) (*feed.Thread, error) {
	iter := s.reading(ctx, `SELECT part, value FROM feed_posts WHERE post=?`, string(p)).Iter()
	var t *feed.Thread
	var part int8
	var value []byte
	var failed error
	for iter.Scan(&part, &value) {
		switch {
		case len(value) == 0: // a grave
		case part == partPost:
			t = &feed.Thread{}
			failed = errors.Join(failed, json.Unmarshal(value, &t.Post))
		case t != nil:
			t.Acts = append(t.Acts, feed.Act{})
			failed = errors.Join(failed, json.Unmarshal(value, &t.Acts[len(t.Acts)-1]))
		}
		value = nil
	}
	if failed != nil {
		failed = fmt.Errorf("decode a row of %s: %w", p, failed)
	}
	return t, errors.Join(readError(iter.Close()), failed)
}

// DropPost implements feed.Store.
//
// The post's row becomes a grave: it keeps its version and loses its value, for
// graveFor. So a late change of the post, and a late creation of it, fail their
// condition. A change of an act that looked before the drop and is written after
// it stands there alone: it is no thread, and dropping the post again removes it.
func (s *Store) DropPost(ctx context.Context, author id.User, p id.Post) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	acts := `DELETE FROM feed_posts WHERE post=? AND part=1`
	if err := s.bury(ctx, postRow(p), func(b *gocql.Batch) { b.Query(acts, string(p)) }); err != nil {
		return err
	}
	if err := s.writing(ctx, `DELETE FROM feed_told WHERE post=?`, string(p)).Exec(); err != nil || author == "" {
		return readError(err)
	}
	if err := s.unrefer(ctx, author, p); err != nil {
		return err
	}
	q := s.writing(ctx, `DELETE FROM posts_by_author WHERE author=? AND post=?`, string(author), string(p))
	return readError(q.Exec())
}

// DropActs implements feed.Store. An act's grave lets no late write bring it back.
func (s *Store) DropActs(ctx context.Context, p id.Post, keys []feed.ActKey) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return each(ctx, len(keys), func(ctx context.Context, i int) error {
		row := actRow(p, keys[i])
		value, _, err := s.row(ctx, row)
		if err != nil || len(value) == 0 {
			return err
		}
		return s.bury(ctx, row, func(*gocql.Batch) {})
	})
}

// bury makes a grave of a row, whatever it is, together with what with adds of the
// same partition.
func (s *Store) bury(ctx context.Context, r feedRow, with func(*gocql.Batch)) error {
	for {
		now, err := s.rowVersion(r)(ctx, gocql.LocalQuorum)
		if err != nil {
			return readError(err)
		}
		err = s.decide(ctx, now, newTry(), func(ctx context.Context, next version) (bool, error) {
			b := s.cql.Batch(gocql.UnloggedBatch).RetryPolicy(never{}).DefaultTimestamp(false).WithContext(ctx)
			b.Query(`UPDATE feed_posts USING TTL ? SET version=?, tries=?, value=NULL WHERE post=? AND part=? AND kind=? AND name=? IF version=?`,
				graveFor, next.number, next.tries, r.post, r.part, r.kind, r.name, now.expected())
			with(b)
			applied, iter, err := s.cql.MapExecuteBatchCAS(b, map[string]any{})
			if iter != nil {
				err = errors.Join(err, iter.Close())
			}
			return applied, err
		}, s.rowVersion(r))
		if !errors.Is(err, errOvertaken) {
			return err
		}
		if err := pause(ctx, overtakenPause); err != nil {
			return readError(err)
		}
	}
}
