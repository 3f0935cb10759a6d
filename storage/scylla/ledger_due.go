package scylla

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/ledger"
)

// Dues lie in slots, by the minute they are due in, and each slot in a few
// partitions. due_slots lists them: see slots. Only those are looked into that have
// come; what is due later stays listed, however far ahead it is.
type dueSlot struct {
	queue string
	slot  int64
}

const (
	dueLength = time.Minute
	dueLasts  = 5 * time.Minute
	dueShards = 4 // for ever: who looks for what another has stored must agree
)

func dueSlotAt(queue string, at time.Time) dueSlot {
	return dueSlot{queue, at.Truncate(dueLength).UnixMilli() / dueLength.Milliseconds()}
}

// dueShard is made of all that names a due but its queue and slot.
func dueShard(d ledger.Due) int8 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(d.ID))
	return int8(h.Sum32() % dueShards)
}

// Owe implements ledger.Store.
func (s *Store) Owe(ctx context.Context, dues ...ledger.Due) error {
	return each(ctx, len(dues), func(ctx context.Context, i int) error {
		d := dues[i]
		k := dueSlotAt(d.Queue, d.At)
		return s.dueSlots.listing(s.now, k, func() error { return s.listDueSlot(ctx, k) }, func() error {
			q := s.writing(ctx, `INSERT INTO dues (queue, slot, shard, at, id, body) VALUES (?, ?, ?, ?, ?, ?)`,
				k.queue, k.slot, dueShard(d), d.At.UnixMilli(), d.ID, d.Body)
			return readError(q.Exec())
		})
	})
}

func (s *Store) listDueSlot(ctx context.Context, k dueSlot) error {
	now := s.now().Truncate(time.Millisecond)
	q := s.writing(ctx, `INSERT INTO due_slots (queue, slot, since) VALUES (?, ?, ?) USING TIMESTAMP ?`, k.queue, k.slot, now, now.UnixMicro())
	if err := q.Exec(); err != nil {
		return readError(err)
	}
	s.dueSlots.note(k, now)
	return nil
}

// unlistDueSlot takes back what was listed until since.
func (s *Store) unlistDueSlot(ctx context.Context, k dueSlot, since time.Time) error {
	q := s.writing(ctx, `DELETE FROM due_slots USING TIMESTAMP ? WHERE queue=? AND slot=?`, since.UnixMicro(), k.queue, k.slot)
	return readError(q.Exec())
}

// Owed implements ledger.Store.
func (s *Store) Owed(ctx context.Context, queue string, by time.Time, limit int) ([]ledger.Due, error) {
	if limit <= 0 {
		return nil, nil
	}
	var all []ledger.Due
	list := s.reading(ctx, `SELECT slot, since FROM due_slots WHERE queue=? AND slot<=?`, queue, dueSlotAt(queue, by).slot).Iter()
	k := dueSlot{queue: queue}
	for since := (time.Time{}); len(all) < limit && list.Scan(&k.slot, &since); {
		dues, empty, err := s.duesIn(ctx, k, by, limit-len(all))
		if err == nil && empty && s.dueSlots.stale(s.now(), since) {
			err = s.unlistDueSlot(ctx, k, since)
		}
		if err != nil {
			list.Close()
			return nil, err
		}
		all = append(all, dues...)
	}
	return all, readError(list.Close())
}

// duesIn are those of a slot that are due by a time. empty: the slot has none, for any time.
func (s *Store) duesIn(ctx context.Context, k dueSlot, by time.Time, limit int) (dues []ledger.Due, empty bool, err error) {
	var shards [dueShards][]ledger.Due
	if err := each(ctx, dueShards, func(ctx context.Context, i int) (err error) {
		shards[i], err = s.duesOf(ctx, k, i, limit)
		return err
	}); err != nil {
		return nil, false, err
	}
	dues = slices.Concat(shards[:]...)
	empty = len(dues) == 0
	dues = slices.DeleteFunc(dues, func(d ledger.Due) bool { return d.At.After(by) })
	slices.SortFunc(dues, func(a, b ledger.Due) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return dues[:min(len(dues), limit)], empty, nil
}

func (s *Store) duesOf(ctx context.Context, k dueSlot, shard, limit int) ([]ledger.Due, error) {
	iter := s.reading(ctx, `SELECT at, id, body FROM dues WHERE queue=? AND slot=? AND shard=? LIMIT ?`, k.queue, k.slot, shard, limit).Iter()
	var dues []ledger.Due
	var at int64
	d := ledger.Due{Queue: k.queue}
	for iter.Scan(&at, &d.ID, &d.Body) {
		d.At = time.UnixMilli(at).UTC()
		dues = append(dues, d)
		d.Body = nil
	}
	return dues, readError(iter.Close())
}

// Settled implements ledger.Store.
func (s *Store) Settled(ctx context.Context, dues ...ledger.Due) error {
	return each(ctx, len(dues), func(ctx context.Context, i int) error {
		d := dues[i]
		k := dueSlotAt(d.Queue, d.At)
		q := s.writing(ctx, `DELETE FROM dues WHERE queue=? AND slot=? AND shard=? AND at=? AND id=?`, k.queue, k.slot, dueShard(d), d.At.UnixMilli(), d.ID)
		return readError(q.Exec())
	})
}
