package pebble

import (
	"hash/maphash"
	"slices"
	"strings"

	"github.com/teahouse-im/teahouse/ledger"
)

// few tells which rows there are under a prefix, by hashes of the keys of all that
// there are, and perhaps of some that there were. Where they are known, a row that is
// none of them need not be looked for.
type few struct {
	hashes []uint64
	many   bool // and so not kept
}

func (f *few) has(key string) bool { return slices.Contains(f.hashes, maphash.String(hotSeed, key)) }

func (f *few) add(key string) {
	if len(f.hashes) == fewMost {
		*f = few{many: true}
		return
	}
	f.hashes = append(f.hashes, maphash.String(hotSeed, key))
}

// fewMost is how many rows are few.
const fewMost = 64

// prefixOf is the prefix under which a row is one of few: that of what belongs to one
// of several, such as "key/app-…/"; "" if it is no such row.
func prefixOf(key string) string {
	prefix := key[:strings.LastIndexByte(key, '/')+1]
	if strings.Count(prefix, "/") < 2 {
		return ""
	}
	return prefix
}

// lacks tells whether it is known that there is no such row.
func (sh *hotShard) lacks(p ledger.Part, key string) bool {
	f, known := sh.under(rowName{p, prefixOf(key)})
	return known && !f.many && !f.has(key)
}

// join has a row be one of those under its prefix, if they are known.
func (sh *hotShard) join(p ledger.Part, key string) {
	n := rowName{p, prefixOf(key)}
	if f, known := sh.under(n); known && !f.many && !f.has(key) {
		f.add(key)
		sh.bytes += hashBytes
		sh.newer.few[n] = f
	}
}

// under are the rows that are known under a prefix.
func (sh *hotShard) under(n rowName) (f few, known bool) {
	if n.key == "" {
		return few{}, false
	}
	if f, known = sh.newer.few[n]; known {
		return f, true
	}
	if f, known = sh.older.few[n]; known {
		delete(sh.older.few, n)
		sh.learn(n, f)
	}
	return f, known
}

func (sh *hotShard) learn(n rowName, f few) {
	sh.room(sizeOfFew(n, f))
	sh.newer.few[n] = f
}

const hashBytes = 8

func sizeOfFew(n rowName, f few) int { return sizeOfRow(n, nil) + len(f.hashes)*hashBytes }

// asked tells whether somebody has looked for all rows under a prefix before.
func (h *partRows) asked(p ledger.Part, prefix string) bool {
	sh := h.shard(p)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	_, known := sh.under(rowName{p, prefix})
	return known
}

// learned keeps which rows there are under a prefix.
func (h *partRows) learned(p ledger.Part, prefix string, f few) {
	sh := h.shard(p)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.learn(rowName{p, prefix}, f)
}

// lookUnder looks for all rows under a prefix, in the turn of their part, and keeps
// which there are.
func (s *Store) lookUnder(p ledger.Part, prefix string) error {
	from := append(partKey(p, len(prefix)), prefix...)
	var f few
	err := s.scan(from, after(from), func(key, _ []byte) (bool, error) {
		f.add(prefix + string(key[len(from):]))
		return !f.many, nil
	})
	if err == nil {
		s.hot.learned(p, prefix, f)
	}
	return err
}
