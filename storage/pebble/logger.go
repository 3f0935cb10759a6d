package pebble

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/rs/zerolog"
)

// logger passes on what the engine says.
type logger struct{ log zerolog.Logger }

func (l logger) Infof(format string, args ...any)  { l.log.Debug().Msgf(format, args...) }
func (l logger) Errorf(format string, args ...any) { l.log.Error().Msgf(format, args...) }

// Fatalf ends the process: the engine cannot tell any more what is durable, so
// nothing may be acknowledged. What was acknowledged is found at the next start.
func (l logger) Fatalf(format string, args ...any) { l.log.Fatal().Msgf(format, args...) }

// endIfPanicking ends the process if the engine panics in the middle of a write,
// which is its way of saying the same. Nobody further up may go on after that.
func (s *Store) endIfPanicking() {
	if p := recover(); p != nil {
		logger{s.log}.Fatalf("the store could not write: %v", p)
	}
}

// listener hears of what the engine finds in the background.
func (s *Store) listener() *pebble.EventListener {
	return &pebble.EventListener{
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			err := damaged("the file %s", info.Path)
			s.damage.CompareAndSwap(nil, &err)
			s.log.Error().Str("file", info.Path).Err(info.Details).Msg("a file of the store is damaged; what is in it is not served")
		},
	}
}
