package pebble

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// What belongs to a post lies together: the post, its acts by kind and id, and
// what was told of it.
func postKey(p id.Post) []byte               { return tablePost.key(string(p)) }
func actsKey(p id.Post) []byte               { return tablePost.key(string(p), "act") }
func actKey(p id.Post, k feed.ActKey) []byte { return tablePost.key(string(p), "act", k.Kind, k.ID) }
func allToldKey(p id.Post) []byte            { return tablePost.key(string(p), "told") }

func toldKey(p id.Post, entry uuid.UUID) []byte { return append(allToldKey(p), entry[:]...) }

// CreatePost implements feed.Store. A post that is there already stays as it is.
func (s *Store) CreatePost(_ context.Context, p feed.Post, m feed.Mark) error {
	key := postKey(p.ID)
	defer s.locks.lock(key)()
	var there feed.Post
	if found, err := s.read(key, &there); err != nil || found {
		return err
	}
	return s.write(func(b *pebble.Batch) error {
		if err := putMark(b, m); err != nil {
			return err
		}
		if err := b.Set(tableTimeline.key(string(p.Author), string(p.ID)), nil, nil); err != nil {
			return err
		}
		if err := b.Set(tableProfile.key(string(p.Author), string(p.ID)), nil, nil); err != nil {
			return err
		}
		return put(b, key, p)
	})
}

// ChangePost implements feed.Store.
func (s *Store) ChangePost(_ context.Context, post id.Post, m feed.Mark, change func(*feed.Post) error) (feed.Post, error) {
	key := postKey(post)
	defer s.locks.lock(key)()
	var p feed.Post
	switch found, err := s.read(key, &p); {
	case err != nil:
		return p, err
	case !found:
		return p, feed.ErrUnknown
	}
	before, err := json.Marshal(p)
	if err != nil {
		return p, fmt.Errorf("encode the row %q: %w", key, err)
	}
	author := p.Author
	if err := change(&p); err != nil {
		return p, err
	}
	p.ID, p.Author = post, author
	after, err := json.Marshal(p)
	if err != nil {
		return p, fmt.Errorf("encode the row %q: %w", key, err)
	}
	return p, s.storeChanged(key, before, after, m)
}

// storeChanged stores a row that was changed, with a mark. Nothing is stored if
// the row is the same.
func (s *Store) storeChanged(key, before, after []byte, m feed.Mark) error {
	if bytes.Equal(before, after) {
		return nil
	}
	return s.write(func(b *pebble.Batch) error {
		if err := putMark(b, m); err != nil {
			return err
		}
		return b.Set(key, after, nil)
	})
}

// Threads implements feed.Store.
func (s *Store) Threads(ctx context.Context, posts []id.Post) ([]feed.Thread, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	rows, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{byte(tablePost)}, UpperBound: []byte{byte(tablePost) + 1}})
	if err != nil {
		return nil, unavailable("scan", err)
	}
	threads := make([]feed.Thread, 0, len(posts))
	for _, p := range posts {
		t, found, err := threadAt(rows, p)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, errors.Join(err, rows.Close())
		}
		if found {
			threads = append(threads, t)
		}
	}
	return threads, unavailable("scan", rows.Close())
}

// threadAt reads a post and its acts.
func threadAt(rows *pebble.Iterator, p id.Post) (t feed.Thread, found bool, err error) {
	key, acts := postKey(p), actsKey(p)
	for ok := rows.SeekGE(key); ok; ok = rows.Next() {
		value, err := rows.ValueAndErr()
		if err != nil {
			return t, found, unavailable("scan", err)
		}
		switch {
		case !found:
			if found = bytes.Equal(rows.Key(), key); !found {
				return t, false, nil
			}
			if err := json.Unmarshal(value, &t.Post); err != nil {
				return t, found, fmt.Errorf("decode the row %q: %w", key, err)
			}
		case bytes.HasPrefix(rows.Key(), acts):
			a := actKeyed(rows.Key()[len(acts):])
			if err := decodeAct(rows.Key(), value, &a); err != nil {
				return t, found, err
			}
			t.Acts = append(t.Acts, a)
		default:
			return t, true, nil
		}
	}
	return t, found, unavailable("scan", rows.Error())
}

// DropPost implements feed.Store. An act that comes later stands there alone,
// where nobody finds it.
func (s *Store) DropPost(_ context.Context, author id.User, p id.Post) error {
	key := postKey(p)
	defer s.locks.lock(key)()
	return s.write(func(b *pebble.Batch) error {
		err := b.DeleteRange(key, after(key), nil)
		if author != "" {
			err = errors.Join(err, drop(b, [][]byte{
				tableTimeline.key(string(author), string(p)), tableProfile.key(string(author), string(p)),
			}))
		}
		return err
	})
}

func drop(b *pebble.Batch, keys [][]byte) error {
	for _, key := range keys {
		if err := b.Delete(key, nil); err != nil {
			return err
		}
	}
	return nil
}

// PutTold implements feed.Store.
func (s *Store) PutTold(_ context.Context, p id.Post, told []feed.Told) error {
	return s.write(func(b *pebble.Batch) error {
		for _, t := range told {
			if err := put(b, toldKey(p, t.Entry), t); err != nil {
				return err
			}
		}
		return nil
	})
}

// ToldOf implements feed.Store.
func (s *Store) ToldOf(ctx context.Context, p id.Post) ([]feed.Told, error) {
	var all []feed.Told
	from := allToldKey(p)
	err := s.scan(from, after(from), func(key, value []byte) (bool, error) {
		var t feed.Told
		if err := json.Unmarshal(value, &t); err != nil {
			return false, fmt.Errorf("decode the row %q: %w", key, err)
		}
		all = append(all, t)
		return true, ctx.Err()
	})
	return all, err
}

// DropTold implements feed.Store.
func (s *Store) DropTold(_ context.Context, p id.Post, entries []uuid.UUID) error {
	keys := make([][]byte, len(entries))
	for i, e := range entries {
		keys[i] = toldKey(p, e)
	}
	return s.write(func(b *pebble.Batch) error { return drop(b, keys) })
}

// A mark's row is all key: its shard, itself and its post, so that those of a
// shard are in the order of their times.
func markKey(m feed.Mark) []byte {
	key := append([]byte{byte(tableMark), byte(feed.Shard(m.Post))}, m.ID[:]...)
	return append(key, m.Post...)
}

const markHeader = 2 // bytes before a mark's id

// putMark adds a mark to what is stored; the zero mark is none.
func putMark(b *pebble.Batch, m feed.Mark) error {
	if m == (feed.Mark{}) {
		return nil
	}
	return b.Set(markKey(m), nil, nil)
}

// Marks implements feed.Store.
func (s *Store) Marks(_ context.Context, shard, limit int) ([]feed.Mark, error) {
	if limit <= 0 {
		return nil, nil
	}
	var marks []feed.Mark
	from := []byte{byte(tableMark), byte(shard)}
	err := s.scan(from, after(from), func(key, _ []byte) (bool, error) {
		if len(key) < markHeader+len(uuid.UUID{}) {
			return false, damaged("the row %q", key)
		}
		m := feed.Mark{ID: uuid.UUID(key[markHeader:][:16]), Post: id.Post(key[markHeader+16:])}
		marks = append(marks, m)
		return len(marks) < limit, nil
	})
	return marks, err
}

// DropMarks implements feed.Store. It does not wait for the disk: a mark that
// comes back after a crash is settled again, which changes nothing.
func (s *Store) DropMarks(_ context.Context, marks []feed.Mark) error {
	return s.writeSoon(func(b *pebble.Batch) error {
		for _, m := range marks {
			if err := b.Delete(markKey(m), nil); err != nil {
				return err
			}
		}
		return nil
	})
}
