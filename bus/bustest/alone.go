package bustest

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/teahouse-im/teahouse/bus"
)

func toldAtOnce(t *testing.T, open Open) {
	b, ears := join(t, open)
	subscribe(t, b, "user/alice")
	for i := range 100 {
		b.Publish("user/alice", bus.Message{Kind: bus.Signal, Origin: uint64(i), Body: []byte("x")})
		news := ears.News()
		if len(news) != i+1 {
			t.Fatalf("%d messages heard when Publish of message %d returned", len(news), i+1)
		}
		if got := news[i]; got.Topic != "user/alice" || got.Kind != bus.Signal || got.Origin != uint64(i) {
			t.Fatalf("heard %+v", got)
		}
	}
}

// bodies are contents that a careless encoding would change.
func bodies() []string {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return []string{"", "\r\n$5\r\n", "茶館 🍵", string(all), string(slices.Repeat(all, 600))}
}

func intact(t *testing.T, open Open) {
	b, ears := join(t, open)
	subscribe(t, b, "stream/g-1")
	for _, body := range bodies() {
		b.Publish("stream/g-1", frame(body))
	}
	if got := ears.Texts(); !slices.Equal(got, bodies()) {
		t.Errorf("heard %.200q", got)
	}
}

func onlyAskedFor(t *testing.T, open Open) {
	b, ears := join(t, open)
	subscribe(t, b)
	subscribe(t, b, "user/alice")
	for _, other := range []bus.Topic{"user/alic", "user/alicee", "USER/ALICE", "stream/alice", "*", "user/*", ""} {
		b.Publish(other, frame("not for us"))
	}
	b.Publish("user/alice", frame("for us"))
	if got := ears.Texts(); !slices.Equal(got, []string{"for us"}) {
		t.Errorf("heard %q", got)
	}
}

func twiceIsOnce(t *testing.T, open Open) {
	b, ears := join(t, open)
	subscribe(t, b, "user/alice", "user/alice")
	subscribe(t, b, "user/alice")
	b.Publish("user/alice", frame("1"))
	b.Unsubscribe("user/alice")
	b.Publish("user/alice", frame("2"))
	if got := ears.Texts(); !slices.Equal(got, []string{"1"}) {
		t.Errorf("heard %q", got)
	}
}

func unsubscribed(t *testing.T, open Open) {
	b, ears := join(t, open)
	subscribe(t, b, "user/alice", "user/bob")
	b.Unsubscribe("user/alice", "user/nobody")
	b.Unsubscribe()
	b.Publish("user/alice", frame("1"))
	b.Publish("user/bob", frame("2"))
	subscribe(t, b, "user/alice")
	b.Publish("user/alice", frame("3"))
	if got := ears.Texts(); !slices.Equal(got, []string{"2", "3"}) {
		t.Errorf("heard %q", got)
	}
}

func order(t *testing.T, open Open) {
	b, ears := join(t, open)
	topics := numbered(8)
	subscribe(t, b, topics...)
	publishAll(topics, 500, func(int) bus.Bus { return b })
	checkOrder(t, ears.News(), topics, 500)
}

// publishAll has one publisher per topic, at once.
func publishAll(topics []bus.Topic, messages int, on func(i int) bus.Bus) {
	together(len(topics), func(i int) {
		for m := range messages {
			on(i).Publish(topics[i], frame(fmt.Sprint(m)))
		}
	})
}

func checkOrder(t *testing.T, news []News, topics []bus.Topic, messages int) {
	t.Helper()
	next := map[bus.Topic]int{}
	for _, n := range news {
		if string(n.Body) != fmt.Sprint(next[n.Topic]) {
			t.Fatalf("%s: message %s came at place %d", n.Topic, n.Body, next[n.Topic])
		}
		next[n.Topic]++
	}
	for _, topic := range topics {
		if next[topic] != messages {
			t.Errorf("%s: %d messages, want %d", topic, next[topic], messages)
		}
	}
}

func manyTopics(t *testing.T, open Open) {
	b, ears := join(t, open)
	topics := numbered(3000)
	subscribe(t, b, topics...)
	b.Unsubscribe(topics[:1000]...)
	for _, topic := range topics {
		b.Publish(topic, frame("0"))
	}
	checkOrder(t, ears.News(), topics[1000:], 1)
}

func nothingAfterClose(t *testing.T, open Open) {
	b, ears := join(t, open)
	topics := numbered(4)
	subscribe(t, b, topics...)
	var publishers sync.WaitGroup
	enough := make(chan struct{})
	for _, topic := range topics {
		publishers.Go(func() {
			for {
				select {
				case <-enough:
					return
				default:
					b.Publish(topic, frame("x"))
				}
			}
		})
	}
	ears.Until(t, "hundred messages", func(news []News, _ int) bool { return len(news) >= 100 })
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	heard := len(ears.News())
	for range 1000 {
		b.Publish(topics[0], frame("x"))
	}
	close(enough)
	publishers.Wait()
	b.Unsubscribe(topics...)
	if now := len(ears.News()); now != heard {
		t.Errorf("%d messages heard when Close returned, %d later", heard, now)
	}
}

func concurrent(t *testing.T, open Open) {
	b, ears := join(t, open)
	topics := numbered(50)
	together(8, func(i int) {
		for round := range 40 {
			mine := topics[(i*7+round)%40:][:10]
			if err := b.Subscribe(t.Context(), mine...); err != nil {
				t.Errorf("Subscribe: %v", err)
			}
			for _, topic := range topics {
				b.Publish(topic, frame("x"))
			}
			b.Unsubscribe(mine[:5]...)
			if err := b.Ready(); err != nil {
				t.Errorf("not ready: %v", err)
			}
		}
	})
	subscribe(t, b, "user/alice")
	b.Publish("user/alice", frame("still there"))
	ears.UntilText(t, "still there")
}
