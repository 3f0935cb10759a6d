package scylla

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/gocql/gocql"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// A stream's entries lie in buckets, a partition each. A group of entries lies in
// the bucket of its first: it is stored whole or not at all, so it may reach a
// little beyond the bucket's end, and what follows goes into the next. Thus
// bucket b holds entries from about b·size+1 on, and is full when its head is at
// (b+1)·size or beyond; a full bucket never changes but for redactions.
func (s *Store) bucketOf(seq id.Seq) int64 { return int64(seq-1) / s.size }

// full tells whether a bucket whose head is that takes no more.
func (s *Store) full(bucket int64, head stream.Head) bool {
	return int64(head.Seq) >= (bucket+1)*s.size
}

const (
	// keepIDs is for how long a repeated id is found in earlier buckets.
	keepIDs = 30 * 24 * time.Hour
	// clockSkew is how far ahead a sender's clock may be: an id may be older than it says by so much.
	clockSkew = time.Minute
	// fastClock is the same for ids that were plainly made by a clock that is further ahead.
	fastClock = time.Hour
)

// A bucketInfo is what is remembered of a stream's newest known bucket beyond the first.
type bucketInfo struct {
	bucket int64
	opened time.Time // zero if not known
}

// buckets remembers the newest bucket of streams that have more than one. It may
// be behind what other servers have opened; readers notice that by a full bucket.
type buckets struct {
	mu   sync.Mutex
	last map[id.Stream]bucketInfo
}

const bucketsMost = 1 << 16

func (b *buckets) get(st id.Stream) bucketInfo {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last[st]
}

// learn notes that a bucket is open.
func (b *buckets) learn(st id.Stream, n bucketInfo) {
	if n.bucket == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	old, there := b.last[st]
	if there && (old.bucket > n.bucket || old.bucket == n.bucket && n.opened.IsZero()) {
		return
	}
	if !there && len(b.last) >= bucketsMost {
		for any := range b.last {
			delete(b.last, any)
			break
		}
	}
	if b.last == nil {
		b.last = map[id.Stream]bucketInfo{}
	}
	b.last[st] = n
}

// announced are the buckets of a stream beyond the first, newest first, that
// opened at since or later, and the one before those.
func (s *Store) announced(ctx context.Context, st id.Stream, since time.Time) ([]bucketInfo, error) {
	q := s.reading(ctx, `SELECT bucket, opened FROM stream_heads WHERE stream=?`, string(st)).PageSize(200)
	iter := q.Iter()
	var all []bucketInfo
	var b bucketInfo
	for iter.Scan(&b.bucket, &b.opened) {
		all = append(all, b)
		if b.opened.Before(since) {
			break
		}
	}
	return all, readError(iter.Close())
}

// newest is the newest announced bucket of a stream; the first if there is none.
// It may not have been opened yet.
func (s *Store) newest(ctx context.Context, st id.Stream) (bucketInfo, error) {
	var b bucketInfo
	q := s.reading(ctx, `SELECT bucket, opened FROM stream_heads WHERE stream=? LIMIT 1`, string(st))
	err := readError(q.Scan(&b.bucket, &b.opened))
	if errors.Is(err, gocql.ErrNotFound) {
		err = nil
	}
	return b, err
}

// enter prepares an append after head to a bucket beyond the first. It tells what
// is known of the bucket and whether the append is its first; a
// *stream.ConflictError if it cannot succeed.
func (s *Store) enter(ctx context.Context, st id.Stream, bucket int64, head stream.Head, entries []stream.Entry) (in bucketInfo, first bool, err error) {
	in = s.buckets.get(st)
	if in.bucket < bucket || in.opened.IsZero() {
		if in, first, err = s.findOrOpen(ctx, st, bucket, head); err != nil {
			return in, false, err
		}
	}
	if in.bucket > bucket {
		return in, false, &stream.ConflictError{} // the bucket is full
	}
	there, err := s.late(ctx, st, in, entries)
	if err == nil && len(there) > 0 {
		err = &stream.ConflictError{Head: &head, Duplicates: there}
	}
	return in, first, err
}

// findOrOpen learns of a bucket that was opened by another server, or opens it.
func (s *Store) findOrOpen(ctx context.Context, st id.Stream, bucket int64, head stream.Head) (info bucketInfo, first bool, err error) {
	now, err := s.headIn(ctx, st, bucket, gocql.LocalQuorum)
	if err != nil {
		return info, false, err
	}
	if now.Seq > 0 {
		if now != head {
			return info, false, s.conflictAt(bucket, now)
		}
		if info, err = s.newest(ctx, st); err == nil {
			s.buckets.learn(st, info)
		}
		return info, false, err
	}
	info = bucketInfo{bucket, s.now()}
	return info, true, s.open(ctx, st, info, head)
}

// conflictAt is a conflict with a bucket that has another head than the append
// expected. That is the stream's, unless the bucket is full or was never opened.
func (s *Store) conflictAt(bucket int64, head stream.Head) *stream.ConflictError {
	if head.Seq == 0 || s.full(bucket, head) {
		return &stream.ConflictError{}
	}
	return &stream.ConflictError{Head: &head}
}

// open does what has to be done before the first append to a bucket: the bucket
// before is finished and full, its authors are noted for Authored, and the new
// one can be found. Whoever is interrupted here leaves nothing that another, who
// begins again, does not set right.
func (s *Store) open(ctx context.Context, st id.Stream, info bucketInfo, head stream.Head) error {
	// A serial read completes an append that some replicas have not heard of yet:
	// from now on a plain read of the bucket before finds everything in it.
	before, err := s.headIn(ctx, st, info.bucket-1, gocql.LocalSerial)
	switch {
	case err != nil:
		return err
	case before != head:
		return s.conflictAt(info.bucket-1, before)
	}
	if err := s.noteAuthors(ctx, st, info.bucket-1); err != nil {
		return err
	}
	q := s.writing(ctx, `INSERT INTO stream_heads (stream, bucket, opened) VALUES (?, ?, ?)`, string(st), info.bucket, info.opened)
	return readError(q.Exec())
}

// late finds ids of a group that are in the stream already, if one may be in an
// earlier bucket, and where. An id tells when it was made: one that was made
// after the bucket was opened is in no other.
func (s *Store) late(ctx context.Context, st id.Stream, in bucketInfo, entries []stream.Entry) (map[uuid.UUID]id.Seq, error) {
	now := s.now()
	since := in.opened
	var ids []gocql.UUID
	for i := range entries {
		if at := madeSince(entries[i].ID, now); !at.After(in.opened) {
			ids = append(ids, gocql.UUID(entries[i].ID))
			if at.Before(since) {
				since = at
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	opened, err := s.announced(ctx, st, since)
	if err != nil {
		return nil, err
	}
	var found found
	err = each(ctx, len(opened), func(ctx context.Context, i int) error {
		// A bucket took entries until the next was opened.
		if b := opened[i]; b.bucket <= in.bucket && !b.opened.Before(since) {
			return s.lookUp(ctx, st, b.bucket-1, ids, &found)
		}
		return nil
	})
	if err != nil || len(found.at) == 0 {
		return nil, err
	}
	// The others will be tried again without these: tell of all at once.
	ids = ids[:0]
	for i := range entries {
		ids = append(ids, gocql.UUID(entries[i].ID))
	}
	return found.at, s.lookUp(ctx, st, in.bucket, ids, &found)
}

// found are ids that are in a stream, and where.
type found struct {
	mu sync.Mutex
	at map[uuid.UUID]id.Seq
}

// lookUp finds which ids are in a bucket.
func (s *Store) lookUp(ctx context.Context, st id.Stream, bucket int64, ids []gocql.UUID, f *found) error {
	iter := s.reading(ctx, `SELECT id, entry_seq FROM stream_entries WHERE stream=? AND bucket=? AND part=1 AND seq=0 AND id IN ?`,
		string(st), bucket, ids).Iter()
	f.mu.Lock()
	defer f.mu.Unlock()
	var u gocql.UUID
	var seq int64
	for iter.Scan(&u, &seq) {
		if f.at == nil {
			f.at = map[uuid.UUID]id.Seq{}
		}
		f.at[uuid.UUID(u)] = id.Seq(seq)
	}
	return readError(iter.Close())
}

// madeSince is the earliest time at which an id may have been stored. UUIDv7 and
// what id.Derive makes of them begin with it; others tell none.
func madeSince(u uuid.UUID, now time.Time) time.Time {
	at := timeOf(u)
	if at.After(now.Add(clockSkew)) {
		at = now.Add(-fastClock)
	} else {
		at = at.Add(-clockSkew)
	}
	v := u.Version()
	if oldest := now.Add(-keepIDs); v != 7 && v != 8 || at.Before(oldest) {
		at = oldest
	}
	return at
}

// timeOf is the time with which an id begins.
func timeOf(u uuid.UUID) time.Time {
	var ms int64
	for _, b := range u[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms)
}
