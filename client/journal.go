package client

import (
	stdjson "encoding/json"
	"maps"
	"slices"
	"sync"

	"github.com/teahouse-im/teahouse/wire"
)

// A Journal keeps what a device must know after a restart: how far it has read
// each stream, and which messages it has not brought to the server yet. Its
// methods may be called from several goroutines; an error from any of them
// closes the client.
type Journal interface {
	// Load gives what was kept.
	Load() (Saved, error)
	// Keep is called with each entry right before Next returns it, each stream's in
	// order and each once. From then on the stream's cursor is e.Seq. A journal
	// that stores entry and cursor in one step has, after any crash, exactly the
	// log that the server has.
	Keep(e wire.Entry) error
	// Move sets a cursor without an entry: the device begins at the head, or what
	// lies before is not this user's to read.
	Move(stream string, cursor int64) error
	// Queue is called with a message before it is first sent, in the order of sending.
	Queue(m Outgoing) error
	// Settle forgets a message that was stored or refused. If that is lost, the
	// message is sent again after a restart, which is harmless.
	Settle(id string) error
}

// Saved is what a Journal had kept.
type Saved struct {
	Cursors map[string]int64
	Outbox  []Outgoing // in the order they were queued
}

// Outgoing is a message on its way, ready to be sent again as often as it takes.
type Outgoing struct {
	ID     string             `json:"id"` // UUIDv7
	Stream string             `json:"stream,omitempty"`
	To     string             `json:"to,omitempty"`
	Kind   string             `json:"kind"`
	Body   stdjson.RawMessage `json:"body"`
}

// Memory is a Journal that lasts as long as the program. One device may use it
// for one client after another.
type Memory struct {
	mu      sync.Mutex
	cursors map[string]int64
	outbox  []Outgoing
}

// Load gives what was kept.
func (m *Memory) Load() (Saved, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return Saved{maps.Clone(m.cursors), slices.Clone(m.outbox)}, nil
}

// Keep remembers the entry's position.
func (m *Memory) Keep(e wire.Entry) error { return m.Move(e.Stream, e.Seq) }

// Move remembers a position.
func (m *Memory) Move(stream string, cursor int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cursors == nil {
		m.cursors = map[string]int64{}
	}
	m.cursors[stream] = cursor
	return nil
}

// Queue remembers a message.
func (m *Memory) Queue(o Outgoing) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outbox = append(m.outbox, o)
	return nil
}

// Settle forgets a message.
func (m *Memory) Settle(id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.outbox = slices.DeleteFunc(m.outbox, func(o Outgoing) bool { return o.ID == id })
	return nil
}
