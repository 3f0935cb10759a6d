package pebble

import (
	"slices"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// recent are the rows of a stream's last entries, kept in memory: whoever comes
// back reads those, and a message that is sent again is among them. A row is
// never changed, and neither is a slice of them that somebody may have got.
type recent struct {
	rows  [][]byte
	bytes int
}

const (
	recentBytes    = 8 << 20 // of all streams together
	recentPerShard = recentBytes / tipShards
	recentMost     = 96      // rows of one stream
	recentLargest  = 4 << 10 // bytes; a larger row is not kept, nor what came before it
	rowOverhead    = 48      // bytes a row takes beside its own
)

// first is the position of the first of them in a stream that ends at head.
func (r *recent) first(head stream.Head) id.Seq { return head.Seq - id.Seq(len(r.rows)) + 1 }

// keep adds what was appended to the recent entries of a stream.
func (sh *tipShard) keep(t *tip, rows [][]byte) {
	r := &t.recent
	before := r.bytes
	for _, row := range rows {
		if len(row) > recentLargest {
			*r = recent{}
			continue
		}
		if len(r.rows) == recentMost { // leave the newer half
			r.rows = append(make([][]byte, 0, recentMost), r.rows[recentMost/2:]...)
			r.bytes = sizeOf(r.rows)
		}
		r.rows = append(r.rows, row)
		r.bytes += len(row) + rowOverhead
	}
	if sh.bytes += r.bytes - before; sh.bytes > recentPerShard {
		sh.forget(t)
	}
}

func sizeOf(rows [][]byte) (n int) {
	for _, row := range rows {
		n += len(row) + rowOverhead
	}
	return n
}

// forget drops recent entries of any streams until there is some room again; those of t last.
func (sh *tipShard) forget(t *tip) {
	for _, other := range sh.tips {
		if other != t && other.recent.bytes > 0 {
			sh.bytes -= other.recent.bytes
			other.recent = recent{}
			if sh.bytes <= recentPerShard*3/4 {
				return
			}
		}
	}
	if sh.bytes > recentPerShard {
		sh.bytes -= t.recent.bytes
		t.recent = recent{}
	}
}

// surelyNew tells whether no id of a group can be in the stream, from memory.
func (sh *tipShard) surelyNew(t *tip, entries []stream.Entry) bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for i := range entries {
		if at, sure := t.recent.find(&t.end, &entries[i].ID); at > 0 || !sure {
			return false
		}
	}
	return true
}

// replace puts another row in the place of the one at seq.
func (sh *tipShard) replace(t *tip, seq id.Seq, row []byte) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	r := &t.recent
	if seq < r.first(t.head) {
		return
	}
	r.rows = slices.Clone(r.rows)
	old := &r.rows[seq-r.first(t.head)]
	sh.bytes += len(row) - len(*old)
	r.bytes += len(row) - len(*old)
	*old = row
}

// read decodes the entries from ≤ seq ≤ to, all of which are among the recent.
func (r *recent) read(st id.Stream, head stream.Head, from, to id.Seq) ([]stream.Entry, error) {
	first := r.first(head)
	entries := make([]stream.Entry, to-from+1)
	before := &stream.Entry{}
	for i := range entries {
		e := &entries[i]
		e.Stream, e.Seq = st, from+id.Seq(i)
		if err := decodeEntry(r.rows[e.Seq-first], e, before); err != nil {
			return nil, err
		}
		before = e
	}
	return entries, nil
}
