package bustest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/teahouse-im/teahouse/bus"
)

// Nodes checks what a bus between nodes promises: every bus that open makes
// within one test is a node of the same installation.
func Nodes(t *testing.T, open Open) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"heard by the others, without echo", heardByOthers},
		{"subscribed when Subscribe returns", subscribedOnReturn},
		{"order of each publisher", orderBetweenNodes},
		{"only topics asked for", onlyAskedForBetweenNodes},
		{"many topics", manyTopicsBetweenNodes},
		{"the last word counts", lastWord},
		{"what waits is sent before Close returns", sentBeforeClose},
		{"nothing after Close", nothingAfterCloseOfOne},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
	}
}

func heardByOthers(t *testing.T, open Open) {
	a, earsA := join(t, open)
	b, earsB := join(t, open)
	subscribe(t, a, "user/alice")
	subscribe(t, b, "user/alice")
	for _, body := range bodies() {
		a.Publish("user/alice", bus.Message{Kind: bus.Signal, Origin: 7, Body: []byte(body)})
	}
	earsB.Until(t, "messages of the other node", func(news []News, _ int) bool { return len(news) == len(bodies()) })
	if got := earsB.Texts(); !slices.Equal(got, bodies()) {
		t.Errorf("heard %.200q", got)
	}
	for _, n := range earsB.News() {
		if n.Kind != bus.Signal || n.Origin != 0 || n.Topic != "user/alice" {
			t.Errorf("heard kind %q, origin %d on %s", n.Kind, n.Origin, n.Topic)
		}
	}
	// What b says last comes after any echo of what a said before.
	b.Publish("user/alice", frame("done"))
	earsA.UntilText(t, "done")
	if got := earsA.Texts(); !slices.Equal(got, append(bodies(), "done")) {
		t.Errorf("the publisher heard %.200q", got)
	}
	if g := earsA.Gaps() + earsB.Gaps(); g != 0 {
		t.Errorf("%d gaps without a fault", g)
	}
}

func subscribedOnReturn(t *testing.T, open Open) {
	a, _ := join(t, open)
	b, ears := join(t, open)
	topics := numbered(300)
	for i, topic := range topics {
		subscribe(t, b, topic)
		a.Publish(topic, frame("0"))
		if i%3 == 0 { // in the middle of others
			ears.Until(t, "message at once", func(news []News, _ int) bool { return len(news) == i+1 })
		}
	}
	together(8, func(i int) { // many at once
		for r := range 25 {
			topic := bus.Topic(fmt.Sprintf("stream/g-%d-%d", i, r))
			if err := b.Subscribe(t.Context(), topic, "user/shared"); err != nil {
				t.Errorf("Subscribe: %v", err)
			}
			a.Publish(topic, frame("0"))
		}
	})
	ears.Until(t, "message of every topic", func(news []News, _ int) bool { return len(news) == len(topics)+200 })
}

func orderBetweenNodes(t *testing.T, open Open) {
	a, _ := join(t, open)
	b, _ := join(t, open)
	c, ears := join(t, open)
	topics := numbered(6)
	subscribe(t, c, topics...)
	publishAll(topics, 2000, func(i int) bus.Bus { return []bus.Bus{a, b, c}[i%3] })
	ears.Until(t, "everything", func(news []News, _ int) bool { return len(news) >= 6*2000 })
	checkOrder(t, ears.News(), topics, 2000)
}

func onlyAskedForBetweenNodes(t *testing.T, open Open) {
	a, _ := join(t, open)
	b, ears := join(t, open)
	subscribe(t, b, "user/alice", "user/bob")
	b.Unsubscribe("user/bob")
	for _, other := range []bus.Topic{"user/alic", "user/alicee", "USER/ALICE", "stream/alice", "*", "user/*", "", "user/bob"} {
		a.Publish(other, frame("not for us"))
	}
	a.Publish("user/alice", frame("for us"))
	ears.UntilText(t, "for us")
	if got := ears.Texts(); !slices.Equal(got, []string{"for us"}) {
		t.Errorf("heard %q", got)
	}
}

func manyTopicsBetweenNodes(t *testing.T, open Open) {
	a, _ := join(t, open)
	b, ears := join(t, open)
	topics := numbered(3000)
	subscribe(t, b, topics...)
	b.Unsubscribe(topics[:1000]...)
	subscribe(t, b, "user/last")
	for _, topic := range topics {
		a.Publish(topic, frame("0"))
	}
	a.Publish("user/last", frame("0"))
	ears.Until(t, "message of every topic", func(news []News, _ int) bool { return len(news) >= 2001 })
	checkOrder(t, ears.News(), append(topics[1000:], "user/last"), 1)
}

// lastWord changes its mind quickly; what was said last has to hold.
func lastWord(t *testing.T, open Open) {
	a, _ := join(t, open)
	b, ears := join(t, open)
	for i := range 100 {
		topic := bus.Topic(fmt.Sprintf("user/u%d", i))
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // do not wait
		for range i % 5 {
			b.Subscribe(ctx, topic)
			b.Unsubscribe(topic)
		}
		subscribe(t, b, topic)
		a.Publish(topic, frame("on"))
		ears.Until(t, "message", func(news []News, _ int) bool { return len(news) == i+1 })
	}
}

func sentBeforeClose(t *testing.T, open Open) {
	a, _ := join(t, open)
	b, ears := join(t, open)
	topics := numbered(1)
	subscribe(t, b, topics...)
	publishAll(topics, 5000, func(int) bus.Bus { return a })
	if err := a.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	ears.Until(t, "everything", func(news []News, _ int) bool { return len(news) >= 5000 })
	checkOrder(t, ears.News(), topics, 5000)
}

func nothingAfterCloseOfOne(t *testing.T, open Open) {
	a, earsA := join(t, open)
	b, earsB := join(t, open)
	subscribe(t, a, "user/alice")
	subscribe(t, b, "user/alice")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 5000 {
			a.Publish("user/alice", frame("x"))
		}
	}()
	earsB.Until(t, "first messages", func(news []News, _ int) bool { return len(news) >= 10 })
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	<-done
	heard := len(earsB.News())
	c, earsC := join(t, open)
	subscribe(t, c, "user/alice")
	a.Publish("user/alice", frame("done"))
	earsC.UntilText(t, "done")
	if now := len(earsB.News()); now != heard {
		t.Errorf("%d messages heard when Close returned, %d later", heard, now)
	}
	if len(earsA.News()) != 5001 {
		t.Errorf("the other node heard %d of its own messages, want 5001", len(earsA.News()))
	}
}
