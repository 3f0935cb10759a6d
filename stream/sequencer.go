package stream

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/crew"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const (
	// groupMost bounds how many entries one durable write carries.
	groupMost = 64
	// headsPerShard bounds the positions a shard remembers of streams nobody is writing.
	headsPerShard = 1024
	shards        = 64
	// writersIdle bounds the goroutines that wait for a stream to write.
	writersIdle = 64
)

// A Draft is an entry before it has a place.
type Draft struct {
	ID        uuid.UUID
	Kind      Kind
	From      id.Principal
	Body      json.RawMessage
	Countable bool   // whether it counts towards unread
	Origin    Origin // who gets the receipt instead of the announcement
}

// Origin is the connection a draft came over, so that its echo can be left out; 0 is none.
type Origin uint64

// An Appended entry is durable and new.
type Appended struct {
	Entry
	Origin Origin
}

// A Receipt tells where a draft was stored.
type Receipt struct {
	Entry
	Repeat bool // it had been there before
}

// Announce is told of new entries of one stream, in order, after they are
// durable and before their receipts. It must not block, nor keep news: it is
// called by the stream's writer.
type Announce func(s id.Stream, news []Appended)

// Options of a Sequencer. All but Announce have defaults.
type Options struct {
	Announce Announce
	Now      func() time.Time // the clock that dates entries; default time.Now
	Patience time.Duration    // how long a group is tried before its drafts fail with Unavailable; default 10 s

	Sealed func(id.Stream) bool // streams that only the Door appends to; nil: none
}

// A Sequencer numbers drafts and appends them. Each stream that is being written
// has one short-lived writer, which takes all that wait (up to 64) into one
// durable write. Over a Starter it is a goroutine only when something is amiss.
// Any number of sequencers, on any nodes, may write the same stream: the Log's
// condition decides the order, being alone only makes it fast.
type Sequencer struct {
	log     Log
	starter Starter // the same, if it is one
	opt     Options
	seed    maphash.Seed

	shards  [shards]shard
	writers *crew.Crew
	flights sync.Pool      // of *flight
	lanes   sync.WaitGroup // that there are
	doored  atomic.Bool    // the door was given away
}

type shard struct {
	mu    sync.Mutex
	lanes map[id.Stream]*lane // streams with a writer
	heads map[id.Stream]Head  // what was learned of others; a guess, the Log knows
}

// A lane is the queue in front of one stream's writer, guarded by its shard's lock.
type lane struct{ waiting []*ticket }

// NewSequencer makes a sequencer over log.
func NewSequencer(log Log, opt Options) *Sequencer {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Patience == 0 {
		opt.Patience = 10 * time.Second
	}
	if opt.Announce == nil {
		opt.Announce = func(id.Stream, []Appended) {}
	}
	q := &Sequencer{log: log, opt: opt, seed: maphash.MakeSeed(), writers: crew.New(writersIdle)}
	q.starter, _ = log.(Starter)
	for i := range q.shards {
		q.shards[i].lanes = map[id.Stream]*lane{}
		q.shards[i].heads = map[id.Stream]Head{}
	}
	return q
}

// Then is told how a draft ended, once; it is called by the stream's writer and
// must not block. ErrReused: the id names another message, which the receipt
// shows. Unavailable: the store did not answer in time, the draft may be stored all the same.
type Then func(Receipt, error)

// A ticket is a draft on its way.
type ticket struct {
	draft  Draft
	then   Then
	unsure bool // a write that carried it ended unknown
}

// Begin queues a draft. Drafts of one goroutine to one stream are stored in the
// order they were begun.
func (q *Sequencer) Begin(s id.Stream, d Draft, then Then) {
	if err := q.sealed(s); err != nil {
		then(Receipt{}, err)
		return
	}
	q.begin(s, d, then)
}

func (q *Sequencer) begin(s id.Stream, d Draft, then Then) {
	sh := q.shard(s)
	sh.mu.Lock()
	l, busy := sh.lanes[s]
	if head, known := sh.heads[s]; !busy && known && q.starter != nil {
		f := q.flight(s, sh)
		sh.lanes[s] = f.lane
		q.lanes.Add(1)
		sh.mu.Unlock()
		f.own = ticket{draft: d, then: then}
		f.start(head, append(f.first[:0], &f.own))
		return
	}
	if !busy {
		l = &lane{}
		sh.lanes[s] = l
		q.lanes.Add(1)
	}
	l.waiting = append(l.waiting, &ticket{draft: d, then: then})
	sh.mu.Unlock()
	if busy {
		return
	}
	q.writers.Go(func() { q.write(s, sh, l) })
}

// Append stores a draft and waits for its receipt. It fails as Then is told, or
// with ctx's error if that ends first; the draft may be stored all the same.
func (q *Sequencer) Append(ctx context.Context, s id.Stream, d Draft) (Receipt, error) {
	if err := q.sealed(s); err != nil {
		return Receipt{}, err
	}
	return q.append(ctx, s, d)
}

func (q *Sequencer) append(ctx context.Context, s id.Stream, d Draft) (Receipt, error) {
	type outcome struct {
		receipt Receipt
		err     error
	}
	done := make(chan outcome, 1)
	q.begin(s, d, func(r Receipt, err error) { done <- outcome{r, err} })
	select {
	case o := <-done:
		return o.receipt, o.err
	case <-ctx.Done():
		return Receipt{}, ctx.Err()
	}
}

// Close waits until everything begun is settled. Begin must not be called any more.
func (q *Sequencer) Close() {
	q.lanes.Wait() // writers and flights take turns in them
	q.writers.Close()
}

func (q *Sequencer) shard(s id.Stream) *shard {
	return &q.shards[maphash.String(q.seed, string(s))%shards]
}

// write is the life of a stream's writer: it ends when nothing waits any more, or
// a Starter can go on.
func (q *Sequencer) write(s id.Stream, sh *shard, l *lane) {
	sh.mu.Lock()
	head, known := sh.heads[s]
	var r rivalry
	for first := true; ; first = false {
		group := l.take()
		if len(group) == 0 {
			delete(sh.lanes, s)
			sh.remember(s, head, known)
			sh.mu.Unlock()
			q.lanes.Done()
			return
		}
		sh.mu.Unlock()
		if !first && known && q.starter != nil { // it goes smoothly
			f := q.flight(s, sh)
			f.lane = l
			f.start(head, group)
			return
		}
		head, known = q.commit(s, head, known, group, &r)
		r.yield()
		sh.mu.Lock()
	}
}

// take removes the next group from the queue. An id that is in the group already
// stays behind: the store compares ids only with what it holds.
func (l *lane) take() []*ticket {
	if len(l.waiting) <= 1 {
		group := l.waiting
		l.waiting = nil
		return group
	}
	group := make([]*ticket, 0, min(len(l.waiting), groupMost))
	ids := make(map[uuid.UUID]struct{}, cap(group))
	left := l.waiting[:0:0]
	for _, t := range l.waiting {
		if _, twice := ids[t.draft.ID]; twice || len(group) == groupMost {
			left = append(left, t)
			continue
		}
		ids[t.draft.ID] = struct{}{}
		group = append(group, t)
	}
	l.waiting = left
	return group
}

func (sh *shard) remember(s id.Stream, head Head, known bool) {
	if !known {
		delete(sh.heads, s)
		return
	}
	if len(sh.heads) >= headsPerShard {
		for old := range sh.heads { // any one
			delete(sh.heads, old)
			break
		}
	}
	sh.heads[s] = head
}

// errPatience is told when the store did not settle a group in time.
var errPatience = fault.Unavailable.Saying("The message could not be stored in time. Send it again with the same id.")
