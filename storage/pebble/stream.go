package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
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
	e := t.end
	sh.hold(t)
	err = s.write(func(b *pebble.Batch) error { return fillAppend(b, st, &e, entries) })
	if err != nil {
		e = t.end // nothing was stored
	}
	sh.move(t, e)
	return err
}

// duplicates finds which ids of a group are in the stream already, and where.
func (s *Store) duplicates(st id.Stream, e *end, entries []stream.Entry) (map[uuid.UUID]id.Seq, error) {
	var there map[uuid.UUID]id.Seq
	var key []byte
	for i := range entries {
		u := &entries[i].ID
		if bytes.Compare(u[:], e.newest[:]) > 0 {
			continue
		}
		if key == nil {
			key = tableDedupe.key(string(st))
		}
		at, err := s.position(append(key, u[:]...))
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
	return at, errors.Join(d.err(fmt.Sprintf("the row %q", key)), closer.Close())
}

// fillAppend puts a group into a batch and moves e to its last entry.
func fillAppend(b *pebble.Batch, st id.Stream, e *end, entries []stream.Entry) error {
	var room [128]byte
	prefix := append(append(append(room[:0], 0), st...), 0) // as table.key makes it
	for i := range entries {
		n := &entries[i]
		at := stream.HeadOf(*n)

		row := b.SetDeferred(len(prefix)+8, entrySize(n))
		copy(row.Key, prefix)
		row.Key[0] = byte(tableEntry)
		binary.BigEndian.PutUint64(row.Key[len(prefix):], uint64(n.Seq))
		appendEntry(row.Value[:0], n)
		if err := row.Finish(); err != nil {
			return err
		}

		row = b.SetDeferred(len(prefix)+len(n.ID), uvarintSize(uint64(n.Seq))+1)
		copy(row.Key, prefix)
		row.Key[0] = byte(tableDedupe)
		copy(row.Key[len(prefix):], n.ID[:])
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
	prefix[0] = byte(tableHead)
	var value [256]byte
	return b.Set(prefix, appendEnd(value[:0], e), nil)
}

// Range reads what is durable: see tip.
func (s *Store) Range(ctx context.Context, st id.Stream, from, to id.Seq) ([]stream.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	from, to = max(from, 1), min(to, id.MaxSeq)
	if from > to {
		return nil, nil
	}
	var rows []byte
	var entries []stream.Entry
	var ends []int
	err := s.scan(entryKey(st, from), entryKey(st, to+1), func(key, row []byte) (bool, error) {
		seq := id.Seq(binary.BigEndian.Uint64(key[len(key)-8:]))
		entries = append(entries, stream.Entry{Stream: st, Seq: seq})
		rows = append(rows, row...)
		ends = append(ends, len(rows))
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	if e, _, moving := s.tips.shard(st).peek(st); moving {
		for len(entries) > 0 && entries[len(entries)-1].Seq > e.head.Seq {
			entries = entries[:len(entries)-1]
		}
	}
	start := 0
	for i := range entries {
		if err := decodeEntry(rows[start:ends[i]], &entries[i]); err != nil {
			return nil, err
		}
		start = ends[i]
	}
	return entries, nil
}

func entryKey(st id.Stream, seq id.Seq) []byte {
	return binary.BigEndian.AppendUint64(tableEntry.key(string(st)), uint64(seq))
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
	return s.write(func(b *pebble.Batch) error {
		return b.Set(entryKey(st, seq), appendEntry(nil, e), nil)
	})
}
