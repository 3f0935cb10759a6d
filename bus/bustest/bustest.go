// Package bustest is the contract of bus.Bus, as tests: Run for every bus, Nodes
// for one that connects nodes.
package bustest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/bus"
)

// patience bounds every wait for something that has to happen.
const patience = 30 * time.Second

// Open makes a bus that tells listener. The test closes it; closing it again at
// the test's end must be harmless.
type Open func(t *testing.T, listener bus.Listener) bus.Bus

// Run checks what every bus promises to the node that has it.
func Run(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"told before Publish returns", toldAtOnce},
		{"message arrives as it was", intact},
		{"only topics asked for", onlyAskedFor},
		{"subscribing twice counts once", twiceIsOnce},
		{"unsubscribed", unsubscribed},
		{"order of a publisher", order},
		{"many topics", manyTopics},
		{"nothing after Close", nothingAfterClose},
		{"used by many at once", concurrent},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

// join opens a bus with ears.
func join(t *testing.T, open Open) (bus.Bus, *Ears) {
	t.Helper()
	ears := NewEars()
	b := open(t, ears)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	if err := b.Ready(); err != nil {
		t.Fatalf("a new bus is not ready: %v", err)
	}
	return b, ears
}

func subscribe(t *testing.T, b bus.Bus, topics ...bus.Topic) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := b.Subscribe(ctx, topics...); err != nil {
		t.Fatalf("Subscribe: %v", err)
	}
}

func frame(text string) bus.Message { return bus.Message{Kind: bus.Frame, Body: []byte(text)} }

// numbered are n topics.
func numbered(n int) []bus.Topic {
	topics := make([]bus.Topic, n)
	for i := range topics {
		topics[i] = bus.Topic(fmt.Sprintf("user/u%05d", i))
	}
	return topics
}

// together runs n goroutines and waits for them.
func together(n int, run func(i int)) {
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { run(i) })
	}
	all.Wait()
}
