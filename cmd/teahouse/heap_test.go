package main

import (
	"testing"
	"time"
)

// Only a busy server with little in memory lets garbage gather, and not for longer than it is busy.
func TestHeapKeeper(t *testing.T) {
	const mega = 1 << 20
	k := &heapKeeper{last: time.Unix(0, 0), percent: usualPercent}
	at := k.last
	for i, c := range []struct {
		after      time.Duration
		live, goal int64
		want       int
	}{
		{time.Minute, 10 * mega, 22 * mega, 100},
		{time.Millisecond, 10 * mega, 22 * mega, 100},
		{time.Millisecond, 10 * mega, 22 * mega, 100},
		{time.Millisecond, 10 * mega, 22 * mega, 250},       // 10 MB and 2.5 times the 12 that 100 % are
		{100 * time.Millisecond, 10 * mega, 40 * mega, 250}, // which is right
		{100 * time.Millisecond, 11 * mega, 42 * mega, 250}, // or nearly
		{100 * time.Millisecond, 20 * mega, 75 * mega, 100},
		{100 * time.Millisecond, 500 * mega, 1000 * mega, 100},
		{100 * time.Millisecond, mega / 2, mega, 1000},
		{100 * time.Millisecond, 50 * mega, 51 * mega, 100},
		{100 * time.Millisecond, 10 * mega, 22 * mega, 250},
		{time.Second, 10 * mega, 40 * mega, 100},
	} {
		at = at.Add(c.after)
		if k.percent = k.collected(at, c.live, c.goal); k.percent != c.want {
			t.Fatalf("collection %d: %d %%, want %d", i+1, k.percent, c.want)
		}
	}
}
