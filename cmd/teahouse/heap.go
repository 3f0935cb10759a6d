package main

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
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
	// heapRoom is how much memory there has to be for that.
	heapRoom = 256 << 20
)

// keepHeap does that from now on, unless the environment says how to collect, or
// gives the process so little memory that each megabyte counts.
func keepHeap() {
	if os.Getenv("GOGC") == "" && min(debug.SetMemoryLimit(-1), memoryLimit("/")) >= heapRoom {
		k := &heapKeeper{last: time.Now(), percent: usualPercent}
		k.arm()
	}
}

// memoryLimit is how many bytes the process's control groups let it have. root is
// where the system's files are; without such groups there is no limit.
func memoryLimit(root string) int64 {
	least := int64(math.MaxInt64)
	groups, _ := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	for line := range strings.Lines(string(groups)) {
		of := strings.SplitN(strings.TrimSpace(line), ":", 3) // number, what it is about, path
		if len(of) < 3 {
			continue
		}
		dir, name := "sys/fs/cgroup", "memory.max"
		if of[1] == "memory" { // of the first version
			dir, name = "sys/fs/cgroup/memory", "memory.limit_in_bytes"
		} else if of[1] != "" {
			continue
		}
		for group := of[2]; ; group = filepath.Dir(group) { // and those above it
			b, _ := os.ReadFile(filepath.Join(root, dir, group, name))
			if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil {
				least = min(least, n)
			}
			if group == "/" || group == "." {
				break
			}
		}
	}
	return least
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
