package bus

import (
	"context"
	"sync"
)

// Memory is the bus of a server that is alone: publishing is a function call.
type Memory struct {
	listener Listener

	mu     sync.RWMutex // guards what follows; held while a message is heard, so that Close waits
	topics map[Topic]struct{}
	closed bool
}

// NewMemory makes an in-process bus that tells listener.
func NewMemory(listener Listener) *Memory {
	return &Memory{listener: listener, topics: map[Topic]struct{}{}}
}

func (b *Memory) Publish(t Topic, m Message) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if _, on := b.topics[t]; on && !b.closed {
		b.listener.Heard(t, m)
	}
}

func (b *Memory) Subscribe(_ context.Context, topics ...Topic) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range topics {
		b.topics[t] = struct{}{}
	}
	return nil
}

func (b *Memory) Unsubscribe(topics ...Topic) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, t := range topics {
		delete(b.topics, t)
	}
}

// Ready is always nil: there are no other nodes.
func (b *Memory) Ready() error { return nil }

func (b *Memory) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}
