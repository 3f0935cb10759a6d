package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A rest is the time after a busy one. What was left then would lie in memory for
// minutes: with little to do, garbage is collected when the heap has doubled. So a
// server that comes to rest collects it, once, and gives the memory back.
type rest struct {
	allocated int64 // bytes, since the process began
	collected int64 // of them, when that was done last
	quiet     bool  // little was allocated since the look before
}

const (
	restLook  = time.Second
	restBytes = 2 << 20  // allocated between two looks, at most, by a server at rest
	restLeft  = 16 << 20 // bytes, and half of what is alive, have to have been allocated for it
)

// look tells whether to collect now, when so many bytes were allocated so far, and
// so many were alive when anybody collected last.
func (r *rest) look(allocated, live int64) bool {
	quiet := allocated-r.allocated <= restBytes
	still := quiet && r.quiet
	r.allocated, r.quiet = allocated, quiet
	if !still || allocated-r.collected <= restLeft+live/2 {
		return false
	}
	r.collected = allocated
	return true
}

// collectAtRest does that until ctx ends.
func collectAtRest(ctx context.Context) {
	m := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/live:bytes"}}
	tick := time.NewTicker(restLook)
	defer tick.Stop()
	metrics.Read(m)
	begun := int64(m[0].Value.Uint64())
	r := rest{allocated: begun, collected: begun}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		metrics.Read(m)
		if r.look(int64(m[0].Value.Uint64()), int64(m[1].Value.Uint64())) {
			debug.FreeOSMemory()
		}
	}
}
