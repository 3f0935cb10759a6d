package crew_test

import (
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/teahouse-im/teahouse/crew"
)

func TestAllWorkIsDone(t *testing.T) {
	defer goleak.VerifyNone(t)
	c := crew.New(3)
	var done atomic.Int64
	for range 2000 {
		c.Go(func() { done.Add(1) })
	}
	c.Close()
	if n := done.Load(); n != 2000 {
		t.Fatalf("%d pieces of work were done", n)
	}
}

// Work that waits for other work does not keep it from being done.
func TestWorkNeverWaitsForAHand(t *testing.T) {
	defer goleak.VerifyNone(t)
	c := crew.New(1)
	first := make(chan struct{})
	c.Go(func() {
		second := make(chan struct{})
		c.Go(func() { close(second) })
		<-second
		close(first)
	})
	<-first
	c.Close()
}

func BenchmarkGo(b *testing.B) {
	c := crew.New(8)
	defer c.Close()
	b.ReportAllocs()
	for b.Loop() {
		done := make(chan struct{})
		c.Go(func() { deep(64); close(done) })
		<-done
	}
}

// deep uses some kilobytes of stack.
func deep(n int) byte {
	var room [256]byte
	room[n] = 1
	if n > 0 {
		return room[n-1] + deep(n-1)
	}
	return room[0]
}
