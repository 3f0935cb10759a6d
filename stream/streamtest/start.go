package streamtest

import (
	"errors"
	"testing"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// started holds a Starter to what Append promises; other logs have nothing to show.
func started(t *testing.T, l stream.Log) {
	starter, ok := l.(stream.Starter)
	if !ok {
		return
	}
	begin := func(s id.Stream, head stream.Head, entries []stream.Entry) <-chan error {
		done := make(chan error, 2)
		starter.Start(s, head, entries, func(err error) { done <- err })
		return done
	}
	s := id.NewGroup()
	first := entriesAfter(s, stream.Head{}, 3)
	for range 2 { // to a stream that is not in memory, and to one that is not there any more
		err := <-begin(s, stream.Head{}, first)
		if c, conflict := errors.AsType[*stream.ConflictError](err); err != nil && (!conflict || len(c.Duplicates) != 3) {
			t.Fatal(err)
		}
		wantAll(t, l, s, first)
	}
	head := stream.Head{Seq: 3, Count: 3}
	again := entriesAfter(s, head, 2)
	again[1].ID = first[2].ID
	err := <-begin(s, head, again)
	if c, ok := errors.AsType[*stream.ConflictError](err); !ok || len(c.Duplicates) != 1 || c.Duplicates[first[2].ID] != 3 {
		t.Fatalf("an id that is there: %v", err)
	}
	if err := <-begin(s, head, entriesAfter(s, stream.Head{Seq: 4, Count: 4}, 1)); err == nil {
		t.Fatal("stored an entry behind a hole")
	}
	wantAll(t, l, s, first)

	// Several at once, all right behind the same head: one of them is stored.
	var tries []<-chan error
	for range 8 {
		tries = append(tries, begin(s, head, entriesAfter(s, head, 1)))
	}
	stored := 0
	for _, done := range tries {
		switch err := <-done; {
		case err == nil:
			stored++
		case !conflicts(err, stream.Head{Seq: 4, Count: 4}):
			t.Fatal(err)
		}
	}
	if stored != 1 {
		t.Fatalf("%d were stored in the same place", stored)
	}
	wantGapless(t, l, s, 4)
	startedInTurn(t, l, starter)
}

// startedInTurn: each is stored when its outcome is told, and the next can begin there and then.
func startedInTurn(t *testing.T, l stream.Log, starter stream.Starter) {
	const streams, each = 20, 30
	all := make(chan error, streams)
	names := make([]id.Stream, streams)
	for i := range names {
		names[i] = id.NewGroup()
		var head stream.Head
		var next func(error)
		next = func(err error) {
			if err != nil || head.Seq == each {
				all <- err
				return
			}
			entries := entriesAfter(names[i], head, 1)
			before := head
			head = stream.HeadOf(entries[0])
			starter.Start(names[i], before, entries, next)
		}
		next(nil)
	}
	for range names {
		if err := <-all; err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range names {
		wantGapless(t, l, s, each)
	}
}
