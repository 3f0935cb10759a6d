package pebble

import (
	"encoding/binary"
	"errors"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// volumes cut the entries of all streams into parts, in the order of writing. A
// volume's rows lie side by side, streams in order within it, and once it is full
// nothing is written between them any more: the engine sorts a few volumes' worth
// of rows, ever the newest, instead of sorting new entries into all that there
// are. So storing an entry costs the same whatever the store holds.
//
// The part of a stream that is in one volume is a chapter. The last one is known
// from the stream's row of tableHead, the others from rows of tableChapter.
type volumes struct {
	volume  atomic.Uint32 // what is being filled
	written atomic.Int64  // bytes it has, about
	full    int64         // bytes; fixed
}

// volumeBytes is when a volume is full. Larger ones make background work dearer,
// smaller ones make more chapters to look up. Measured while filling a store with
// five million entries, in CPU time for each: 21 µs and rising without volumes,
// 9 µs with 64 MB, 7 µs with 32 MB, neither rising.
const volumeBytes = 32 << 20

// volumeKeySize is the length of what the keys of a volume have in common.
const volumeKeySize = 1 + 4

type chapter struct {
	volume uint32
	first  id.Seq
}

// grow notes what was written and turns to the next volume when one is full.
func (v *volumes) grow(n int) {
	if now := v.written.Add(int64(n)); now >= v.full && v.written.CompareAndSwap(now, 0) {
		v.volume.Add(1)
	}
}

// findVolume goes on where an earlier process stopped.
func (s *Store) findVolume() error {
	first := []byte{byte(tableEntry)}
	rows, err := s.db.NewIter(&pebble.IterOptions{LowerBound: first, UpperBound: after(first)})
	if err != nil {
		return err
	}
	s.volume.Store(1)
	if rows.Last() {
		s.volume.Store(binary.BigEndian.Uint32(rows.Key()[1:]))
	}
	if err := rows.Close(); err != nil {
		return err
	}
	volume := binary.BigEndian.AppendUint32(first, s.volume.Load())
	size, err := s.db.EstimateDiskUsage(volume, after(volume))
	s.written.Store(int64(size))
	return err
}

// openChapter begins a stream's next chapter if it has none in the present volume.
func (s *Store) openChapter(b *pebble.Batch, st id.Stream, e *end) error {
	volume := s.volume.Load()
	if e.last.volume == volume {
		return nil
	}
	if old := e.last; old.volume > 0 {
		err := b.Set(chapterKey(st, old.first), binary.AppendUvarint(nil, uint64(old.volume)), nil)
		if err != nil {
			return err
		}
	}
	e.last = chapter{volume, e.head.Seq + 1}
	return nil
}

func chapterKey(st id.Stream, first id.Seq) []byte {
	return binary.BigEndian.AppendUint64(tableChapter.key(string(st)), uint64(first))
}

// chapters finds the chapters that hold from ≤ seq ≤ to of a stream that ends at e.
func (s *Store) chapters(st id.Stream, e *end, from, to id.Seq) ([]chapter, error) {
	if from >= e.last.first {
		return []chapter{e.last}, nil
	}
	var found []chapter
	prefix := tableChapter.key(string(st))
	rows, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: prefix, UpperBound: chapterKey(st, min(to+1, e.last.first)),
	})
	if err != nil {
		return nil, unavailable("read", err)
	}
	for ok := rows.SeekLT(chapterKey(st, from+1)); ok; ok = rows.Next() {
		row, err := rows.ValueAndErr()
		if err != nil {
			return nil, unavailable("read", errors.Join(err, rows.Close()))
		}
		d := decoder{row: row}
		found = append(found, chapter{uint32(d.uvarint()), id.Seq(binary.BigEndian.Uint64(rows.Key()[len(prefix):]))})
		if d.short {
			return nil, errors.Join(damaged("the row %q", rows.Key()), rows.Close())
		}
	}
	if err := rows.Close(); err != nil {
		return nil, unavailable("read", err)
	}
	if to >= e.last.first {
		found = append(found, e.last)
	}
	return found, nil
}

// readEntries reads the entries from ≤ seq ≤ to, all of which are there.
func (s *Store) readEntries(st id.Stream, chapters []chapter, from, to id.Seq) ([]stream.Entry, error) {
	want := int(to - from + 1)
	entries := make([]stream.Entry, 0, want)
	ends := make([]int, 0, want)
	var rows []byte
	for i, c := range chapters {
		until := to
		if i+1 < len(chapters) {
			until = chapters[i+1].first - 1
		}
		err := s.scan(
			entryKey(c.volume, st, max(from, c.first)), entryKey(c.volume, st, until+1),
			func(key, row []byte) (bool, error) {
				seq := id.Seq(binary.BigEndian.Uint64(key[len(key)-8:]))
				entries = append(entries, stream.Entry{Stream: st, Seq: seq})
				if rows == nil {
					rows = make([]byte, 0, (len(row)+64)*min(want, 64))
				}
				rows = append(rows, row...)
				ends = append(ends, len(rows))
				return true, nil
			})
		if err != nil {
			return nil, err
		}
	}
	start := 0
	before := &stream.Entry{}
	for i := range entries {
		e := &entries[i]
		if err := decodeEntry(rows[start:ends[i]], e, before); err != nil {
			return nil, err
		}
		if e.Seq != from+id.Seq(i) {
			break
		}
		start, before = ends[i], e
	}
	if len(entries) != want || entries[want-1].Seq != to {
		return nil, damaged("%s, of which not all from %d to %d is there,", st, from, to)
	}
	return entries, nil
}

func entryKey(volume uint32, st id.Stream, seq id.Seq) []byte {
	return appendEntryKey(make([]byte, 0, volumeKeySize+len(st)+1+8), volume, st, seq)
}

func appendEntryKey(b []byte, volume uint32, st id.Stream, seq id.Seq) []byte {
	b = binary.BigEndian.AppendUint32(append(b, byte(tableEntry)), volume)
	b = append(append(b, st...), 0)
	return binary.BigEndian.AppendUint64(b, uint64(seq))
}
