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

// An entry's row is all that is stored of it; stream and seq stand in the key.
//
//	its id
//	what kind of state follows, see stateBits
//	the state: what is true of the stream right after the entry, so that the
//	    last row of a stream tells where it ends
//	the content: the difference of seq and count, the time in Unix milliseconds,
//	    kind and author with their lengths, the body as it goes out
//
// The state is the greatest id so far, if that is another one, and how far back
// the last countable entries of the leading authors are, each as the differences
// of seq and of count, if it is not this one.
type stateBits byte

const (
	otherNewest stateBits = 1 << iota // the greatest id is another entry's
	leadHere                          // the first leading author's last countable entry is this one
	leadBehind                        // or an earlier one; neither: there is none
	_                                 // the same of the second
	_
)

// A mark is an entry's id and the state after it.
type mark struct {
	id     uuid.UUID
	newest uuid.UUID
	lead   [leads]stream.Head
}

// appendMark begins a row of an entry of which end is the state after it.
func appendMark(b []byte, u *uuid.UUID, e *end) []byte {
	b = append(b, u[:]...)
	at, bits := len(b), stateBits(0)
	b = append(b, 0)
	if e.newest != *u {
		bits |= otherNewest
		b = append(b, e.newest[:]...)
	}
	for i := range e.lead {
		switch a := &e.lead[i]; {
		case a.at.Seq == 0:
		case a.at == e.head:
			bits |= leadHere << (2 * i)
		default:
			bits |= leadBehind << (2 * i)
			b = binary.AppendUvarint(b, uint64(e.head.Seq-a.at.Seq))
			b = binary.AppendUvarint(b, uint64(e.head.Count-a.at.Count))
		}
	}
	b[at] = byte(bits)
	return b
}

// mark reads the beginning of a row. The leading authors' positions are
// differences until entry has told the count.
func (d *decoder) mark() (m mark, bits stateBits) {
	m.id = d.id()
	if b := d.take(1); len(b) == 1 {
		bits = stateBits(b[0])
	}
	if m.newest = m.id; bits&otherNewest != 0 {
		m.newest = d.id()
	}
	for i := range m.lead {
		if bits&(leadBehind<<(2*i)) != 0 {
			m.lead[i] = stream.Head{Seq: id.Seq(d.uvarint()), Count: int64(d.uvarint())}
		}
	}
	return m, bits
}

// decodeMark reads the mark of the row of an entry at seq.
func decodeMark(row []byte, seq id.Seq) (m mark, head stream.Head, err error) {
	d := decoder{row: row}
	m, bits := d.mark()
	head = stream.Head{Seq: seq, Count: int64(seq) - int64(d.uvarint())}
	for i := range m.lead {
		if bits&((leadHere|leadBehind)<<(2*i)) != 0 {
			m.lead[i] = stream.Head{Seq: head.Seq - m.lead[i].Seq, Count: head.Count - m.lead[i].Count}
		}
	}
	if d.short {
		err = damaged("an entry's row at %d", seq)
	}
	return m, head, err
}

// ids reads an entry's id and the greatest id right after it; they stand at fixed places.
func ids(row []byte) (own, newest *uuid.UUID) {
	const size = len(uuid.UUID{})
	own = (*uuid.UUID)(row)
	if stateBits(row[size])&otherNewest != 0 {
		return own, (*uuid.UUID)(row[size+1:])
	}
	return own, own
}

// contentMost is how long a row is without kind, author and body, at most.
const contentMost = 2*len(uuid.UUID{}) + 1 + (2*leads+4)*binary.MaxVarintLen64

func rowMost(e *stream.Entry) int {
	return contentMost + len(e.Kind) + len(e.From) + len(e.Body)
}

// appendContent ends a row.
func appendContent(b []byte, e *stream.Entry) []byte {
	b = binary.AppendUvarint(b, uint64(int64(e.Seq)-e.Count))
	b = binary.AppendUvarint(b, uint64(e.At.UnixMilli()))
	b = appendString(b, string(e.Kind))
	b = appendString(b, string(e.From))
	return append(b, e.Body...)
}

// decodeEntry fills in what stands in the row. The entry's body is a part of row;
// words that are those of the entry before it are shared with it.
func decodeEntry(row []byte, e, before *stream.Entry) error {
	d := decoder{row: row}
	m, _ := d.mark()
	e.ID = m.id
	e.Count = int64(e.Seq) - int64(d.uvarint())
	e.At = time.UnixMilli(int64(d.uvarint())).UTC()
	e.Kind = shared(d.take(int(d.uvarint())), before.Kind)
	e.From = shared(d.take(int(d.uvarint())), before.From)
	e.Body = json.RawMessage(d.row[:len(d.row):len(d.row)])
	if d.short {
		return damaged("the entry at %s %d", e.Stream, e.Seq)
	}
	return nil
}

// redactedRow is an entry's row with another content.
func redactedRow(row []byte, e *stream.Entry) []byte {
	d := decoder{row: row}
	d.mark()
	begin := row[:len(row)-len(d.row)]
	return appendContent(append(make([]byte, 0, rowMost(e)), begin...), e)
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
