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
func (b *Board) alone(ctx context.Context, s shape.Sighting, c counted) (shape.Verdict, error) {
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
	b.untold = append(b.untold, c.as(v))
	b.mu.Unlock()
	return v, nil
}

// off is true while Redis is not asked.
func (b *Board) off() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.isOff
}

func (b *Board) away(err error) {
	b.mu.Lock()
	b.leave()
	b.mu.Unlock()
	b.unsaid(unavailable("count with the cluster", err))
}

// leave counts alone from now on. The mutex is held.
func (b *Board) leave() {
	b.isOff, b.back = true, time.Time{}
	clear(b.known) // it may come back empty
}

// remember keeps what Redis has counted, to tell it again. The mutex is held.
func (b *Board) remember(c counted) {
	if c.hold == shape.Crowd || c.hold == shape.Hoard {
		return // nobody has read it
	}
	b.recent = append(b.recent, c)
	n := max(0, len(b.recent)-recentMost)
	for b.recent[n].at <= c.at-b.limits.Long.Milliseconds() {
		n++
	}
	clear(b.recent[:n])
	b.recent = b.recent[n:]
}

func (b *Board) knows(t id.Template) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known[t]
}

func (b *Board) learn(all ...counted) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range all {
		if len(b.known) >= knownMost {
			clear(b.known)
		}
		b.known[c.template] = true
	}
}

func unavailable(what string, err error) error {
	return fmt.Errorf("%s in Redis: %w: %w", what, fault.Unavailable, err)
}
