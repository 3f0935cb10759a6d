package pebble

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
)

// tuned are the options of the engine.
func tuned(opt Options, lock *pebble.Lock) *pebble.Options {
	o := &pebble.Options{
		FS:                 opt.FS,
		Lock:               lock,
		FormatMajorVersion: pebble.FormatValueSeparation,
		CacheSize:          8 << 20,
		MemTableSize:       8 << 20,
		Logger:             logger{opt.Logger},
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}
