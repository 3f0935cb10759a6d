package streamtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// A mishap is what becomes of a call whose answer nobody gets.
type mishap int

const (
	none     mishap = iota
	lost            // it never arrived
	stored          // it was carried out
	late            // it is carried out right before the next write
	lateRead        // it is carried out right before the head is read
)

// faulty is a log whose answers get lost.
type faulty struct {
	stream.Log
	write func() mishap // of an append
	read  func() bool   // whether reading a head fails

	mu      sync.Mutex
	delayed []delayed
}

type delayed struct {
	what    mishap
	s       id.Stream
	head    stream.Head
	entries []stream.Entry
}

// land carries out what was delayed until now.
func (f *faulty) land(now mishap) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, d := range f.delayed {
		if d.what == now {
			_ = f.Log.Append(context.Background(), d.s, d.head, d.entries) // it may well be too late
		}
	}
	f.delayed = slices.DeleteFunc(f.delayed, func(d delayed) bool { return d.what == now })
}

func (f *faulty) Append(ctx context.Context, s id.Stream, head stream.Head, entries []stream.Entry) error {
	f.land(late)
	switch what := f.write(); what {
	case none:
		return f.Log.Append(ctx, s, head, entries)
	case stored:
		if err := f.Log.Append(ctx, s, head, entries); err != nil {
			return errors.Join(stream.ErrUnknown, errors.New("a conflict, had anybody heard of it"))
		}
	case late, lateRead:
		f.mu.Lock()
		f.delayed = append(f.delayed, delayed{what, s, head, slices.Clone(entries)})
		f.mu.Unlock()
	}
	return stream.ErrUnknown
}

func (f *faulty) Heads(ctx context.Context, streams []id.Stream) ([]stream.Head, error) {
	f.land(lateRead)
	if f.read() {
		return nil, stream.ErrUnknown
	}
	return f.Log.Heads(ctx, streams)
}

// every makes each second call meet a mishap.
func every(what mishap) func() mishap {
	var mu sync.Mutex
	calls := 0
	return func() mishap {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls%2 == 1 {
			return what
		}
		return none
	}
}

func sometimes(oneIn int) func() mishap {
	return func() mishap {
		if rand.N(oneIn) > 0 {
			return none
		}
		return lost + rand.N(lateRead)
	}
}

// unknownOutcomes: whatever becomes of writes that nobody hears of, every message
// is acknowledged once, stored once and announced once.
func unknownOutcomes(t *testing.T, open Open) {
	never := func() bool { return false }
	now := func() bool { return rand.N(3) == 0 }
	for _, c := range []struct {
		name  string
		write func() mishap
		read  func() bool
	}{
		{"before the write", every(lost), never},
		{"after the write", every(stored), never},
		{"the write comes late", every(late), never},
		{"the write comes with the head", every(lateRead), never},
		{"reading the head", every(stored), now},
		{"anything", sometimes(3), now},
		{"hardly anything works", sometimes(2), now},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := open(t)
			t.Run("one node", func(t *testing.T) {
				writeTogether(t, &faulty{Log: l, write: c.write, read: c.read}, l, 1, 3, 8)
			})
			t.Run("three nodes", func(t *testing.T) {
				writeTogether(t, &faulty{Log: l, write: c.write, read: c.read}, l, 3, 2, 6)
			})
		})
	}
	t.Run("for ever", func(t *testing.T) { neverSettled(t, open(t)) })
	t.Run("refused", func(t *testing.T) { refused(t, open(t)) })
}

// neverSettled: a store that never answers costs the drafts, not the stream.
func neverSettled(t *testing.T, l stream.Log) {
	down := make(chan struct{})
	f := &faulty{Log: l, read: func() bool { return false }, write: func() mishap {
		select {
		case <-down:
			return none
		default:
			return lost
		}
	}}
	s, d := id.NewGroup(), draft("alice", `{}`)
	q := stream.NewSequencer(f, stream.Options{Patience: 50 * time.Millisecond})
	defer q.Close()
	if _, err := q.Append(t.Context(), s, d); !errors.Is(err, fault.Unavailable) {
		t.Fatalf("%v, want Unavailable", err)
	}
	close(down)
	if r, err := newNode(t, f).Append(t.Context(), s, d); err != nil || r.Seq != 1 || r.Repeat {
		t.Fatalf("after it is back: %+v, %v", r, err)
	}
	wantGapless(t, l, s, 1)
}

// refuser is a log that refuses to store.
type refuser struct {
	stream.Log
	full bool
}

func (r *refuser) Append(ctx context.Context, s id.Stream, head stream.Head, entries []stream.Entry) error {
	if r.full {
		return fault.Unavailable.Saying("The disk is full.")
	}
	return r.Log.Append(ctx, s, head, entries)
}

// refused: an error that says that nothing was stored is told as it is, at once.
func refused(t *testing.T, l stream.Log) {
	r := &refuser{Log: l}
	s, n := id.NewGroup(), newNode(t, r)
	for i := range 4 {
		r.full = i%2 == 1
		_, err := n.Append(t.Context(), s, draft("alice", `{}`))
		if f, _ := errors.AsType[*fault.Fault](err); r.full && (f == nil || f.Message != "The disk is full.") || !r.full && err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	wantGapless(t, l, s, 2)
}
