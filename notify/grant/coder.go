package grant

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"sync"
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
	raw     []byte // what was written so far; what is to be read
	reading bool
	said    string // raw, when reading: what is text in it is a part of this
	at      int    // how far raw was read
	err     error  // what was to be read is damaged
}

var errDamaged = errors.New("it is damaged")

// writers are coders to write with, for the room they have.
var writers = sync.Pool{New: func() any { return &coder{raw: make([]byte, 0, 1024)} }}

func encodeRecord(r record) []byte {
	c := writers.Get().(*coder)
	defer writers.Put(c)
	c.raw = append(c.raw[:0], recordMark)
	r.layout(c)
	return bytes.Clone(c.raw)
}

// decodeRecord reads what encodeRecord wrote into a zero record.
func decodeRecord(raw []byte, r record) error {
	c := coder{raw: raw, reading: true, said: string(raw), at: 1}
	r.layout(&c)
	if c.left() > 0 {
		c.fail()
	}
	return c.err
}

func (c *coder) left() int { return len(c.raw) - c.at }

func (c *coder) fail() {
	c.at = len(c.raw)
	c.err = errDamaged
}

// number is a length or a small count.
func number[T ~int | ~int64 | ~uint64](c *coder, n *T) {
	switch {
	case !c.reading:
		c.raw = binary.AppendVarint(c.raw, int64(*n))
	case c.left() > 0:
		v, size := binary.Varint(c.raw[c.at:])
		if size <= 0 {
			c.fail()
			return
		}
		*n = T(v)
		c.at += size
	}
}

// size is how many of something follow, each of which takes a byte at least.
func (c *coder) size(n int) int {
	if !c.reading {
		c.raw = binary.AppendVarint(c.raw, int64(n))
		return n
	}
	n = 0
	if number(c, &n); n < 0 || n > c.left() {
		c.fail()
		return 0
	}
	return n
}

func text[T ~string](c *coder, s *T) {
	if !c.reading {
		c.write(string(*s))
		return
	}
	*s = T(c.read())
}

func (c *coder) write(s string) {
	c.size(len(s))
	c.raw = append(c.raw, s...)
}

func (c *coder) read() string {
	n := c.size(0)
	c.at += n
	return c.said[c.at-n : c.at]
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
	case c.left() >= len(b):
		c.at += copy(b, c.raw[c.at:])
	case c.left() > 0:
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

// table is a map, in the order of its keys; none is nil.
func table[K ~string, V any](c *coder, m *map[K]V, each func(*coder, *V)) {
	n := c.size(len(*m))
	if !c.reading {
		for _, k := range inOrder(*m) {
			c.write(string(k))
			v := (*m)[k]
			each(c, &v)
		}
		return
	}
	if n > 0 {
		*m = make(map[K]V, n)
	}
	for range n {
		k := K(c.read())
		var v V
		each(c, &v)
		(*m)[k] = v
	}
}

// inOrder are the keys of a map.
func inOrder[K ~string, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
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
