package redis

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/bus/bustest"
	"github.com/teahouse-im/teahouse/bus/redistest"
)

// A trial is two nodes on a Redis of their own. One tells numbers, on many
// topics; the other hears them or, if not, has to hear of a gap after the number was told.
type trial struct {
	*process
	t              testing.TB
	teller, hearer *Bus
	told           atomic.Int64
	first, second  *witness
}

// A witness is ears that know how many numbers had been told at each gap.
type witness struct {
	*bustest.Ears
	told *atomic.Int64

	mu   sync.Mutex
	gaps []int64
}

func (w *witness) Gap() {
	w.mu.Lock()
	w.gaps = append(w.gaps, w.told.Load())
	w.mu.Unlock()
	w.Ears.Gap()
}

// latest is the last number of which a gap has said that it may be lost.
func (w *witness) latest() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.gaps) == 0 {
		return 0
	}
	return w.gaps[len(w.gaps)-1]
}

const trialTopics = 1200 // three commands

func topicOf(n int64) bus.Topic { return bus.Topic(fmt.Sprintf("user/u%d", n%trialTopics)) }

func newTrial(t testing.TB, opt Options, args ...string) *trial {
	t.Helper()
	tr := &trial{t: t, process: startRedis(t, args...)}
	tr.first = &witness{Ears: bustest.NewEars(), told: &tr.told}
	tr.second = &witness{Ears: bustest.NewEars(), told: &tr.told}
	tr.teller = open(t, tr.URL(), tr.first, opt)
	tr.hearer = open(t, tr.URL(), tr.second, opt)
	for _, b := range []*Bus{tr.teller, tr.hearer} {
		if err := b.Ready(); err != nil {
			t.Fatalf("not ready: %v", err)
		}
		var topics []bus.Topic
		for n := range int64(trialTopics) {
			topics = append(topics, topicOf(n))
		}
		if err := b.Subscribe(t.Context(), topics...); err != nil {
			t.Fatal(err)
		}
	}
	return tr
}

func (tr *trial) tell(count int) {
	for range count {
		n := tr.told.Add(1)
		tr.teller.Publish(topicOf(n), bus.Message{Kind: bus.Frame, Body: strconv.AppendInt(nil, n, 10)})
	}
}

func numbers(e *bustest.Ears) map[int64]bool {
	heard := map[int64]bool{}
	for _, text := range e.Texts() {
		n, _ := strconv.ParseInt(text, 10, 64)
		heard[n] = true
	}
	return heard
}

// broken waits until both nodes know that something is wrong.
func (tr *trial) broken() {
	tr.t.Helper()
	since := time.Now()
	redistest.Until(tr.t, "both nodes say that they are not ready", func() bool {
		return tr.teller.Ready() != nil && tr.hearer.Ready() != nil
	})
	tr.t.Logf("noticed after %v: %v", time.Since(since).Round(time.Millisecond), tr.hearer.Ready())
}

// healed waits until new numbers are heard again on all topics, and checks that
// no loss went unnoticed and nothing was told twice.
func (tr *trial) healed() {
	tr.t.Helper()
	since, mark := time.Now(), tr.told.Load()
	redistest.Until(tr.t, "new messages are heard", func() bool {
		tr.tell(1)
		for n := range numbers(tr.second.Ears) {
			if n > mark {
				return true
			}
		}
		return false
	})
	tr.t.Logf("healed after %v", time.Since(since).Round(time.Millisecond))
	redistest.Until(tr.t, "every lost message is followed by a gap", func() bool {
		return tr.lastLost() <= tr.second.latest()
	})
	mark = tr.told.Load()
	tr.tell(trialTopics)
	redistest.Until(tr.t, "a new message on every topic", func() bool {
		heard := numbers(tr.second.Ears)
		for n := mark + 1; n <= mark+trialTopics; n++ {
			if !heard[n] {
				return false
			}
		}
		return true
	})
	if own := len(tr.first.News()); int64(own) != tr.told.Load() {
		tr.t.Errorf("the teller's listener heard %d of %d numbers", own, tr.told.Load())
	}
	if all := len(tr.second.News()); all != len(numbers(tr.second.Ears)) {
		tr.t.Errorf("some of %d messages were heard twice", all)
	}
	tr.t.Logf("%d told, %d heard, gaps at %v", tr.told.Load(), len(tr.second.News()), tr.second.gaps)
}

// lastLost is the last number told that was not heard.
func (tr *trial) lastLost() int64 {
	heard := numbers(tr.second.Ears)
	for n := tr.told.Load(); n > 0; n-- {
		if !heard[n] {
			return n
		}
	}
	return 0
}

func TestKilledAndRestartedEmpty(t *testing.T) {
	tr := newTrial(t, Options{})
	tr.tell(1000)
	tr.Kill()
	tr.tell(10)
	tr.broken()
	tr.tell(1000)
	if err := tr.hearer.Subscribe(t.Context(), "user/late"); err != nil { // does not wait
		t.Fatalf("Subscribe without Redis: %v", err)
	}
	tr.hearer.Unsubscribe("user/nobody")
	tr.Start()
	tr.healed()
	if tr.first.Gaps() == 0 || tr.second.Gaps() == 0 {
		t.Errorf("gaps told: %d and %d", tr.first.Gaps(), tr.second.Gaps())
	}
	tr.teller.Publish("user/late", bus.Message{Body: []byte("late")})
	tr.second.UntilText(t, "late")
}

func TestPaused(t *testing.T) {
	tr := newTrial(t, Options{})
	tr.tell(1000)
	tr.pause()
	tr.tell(10)
	tr.broken()
	tr.tell(10)
	tr.resume()
	tr.healed()
	if tr.first.Gaps() == 0 || tr.second.Gaps() == 0 {
		t.Errorf("gaps told: %d and %d", tr.first.Gaps(), tr.second.Gaps())
	}
}

// A pause that is shorter than what counts as dead loses nothing.
func TestHiccup(t *testing.T) {
	tr := newTrial(t, Options{})
	tr.do("client", "pause", 300, "all")
	tr.tell(5000)
	redistest.Until(t, "all messages", func() bool { return len(tr.second.News()) == 5000 })
	if g := tr.second.Gaps(); g != 0 {
		t.Errorf("%d gaps", g)
	}
}

func TestSubscribersCut(t *testing.T) {
	tr := newTrial(t, Options{})
	for range 10 {
		before := tr.second.Gaps()
		tr.tell(200)
		tr.do("client", "kill", "type", "pubsub")
		tr.tell(200)
		redistest.Until(t, "a gap", func() bool { return tr.second.Gaps() > before })
	}
	tr.healed()
}

// The publishing connection of one node is cut: the others cannot notice, so it has to tell them.
func TestPublisherCut(t *testing.T) {
	tr := newTrial(t, Options{})
	for round := range 3 {
		before := tr.second.Gaps()
		tr.tell(200)
		tr.do("client", "kill", "type", "normal", "skipme", "yes")
		tr.tell(200)
		redistest.Until(t, "a gap in round "+strconv.Itoa(round), func() bool { return tr.second.Gaps() > before })
	}
	tr.healed()
}

// A listener that is slow for a while makes Redis cut the connection, because its output piles up.
func TestTinyOutputBuffer(t *testing.T) {
	tr := newTrial(t, Options{}, "--client-output-buffer-limit", "pubsub 64kb 0 0")
	slow := &slowEars{Ears: bustest.NewEars(), hold: make(chan struct{})}
	b := open(t, tr.URL(), slow, Options{})
	release := sync.OnceFunc(func() { close(slow.hold) })
	t.Cleanup(release)
	if err := b.Subscribe(t.Context(), "user/slow"); err != nil {
		t.Fatal(err)
	}
	listening := tr.subscribers()
	body := make([]byte, 32<<10)
	redistest.Until(t, "Redis cuts who does not read", func() bool {
		tr.teller.Publish("user/slow", bus.Message{Body: body})
		return tr.subscribers() < listening
	})
	release()
	slow.Until(t, "gap", func(_ []bustest.News, gaps int) bool { return gaps > 0 })
	tr.teller.Publish("user/slow", bus.Message{Body: []byte("after")})
	slow.UntilText(t, "after")
	tr.healed()
	if tr.second.Gaps() != 0 {
		t.Error("who is not slow was told of a gap")
	}
}

// slowEars hear nothing until they are let.
type slowEars struct {
	*bustest.Ears
	hold chan struct{}
}

func (s *slowEars) Heard(t bus.Topic, m bus.Message) {
	<-s.hold
	s.Ears.Heard(t, m)
}

// More is published than the queue holds; no connection is lost. The others hear of a gap all the same.
func TestQueueFull(t *testing.T) {
	tr := newTrial(t, Options{QueueBytes: 400_000})
	tr.do("client", "pause", 500, "all")
	tr.tell(5000)
	tr.healed()
	if tr.second.Gaps() == 0 || tr.lastLost() == 0 {
		t.Errorf("%d gaps, last lost %d", tr.second.Gaps(), tr.lastLost())
	}
	if tr.first.Gaps() != 0 {
		t.Error("who lost nothing was told of a gap")
	}
}

// count is how many other nodes are heard.
func (p *peers) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.silent)
}

// A node that ends without a goodbye is missed; one that closes is not.
func TestNodeVanishes(t *testing.T) {
	tr := newTrial(t, Options{})
	polite := open(t, tr.URL(), bustest.NewEars(), Options{})
	redistest.Until(t, "the hearer knows two others", func() bool { return tr.hearer.in.peers.count() == 2 })
	polite.Close()
	redistest.Until(t, "one has said goodbye", func() bool { return tr.hearer.in.peers.count() == 1 })
	if tr.second.Gaps() != 0 {
		t.Error("a goodbye is no gap")
	}
	tr.teller.stop() // as if it had been killed
	redistest.Until(t, "a gap", func() bool { return tr.second.Gaps() > 0 })
}

// Redis is not there when the node starts.
func TestLateRedis(t *testing.T) {
	p := redistest.New(t)
	ears := bustest.NewEars()
	b := open(t, p.URL(), ears, Options{})
	if b.Ready() == nil {
		t.Error("ready without Redis")
	}
	if err := b.Subscribe(t.Context(), "user/alice"); err != nil {
		t.Fatalf("Subscribe: %v", err)
	}
	b.Publish("user/alice", bus.Message{Body: []byte("own")})
	ears.UntilText(t, "own")
	p.Start()
	ears.Until(t, "gap", func(_ []bustest.News, gaps int) bool { return gaps == 1 })
	redistest.Until(t, "ready", func() bool { return b.Ready() == nil })
	other := open(t, p.URL(), bustest.NewEars(), Options{})
	other.Publish("user/alice", bus.Message{Body: []byte("other")})
	ears.UntilText(t, "other")
}

// Closing does not wait for a Redis that does not answer.
func TestCloseWithoutRedis(t *testing.T) {
	tr := newTrial(t, Options{})
	tr.pause()
	tr.tell(100)
	closed := make(chan struct{})
	go func() {
		tr.teller.Close()
		tr.hearer.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(30 * time.Second):
		t.Fatal("Close does not return")
	}
}
