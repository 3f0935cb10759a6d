package stream_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// airborne is a log whose appends land when they are let.
type airborne struct {
	*watched
	land chan func()
}

func (a airborne) Start(s id.Stream, head stream.Head, entries []stream.Entry, then func(error)) {
	a.land <- func() { a.Log.(stream.Starter).Start(s, head, entries, then) }
}

// Close waits for what a writer left to the store to go on with.
func TestCloseWaitsForFlights(t *testing.T) {
	a := airborne{watch(t), make(chan func(), 1)}
	q := stream.NewSequencer(a, stream.Options{})
	var settled atomic.Int32
	begin := func() {
		q.Begin("d-ann~bob", draft(`{}`), func(_ stream.Receipt, err error) {
			if err != nil {
				t.Error(err)
			}
			settled.Add(1)
		})
	}
	begin() // a writer's: nothing is known of the stream
	<-a.begun
	begin()
	closed := make(chan struct{})
	go func() {
		q.Close()
		close(closed)
	}()
	close(a.wait)
	land := <-a.land
	select {
	case <-closed:
		t.Fatal("closed with a draft in the air")
	case <-time.After(20 * time.Millisecond): // it would have by now, as a rule
	}
	land()
	<-closed
	if n := settled.Load(); n != 2 {
		t.Fatalf("closed with %d of 2 settled", n)
	}
}
