package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/teahouse-im/teahouse/ledger"
)

// ReadPart implements ledger.Store.
func (s *Store) ReadPart(_ context.Context, p ledger.Part, w ledger.Want) (ledger.View, error) {
	base := tablePart.key(string(p))
	var v ledger.View
	for _, key := range w.Keys {
		value, closer, err := s.db.Get(append(base[:len(base):len(base)], key...))
		if errors.Is(err, pebble.ErrNotFound) {
			continue
		}
		if err != nil {
			return ledger.View{}, unavailable("read", err)
		}
		v.Rows = append(v.Rows, ledger.Row{Key: key, Value: bytes.Clone(value)})
		if err := closer.Close(); err != nil {
			return ledger.View{}, unavailable("read", err)
		}
	}
	for _, prefix := range w.Prefixes {
		from := append(base[:len(base):len(base)], prefix...)
		if err := s.scan(from, after(from), func(key, value []byte) (bool, error) {
			v.Rows = append(v.Rows, ledger.Row{Key: string(key[len(base):]), Value: bytes.Clone(value)})
			return true, nil
		}); err != nil {
			return ledger.View{}, err
		}
	}
	if len(w.Keys)+len(w.Prefixes) > 1 {
		slices.SortFunc(v.Rows, func(a, b ledger.Row) int { return strings.Compare(a.Key, b.Key) })
		v.Rows = slices.CompactFunc(v.Rows, func(a, b ledger.Row) bool { return a.Key == b.Key })
	}
	return v, nil
}

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
	var rows []ledger.Row
	err := s.scan(from, after(under), func(key, value []byte) (bool, error) {
		rows = append(rows, ledger.Row{Key: string(key[len(base):]), Value: bytes.Clone(value)})
		return len(rows) < limit, ctx.Err()
	})
	return rows, err
}

// ChangePart implements ledger.Store. Changes of one part go one after another; have
// is not needed where reading costs nothing.
func (s *Store) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, _ ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	base := tablePart.key(string(p))
	defer s.locks.lock(base)()
	v, err := s.ReadPart(ctx, p, w)
	if err != nil {
		return err
	}
	rows, err := change(v)
	if err != nil || len(rows) == 0 {
		return err
	}
	return s.write(func(b *pebble.Batch) error {
		for _, r := range rows {
			key := append(base[:len(base):len(base)], r.Key...)
			var err error
			if r.Value == nil {
				err = b.Delete(key, nil)
			} else {
				err = b.Set(key, r.Value, nil)
			}
			if err != nil {
				return err
			}
		}
		return putDues(b, owed)
	})
}

// A due's key is its queue, its time in milliseconds so that they order, and its id.
func dueKey(d ledger.Due) []byte {
	return append(dueAt(d.Queue, d.At), d.ID...)
}

func dueAt(queue string, at time.Time) []byte {
	return binary.BigEndian.AppendUint64(tableDue.key(queue), uint64(at.UnixMilli()))
}

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
	err := s.scan(base, dueAt(queue, by.Add(time.Millisecond)), func(key, value []byte) (bool, error) {
		rest := key[len(base):]
		if len(rest) < 8 {
			return false, damaged("the row %q", key)
		}
		dues = append(dues, ledger.Due{
			Queue: queue, At: time.UnixMilli(int64(binary.BigEndian.Uint64(rest))).UTC(), ID: string(rest[8:]), Body: bytes.Clone(value),
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
