package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A heapKeeper lets a busy server with little in memory collect garbage less
// often. A few megabytes are alive as a rule, and to collect each time they have
// doubled costs a tenth of the CPU: ten times a second everything alive is looked
// through, and the stacks of goroutines are made small that then grow again. An
// idle server, and one with much in memory, collects as usual.
type heapKeeper struct {
	last    time.Time // a collection
	rapid   int       // how many have followed soon upon another
	percent int       // by how much the heap may grow between two
}

const (
	// heapFloor is how many bytes may be in use before a busy server collects.
	heapFloor    = 40 << 20
	usualPercent = 100
	mostPercent  = 1000
	// A server is busy that collects so often in a row within so long.
	busyRapid  = 3
	busyWithin = 500 * time.Millisecond
)

// keepHeap does that from now on, unless the environment says how to collect.
func keepHeap() {
	if os.Getenv("GOGC") == "" {
		k := &heapKeeper{last: time.Now(), percent: usualPercent}
		k.arm()
	}
}

// arm has the next collection heard of.
func (k *heapKeeper) arm() {
	type sentinel struct{ _ [16]byte }
	runtime.SetFinalizer(new(sentinel), func(*sentinel) {
		m := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"}}
		metrics.Read(m)
		if p := k.collected(time.Now(), int64(m[0].Value.Uint64()), int64(m[1].Value.Uint64())); p != k.percent {
			k.percent = p
			debug.SetGCPercent(p)
		}
		k.arm()
	})
}

// collected tells by how much the heap may grow now that so much is alive and
// goal, which counts stacks and the like too, would be the limit.
func (k *heapKeeper) collected(now time.Time, live, goal int64) int {
	if k.rapid++; now.Sub(k.last) > busyWithin {
		k.rapid = 0
	}
	k.last = now
	percent := usualPercent
	if k.rapid >= busyRapid && goal > live {
		percent = min(max(percent, int((heapFloor-live)*int64(k.percent)/(goal-live))), mostPercent)
	}
	if percent > k.percent*9/10 && percent < k.percent*11/10 && percent != usualPercent {
		return k.percent // changing it stops the world for a moment
	}
	return percent
}
