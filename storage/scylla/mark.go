package scylla

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/gocql/gocql"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// A shard's marks lie in slots, of ten minutes of their ids, and feed_slots lists them.
type slotKey struct {
	shard int
	slot  int64
}

const (
	slotLength = 10 * time.Minute
	slotLasts  = 30 * time.Minute
)

func slotOf(m feed.Mark) slotKey {
	return slotKey{feed.Shard(m.Post), timeOf(m.ID).UnixMilli() / slotLength.Milliseconds()}
}

// putMark stores a mark; the zero mark is none.
func (s *Store) putMark(ctx context.Context, m feed.Mark) error {
	if m == (feed.Mark{}) {
		return nil
	}
	k := slotOf(m)
	return s.slots.listing(s.now, k, func() error { return s.listSlot(ctx, k) }, func() error {
		q := s.writing(ctx, `INSERT INTO feed_marks (shard, slot, mark, post) VALUES (?, ?, ?, ?)`, k.shard, k.slot, gocql.UUID(m.ID), string(m.Post))
		return readError(q.Exec())
	})
}

// remark is err, what became of a record's write. If it was written long after its
// mark began, the mark is written again: somebody may have found it in the
// meantime, seen nothing owed, and dropped it.
func (s *Store) remark(ctx context.Context, m feed.Mark, began time.Time, err error) error {
	if err == nil && s.now().Sub(began) > remarkAfter {
		err = s.putMark(ctx, m)
	}
	return err
}

// listSlot lists a slot as of now.
func (s *Store) listSlot(ctx context.Context, k slotKey) error {
	now := s.now().Truncate(time.Millisecond)
	q := s.writing(ctx, `INSERT INTO feed_slots (shard, slot, since) VALUES (?, ?, ?) USING TIMESTAMP ?`, k.shard, k.slot, now, now.UnixMicro())
	if err := q.Exec(); err != nil {
		return readError(err)
	}
	s.slots.note(k, now)
	return nil
}

// unlistSlot takes back what was listed until since.
func (s *Store) unlistSlot(ctx context.Context, k slotKey, since time.Time) error {
	q := s.writing(ctx, `DELETE FROM feed_slots USING TIMESTAMP ? WHERE shard=? AND slot=?`, since.UnixMicro(), k.shard, k.slot)
	return readError(q.Exec())
}

// Marks implements feed.Store.
func (s *Store) Marks(ctx context.Context, shard, limit int) ([]feed.Mark, error) {
	if limit <= 0 {
		return nil, nil
	}
	var all []feed.Mark
	list := s.reading(ctx, `SELECT slot, since FROM feed_slots WHERE shard=?`, shard).Iter()
	k := slotKey{shard: shard}
	for since := (time.Time{}); len(all) < limit && list.Scan(&k.slot, &since); {
		marks, err := s.marksIn(ctx, k, limit-len(all))
		if err == nil && len(marks) == 0 && s.slots.stale(s.now(), since) {
			err = s.unlistSlot(ctx, k, since)
		}
		if err != nil {
			list.Close()
			return nil, err
		}
		all = append(all, marks...)
	}
	return all, readError(list.Close())
}

func (s *Store) marksIn(ctx context.Context, k slotKey, limit int) ([]feed.Mark, error) {
	iter := s.reading(ctx, `SELECT mark, post FROM feed_marks WHERE shard=? AND slot=? LIMIT ?`, k.shard, k.slot, limit).Iter()
	var marks []feed.Mark
	var mark gocql.UUID
	var post string
	for iter.Scan(&mark, &post) {
		marks = append(marks, feed.Mark{ID: uuid.UUID(mark), Post: id.Post(post)})
	}
	return marks, readError(iter.Close())
}

// DropMarks implements feed.Store. A mark older than patience may be of a change
// that got no answer and is still under way. So its post is read in agreement of
// the replicas, after which that change is stored or never will be; if anything of
// the post is owed then, the mark stays, to be found again.
func (s *Store) DropMarks(ctx context.Context, marks []feed.Mark) error {
	owes := map[id.Post]bool{}
	old := func(m feed.Mark) bool { return s.now().Sub(timeOf(m.ID)) > patience }
	for _, m := range marks {
		if _, known := owes[m.Post]; known || !old(m) {
			continue
		}
		var err error
		if owes[m.Post], err = s.owes(ctx, m.Post); err != nil {
			return err
		}
	}
	return each(ctx, len(marks), func(ctx context.Context, i int) error {
		m := marks[i]
		if old(m) && owes[m.Post] {
			return nil
		}
		k := slotOf(m)
		q := s.writing(ctx, `DELETE FROM feed_marks WHERE shard=? AND slot=? AND mark=? AND post=?`, k.shard, k.slot, gocql.UUID(m.ID), string(m.Post))
		return readError(q.Exec())
	})
}

// owes tells whether there is a post, and it or an act under it says that something is owed.
func (s *Store) owes(ctx context.Context, p id.Post) (bool, error) {
	iter := s.reading(ctx, `SELECT part, value FROM feed_posts WHERE post=?`, string(p)).Consistency(gocql.LocalSerial).Iter()
	there, owed := false, false
	var part int8
	var value []byte
	var failed error
	for iter.Scan(&part, &value) {
		var record struct {
			Owed bool `json:"owed"`
		}
		if len(value) > 0 {
			if err := json.Unmarshal(value, &record); err != nil {
				failed = fmt.Errorf("decode a row of %s: %w", p, err)
			}
		}
		there = there || part == partPost && len(value) > 0
		owed = owed || record.Owed
		value = nil
	}
	return there && owed, errors.Join(readError(iter.Close()), failed)
}
