package pebble

import (
	"runtime"
	"slices"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/teahouse-im/teahouse/crew"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// An addition is an append that only has to be written: its stream ends where it
// should, its ids are new, and it has the stream's turn.
//
// Additions that come while a batch is being synced go into the next one
// together, whatever their streams. That costs less than a batch for each, and
// nobody waits in a goroutine of his own.
type addition struct {
	stream  id.Stream
	entries []stream.Entry
	shard   *tipShard
	tip     *tip
	index   bool        // the stream is to be indexed from these on
	then    func(error) // told the outcome, when the turn is over

	end  end      // after it
	rows [][]byte // of its entries
}

var unusedAdditions = sync.Pool{New: func() any { return new(addition) }}

// newAddition makes one; it is over when then was called.
func newAddition(st id.Stream, entries []stream.Entry, sh *tipShard, t *tip, then func(error)) *addition {
	a := unusedAdditions.Get().(*addition)
	a.stream, a.entries, a.shard, a.tip, a.then = st, entries, sh, t, then
	return a
}

// settle tells the outcome.
func (a *addition) settle(err error) {
	if err == nil {
		a.shard.move(a.tip, a.end, a.rows)
	}
	a.shard.leave(a.tip)
	then := a.then
	clear(a.rows)
	*a = addition{rows: a.rows[:0]}
	unusedAdditions.Put(a)
	then(err)
}

// additions are those that wait.
type additions struct {
	mu      sync.Mutex
	waiting []*addition
	writing bool // somebody takes what waits
	hands   *crew.Crew
}

// batchBytes is about how many bytes of entries go into one batch at most.
const batchBytes = 1 << 20

// add has an addition written.
func (s *Store) add(a *addition) {
	s.mu.Lock()
	s.waiting = append(s.waiting, a)
	first := !s.writing
	s.writing = true
	s.mu.Unlock()
	if first {
		s.hands.Go(s.writeWaiting)
	}
}

// writeWaiting writes what waits, leaves what has come since to another hand, and
// tells the outcome.
func (s *Store) writeWaiting() {
	runtime.Gosched() // whoever is about to add something does that first
	group := s.take()
	err := s.writeAll(group)
	s.mu.Lock()
	s.writing = len(s.waiting) > 0
	more := s.writing
	s.mu.Unlock()
	if more {
		s.hands.Go(s.writeWaiting)
	}
	for _, a := range group {
		a.settle(err)
	}
}

// take removes what goes into the next batch.
func (q *additions) take() []*addition {
	q.mu.Lock()
	defer q.mu.Unlock()
	bytes := 0
	for i, a := range q.waiting {
		for k := range a.entries {
			bytes += rowMost(&a.entries[k])
		}
		if bytes > batchBytes && i > 0 {
			group := q.waiting[:i:i]
			q.waiting = append([]*addition(nil), q.waiting[i:]...)
			return group
		}
	}
	group := q.waiting
	q.waiting = make([]*addition, 0, len(group))
	return group
}

// writeAll stores a group in one synced batch.
func (s *Store) writeAll(group []*addition) error {
	written := 0
	err := s.write(func(b *pebble.Batch) error {
		for _, a := range group {
			if err := s.fill(b, a); err != nil {
				return err
			}
		}
		written = b.Len()
		return nil
	})
	s.grow(written)
	return err
}

// fill puts an addition into a batch.
func (s *Store) fill(b *pebble.Batch, a *addition) error {
	a.end = a.tip.end // changed in one's turn only
	e := &a.end
	if err := s.openChapter(b, a.stream, e); err != nil {
		return err
	}
	if a.index {
		e.floor = e.newest
	}
	var space [256]byte
	a.rows = slices.Grow(a.rows[:0], len(a.entries))
	for i := range a.entries {
		n := &a.entries[i]
		at := stream.HeadOf(*n)
		if n.Count > e.head.Count && !e.wrote(n.From, at) {
			if err := b.Set(tableAuthor.key(string(a.stream), string(n.From)), appendHead(nil, at), nil); err != nil {
				return err
			}
		}
		if !e.saw(&n.ID) {
			if err := b.Set(idKey(&n.ID, a.stream), appendHead(space[:0], at), nil); err != nil {
				return err
			}
		}
		e.head = at
		row := appendContent(appendMark(make([]byte, 0, rowMost(n)), &n.ID, e), n)
		if err := b.Set(appendEntryKey(space[:0], e.last.volume, a.stream, n.Seq), row, nil); err != nil {
			return err
		}
		a.rows = append(a.rows, row)
	}
	if e.sameChapter(&a.tip.end) {
		return nil
	}
	return b.Set(tableHead.key(string(a.stream)), e.appendChapter(space[:0]), nil)
}
