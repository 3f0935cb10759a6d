package pebble

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Append stores entries in one synced batch, with those of other streams: see addition.
func (s *Store) Append(ctx context.Context, st id.Stream, head stream.Head, entries []stream.Entry) error {
	if err := errors.Join(ctx.Err(), numbered(st, head, entries)); err != nil || len(entries) == 0 {
		return err
	}
	sh := s.tips.shard(st)
	t := sh.enter(st)
	index, err := s.fits(sh, t, st, head, entries)
	if err != nil {
		sh.leave(t)
		return err
	}
	done := make(chan error, 1)
	a := newAddition(st, entries, sh, t, func(err error) { done <- err })
	a.index = index
	s.add(a)
	return <-done
}

// numbered checks that entries go right behind head.
func numbered(st id.Stream, head stream.Head, entries []stream.Entry) error {
	for i := range entries {
		if want := head.Seq + id.Seq(i) + 1; entries[i].Seq != want {
			return fmt.Errorf("append to %s: entry %d after %d", st, entries[i].Seq, want-1)
		}
	}
	return nil
}

// fits tells why entries cannot be stored, and if they can, whether their stream
// should be indexed. It is called in one's turn.
func (s *Store) fits(sh *tipShard, t *tip, st id.Stream, head stream.Head, entries []stream.Entry) (index bool, err error) {
	if err := s.load(sh, st, t); err != nil {
		return false, err
	}
	e, recent, _ := sh.peek(st)
	there, index, err := s.duplicates(st, &e, &recent, entries)
	sh.learn(t, e.gap)
	if err == nil && (len(there) > 0 || e.head != head) {
		err = &stream.ConflictError{Head: &e.head, Duplicates: there}
	}
	return index, err
}

// Start implements stream.Starter.
func (s *Store) Start(st id.Stream, head stream.Head, entries []stream.Entry, then func(error)) {
	sh := s.tips.shard(st)
	t := sh.enterAt(st, head)
	if t == nil || len(entries) == 0 || numbered(st, head, entries) != nil || !sh.surelyNew(t, entries) {
		if t != nil {
			sh.leave(t)
		}
		s.hands.Go(func() { then(s.Append(context.Background(), st, head, entries)) })
		return
	}
	s.add(newAddition(st, entries, sh, t, then))
}

// Range reads what is durable: see tip.
func (s *Store) Range(ctx context.Context, st id.Stream, from, to id.Seq) ([]stream.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e, recent, err := s.end(st)
	if err != nil {
		return nil, err
	}
	from, to = max(from, 1), min(to, e.head.Seq)
	if from > to {
		return nil, nil
	}
	if from >= recent.first(e.head) {
		return recent.read(st, e.head, from, to)
	}
	chapters, err := s.chapters(st, &e, from, to)
	if err != nil {
		return nil, err
	}
	return s.readEntries(st, chapters, from, to)
}

func (s *Store) Heads(ctx context.Context, streams []id.Stream) ([]stream.Head, error) {
	heads := make([]stream.Head, len(streams))
	for i, st := range streams {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, _, err := s.end(st)
		if err != nil {
			return nil, err
		}
		heads[i] = e.head
	}
	return heads, nil
}

// end tells where a stream ends, from memory if it can, and what else is there of it.
func (s *Store) end(st id.Stream) (end, recent, error) {
	sh := s.tips.shard(st)
	if e, recent, known := sh.peek(st); known {
		return e, recent, nil
	}
	t := sh.enter(st)
	defer sh.leave(t)
	if err := s.load(sh, st, t); err != nil {
		return end{}, recent{}, err
	}
	e, recent, _ := sh.peek(st)
	return e, recent, nil
}

func (s *Store) Authored(ctx context.Context, st id.Stream, who id.Principal) (stream.Head, error) {
	if err := ctx.Err(); err != nil {
		return stream.Head{}, err
	}
	e, _, err := s.end(st)
	if err != nil {
		return stream.Head{}, err
	}
	if at, settled := e.author(who); settled {
		return at, nil
	}
	key := tableAuthor.key(string(st), string(who))
	at, err := s.position(key)
	if err == nil && at.Seq > e.head.Seq { // newer than what was durable: wait until that is
		sh := s.tips.shard(st)
		t := sh.enter(st)
		defer sh.leave(t)
		at, err = s.position(key)
	}
	return at, err
}

func (s *Store) Redact(ctx context.Context, st id.Stream, seq id.Seq, kind stream.Kind, body json.RawMessage) error {
	sh := s.tips.shard(st)
	t := sh.enter(st)
	defer sh.leave(t)
	if err := s.load(sh, st, t); err != nil { // Range would wait for the turn to do so
		return err
	}
	found, err := s.Range(ctx, st, seq, seq)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return stream.ErrNoEntry
	}
	e := &found[0]
	if e.Kind == kind && bytes.Equal(e.Body, body) {
		return nil
	}
	row, err := s.row(st, &t.end, seq)
	if err != nil {
		return err
	}
	chapters, err := s.chapters(st, &t.end, seq, seq)
	if err != nil {
		return err
	}
	e.Kind, e.Body = kind, body
	row = redactedRow(row, e)
	err = s.write(func(b *pebble.Batch) error {
		return b.Set(entryKey(chapters[0].volume, st, seq), row, nil)
	})
	if err == nil {
		sh.replace(t, seq, row)
	}
	return err
}
