package gateway

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/teahouse-im/teahouse/wire"
)

const (
	// drainPace is how many sessions are sent away per second, unless there are so many that it would take too long.
	drainPace    = 2000
	drainAtMost  = 15 * time.Second
	drainSteps   = 50 // per second
	retryAtLeast = 500 * time.Millisecond
)

// Drain sends everybody away: no connection is accepted any more, and each session
// gets bye, with a time to come back that spreads them, then 1001. It returns when
// all are gone, or with ctx, whose end leaves what is left to Close.
func (g *Gateway) Drain(ctx context.Context) {
	g.draining.Store(true)
	step := time.NewTicker(time.Second / drainSteps)
	defer step.Stop()
	for g.stats.open.Load() > 0 {
		all := g.wheel.all()
		rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		// They come back no faster than they would be welcome elsewhere.
		spread := max(time.Second, time.Duration(len(all))*time.Millisecond)
		each := max(drainPace/drainSteps, len(all)/int(drainAtMost.Seconds()*drainSteps))
		for i, s := range all {
			if i%each == 0 {
				select {
				case <-ctx.Done():
					return
				case <-step.C:
				}
			}
			s.bye("shutdown", retryAtLeast+rand.N(spread))
			s.close(wire.CloseGoingAway)
		}
		select {
		case <-ctx.Done():
			return
		case <-step.C:
		}
	}
}
