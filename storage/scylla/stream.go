package scylla

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gocql/gocql"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Range implements stream.Log.
func (s *Store) Range(ctx context.Context, st id.Stream, from, to id.Seq) ([]stream.Entry, error) {
	from = max(from, 1)
	if from > to {
		return nil, nil
	}
	bucket := s.bucketOf(from)
	entries, err := s.rangeIn(ctx, st, bucket, from, to, nil)
	if err != nil {
		return nil, err
	}
	// The last group of the bucket before may reach into this one's positions.
	if bucket > 0 && (len(entries) == 0 || entries[0].Seq > from) {
		before, err := s.rangeIn(ctx, st, bucket-1, from, to, nil)
		if err != nil {
			return nil, err
		}
		entries = append(before, entries...)
	}
	for last := s.bucketOf(to); bucket < last; { // there are no holes: an end within a bucket is the stream's
		if len(entries) == 0 || !s.full(bucket, stream.HeadOf(entries[len(entries)-1])) {
			break
		}
		bucket++
		if entries, err = s.rangeIn(ctx, st, bucket, from, to, entries); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

const selectEntries = `SELECT seq, id, count, kind, author, at, body FROM stream_entries
	WHERE stream=? AND bucket=? AND part=0 AND seq>=? AND seq<=?`

// rangeIn adds the entries of one bucket.
func (s *Store) rangeIn(ctx context.Context, st id.Stream, bucket int64, from, to id.Seq, entries []stream.Entry) ([]stream.Entry, error) {
	q := s.reading(ctx, selectEntries, string(st), bucket, int64(from), int64(to))
	iter := q.Iter()
	var (
		seq, count   int64
		u            gocql.UUID
		kind, author string
		at           time.Time
		body         []byte
	)
	for iter.Scan(&seq, &u, &count, &kind, &author, &at, &body) {
		entries = append(entries, stream.Entry{
			Stream: st, Seq: id.Seq(seq), Count: count, ID: uuid.UUID(u), Kind: stream.Kind(kind),
			From: id.Principal(author), At: at.UTC(), Body: json.RawMessage(body),
		})
		body = nil
	}
	return entries, readError(iter.Close())
}

// headIn is how far a stream has come in a bucket; zero if that is empty.
func (s *Store) headIn(ctx context.Context, st id.Stream, bucket int64, c gocql.Consistency) (stream.Head, error) {
	q := s.reading(ctx, `SELECT head_seq, head_count FROM stream_entries WHERE stream=? AND bucket=? LIMIT 1`, string(st), bucket)
	var seq, count int64
	err := readError(q.Consistency(c).Scan(&seq, &count))
	if errors.Is(err, gocql.ErrNotFound) {
		err = nil
	}
	return stream.Head{Seq: id.Seq(seq), Count: count}, err
}

// A headAnswer is how far a stream has come, and in which bucket.
type headAnswer struct {
	head   stream.Head
	bucket int64
}

// Heads implements stream.Log: a read of one partition for each stream, which those share who ask at once.
func (s *Store) Heads(ctx context.Context, streams []id.Stream) ([]stream.Head, error) {
	heads := make([]stream.Head, len(streams))
	err := each(ctx, len(streams), func(ctx context.Context, i int) error {
		st := streams[i]
		a, err := s.heads.do(ctx, string(st), func(ctx context.Context) (headAnswer, error) { return s.head(ctx, st) })
		heads[i] = a.head
		return err
	})
	if err != nil {
		return nil, err
	}
	return heads, nil
}

// head finds a stream's newest bucket, beginning where it was last, and how far that has come.
func (s *Store) head(ctx context.Context, st id.Stream) (headAnswer, error) {
	// After an append of unknown outcome a serial read completes it, if it is to be.
	level, unsettled := gocql.LocalQuorum, s.unsettled.has(st)
	if unsettled {
		level = gocql.LocalSerial
	}
	a := headAnswer{bucket: s.buckets.get(st).bucket}
	var err error
	if a.head, err = s.headIn(ctx, st, a.bucket, level); err != nil {
		return a, err
	}
	for s.full(a.bucket, a.head) {
		n, err := s.newest(ctx, st)
		if err != nil {
			return a, err
		}
		if n.bucket <= a.bucket {
			break
		}
		h, err := s.headIn(ctx, st, n.bucket, level)
		if err != nil {
			return a, err
		}
		if h.Seq > 0 {
			a = headAnswer{h, n.bucket}
			s.buckets.learn(st, n)
			continue
		}
		// Announced, but nobody has written into it: the one before is the newest, and full.
		if a.bucket < n.bucket-1 {
			a.bucket = n.bucket - 1
			if a.head, err = s.headIn(ctx, st, a.bucket, level); err != nil {
				return a, err
			}
		}
		break
	}
	if unsettled {
		s.unsettled.remove(st)
	}
	return a, nil
}

// Authored implements stream.Log. Each bucket has a row for each of its authors,
// written in the same batch as their entries; before a bucket is opened those of
// the one before are noted in stream_authors. So it is one of two rows, whatever
// the stream's length.
func (s *Store) Authored(ctx context.Context, st id.Stream, who id.Principal) (stream.Head, error) {
	bucket := s.buckets.get(st).bucket
	at, head, err := s.authoredIn(ctx, st, bucket, who)
	if err != nil || at.Seq > 0 && !s.full(bucket, head) {
		return at, err
	}
	now, err := s.head(ctx, st)
	if err != nil {
		return stream.Head{}, err
	}
	if now.bucket != bucket {
		at, _, err = s.authoredIn(ctx, st, now.bucket, who)
	}
	if err != nil || at.Seq > 0 || now.bucket == 0 {
		return at, err
	}
	q := s.reading(ctx, `SELECT seq, count FROM stream_authors WHERE stream=? AND author=?`, string(st), string(who))
	err = readError(q.Scan((*int64)(&at.Seq), &at.Count))
	if errors.Is(err, gocql.ErrNotFound) {
		err = nil
	}
	return at, err
}

// authoredIn is an author's last countable entry in a bucket, with the bucket's head if there is one.
func (s *Store) authoredIn(ctx context.Context, st id.Stream, bucket int64, who id.Principal) (at, head stream.Head, err error) {
	q := s.reading(ctx, `SELECT entry_seq, count, head_seq, head_count FROM stream_entries
		WHERE stream=? AND bucket=? AND part=2 AND seq=0 AND id=?`, string(st), bucket, authorID(who))
	err = readError(q.Scan((*int64)(&at.Seq), &at.Count, (*int64)(&head.Seq), &head.Count))
	if errors.Is(err, gocql.ErrNotFound) {
		err = nil
	}
	return at, head, err
}

// noteAuthors writes the authors of a full bucket into stream_authors. The
// position is the timestamp: noting it again, late, or a lower one changes nothing.
func (s *Store) noteAuthors(ctx context.Context, st id.Stream, bucket int64) error {
	type author struct {
		name       string
		seq, count int64
	}
	var all []author
	var a author
	q := s.reading(ctx, `SELECT author, entry_seq, count FROM stream_entries WHERE stream=? AND bucket=? AND part=2`, string(st), bucket)
	iter := q.Iter()
	for iter.Scan(&a.name, &a.seq, &a.count) {
		all = append(all, a)
	}
	if err := readError(iter.Close()); err != nil {
		return err
	}
	return each(ctx, len(all), func(ctx context.Context, i int) error {
		q := s.writing(ctx, `INSERT INTO stream_authors (stream, author, seq, count) VALUES (?, ?, ?, ?) USING TIMESTAMP ?`,
			string(st), all[i].name, all[i].seq, all[i].count, all[i].seq)
		return readError(q.Exec())
	})
}

// Redact implements stream.Log. The entry was written conditionally, and so is
// this: a late answer to the append that stored it, or its repeat, is of an
// earlier round and cannot bring the body back.
func (s *Store) Redact(ctx context.Context, st id.Stream, seq id.Seq, kind stream.Kind, body json.RawMessage) error {
	if seq < 1 {
		return stream.ErrNoEntry
	}
	found, err := s.Range(ctx, st, seq, seq)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return stream.ErrNoEntry
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for bucket := s.bucketOf(seq); bucket >= 0 && bucket >= s.bucketOf(seq)-1; bucket-- {
		applied, err := s.insist(ctx, `UPDATE stream_entries SET kind=?, body=?
			WHERE stream=? AND bucket=? AND part=0 AND seq=? AND id=? IF EXISTS`,
			string(kind), []byte(body), string(st), bucket, int64(seq), gocql.UUID(found[0].ID))
		if err != nil {
			return fmt.Errorf("redact %s %d: %w", st, seq, err)
		}
		if applied {
			return nil
		}
	}
	return stream.ErrNoEntry
}
