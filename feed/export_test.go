package feed

import (
	"context"

	"github.com/teahouse-im/teahouse/crew"
)

// Settled waits until nothing is done in the background.
func (s *Service) Settled() {
	s.desk.hands.Close()
	s.desk.hands = crew.New(settlersIdle)
}

// Sweep is one round of Run.
func (s *Service) Sweep(ctx context.Context) { s.sweep(ctx) }

// AsTold is a viewer's tie as far as the author is told of it.
func AsTold(t Tie) Tie { return t.told() }

// Early is how old a mark is at least before one that leads to nothing is dropped.
const Early = early
