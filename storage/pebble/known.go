package pebble

import (
	"bytes"
	"errors"
	"sort"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// How an id is found again that is in a stream already, without an index of all
// ids. Ids begin with their time, and most entries have a greater one than all
// before them in their stream. Every row tells the greatest id so far, which only
// grows: so such an entry is the first whose greatest id is not less than its own,
// and is found by halving. An entry whose id is not the greatest, because somebody
// else's clock is ahead or it was late, has a row of tableID in addition.
//
// Halving takes a dozen reads. Usually that is only for who sends again what was
// stored long ago. But in a stream where much is said by people whose clocks
// differ, what is new looks like that too. Once that was seen in a stream, each of
// its entries gets a row of tableID, and what is greater than the greatest id of
// that moment, the floor, is looked for there alone. That does not help where one
// id is of the far future, and so is the floor; but then all that is new lies in
// one gap between two greatest ids, which halving has found once and the tip
// remembers: no id in a gap was ever the greatest, and none will be.

// dated tells whether an id begins with its time. Others never count as the greatest.
func dated(u *uuid.UUID) bool {
	version := u[6] >> 4
	return (version == 7 || version == 8) && u[8]>>6 == 0b10
}

// saw notes an id that is in the stream now; false if it needs a row of tableID.
func (e *end) saw(u *uuid.UUID) bool {
	if !dated(u) || bytes.Compare(u[:], e.newest[:]) <= 0 {
		return false
	}
	e.newest = *u
	return !e.indexed()
}

// indexed tells whether new entries have rows of tableID.
func (e *end) indexed() bool { return e.floor != uuid.Nil }

// find looks for an id in what is in memory: 0 if it is not in the stream; if not
// sure, it may be there all the same.
func (r *recent) find(e *end, u *uuid.UUID) (at id.Seq, sure bool) {
	is := dated(u)
	if is && bytes.Compare(u[:], e.newest[:]) > 0 || e.head.Seq == 0 {
		return 0, true
	}
	first, i := r.first(e.head), 0
	if is {
		i = sort.Search(len(r.rows), func(i int) bool {
			_, newest := ids(r.rows[i])
			return bytes.Compare(newest[:], u[:]) >= 0
		})
	}
	sure = i > 0 || first == 1
	for ; i < len(r.rows); i++ {
		if own, _ := ids(r.rows[i]); *own == *u {
			return first + id.Seq(i), true
		}
	}
	return 0, sure
}

// duplicates finds which ids of a group are in the stream already, and where. index
// tells that the stream should be indexed from now on.
// It remembers in e what it learned.
func (s *Store) duplicates(st id.Stream, e *end, r *recent, entries []stream.Entry) (there map[uuid.UUID]id.Seq, index bool, err error) {
	for i := range entries {
		u := &entries[i].ID
		at, sure := r.find(e, u)
		if !sure {
			var halved bool
			if at, halved, err = s.findID(st, e, u); err != nil {
				return nil, false, err
			}
			index = index || halved && at == 0 && !e.indexed()
		}
		if at > 0 {
			if there == nil {
				there = map[uuid.UUID]id.Seq{}
			}
			there[*u] = at
		}
	}
	return there, index, nil
}

// findID looks for an id on the disk; 0 if it is not in the stream. halved tells
// that it took long.
func (s *Store) findID(st id.Stream, e *end, u *uuid.UUID) (at id.Seq, halved bool, err error) {
	row, err := s.position(idKey(u, st))
	if err != nil || row.Seq > 0 || !dated(u) || e.indexed() && bytes.Compare(u[:], e.floor[:]) > 0 || e.gap.has(u) {
		return row.Seq, false, err
	}
	at, err = s.halve(st, e, u)
	return at, true, err
}

// A gap is between two ids of which one followed the other as a stream's greatest.
type gap struct{ below, above uuid.UUID }

func (g *gap) has(u *uuid.UUID) bool {
	return bytes.Compare(u[:], g.below[:]) > 0 && bytes.Compare(u[:], g.above[:]) < 0
}

// halve looks for an id among the entries that had the greatest when they were
// stored. Where there is none it remembers the gap.
func (s *Store) halve(st id.Stream, e *end, u *uuid.UUID) (id.Seq, error) {
	var own *uuid.UUID
	var around gap
	low, high := id.Seq(1), e.head.Seq // the first that is not less is one of these
	for {
		middle := low + (high-low)/2
		row, err := s.row(st, e, middle)
		if err != nil {
			return 0, err
		}
		var newest *uuid.UUID
		if own, newest = ids(row); bytes.Compare(newest[:], u[:]) < 0 {
			low, around.below = middle+1, *newest
		} else if high, around.above = middle, *newest; low == high {
			break
		}
	}
	if *own == *u {
		return high, nil
	}
	e.gap = around
	return 0, nil
}

// row reads the row of an entry that is there.
func (s *Store) row(st id.Stream, e *end, seq id.Seq) ([]byte, error) {
	chapters, err := s.chapters(st, e, seq, seq)
	if err != nil {
		return nil, err
	}
	if len(chapters) == 0 {
		return nil, damaged("%s, of which no chapter has %d,", st, seq)
	}
	row, closer, err := s.db.Get(entryKey(chapters[0].volume, st, seq))
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, damaged("%s, of which %d is not there,", st, seq)
	}
	if err != nil {
		return nil, unavailable("read", err)
	}
	row = bytes.Clone(row)
	if _, _, bad := decodeMark(row, seq); bad != nil {
		err = bad
	}
	return row, errors.Join(err, closer.Close())
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

// idKey is the key of an id's row. New ids are the greatest, as a rule, and come first: see table.
func idKey(u *uuid.UUID, st id.Stream) []byte {
	b := append(make([]byte, 0, 1+len(u)+len(st)), byte(tableID))
	for _, c := range u {
		b = append(b, ^c)
	}
	return append(b, st...)
}
