package pebble

import "github.com/rs/zerolog"

// logger passes on what the engine says.
type logger struct{ log zerolog.Logger }

func (l logger) Infof(format string, args ...any)  { l.log.Debug().Msgf(format, args...) }
func (l logger) Errorf(format string, args ...any) { l.log.Error().Msgf(format, args...) }

// Fatalf ends the process: the engine cannot tell any more what is durable, so
// nothing may be acknowledged. What was acknowledged is found at the next start.
func (l logger) Fatalf(format string, args ...any) { l.log.Fatal().Msgf(format, args...) }
