package redis

import (
	"context"
	"math/rand/v2"
	"time"
)

// keep connects again and again until ctx ends: serve is one connection's life
// and tells whether it came to work. The pause between two lives grows while
// none does.
func keep(ctx context.Context, serve func(context.Context) (worked bool)) {
	pause := pauseLeast
	for {
		if serve(ctx) {
			pause = pauseLeast
		}
		timer := time.NewTimer(pause/2 + rand.N(pause/2))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
		pause = min(2*pause, pauseMost)
	}
}
