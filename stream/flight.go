package stream

import (
	"errors"

	"github.com/teahouse-im/teahouse/id"
)

// A flight is what is under way of one stream with a Starter, group after group,
// until nothing waits any more. Nearly always that is one draft, for which it has
// room.
type flight struct {
	q      *Sequencer
	landed func(error) // its method, made once
	stream id.Stream
	shard  *shard
	lane   *lane

	group   []*ticket
	entries []Entry
	news    []Appended

	own     ticket
	first   [1]*ticket
	ownLane lane
}

// flight begins one. It has a lane of its own unless it is given another.
func (q *Sequencer) flight(s id.Stream, sh *shard) *flight {
	f, _ := q.flights.Get().(*flight)
	if f == nil {
		f = &flight{q: q, entries: make([]Entry, 0, 1), news: make([]Appended, 0, 1)}
		f.landed = f.land
	}
	f.stream, f.shard, f.lane = s, sh, &f.ownLane
	return f
}

// start has a group stored right after head.
func (f *flight) start(head Head, group []*ticket) {
	f.group = group
	f.entries = f.q.number(f.entries[:0], f.stream, head, group)
	f.q.starter.Start(f.stream, head, f.entries, f.landed)
}

// land tells the outcome and goes on with what has come meanwhile. What did not
// go smoothly begins anew with a writer.
func (f *flight) land(err error) {
	q, sh := f.q, f.shard
	if err != nil {
		f.giveUp(errors.Is(err, ErrUnknown))
		return
	}
	head := HeadOf(f.entries[len(f.entries)-1])
	f.news = q.deliver(f.news[:0], f.stream, f.group, f.entries)
	sh.mu.Lock()
	next := f.lane.take()
	if len(next) == 0 {
		delete(sh.lanes, f.stream)
	}
	sh.remember(f.stream, head, true)
	sh.mu.Unlock()
	if len(next) > 0 {
		f.start(head, next)
		return
	}
	f.end()
	q.lanes.Done()
}

// giveUp hands everything to a writer. The lane stays the stream's, and so the flight is not used again.
func (f *flight) giveUp(unsure bool) {
	q, s, sh, l := f.q, f.stream, f.shard, f.lane
	for _, t := range f.group {
		t.unsure = t.unsure || unsure
	}
	sh.mu.Lock()
	l.waiting = append(f.group[:len(f.group):len(f.group)], l.waiting...)
	sh.mu.Unlock()
	q.writers.Go(func() { q.write(s, sh, l) })
}

// flightMost is for how many entries at once a flight that waits for another keeps room.
const flightMost = 4

// end forgets what was carried.
func (f *flight) end() {
	if cap(f.entries) > flightMost {
		return
	}
	clear(f.entries)
	clear(f.news)
	f.own, f.first, f.group, f.stream, f.shard, f.lane, f.ownLane = ticket{}, [1]*ticket{}, nil, "", nil, nil, lane{}
	f.q.flights.Put(f)
}
