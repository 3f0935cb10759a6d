package pebble

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Append is one synced batch: the entries, their ids, and where the stream ends now.
func (s *Store) Append(ctx context.Context, st id.Stream, head stream.Head, entries []stream.Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for i := range entries {
		if want := head.Seq + id.Seq(i) + 1; entries[i].Seq != want {
			return fmt.Errorf("append to %s: entry %d after %d", st, entries[i].Seq, want-1)
		}
	}
	sh := s.tips.shard(st)
	t := sh.enter(st)
	defer sh.leave(t)
	if err := s.load(sh, st, t); err != nil {
		return err
	}
	there, err := s.duplicates(st, &t.end, entries)
	if err != nil {
		return err
	}
	if len(there) > 0 || t.head != head {
		now := t.head
		return &stream.ConflictError{Head: &now, Duplicates: there}
	}
	e, written := t.end, 0
	sh.hold(t)
	err = s.write(func(b *pebble.Batch) error {
		err := s.fillAppend(b, st, &e, entries)
		written = b.Len()
		return err
	})
	if err != nil {
		e = t.end // nothing was stored
	}
	sh.move(t, e)
	s.grow(written)
	return err
}

// duplicates finds which ids of a group are in the stream already, and where.
func (s *Store) duplicates(st id.Stream, e *end, entries []stream.Entry) (map[uuid.UUID]id.Seq, error) {
	var there map[uuid.UUID]id.Seq
	for i := range entries {
		u := &entries[i].ID
		if bytes.Compare(u[:], e.newest[:]) > 0 {
			continue
		}
		at, err := s.position(appendIDKey(make([]byte, 0, idKeySize(st)), u, st))
		if err != nil {
			return nil, err
		}
		if at.Seq > 0 {
			if there == nil {
				there = map[uuid.UUID]id.Seq{}
			}
			there[*u] = at.Seq
		}
	}
	return there, nil
}

// position reads a row that is a head, or the beginning of one; zero if there is none.
func (s *Store) position(key []byte) (stream.Head, error) {
	row, closer, err := s.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return stream.Head{}, nil
	}
	if err != nil {
		return stream.Head{}, unavailable("read", err)
	}
	d := decoder{row: row}
	at := d.head()
	if d.short {
		err = damaged("the row %q", key)
	}
	return at, errors.Join(err, closer.Close())
}

// fillAppend puts a group into a batch and moves e to its last entry.
func (s *Store) fillAppend(b *pebble.Batch, st id.Stream, e *end, entries []stream.Entry) error {
	if err := s.openChapter(b, st, e); err != nil {
		return err
	}
	for i := range entries {
		n := &entries[i]
		at := stream.HeadOf(*n)
		row := b.SetDeferred(entryKeySize(st), entrySize(n))
		appendEntryKey(row.Key[:0], e.last.volume, st, n.Seq)
		appendEntry(row.Value[:0], n)
		if err := row.Finish(); err != nil {
			return err
		}
		row = b.SetDeferred(idKeySize(st), uvarintSize(uint64(n.Seq))+1)
		appendIDKey(row.Key[:0], &n.ID, st)
		appendHead(row.Value[:0], stream.Head{Seq: n.Seq, Count: int64(n.Seq)})
		if err := row.Finish(); err != nil {
			return err
		}
		if n.Count > e.head.Count && !e.wrote(n.From, at) {
			if err := b.Set(tableAuthor.key(string(st), string(n.From)), appendHead(nil, at), nil); err != nil {
				return err
			}
		}
		e.saw(n.ID)
		e.head = at
	}
	var key, value [256]byte
	return b.Set(appendKey(key[:0], tableHead, string(st)), appendEnd(value[:0], e), nil)
}

// An id's row. New ids are the greatest, as a rule, and come first: see table.
func idKeySize(st id.Stream) int { return 1 + len(uuid.UUID{}) + len(st) }

func appendIDKey(b []byte, u *uuid.UUID, st id.Stream) []byte {
	b = append(b, byte(tableID))
	for _, c := range u {
		b = append(b, ^c)
	}
	return append(b, st...)
}

// Range reads what is durable: see tip.
func (s *Store) Range(ctx context.Context, st id.Stream, from, to id.Seq) ([]stream.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	e, err := s.end(st)
	if err != nil {
		return nil, err
	}
	from, to = max(from, 1), min(to, e.head.Seq)
	if from > to {
		return nil, nil
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
		e, err := s.end(st)
		if err != nil {
			return nil, err
		}
		heads[i] = e.head
	}
	return heads, nil
}

// end tells where a stream ends, from memory if it can.
func (s *Store) end(st id.Stream) (end, error) {
	sh := s.tips.shard(st)
	if e, known, _ := sh.peek(st); known {
		return e, nil
	}
	t := sh.enter(st)
	defer sh.leave(t)
	if err := s.load(sh, st, t); err != nil {
		return end{}, err
	}
	return t.end, nil
}

func (s *Store) Authored(ctx context.Context, st id.Stream, who id.Principal) (stream.Head, error) {
	if err := ctx.Err(); err != nil {
		return stream.Head{}, err
	}
	e, err := s.end(st)
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
	e.Kind, e.Body = kind, body
	chapters, err := s.chapters(st, &t.end, seq, seq)
	if err != nil {
		return err
	}
	return s.write(func(b *pebble.Batch) error {
		return b.Set(entryKey(chapters[0].volume, st, seq), appendEntry(nil, e), nil)
	})
}
