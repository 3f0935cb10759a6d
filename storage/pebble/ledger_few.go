package pebble

import (
	"strings"

	"github.com/teahouse-im/teahouse/ledger"
)

// few are the keys of all rows that there are under a prefix, and perhaps of some
// that there were; nil: there are too many. Where they are known, a row that is none
// of them need not be looked for.
type few map[string]bool

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
	keys, known := sh.under(rowName{p, prefixOf(key)})
	return known && keys != nil && !keys[key]
}

// join has a row be one of those under its prefix, if they are known.
func (sh *hotShard) join(p ledger.Part, key string) {
	n := rowName{p, prefixOf(key)}
	keys, known := sh.under(n)
	switch {
	case !known || keys == nil || keys[key]:
	case len(keys) == fewMost:
		sh.newer.few[n] = nil
	default:
		keys[key] = true
		sh.bytes += len(key) + hotOverhead
	}
}

// under are the rows that are known under a prefix.
func (sh *hotShard) under(n rowName) (keys few, known bool) {
	if n.key == "" {
		return nil, false
	}
	if keys, known = sh.newer.few[n]; known {
		return keys, true
	}
	if keys, known = sh.older.few[n]; known {
		delete(sh.older.few, n)
		sh.learn(n, keys)
	}
	return keys, known
}

func (sh *hotShard) learn(n rowName, keys few) {
	size := sizeOfRow(n, nil)
	for k := range keys {
		size += len(k) + hotOverhead
	}
	sh.room(size)
	sh.newer.few[n] = keys
}

// asked tells whether somebody has looked for all rows under a prefix before.
func (h *partRows) asked(p ledger.Part, prefix string) bool {
	sh := h.shard(p)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	_, known := sh.under(rowName{p, prefix})
	return known
}

// learned keeps which rows there are under a prefix.
func (h *partRows) learned(p ledger.Part, prefix string, keys few) {
	sh := h.shard(p)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.learn(rowName{p, prefix}, keys)
}

// lookUnder looks for all rows under a prefix, in the turn of their part, and keeps
// which there are.
func (s *Store) lookUnder(p ledger.Part, prefix string) error {
	from := append(partKey(p, len(prefix)), prefix...)
	keys := few{}
	err := s.scan(from, after(from), func(key, _ []byte) (bool, error) {
		keys[prefix+string(key[len(from):])] = true
		return len(keys) <= fewMost, nil
	})
	if err != nil {
		return err
	}
	if len(keys) > fewMost {
		keys = nil
	}
	s.hot.learned(p, prefix, keys)
	return nil
}
