package scylla

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/gocql/gocql"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// The statements of an append. All of them are of one partition, and so one
// conditional batch: either every condition holds and all is stored, or nothing is.
const (
	moveHead    = `UPDATE stream_entries SET head_seq=?, head_count=? WHERE stream=? AND bucket=? IF head_seq=?`
	insertEntry = `INSERT INTO stream_entries (stream, bucket, part, seq, id, count, kind, author, at, body)
		VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?, ?)`
	insertID = `INSERT INTO stream_entries (stream, bucket, part, seq, id, entry_seq)
		VALUES (?, ?, 1, 0, ?, ?) IF NOT EXISTS`
	insertAuthor = `INSERT INTO stream_entries (stream, bucket, part, seq, id, author, entry_seq, count)
		VALUES (?, ?, 2, 0, ?, ?, ?, ?)`
)

// Append implements stream.Log. The head's condition leaves no holes; the ids'
// conditions make an id unique in its bucket, and late sees to the buckets before.
func (s *Store) Append(ctx context.Context, st id.Stream, head stream.Head, entries []stream.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	if int64(len(entries)) > s.size {
		return fmt.Errorf("append to %s: %d entries at once, more than a bucket's %d", st, len(entries), s.size)
	}
	for i := range entries {
		if want := head.Seq + id.Seq(i) + 1; entries[i].Seq != want {
			return fmt.Errorf("append to %s: entry %d after %d", st, entries[i].Seq, want-1)
		}
	}
	in, first := bucketInfo{bucket: s.bucketOf(entries[0].Seq)}, head.Seq == 0
	if in.bucket > 0 {
		var err error
		if in, first, err = s.enter(ctx, st, in.bucket, head, entries); err != nil {
			return err
		}
	}
	conflict, err := s.commit(ctx, st, in.bucket, head, first, entries)
	switch {
	case err != nil:
		return s.appendError(st, err)
	case conflict != nil:
		return conflict
	}
	if first {
		s.buckets.learn(st, in)
	}
	return nil
}

// commit is the conditional batch.
func (s *Store) commit(ctx context.Context, st id.Stream, bucket int64, head stream.Head, first bool, entries []stream.Entry) (*stream.ConflictError, error) {
	b := s.cql.Batch(gocql.UnloggedBatch).RetryPolicy(never{}).DefaultTimestamp(false).WithContext(ctx)
	b.Entries = make([]gocql.BatchEntry, 0, 1+3*len(entries))
	after := stream.HeadOf(entries[len(entries)-1])
	name := string(st)
	var expect any // NULL while the bucket is empty
	if !first {
		expect = int64(head.Seq)
	}
	b.Query(moveHead, int64(after.Seq), after.Count, name, bucket, expect)
	for i := range entries {
		e := &entries[i]
		u := gocql.UUID(e.ID)
		b.Query(insertEntry, name, bucket, int64(e.Seq), u, e.Count, string(e.Kind), string(e.From), e.At, []byte(e.Body))
		b.Query(insertID, name, bucket, u, int64(e.Seq))
		if lastOf(head, entries, i) {
			b.Query(insertAuthor, name, bucket, authorID(e.From), string(e.From), int64(e.Seq), e.Count)
		}
	}
	var row conflictRow
	applied, iter, err := s.cql.MapExecuteBatchCAS(b, row.columns())
	if err != nil {
		if iter != nil {
			iter.Close()
		}
		return nil, err
	}
	defer iter.Close()
	if applied {
		return nil, nil
	}
	conflict := &stream.ConflictError{}
	for row.tell(conflict); iter.MapScan(row.columns()); {
		row.tell(conflict)
	}
	if conflict.Head != nil && s.full(bucket, *conflict.Head) {
		conflict.Head = nil // it may have moved on into the next
	}
	return conflict, nil
}

// lastOf tells whether entry i is the last countable one of its author in the group.
func lastOf(head stream.Head, entries []stream.Entry, i int) bool {
	if !stream.Countable(head, entries, i) {
		return false
	}
	for j := i + 1; j < len(entries); j++ {
		if entries[j].From == entries[i].From && stream.Countable(head, entries, j) {
			return false
		}
	}
	return true
}

// authorID is the clustering key of an author in part 2.
func authorID(who id.Principal) gocql.UUID {
	h := sha256.Sum256([]byte(who))
	return gocql.UUID(h[:16])
}

// A conflictRow is a row of the answer to a conditional batch that was not
// applied. Databases differ in which rows there are and what is in them: one for
// each id that exists, or one with the head only, or one for each statement, or
// one with nothing. So all are read, by name, and NULL is told from 0.
type conflictRow struct {
	part, head, count, seq *int64
	id                     *gocql.UUID
}

// columns are the places for MapScan to put the columns into, emptied.
func (r *conflictRow) columns() map[string]any {
	*r = conflictRow{}
	return map[string]any{
		"part": &r.part, "head_seq": &r.head, "head_count": &r.count, "entry_seq": &r.seq, "id": &r.id,
	}
}

// tell adds what a row says to the conflict.
func (r *conflictRow) tell(c *stream.ConflictError) {
	if r.head != nil {
		c.Head = &stream.Head{Seq: id.Seq(*r.head)}
		if r.count != nil {
			c.Head.Count = *r.count
		} else {
			c.Head = nil // the condition's column alone: a count is needed as well
		}
	}
	if r.part != nil && *r.part == 1 && r.seq != nil && r.id != nil {
		if c.Duplicates == nil {
			c.Duplicates = map[uuid.UUID]id.Seq{}
		}
		c.Duplicates[uuid.UUID(*r.id)] = id.Seq(*r.seq)
	}
}

// appendError sorts the errors of a conditional batch. All but refusals leave it
// open whether the entries are stored, or will be: a replica may have accepted them.
func (s *Store) appendError(st id.Stream, err error) error {
	switch {
	case refused(err):
		return fmt.Errorf("append to %s: %w", st, err)
	case unsent(err):
		return fmt.Errorf("append to %s: %w: %w", st, fault.Unavailable, err)
	}
	s.unsettled.add(st)
	return fmt.Errorf("append to %s: %w: %w: %w", st, stream.ErrUnknown, fault.Unavailable, err)
}

// A streamSet is a set of streams; there are few in it.
type streamSet struct {
	mu  sync.Mutex
	set map[id.Stream]struct{}
}

func (s *streamSet) add(st id.Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.set == nil {
		s.set = map[id.Stream]struct{}{}
	}
	s.set[st] = struct{}{}
}

func (s *streamSet) has(st id.Stream) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.set[st]
	return ok
}

func (s *streamSet) remove(st id.Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.set, st)
}

func jitter(most time.Duration) time.Duration { return rand.N(most + 1) }
