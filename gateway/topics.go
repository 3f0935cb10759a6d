package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/id"
)

// Topics keep what this node subscribes to in line with what its sessions listen to.
// A hello subscribes by itself and waits. What cannot wait, or is not urgent, is
// done by one goroutine: subscribing when the bus says that somebody has joined a
// group, unsubscribing some time after the last listener has gone.
type topics struct {
	gw *Gateway

	// Subscribing holds it for reading, from before the hub knows of the listener;
	// unsubscribing for writing, after another look into the hub. So no topic is
	// lost to a listener that comes at the same moment.
	change sync.RWMutex

	mu     sync.Mutex // guards what follows
	joined []joined
	empty  map[bus.Topic]struct{}
	news   chan struct{}
}

// joined is a session that hears a group which this node may not be subscribed to yet.
type joined struct {
	s     *session
	group id.Stream
}

// unsubscribeAfter leaves a topic be for a while: who has gone may be back soon.
const unsubscribeAfter = time.Second

func newTopics(gw *Gateway) *topics {
	return &topics{gw: gw, empty: map[bus.Topic]struct{}{}, news: make(chan struct{}, 1)}
}

// listen calls add, which tells the hub, then subscribes.
func (t *topics) listen(ctx context.Context, add func(), topics ...bus.Topic) error {
	t.change.RLock()
	defer t.change.RUnlock()
	add()
	return t.gw.bus.Subscribe(ctx, topics...)
}

// abandoned notes that a topic's last listener has gone.
func (t *topics) abandoned(topic bus.Topic) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.empty[topic] = struct{}{}
	t.ring()
}

// follow notes that a session hears a group now.
func (t *topics) follow(s *session, group id.Stream) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.joined = append(t.joined, joined{s, group})
	t.ring()
}

func (t *topics) ring() {
	select {
	case t.news <- struct{}{}:
	default:
	}
}

// run does what is noted, until ctx ends.
func (t *topics) run(ctx context.Context) {
	timer := time.NewTimer(unsubscribeAfter)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.news:
			t.subscribe(ctx)
		case <-timer.C:
			t.unsubscribe()
			timer.Reset(unsubscribeAfter)
		}
	}
}

// subscribe carries out the joins. What was said in the group before that is
// missing, and nothing later need show it: so those sessions are told to sync. That
// cannot be spared where the node heard the group already: between the entry that
// adds somebody and the signal that has them listen others may write, and waiting
// for every node to listen first would make a change depend on the bus.
func (t *topics) subscribe(ctx context.Context) {
	t.mu.Lock()
	todo := t.joined
	t.joined = nil
	t.mu.Unlock()
	if len(todo) == 0 {
		return
	}
	seen := map[id.Stream]bool{}
	var topics []bus.Topic
	for _, j := range todo {
		if !seen[j.group] {
			seen[j.group] = true
			topics = append(topics, bus.GroupTopic(j.group))
		}
	}
	within, cancel := context.WithTimeout(ctx, opWithin)
	defer cancel()
	if err := t.listen(within, func() {}, topics...); err != nil && ctx.Err() == nil {
		t.gw.opt.Log.Warn().Err(err).Int("topics", len(topics)).Msg("cannot subscribe yet")
		t.mu.Lock()
		t.joined = append(todo, t.joined...)
		t.mu.Unlock()
		time.AfterFunc(unsubscribeAfter, t.ring)
		return
	}
	var start []*session
	for _, j := range todo {
		if j.s.offer(resyncBus) {
			start = append(start, j.s)
		}
	}
	t.gw.writers.push(start...)
}

// unsubscribe lets go of topics that nobody listens to any more.
func (t *topics) unsubscribe() {
	t.mu.Lock()
	some := len(t.empty) > 0
	t.mu.Unlock()
	if !some {
		return
	}
	t.change.Lock()
	defer t.change.Unlock()
	t.mu.Lock()
	var gone []bus.Topic
	for topic := range t.empty {
		if !t.gw.hub.listened(topic) && !t.gw.watches.listened(topic) {
			gone = append(gone, topic)
		}
	}
	clear(t.empty)
	t.mu.Unlock()
	t.gw.bus.Unsubscribe(gone...)
}
