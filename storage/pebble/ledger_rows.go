package pebble

import (
	"hash/maphash"
	"slices"
	"sync"

	"github.com/teahouse-im/teahouse/ledger"
)

// partRows keeps in memory which rows of parts somebody has looked at lately, and
// where there was none: what decides something looks at the same few again and
// again. It changes in the part's turn only, so it has what the engine would find.
type partRows [hotShards]hotShard

// A hotShard has two halves: what is looked at goes into the newer one, and when
// that is full the older one is forgotten.
type hotShard struct {
	mu           sync.Mutex
	newer, older hotRows
	bytes        int // that the newer take, about
}

type hotRows struct {
	rows map[rowName][]byte // no value is ever changed; nil: there is no such row
	few  map[rowName]few    // by prefix
}

type rowName struct {
	part ledger.Part
	key  string
}

const (
	hotShards   = 64
	hotBytes    = 64 << 20 // of all, on a busy server
	hotHalf     = hotBytes / hotShards / 2
	hotLargest  = hotHalf / 16 // a larger row is not kept
	hotOverhead = 100          // bytes a row takes beside what it says
)

var hotSeed = maphash.MakeSeed()

func (h *partRows) shard(p ledger.Part) *hotShard {
	return &h[maphash.String(hotSeed, string(p))%hotShards]
}

// find finds a row; known is false if that takes a look at the disk.
func (h *partRows) find(p ledger.Part, key string) (value []byte, known bool) {
	sh, n := h.shard(p), rowName{p, key}
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if value, known = sh.newer.rows[n]; known {
		return value, true
	}
	if value, known = sh.older.rows[n]; known {
		sh.keep(n, value)
		return value, true
	}
	return nil, sh.lacks(p, key)
}

// found keeps what was found on the disk.
func (h *partRows) found(p ledger.Part, key string, value []byte) {
	sh := h.shard(p)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.keep(rowName{p, key}, value)
}

// changed has those rows of a change that were looked at be what they are now.
func (h *partRows) changed(p ledger.Part, rows []ledger.Row) {
	sh := h.shard(p)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, r := range rows {
		n := rowName{p, r.Key}
		_, newer := sh.newer.rows[n]
		_, older := sh.older.rows[n]
		if len(r.Value) > 0 {
			sh.join(p, r.Key)
		}
		switch {
		case !newer && !older:
		case len(r.Value) == 0:
			sh.keep(n, nil)
		default:
			sh.keep(n, slices.Clip(r.Value))
		}
	}
}

func (sh *hotShard) keep(n rowName, value []byte) {
	delete(sh.older.rows, n)
	if old, there := sh.newer.rows[n]; there {
		sh.bytes -= sizeOfRow(n, old)
		delete(sh.newer.rows, n)
	}
	size := sizeOfRow(n, value)
	if size > hotLargest {
		return
	}
	sh.room(size)
	sh.newer.rows[n] = value
}

// room sees to it that so many bytes more have room among the newer.
func (sh *hotShard) room(size int) {
	if sh.bytes+size > hotHalf || sh.newer.rows == nil {
		sh.older, sh.bytes = sh.newer, 0
		sh.newer = hotRows{rows: map[rowName][]byte{}, few: map[rowName]few{}}
	}
	sh.bytes += size
}

func sizeOfRow(n rowName, value []byte) int {
	return hotOverhead + len(n.part) + len(n.key) + len(value)
}
