package client

import (
	"math/rand/v2"
	"time"
)

// A Backoff says how long to wait before the next try. The bound doubles with
// every failure from Min to Max; the wait is anything up to the bound, so that
// many clients cut off at once do not come back at once.
type Backoff struct {
	Min time.Duration // default 0.5 s
	Max time.Duration // default 20 s
}

// Wait is how long to wait after so many failures in a row, the first being 0.
func (b Backoff) Wait(failures int) time.Duration { return rand.N(b.bound(failures)) + 1 }

func (b Backoff) bound(failures int) time.Duration {
	low, high := b.Min, b.Max
	if low <= 0 {
		low = 500 * time.Millisecond
	}
	if high <= 0 {
		high = 20 * time.Second
	}
	for range min(failures, 32) {
		if low >= high {
			break
		}
		low *= 2
	}
	return min(low, high)
}
