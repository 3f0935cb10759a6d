// Package streamtest is the contract of stream.Log, and of the Sequencer on top
// of one, as tests that every backend runs. Each test makes streams of its own,
// so the logs it is given may share one store with other tests and other runs.
package streamtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Open gives a test a log to work on and cleans up after it.
type Open func(t *testing.T) stream.Log

// Run holds a backend to the contract.
func Run(t *testing.T, open Open) {
	t.Run("Log", func(t *testing.T) { runAll(t, open, logTests) })
	t.Run("Walk", func(t *testing.T) { walk(t, open(t)) })
	t.Run("Sequencer", func(t *testing.T) { runAll(t, open, sequencerTests) })
	t.Run("Unknown", func(t *testing.T) { unknownOutcomes(t, open) })
}

type test struct {
	name string
	run  func(t *testing.T, l stream.Log)
}

func runAll(t *testing.T, open Open, tests []test) {
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) { x.run(t, open(t)) })
	}
}

const text stream.Kind = "text"

// patience bounds every wait for something that has to happen.
const patience = time.Minute

// entryAfter makes a countable entry right behind head.
func entryAfter(s id.Stream, head stream.Head, from id.Principal, body string) stream.Entry {
	return stream.Entry{
		Stream: s, Seq: head.Seq + 1, Count: head.Count + 1, ID: newID(), Kind: text, From: from,
		At: time.Now().UTC().Truncate(time.Millisecond), Body: json.RawMessage(body),
	}
}

// entriesAfter makes n of them, by one author.
func entriesAfter(s id.Stream, head stream.Head, n int) []stream.Entry {
	entries := make([]stream.Entry, n)
	for i := range entries {
		entries[i] = entryAfter(s, head, "alice", fmt.Sprintf(`{"text":"%d"}`, i))
		head = stream.HeadOf(entries[i])
	}
	return entries
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// mustAppend stores entries behind the one before them.
func mustAppend(t *testing.T, l stream.Log, entries ...stream.Entry) {
	t.Helper()
	first := entries[0]
	head := stream.Head{Seq: first.Seq - 1, Count: first.Count - 1}
	if err := l.Append(t.Context(), first.Stream, head, entries); err != nil {
		t.Fatalf("append %d entries at %d: %v", len(entries), first.Seq, err)
	}
}

// wantAll checks that the stream holds exactly these entries.
func wantAll(t *testing.T, l stream.Log, s id.Stream, want []stream.Entry) {
	t.Helper()
	wantRange(t, l, s, 1, id.MaxSeq, want)
	var head stream.Head
	if len(want) > 0 {
		head = stream.HeadOf(want[len(want)-1])
	}
	wantHead(t, l, s, head)
}

func wantRange(t *testing.T, l stream.Log, s id.Stream, from, to id.Seq, want []stream.Entry) {
	t.Helper()
	got, err := l.Range(t.Context(), s, from, to)
	if err != nil {
		t.Fatalf("range %d to %d: %v", from, to, err)
	}
	if err := sameEntries(got, want); err != nil {
		t.Fatalf("range %d to %d: %v", from, to, err)
	}
}

func wantHead(t *testing.T, l stream.Log, s id.Stream, want stream.Head) {
	t.Helper()
	if got := headOf(t, l, s); got != want {
		t.Fatalf("head is %v, want %v", got, want)
	}
}

func headOf(t *testing.T, l stream.Log, s id.Stream) stream.Head {
	t.Helper()
	heads, err := l.Heads(t.Context(), []id.Stream{s})
	if err != nil || len(heads) != 1 {
		t.Fatalf("heads: %v, %v", heads, err)
	}
	return heads[0]
}

func sameEntries(got, want []stream.Entry) error {
	for i := range min(len(got), len(want)) {
		if !same(got[i], want[i]) {
			return fmt.Errorf("entry %d is\n%+v, want\n%+v", i, got[i], want[i])
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d entries, want %d", len(got), len(want))
	}
	return nil
}

// same compares all of two entries, and that times are in UTC.
func same(a, b stream.Entry) bool {
	return a.Stream == b.Stream && a.Seq == b.Seq && a.Count == b.Count && a.ID == b.ID && a.Kind == b.Kind &&
		a.From == b.From && a.At == b.At && bytes.Equal(a.Body, b.Body)
}

// wantGapless checks that a stream is 1 … n, countable throughout, with every id once, and returns it.
func wantGapless(t *testing.T, l stream.Log, s id.Stream, n int) []stream.Entry {
	t.Helper()
	got, err := l.Range(context.Background(), s, 1, id.MaxSeq)
	if err != nil {
		t.Fatalf("range: %v", err)
	}
	seen := map[uuid.UUID]id.Seq{}
	for i, e := range got {
		if e.Seq != id.Seq(i+1) || e.Count != int64(i+1) {
			t.Fatalf("entry %d has position %d and count %d", i+1, e.Seq, e.Count)
		}
		if at, twice := seen[e.ID]; twice {
			t.Fatalf("the id at %d is at %d as well", at, e.Seq)
		}
		seen[e.ID] = e.Seq
	}
	if len(got) != n {
		t.Fatalf("%d entries, want %d", len(got), n)
	}
	return got
}
