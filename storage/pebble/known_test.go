package pebble_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

// madeAt is an id that a clock made, in milliseconds.
func madeAt(ms uint64, version byte) uuid.UUID {
	u := uuid.New()
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	u[6] = u[6]&0x0f | version<<4
	return u
}

// clocks make the ids of a stream in different ways.
var clocks = map[string]func(seq int) uuid.UUID{
	"one clock":         func(seq int) uuid.UUID { return madeAt(uint64(1000+seq), 7) },
	"the same moment":   func(int) uuid.UUID { return madeAt(1000, 7) },
	"one is ahead":      func(seq int) uuid.UUID { return madeAt(uint64(1000+seq+seq%2*60_000), 7) },
	"one is days ahead": func(seq int) uuid.UUID { return madeAt(uint64(1000+seq+seq%7/6*1_000_000_000), 7) },
	"the far future":    func(seq int) uuid.UUID { return madeAt(uint64(1000+seq+seq%90/89*(1<<45+seq<<20)), 7) },
	"late ones":         func(seq int) uuid.UUID { return madeAt(uint64(1000+seq-rand.N(1000)*(seq%3/2)), 7) },
	"derived ones":      func(seq int) uuid.UUID { return madeAt(uint64(1000+seq), byte(7+seq%2)) },
	"no time":           func(seq int) uuid.UUID { return madeAt(rand.Uint64(), byte(4+seq%5)) },
	"backwards":         func(seq int) uuid.UUID { return madeAt(uint64(9000-seq), 7) },
}

// Whatever clocks made them, every id of a stream is known for ever, in memory
// and on the disk, and no other is taken for one of them.
func TestIDsAreKnown(t *testing.T) {
	for name, clock := range clocks {
		t.Run(name, func(t *testing.T) {
			fs := vfs.NewMem()
			s := opened(t, fs)
			s.FillVolumes(20_000)
			st, other := id.NewGroup(), id.NewGroup()
			var made []uuid.UUID
			for seq := 1; seq <= 700; seq++ {
				made = append(made, clock(seq))
				e := lineAt(st, id.Seq(seq))
				e.ID, e.From = made[seq-1], id.Principal(fmt.Sprint("writer-", seq%4))
				storeEntry(t, s, e)
				if seq%50 == 0 {
					wantKnown(t, s, st, made)
				}
				storeLines(t, s, other+id.Stream(fmt.Sprint(seq)), 1)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = opened(t, fs)
			wantKnown(t, s, st, made)
			for range 200 { // none of these was there before
				e := lineAt(st, id.Seq(len(made)+1))
				e.ID = clock(1 + rand.N(len(made)))
				made = append(made, e.ID)
				storeEntry(t, s, e)
			}
			wantKnown(t, s, st, made)
		})
	}
}

// One id of the far future does not make finding out that others are new dear for ever.
func TestIDOfTheFuture(t *testing.T) {
	s := opened(t, vfs.NewMem())
	st, seq := id.NewGroup(), 0
	store := func(n int, ahead uint64) {
		for range n {
			seq++
			e := lineAt(st, id.Seq(seq))
			e.ID = madeAt(uint64(1000+seq)+ahead, 7)
			storeEntry(t, s, e)
		}
	}
	store(1000, 0)
	store(1, 1<<47)
	store(200, 0)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	before := s.BlockReads()
	const more = 50
	store(more, 0)
	if reads := s.BlockReads() - before; reads > 5*more {
		t.Fatalf("%d messages took %d reads", more, reads)
	}
}

// Nothing at all is stored as nothing.
func TestAppendNothing(t *testing.T) {
	s := opened(t, vfs.NewMem())
	st := id.NewGroup()
	if err := s.Append(t.Context(), st, stream.Head{}, nil); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for range 2 {
		s.Start(st, stream.Head{}, nil, func(err error) { done <- err })
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if heads, err := s.Heads(t.Context(), []id.Stream{st}); err != nil || heads[0].Seq != 0 {
			t.Fatal(heads, err)
		}
	}
	s.ForgetAll()
	storeLines(t, s, st, 2)
	s.ForgetAll()
	if heads, err := s.Heads(t.Context(), []id.Stream{st}); err != nil || heads[0].Seq != 2 {
		t.Fatal(heads, err)
	}
}

func storeEntry(t *testing.T, s *pebble.Store, e stream.Entry) {
	t.Helper()
	if err := s.Append(t.Context(), e.Stream, stream.Head{Seq: e.Seq - 1, Count: e.Count - 1}, []stream.Entry{e}); err != nil {
		t.Fatalf("entry %d: %v", e.Seq, err)
	}
}

// wantKnown tries some ids of a stream again, the newest ones among them.
func wantKnown(t *testing.T, s *pebble.Store, st id.Stream, made []uuid.UUID) {
	t.Helper()
	head := stream.Head{Seq: id.Seq(len(made)), Count: int64(len(made))}
	for i := range 30 {
		at := len(made) - 1 - i
		if i >= 5 {
			at = rand.N(len(made))
		}
		e := lineAt(st, head.Seq+1)
		e.ID = made[at]
		err := s.Append(t.Context(), st, head, []stream.Entry{e})
		if c, ok := errors.AsType[*stream.ConflictError](err); !ok || c.Duplicates[e.ID] != id.Seq(at+1) {
			t.Fatalf("of %d, the id at %d again: %v", len(made), at+1, err)
		}
	}
}

// What is kept in memory stays within its bounds, and is what is on the disk.
func TestRecentIsBounded(t *testing.T) {
	s := opened(t, vfs.NewMem())
	const streams = 200
	for round := range 4 {
		for i := range streams {
			st := id.Stream(fmt.Sprintf("d-ann~bob%d", i))
			for k := range 60 {
				e := lineAt(st, id.Seq(round*60+k+1))
				e.Body = fmt.Appendf(nil, `{"text":"%01000d"}`, e.Seq)
				if k == i%60 {
					e.Body = fmt.Appendf(nil, `{"text":"%09000d"}`, e.Seq)
				}
				storeEntry(t, s, e)
			}
		}
	}
	if kept, most := s.RecentBytes(); kept > most || kept < most/4 {
		t.Fatalf("%d bytes are kept in memory, of at most %d", kept, most)
	}
	for i := range streams {
		st := id.Stream(fmt.Sprintf("d-ann~bob%d", i))
		for _, from := range []id.Seq{1, 200, 235} {
			got, err := s.Range(t.Context(), st, from, 240)
			if err != nil || len(got) != int(241-from) {
				t.Fatalf("%s from %d: %d entries, %v", st, from, len(got), err)
			}
			for k, e := range got {
				want := lineAt(st, from+id.Seq(k))
				text := fmt.Sprintf(`{"text":"%01000d"}`, want.Seq)
				if k := (int(want.Seq) - 1) % 60; k == i%60 {
					text = fmt.Sprintf(`{"text":"%09000d"}`, want.Seq)
				}
				if e.Seq != want.Seq || e.ID != want.ID || string(e.Body) != text {
					t.Fatalf("%s: entry %d is %.80v", st, want.Seq, e)
				}
			}
		}
	}
}
