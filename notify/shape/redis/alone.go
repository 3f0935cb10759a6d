package redis

import (
	"context"
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/shape"
)

// alone is See without Redis.
func (b *Board) alone(ctx context.Context, s shape.Sighting) (shape.Verdict, error) {
	b.mu.Lock()
	full := len(b.untold) >= untoldMost
	b.mu.Unlock()
	if full {
		return shape.Verdict{Hold: shape.Crowd}, nil // nobody would ever hear of it
	}
	v, err := b.own.SeeAlone(ctx, s)
	if err != nil || v.TooFar {
		return v, err
	}
	b.mu.Lock()
	b.untold = append(b.untold, told{s, v})
	b.mu.Unlock()
	return v, nil
}

// resting is true while it makes no sense to ask Redis.
func (b *Board) resting() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Now().Before(b.rest)
}

func (b *Board) away(err error) {
	b.mu.Lock()
	b.rest = time.Now().Add(askAgain)
	clear(b.known) // it may come back empty
	b.mu.Unlock()
	b.unsaid(unavailable("count with the cluster", err))
}

// tell makes up for what Redis has missed.
func (b *Board) tell(ctx context.Context) error {
	b.mu.Lock()
	untold := b.untold
	b.untold = nil
	b.mu.Unlock()
	for i, t := range untold {
		if _, _, err := b.ask(ctx, t.Sighting, &t.Verdict); err != nil {
			b.mu.Lock()
			b.untold = append(untold[i:], b.untold...)
			b.mu.Unlock()
			return err
		}
	}
	return nil
}

func (b *Board) knows(t id.Template) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known[t]
}

func (b *Board) learn(t id.Template) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.known) >= knownMost {
		clear(b.known)
	}
	b.known[t] = true
}

func unavailable(what string, err error) error {
	return fmt.Errorf("%s in Redis: %w: %w", what, fault.Unavailable, err)
}
