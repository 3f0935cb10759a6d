package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/teahouse-im/teahouse/ledger"
)

// ReadPart implements ledger.Store.
func (s *Store) ReadPart(_ context.Context, p ledger.Part, w ledger.Want) (v ledger.View, err error) {
	err = s.parts.reading(p, func() error { v, err = s.view(p, w); return err })
	return v, err
}

// view is what is wanted of a part, in whose turn it is called.
func (s *Store) view(p ledger.Part, w ledger.Want) (ledger.View, error) {
	rows := make([]ledger.Row, 0, len(w.Keys))
	for _, k := range w.Keys {
		value, err := s.partRow(p, k)
		if err != nil {
			return ledger.View{}, err
		}
		if value != nil {
			rows = append(rows, ledger.Row{Key: k, Value: value})
		}
	}
	key := partKey(p, 0)
	base := len(key)
	for _, prefix := range w.Prefixes {
		key = append(key[:base], prefix...)
		if err := s.scan(key, after(key), func(key, value []byte) (bool, error) {
			rows = append(rows, ledger.Row{Key: string(key[base:]), Value: bytes.Clone(value)})
			return true, nil
		}); err != nil {
			return ledger.View{}, err
		}
	}
	return ledger.NewView(rows, nil), nil
}

// partKey is what the keys of a part begin with, with room for so many bytes more.
func partKey(p ledger.Part, room int) []byte {
	return appendKey(make([]byte, 0, len(p)+2+room), tablePart, string(p))
}

const rowKeyUsual = 80 // bytes, that most keys within a part have at most

// partRow is one row, in the turn of its part; nil if there is none.
func (s *Store) partRow(p ledger.Part, k string) ([]byte, error) {
	if value, known := s.hot.find(p, k); known {
		return value, nil
	}
	if prefix := prefixOf(k); prefix != "" && !s.hot.asked(p, prefix) {
		if err := s.lookUnder(p, prefix); err != nil {
			return nil, err
		}
		if value, known := s.hot.find(p, k); known { // others look at the same time
			return value, nil
		}
	}
	value, err := s.rarely(append(partKey(p, len(k)), k...))
	if err != nil {
		return nil, err
	}
	s.hot.found(p, k, value)
	return value, nil
}

// rarely is a row that mostly is not there; nil then. The engine's own Get looks
// at what a row may be told by, to spare itself a look at the file, on every level
// but the last, which nearly all rows are on: this takes a third of the time.
func (s *Store) rarely(key []byte) (value []byte, err error) {
	rows, err := s.db.NewIter(&alsoLast)
	if err != nil {
		return nil, unavailable("read", err)
	}
	if rows.SeekPrefixGE(key) {
		value, err = rows.ValueAndErr()
		value = slices.Clip(bytes.Clone(value)) // who appends to it gets another
	}
	if err := errors.Join(err, rows.Close()); err != nil { // Close tells what went wrong on the way
		return nil, unavailable("read", err)
	}
	return value, nil
}

var alsoLast = pebble.IterOptions{UseL6Filters: true}

// ListPart implements ledger.Store.
func (s *Store) ListPart(ctx context.Context, p ledger.Part, prefix, behind string, limit int) ([]ledger.Row, error) {
	if limit <= 0 {
		return nil, nil
	}
	base := tablePart.key(string(p))
	under := append(base[:len(base):len(base)], prefix...)
	from := under
	if next := append(base[:len(base):len(base)], behind+"\x00"...); bytes.Compare(next, from) > 0 {
		from = next
	}
	to := after(under)
	if bytes.Compare(from, to) >= 0 {
		return nil, nil
	}
	var rows []ledger.Row
	err := s.parts.reading(p, func() error {
		return s.scan(from, to, func(key, value []byte) (bool, error) {
			rows = append(rows, ledger.Row{Key: string(key[len(base):]), Value: bytes.Clone(value)})
			return len(rows) < limit, ctx.Err()
		})
	})
	return rows, err
}

// ChangePart implements ledger.Store.
func (s *Store) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	settled, err := s.BeginPart(ctx, p, w, have, owed, change)
	if err != nil {
		return err
	}
	return settled()
}

// BeginPart implements ledger.Local: the engine's log has everything in the order
// in which it was stored. Changes of one part go one after another; have is not
// needed where reading costs nothing.
func (s *Store) BeginPart(_ context.Context, p ledger.Part, w ledger.Want, _ ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) (settled func() error, err error) {
	return s.parts.begin(p, func() (func() error, error) {
		v, err := s.view(p, w)
		if err != nil {
			return nil, err
		}
		rows, err := change(v)
		if err != nil || len(rows) == 0 {
			return nil, err
		}
		return s.apply(p, rows, owed)
	})
}

// apply stores rows in the turn of their part, with what is owed for them.
func (s *Store) apply(p ledger.Part, rows []ledger.Row, owed []ledger.Due) (settle func() error, err error) {
	b := s.db.NewBatch()
	if err := errors.Join(putRows(b, p, rows), putDues(b, owed), s.room.check()); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	defer s.endIfPanicking()
	if err := s.db.ApplyNoSyncWait(b, pebble.Sync); err != nil {
		return nil, errors.Join(unavailable("write", err), b.Close())
	}
	s.hot.changed(p, rows)
	return func() error {
		defer b.Close()
		defer s.endIfPanicking()
		return unavailable("write", b.SyncWait())
	}, nil
}

func putRows(b *pebble.Batch, p ledger.Part, rows []ledger.Row) error {
	key := partKey(p, rowKeyUsual)
	base := len(key)
	for _, r := range rows {
		key = append(key[:base], r.Key...)
		var err error
		if len(r.Value) == 0 {
			err = b.Delete(key, nil)
		} else {
			err = b.Set(key, r.Value, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// A due's key is its queue, its time in milliseconds so that they order, and its id.
func dueKey(d ledger.Due) []byte { return append(dueAt(d.Queue, d.At, len(d.ID)), d.ID...) }

// dueAt is where a queue has what is due at a time, with room for so many bytes more.
func dueAt(queue string, at time.Time, room int) []byte {
	key := appendKey(make([]byte, 0, len(queue)+10+room), tableDue, queue)
	return binary.BigEndian.AppendUint64(key, uint64(at.UnixMilli())^beforeZero)
}

// beforeZero turned, times before 1970 order before those after.
const beforeZero = 1 << 63

func putDues(b *pebble.Batch, dues []ledger.Due) error {
	for _, d := range dues {
		if err := b.Set(dueKey(d), d.Body, nil); err != nil {
			return err
		}
	}
	return nil
}

// Owe implements ledger.Store.
func (s *Store) Owe(_ context.Context, dues ...ledger.Due) error {
	return s.write(func(b *pebble.Batch) error { return putDues(b, dues) })
}

// Owed implements ledger.Store.
func (s *Store) Owed(ctx context.Context, queue string, by time.Time, limit int) ([]ledger.Due, error) {
	if limit <= 0 {
		return nil, nil
	}
	base := tableDue.key(queue)
	var dues []ledger.Due
	err := s.scan(base, dueAt(queue, by.Add(time.Millisecond), 0), func(key, value []byte) (bool, error) {
		rest := key[len(base):]
		if len(rest) < 8 {
			return false, damaged("the row %q", key)
		}
		dues = append(dues, ledger.Due{
			Queue: queue, At: time.UnixMilli(int64(binary.BigEndian.Uint64(rest) ^ beforeZero)).UTC(), ID: string(rest[8:]), Body: bytes.Clone(value),
		})
		return len(dues) < limit, ctx.Err()
	})
	return dues, err
}

// Settled implements ledger.Store. It does not wait for the disk.
func (s *Store) Settled(_ context.Context, dues ...ledger.Due) error {
	return s.writeSoon(func(b *pebble.Batch) error {
		for _, d := range dues {
			if err := b.Delete(dueKey(d), nil); err != nil {
				return fmt.Errorf("settle: %w", err)
			}
		}
		return nil
	})
}
