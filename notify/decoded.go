package notify

import (
	"bytes"
	"sync"

	"github.com/teahouse-im/teahouse/ledger"
)

// decoded remembers what rows say that are read for every notice. A row is read
// all the same, so what has changed is seen at once; it is decoded only if it is
// another than the last time.
type decoded[T any] struct {
	mu   sync.Mutex
	rows map[rowName]decodedRow[T]
}

type rowName struct {
	part ledger.Part
	key  string
}

type decodedRow[T any] struct {
	raw []byte
	is  T
}

const decodedMost = 4096

// row is decodeRow. Nobody changes what is inside of what it gives.
func (d *decoded[T]) row(p ledger.Part, v ledger.View, key string) (is T, found bool, err error) {
	raw, n := v.Get(key), rowName{p, key}
	if raw == nil {
		return is, false, nil
	}
	d.mu.Lock()
	was, there := d.rows[n]
	d.mu.Unlock()
	if there && bytes.Equal(was.raw, raw) {
		return was.is, true, nil
	}
	if _, err := decodeRow(v, key, &is); err != nil {
		return is, false, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rows == nil {
		d.rows = map[rowName]decodedRow[T]{}
	}
	if !there && len(d.rows) >= decodedMost {
		for some := range d.rows {
			delete(d.rows, some)
			break
		}
	}
	d.rows[n] = decodedRow[T]{raw, is}
	return is, true, nil
}

// known is what a row said when it was read last.
func (d *decoded[T]) known(p ledger.Part, key string) (is T, known bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	row, known := d.rows[rowName{p, key}]
	return row.is, known
}
