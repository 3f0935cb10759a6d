package client

import (
	"time"

	"github.com/teahouse-im/teahouse/wire"
)

const (
	// patience is how long a hole may fill itself before the missing entries are asked for.
	patience = 300 * time.Millisecond
	// heldPerStream and heldInAll bound the entries kept behind holes. What is not
	// kept is remembered by its position and asked for later.
	heldPerStream = 256
	heldInAll     = 4096
)

// A tracker applies the client rules: it takes what live events, replies, sync
// and history tell about streams, in whatever order and however often, and gives
// out every entry of a stream once and in order. It does no input or output.
type tracker struct {
	places   map[string]*place
	holes    map[string]*place // those of places whose head is ahead of the cursor
	held     int               // entries behind holes, in all streams
	atFloor  bool              // a stream that is new to the device is read from its floor on, not from its head
	settling bool              // a first sync is under way, which may yet place streams that are new
	out      []delivery        // given out and not yet taken
}

// A place is where the device is in one stream.
type place struct {
	known  bool  // the device has a position here
	cursor int64 // the last entry given out, or stepped over
	head   int64 // the furthest position heard of
	held   map[int64]wire.Entry
	due    time.Time // when to ask for what is missing, if anything is
	asking bool      // it is being asked for
}

// A delivery is an entry given out, or a step of the cursor that comes without one.
type delivery struct {
	entry  *wire.Entry
	stream string // of a step
	cursor int64  // of a step
}

func newTracker(cursors map[string]int64, atFloor bool) *tracker {
	t := &tracker{places: map[string]*place{}, holes: map[string]*place{}, atFloor: atFloor}
	for name, seq := range cursors {
		t.places[name] = &place{known: true, cursor: seq, head: seq}
	}
	return t
}

func (t *tracker) at(name string) *place {
	p := t.places[name]
	if p == nil {
		p = &place{}
		t.places[name] = p
	}
	return p
}

// cursors are the positions to sync from.
func (t *tracker) cursors() map[string]int64 {
	out := make(map[string]int64, len(t.places))
	for name, p := range t.places {
		if p.known {
			out[name] = p.cursor
		}
	}
	return out
}

// take hands over what was given out.
func (t *tracker) take() []delivery {
	out := t.out
	t.out = nil
	return out
}

// live takes an entry that arrived by itself.
func (t *tracker) live(e wire.Entry, now time.Time) {
	p := t.at(e.Stream)
	t.hold(p, e)
	t.advance(p)
	t.mind(e.Stream, p, now.Add(patience))
}

// heard takes a position whose entry is not at hand but is known to be stored.
func (t *tracker) heard(name string, seq int64, now time.Time) {
	p := t.at(name)
	if seq > p.cursor {
		p.head = max(p.head, seq)
		t.mind(name, p, now)
	}
}

// listed takes a stream as sync tells it. sent are the cursors that the sync was asked with.
func (t *tracker) listed(s wire.Stream, sent map[string]int64, now time.Time) {
	p := t.at(s.Stream)
	if !p.known {
		start := s.Head
		if t.atFloor {
			start = s.FloorSeq
		}
		p.known = true
		t.step(s.Stream, p, start)
	}
	asked, was := sent[s.Stream]
	if was && s.Head < asked && p.cursor == asked {
		// The store has been put back to an earlier state; what it says is what there is.
		t.drop(p)
		p.cursor, p.head = s.Head, s.Head
		t.out = append(t.out, delivery{stream: s.Stream, cursor: s.Head})
	}
	if was && !s.Limited {
		t.read(s.Stream, p, asked, s.Entries)
	} else {
		for _, e := range s.Entries {
			t.hold(p, e)
		}
		t.advance(p)
	}
	p.head = max(p.head, s.Head)
	t.mind(s.Stream, p, now)
}

// page takes what history answered to "after".
func (t *tracker) page(name string, after int64, pg wire.Page, now time.Time) {
	p := t.at(name)
	p.known = true
	if len(pg.Entries) == 0 && p.cursor <= after {
		t.giveUp(name)
		return
	}
	t.read(name, p, after, pg.Entries)
	p.head = max(p.head, pg.Head)
	t.mind(name, p, now)
}

// giveUp forgets what was heard beyond the cursor: the store has nothing there for this user.
func (t *tracker) giveUp(name string) {
	p := t.at(name)
	t.drop(p)
	p.head = p.cursor
	t.mind(name, p, time.Time{})
}

// read takes entries as they stand in the store behind a position. What the
// store leaves out before the first of them is not this user's: it is stepped over.
func (t *tracker) read(name string, p *place, after int64, entries []wire.Entry) {
	if len(entries) == 0 {
		return
	}
	if first := entries[0].Seq; p.cursor >= after && p.cursor < first-1 {
		t.step(name, p, first-1)
	}
	for _, e := range entries {
		if e.Seq == p.cursor+1 {
			t.give(p, e)
		}
	}
	t.advance(p)
}

// step moves the cursor forward without an entry.
func (t *tracker) step(name string, p *place, to int64) {
	if to > p.cursor || to == 0 && p.cursor == 0 {
		p.cursor, p.known = to, true
		t.out = append(t.out, delivery{stream: name, cursor: to})
	}
	t.advance(p)
}

func (t *tracker) hold(p *place, e wire.Entry) {
	p.head = max(p.head, e.Seq)
	if _, there := p.held[e.Seq]; there || e.Seq <= p.cursor {
		return
	}
	next := e.Seq == p.cursor+1
	if !next && (len(p.held) >= heldPerStream || t.held >= heldInAll) {
		return
	}
	if p.held == nil {
		p.held = map[int64]wire.Entry{}
	}
	p.held[e.Seq] = e
	t.held++
}

// advance gives out what is held right behind the cursor and forgets what is held before it.
func (t *tracker) advance(p *place) {
	for len(p.held) > 0 {
		e, there := p.held[p.cursor+1]
		if !there {
			break
		}
		t.give(p, e)
	}
	for seq := range p.held {
		if seq <= p.cursor {
			delete(p.held, seq)
			t.held--
		}
	}
	if len(p.held) == 0 {
		p.held = nil
	}
}

// give gives out the entry right behind the cursor.
func (t *tracker) give(p *place, e wire.Entry) {
	if _, there := p.held[e.Seq]; there {
		delete(p.held, e.Seq)
		t.held--
	}
	p.cursor, p.known = e.Seq, true
	p.head = max(p.head, e.Seq)
	t.out = append(t.out, delivery{entry: &e})
}

func (t *tracker) drop(p *place) {
	t.held -= len(p.held)
	p.held = nil
}

// mind notes whether a stream has a hole, and when to ask for it: at the
// earlier of what was noted before and due.
func (t *tracker) mind(name string, p *place, due time.Time) {
	if p.head <= p.cursor {
		p.due = time.Time{}
		delete(t.holes, name)
		return
	}
	if p.due.IsZero() || due.Before(p.due) {
		p.due = due
	}
	t.holes[name] = p
}

// next is the hole to ask for first, and when. A stream that is new to the
// device waits while a sync may still tell where it begins.
func (t *tracker) next() (name string, due time.Time, ok bool) {
	for n, p := range t.holes {
		if p.asking || t.settling && !p.known {
			continue
		}
		if !ok || p.due.Before(due) {
			name, due, ok = n, p.due, true
		}
	}
	return name, due, ok
}

// later puts off asking for a hole.
func (t *tracker) later(name string, due time.Time) {
	if p, hole := t.holes[name]; hole {
		p.due = due
	}
}
