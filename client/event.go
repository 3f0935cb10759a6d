package client

import (
	"context"
	"iter"
	"time"

	"github.com/teahouse-im/teahouse/wire"
)

// An Event is what Next returns: a NewEntry, Listed, PeerRead, PeerTyping,
// PeerPresence, MomentWaits, Unsent or StateChange.
type Event interface{ event() }

type (
	// NewEntry is an entry: of each stream all, in order, each once. One's own
	// messages are among them, those sent from here too.
	NewEntry struct{ wire.Entry }
	// Listed is how a stream stands, as a sync tells it: title, people, unread,
	// last entry. Its Entries are empty; they come as NewEntry.
	Listed struct{ wire.Stream }
	// PeerRead tells how far somebody has read. It may be lost.
	PeerRead struct{ wire.ReadEvent }
	// PeerTyping tells what somebody is doing. It may be lost.
	PeerTyping struct{ wire.TypingEvent }
	// PeerPresence is how somebody who is watched is seen from now on. It may be
	// lost; Watch tells it again.
	PeerPresence struct{ wire.Presence }
	// MomentWaits tells of a new moment of a friend. It may be lost; Moments has it.
	MomentWaits struct{ wire.FeedEvent }
	// Unsent is a message that the server refused when nobody waited for it any more.
	Unsent struct {
		Outgoing
		Err error
	}
	// StateChange tells how the connection is. Only the latest is kept until it is taken.
	StateChange struct {
		State State
		Err   error         // what ended the session before; nil when Connected
		Retry time.Duration // until the next try, when Reconnecting
	}
)

func (NewEntry) event()     {}
func (Listed) event()       {}
func (PeerRead) event()     {}
func (PeerTyping) event()   {}
func (PeerPresence) event() {}
func (MomentWaits) event()  {}
func (Unsent) event()       {}
func (StateChange) event()  {}

// State is how a client's connection is.
type State int

const (
	Connecting   State = iota // for the first time
	Connected                 // live
	Reconnecting              // lost, and coming back
	Closed                    // for good
)

func (s State) String() string {
	return [...]string{"connecting", "connected", "reconnecting", "closed"}[s]
}

// A queue holds events until they are taken. Entries and steps of the cursor
// stand in it in the order in which the tracker gave them out.
type queue struct {
	items []queued
	state *StateChange
}

type queued struct {
	event Event
	step  *delivery // instead of an event
}

func (q *queue) push(e Event) { q.items = append(q.items, queued{event: e}) }

func (q *queue) pushAll(ds []delivery) {
	for i := range ds {
		if e := ds[i].entry; e != nil {
			q.push(NewEntry{*e})
		} else {
			q.items = append(q.items, queued{step: &ds[i]})
		}
	}
}

func (q *queue) pop() (queued, bool) {
	if q.state != nil {
		s := *q.state
		q.state = nil
		return queued{event: s}, true
	}
	if len(q.items) == 0 {
		return queued{}, false
	}
	it := q.items[0]
	q.items[0] = queued{}
	if q.items = q.items[1:]; len(q.items) == 0 {
		q.items = nil
	}
	return it, true
}

// Next waits for the next event. What was received before the session ended is
// still handed out; then Next fails with what Err tells. An entry that Next
// returned is never returned again, and its position is in the journal.
func (c *Client) Next(ctx context.Context) (Event, error) {
	c.taking.Lock()
	defer c.taking.Unlock()
	for {
		it, err := c.await(ctx)
		if err != nil {
			return nil, err
		}
		if it.step != nil {
			err = c.opt.Journal.Move(it.step.stream, it.step.cursor)
		} else if e, ok := it.event.(NewEntry); ok {
			err = c.opt.Journal.Keep(e.Entry)
		}
		if err != nil {
			c.fail(err)
			return nil, err
		}
		if it.step == nil {
			return it.event, nil
		}
	}
}

// Events ranges over what Next returns, until the session ends or ctx does.
func (c *Client) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			e, err := c.Next(ctx)
			if err != nil || !yield(e) {
				return
			}
		}
	}
}

// await takes the next thing from the queue.
func (c *Client) await(ctx context.Context) (queued, error) {
	for {
		ended := false
		select {
		case <-c.done:
			ended = true
		default:
		}
		c.mu.Lock()
		it, ok := c.queue.pop()
		room := c.stalled && len(c.queue.items) <= c.opt.EventsMost/2
		if room {
			c.stalled = false
		}
		err := c.err
		c.mu.Unlock()
		if room {
			wake(c.tend)
		}
		switch {
		case ok:
			return it, nil
		case ended:
			return queued{}, err
		}
		select {
		case <-c.more:
		case <-c.done:
		case <-ctx.Done():
			return queued{}, ctx.Err()
		}
	}
}

// full tells whether entries have to wait on the server. The caller holds mu.
func (c *Client) full() bool {
	if len(c.queue.items) < c.opt.EventsMost {
		return false
	}
	c.stalled = true
	return true
}

// hand passes on what the tracker gave out. The caller holds mu.
func (c *Client) hand() {
	if ds := c.track.take(); len(ds) > 0 {
		c.queue.pushAll(ds)
		wake(c.more)
	}
	if len(c.track.holes) > 0 {
		wake(c.tend)
	}
}

// tell queues an event that may be lost when nobody takes events. The caller holds mu.
func (c *Client) tell(e Event) {
	if !c.full() {
		c.queue.push(e)
		wake(c.more)
	}
}

// state tells how the connection is. The caller holds mu.
func (c *Client) state(s StateChange) {
	c.queue.state = &s
	wake(c.more)
}
