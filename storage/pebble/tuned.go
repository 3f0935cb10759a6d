package pebble

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

const (
	// memtableBytes of new rows are gathered in memory before they are sorted
	// into the files. The first ones are smaller: an idle server needs little.
	memtableBytes = 16 << 20
	// cacheBytes of blocks are kept decoded. The memtables are taken out of it.
	cacheBytes = 64 << 20
)

// tuned are the options of the engine.
func (s *Store) tuned() *pebble.Options {
	o := &pebble.Options{
		FS:                 roomy(s.room),
		Lock:               s.lock,
		FormatMajorVersion: pebble.FormatValueSeparation,
		CacheSize:          cacheBytes,
		MemTableSize:       memtableBytes,
		Logger:             logger{s.log},
		EventListener:      s.listener(),
	}
	o.Experimental.SpanPolicyFunc = spans
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10) // bits a key; one of a hundred is looked for in vain
	}
	return o
}

// spans cuts the engine's files at the borders of volumes and of the tables that
// grow without end, so that no file lies across what is being written and what
// will not change any more.
func spans(start []byte) (pebble.SpanPolicy, []byte, error) {
	switch t := table(start[0]); {
	case t == tableEntry && len(start) >= volumeKeySize:
		return pebble.SpanPolicy{}, after(start[:volumeKeySize]), nil
	case t < tableID:
		return pebble.SpanPolicy{}, []byte{byte(tableID)}, nil
	}
	return pebble.SpanPolicy{}, nil, nil
}
