package grant

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
)

// A record is a row that is read and written with every notice, and so is kept in
// few bytes. layout names its fields, in order, once for both directions. Fields
// are only ever added, at the end: in rows from before they are zero.
type record interface{ layout(c *coder) }

// recordMark begins every record. What begins otherwise is JSON, as such rows were
// before and others are still.
const recordMark = 1

// A coder puts the fields of a record together, or takes them apart.
type coder struct {
	raw     []byte // what was written, or what is still to be read
	reading bool
	err     error // what was to be read is damaged
}

var errDamaged = errors.New("it is damaged")

func encodeRecord(r record) []byte {
	c := coder{raw: append(make([]byte, 0, 384), recordMark)}
	r.layout(&c)
	return slices.Clip(c.raw)
}

// decodeRecord reads what encodeRecord wrote into a zero record.
func decodeRecord(raw []byte, r record) error {
	c := coder{raw: raw[1:], reading: true}
	r.layout(&c)
	if len(c.raw) > 0 && c.err == nil {
		c.err = errDamaged
	}
	return c.err
}

// number is a length or a small count.
func number[T ~int | ~int64 | ~uint64](c *coder, n *T) {
	if !c.reading {
		c.raw = binary.AppendVarint(c.raw, int64(*n))
		return
	}
	if len(c.raw) == 0 {
		return
	}
	v, size := binary.Varint(c.raw)
	if size <= 0 {
		c.fail()
		return
	}
	*n, c.raw = T(v), c.raw[size:]
}

func (c *coder) fail() { c.raw, c.err = nil, errDamaged }

// size is how many of something follow, each of which takes a byte at least.
func (c *coder) size(n int) int {
	number(c, &n)
	if n < 0 || c.reading && n > len(c.raw) {
		c.fail()
		return 0
	}
	return n
}

// take is the next n bytes.
func (c *coder) take(n int) []byte {
	raw := c.raw[:n:n]
	c.raw = c.raw[n:]
	return raw
}

func text[T ~string | ~[]byte](c *coder, s *T) {
	n := c.size(len(*s))
	switch {
	case !c.reading:
		c.raw = append(c.raw, *s...)
	case n > 0:
		*s = T(c.take(n))
	}
}

func (c *coder) flag(b *bool) {
	var n int
	if *b {
		n = 1
	}
	number(c, &n)
	*b = n != 0
}

// fixed are bytes of which there are always as many.
func (c *coder) fixed(b []byte) {
	switch {
	case !c.reading:
		c.raw = append(c.raw, b...)
	case len(c.raw) >= len(b):
		copy(b, c.take(len(b)))
	case len(c.raw) > 0:
		c.fail()
	}
}

func (c *coder) uuid(u *uuid.UUID) { c.fixed(u[:]) }

// never is the zero time, which is written as 0.
var never = time.Time{}.UnixMilli()

// time is a moment in whole milliseconds.
func (c *coder) time(t *time.Time) {
	ms := t.UnixMilli() - never
	if number(c, &ms); c.reading && ms != 0 {
		*t = time.UnixMilli(ms + never).UTC()
	}
}

// list is any number of things alike; none are nil.
func list[T any](c *coder, all *[]T, each func(*coder, *T)) {
	n := c.size(len(*all))
	if c.reading && n > 0 {
		*all = make([]T, n)
	}
	for i := range *all {
		each(c, &(*all)[i])
	}
}

// table is a map, in the order of its keys.
func table[K ~string, V any](c *coder, m *map[K]V, each func(*coder, *V)) {
	if !c.reading {
		c.size(len(*m))
		for _, k := range slices.Sorted(maps.Keys(*m)) {
			v := (*m)[k]
			text(c, &k)
			each(c, &v)
		}
		return
	}
	n := c.size(0)
	if n > 0 {
		*m = make(map[K]V, n)
	}
	for range n {
		var k K
		var v V
		text(c, &k)
		each(c, &v)
		(*m)[k] = v
	}
}

// optional is something that may be nil.
func optional[T any](c *coder, p **T, each func(*coder, *T)) {
	there := *p != nil
	if c.flag(&there); !there {
		return
	}
	if *p == nil {
		*p = new(T)
	}
	each(c, *p)
}
