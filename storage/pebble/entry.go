package pebble

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// An entry's row: the difference of seq and count, the id, the time in Unix
// milliseconds, kind and author with their lengths, and the body as it goes out.
// Stream and seq stand in the key.
func entrySize(e *stream.Entry) int {
	return uvarintSize(uint64(int64(e.Seq)-e.Count)) + len(e.ID) + uvarintSize(uint64(e.At.UnixMilli())) +
		uvarintSize(uint64(len(e.Kind))) + len(e.Kind) + uvarintSize(uint64(len(e.From))) + len(e.From) + len(e.Body)
}

func appendEntry(b []byte, e *stream.Entry) []byte {
	b = binary.AppendUvarint(b, uint64(int64(e.Seq)-e.Count))
	b = append(b, e.ID[:]...)
	b = binary.AppendUvarint(b, uint64(e.At.UnixMilli()))
	b = appendString(b, string(e.Kind))
	b = appendString(b, string(e.From))
	return append(b, e.Body...)
}

// decodeEntry fills in what stands in the row. The entry's body is a part of row;
// words that are those of the entry before it are shared with it.
func decodeEntry(row []byte, e, before *stream.Entry) error {
	d := decoder{row: row}
	e.Count = int64(e.Seq) - int64(d.uvarint())
	copy(e.ID[:], d.take(len(e.ID)))
	e.At = time.UnixMilli(int64(d.uvarint())).UTC()
	e.Kind = shared(d.take(int(d.uvarint())), before.Kind)
	e.From = shared(d.take(int(d.uvarint())), before.From)
	e.Body = json.RawMessage(d.row[:len(d.row):len(d.row)])
	if d.short {
		return damaged("the entry at %s %d", e.Stream, e.Seq)
	}
	return nil
}

func shared[S ~string](b []byte, before S) S {
	if string(b) == string(before) {
		return before
	}
	return S(b)
}

// A position is a stream.Head in a row.
func appendHead(b []byte, h stream.Head) []byte {
	b = binary.AppendUvarint(b, uint64(h.Seq))
	return binary.AppendUvarint(b, uint64(int64(h.Seq)-h.Count))
}

func (d *decoder) head() stream.Head {
	seq := int64(d.uvarint())
	return stream.Head{Seq: id.Seq(seq), Count: seq - int64(d.uvarint())}
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func uvarintSize(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// decoder reads a row from its front. What is missing reads as zero, and then the row was short.
type decoder struct {
	row   []byte
	short bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.row)
	if n <= 0 {
		d.short = true
		return 0
	}
	d.row = d.row[n:]
	return v
}

func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.row) {
		d.short = true
		return nil
	}
	part := d.row[:n]
	d.row = d.row[n:]
	return part
}

func (d *decoder) id() (u uuid.UUID) {
	copy(u[:], d.take(len(u)))
	return u
}

// damaged is a row that nobody wrote like this.
func damaged(what string, args ...any) error {
	return unavailable("read", fmt.Errorf(what+" is damaged", args...))
}
