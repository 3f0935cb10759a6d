package streamtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

var logTests = []test{
	{"entries come back as they were", comeBack},
	{"a stream nobody wrote is empty", empty},
	{"a wrong head stores nothing", wrongHead},
	{"a repeated id rejects its whole group", duplicates},
	{"range has bounds", bounds},
	{"heads of many", heads},
	{"an author's last entry", authored},
	{"redact", redact},
	{"redacted ids stay known", redactedIDs},
	{"writers race on one stream", race},
	{"readers see no holes meanwhile", readers},
	{"appends that nobody waits for", started},
}

func comeBack(t *testing.T, l stream.Log) {
	s := id.NewGroup()
	bodies := []string{
		`{}`, `{"text":"茶館 ☕ مقهى الشاي \u0000"}`, `{"a":"` + strings.Repeat("長", 5000) + `"}`,
		`{"text":"` + strings.Repeat("x", 8<<10) + `"}`,
	}
	var want []stream.Entry
	var head stream.Head
	for i, body := range bodies {
		e := entryAfter(s, head, id.Principal(fmt.Sprintf("u.ser-%d", i)), body)
		e.At = time.UnixMilli(1_700_000_000_001 + int64(i)).UTC()
		if i%2 == 1 { // one that does not count
			e.Kind, e.Count = "member", head.Count
		}
		if err := l.Append(t.Context(), s, head, []stream.Entry{e}); err != nil {
			t.Fatal(err)
		}
		want, head = append(want, e), stream.HeadOf(e)
	}
	group := entriesAfter(s, head, 64)
	given := slices.Clone(group)
	if err := l.Append(t.Context(), s, head, given); err != nil {
		t.Fatal(err)
	}
	clear(given) // what was given still belongs to the caller
	wantAll(t, l, s, append(want, group...))
}

func empty(t *testing.T, l stream.Log) {
	s := id.NewGroup()
	wantAll(t, l, s, nil)
	if at, err := l.Authored(t.Context(), s, "alice"); err != nil || at != (stream.Head{}) {
		t.Fatalf("authored: %v, %v", at, err)
	}
	for _, seq := range []id.Seq{0, 1, id.MaxSeq} {
		if err := l.Redact(t.Context(), s, seq, stream.Recalled, stream.RedactedBody); !errors.Is(err, stream.ErrNoEntry) {
			t.Fatalf("redact %d: %v, want ErrNoEntry", seq, err)
		}
	}
	wantAll(t, l, s, nil)
}

func wrongHead(t *testing.T, l stream.Log) {
	s := id.NewGroup()
	first := entriesAfter(s, stream.Head{}, 3)
	if err := l.Append(t.Context(), s, stream.Head{Seq: 2, Count: 2}, entriesAfter(s, stream.Head{Seq: 2, Count: 2}, 1)); !conflicts(err, stream.Head{}) {
		t.Fatalf("after a head that never was: %v", err)
	}
	wantAll(t, l, s, nil)
	mustAppend(t, l, first...)
	for _, head := range []stream.Head{{}, {Seq: 2, Count: 2}, {Seq: 4, Count: 4}, {Seq: 1 << 40, Count: 1}} {
		err := l.Append(t.Context(), s, head, entriesAfter(s, head, 2))
		if !conflicts(err, stream.Head{Seq: 3, Count: 3}) {
			t.Fatalf("after %v: %v", head, err)
		}
		wantAll(t, l, s, first)
	}
	more := entriesAfter(s, stream.Head{Seq: 3, Count: 3}, 1)
	mustAppend(t, l, more...)
	wantAll(t, l, s, append(first, more...))
}

// conflicts tells whether err is a conflict without duplicates that knows nothing wrong about the head.
func conflicts(err error, head stream.Head) bool {
	c, ok := errors.AsType[*stream.ConflictError](err)
	return ok && (c.Head == nil || *c.Head == head) && len(c.Duplicates) == 0
}

// duplicates: where a repeated id stands in its group makes no difference.
func duplicates(t *testing.T, l stream.Log) {
	s := id.NewGroup()
	first := entriesAfter(s, stream.Head{}, 5)
	mustAppend(t, l, first...)
	head := stream.Head{Seq: 5, Count: 5}
	for _, mix := range [][]int{{4}, {0}, {2, -1}, {-1, 2}, {-1, -1, 0, -1}, {4, 3, 2, 1, 0}, {0, -1, 4}} {
		group := entriesAfter(s, head, len(mix))
		want := 0
		for i, old := range mix {
			if old >= 0 {
				group[i].ID = first[old].ID
				want++
			}
		}
		err := l.Append(t.Context(), s, head, group)
		c, ok := errors.AsType[*stream.ConflictError](err)
		if !ok || len(c.Duplicates) != want || c.Head != nil && *c.Head != head {
			t.Fatalf("group %v: %v", mix, err)
		}
		for i, old := range mix {
			if old >= 0 && c.Duplicates[group[i].ID] != first[old].Seq {
				t.Fatalf("group %v: the id of %d is said to be at %d", mix, first[old].Seq, c.Duplicates[group[i].ID])
			}
		}
		wantAll(t, l, s, first)
	}
	// The same id in another stream is another entry.
	other := entriesAfter(id.NewGroup(), stream.Head{}, 1)
	other[0].ID = first[0].ID
	mustAppend(t, l, other...)
	wantAll(t, l, other[0].Stream, other)
	// An id of long ago, made later than all others, is new.
	late := entriesAfter(s, head, 1)
	late[0].ID = idAt(time.Now().Add(-time.Hour))
	mustAppend(t, l, late...)
	late = append(late, entriesAfter(s, stream.HeadOf(late[0]), 1)...)
	late[1].ID = late[0].ID
	if err := l.Append(t.Context(), s, stream.HeadOf(late[0]), late[1:]); err == nil {
		t.Fatal("the id of long ago was stored twice")
	}
	wantAll(t, l, s, append(first, late[0]))
}

func bounds(t *testing.T, l stream.Log) {
	s := id.NewGroup()
	all := entriesAfter(s, stream.Head{}, 9)
	mustAppend(t, l, all...)
	mustAppend(t, l, entriesAfter(s+"x", stream.Head{}, 1)...) // a name that begins with the other
	for _, c := range []struct{ from, to, first, last id.Seq }{
		{1, 9, 1, 9},
		{3, 5, 3, 5},
		{4, 4, 4, 4},
		{9, 9, 9, 9},
		{8, 20, 8, 9},
		{0, 2, 1, 2},
		{-5, 1, 1, 1},
		{1, id.MaxSeq, 1, 9},
		{5, 4, 1, 0},
		{10, 12, 1, 0},
		{-9, 0, 1, 0},
		{id.MaxSeq, id.MaxSeq, 1, 0},
	} {
		wantRange(t, l, s, c.from, c.to, all[c.first-1:c.last])
	}
}

func heads(t *testing.T, l stream.Log) {
	var streams []id.Stream
	var want []stream.Head
	for i := range 60 {
		s := id.NewGroup()
		var head stream.Head
		if n := i % 4; n > 0 {
			mustAppend(t, l, entriesAfter(s, head, n)...)
			head = stream.Head{Seq: id.Seq(n), Count: int64(n)}
		}
		streams, want = append(streams, s), append(want, head)
	}
	streams, want = append(streams, streams[1]), append(want, want[1]) // asked twice
	for range 2 {
		got, err := l.Heads(t.Context(), streams)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("heads: %v, %v, want %v", got, err, want)
		}
	}
	if got, err := l.Heads(t.Context(), nil); err != nil || len(got) != 0 {
		t.Fatalf("heads of nothing: %v, %v", got, err)
	}
}

func authored(t *testing.T, l stream.Log) {
	s := id.NewGroup()
	var head stream.Head
	last := map[id.Principal]stream.Head{"nobody": {}}
	want := func() {
		t.Helper()
		for who, at := range last {
			if got, err := l.Authored(t.Context(), s, who); err != nil || got != at {
				t.Fatalf("%s's last entry is at %v (%v), want %v", who, got, err, at)
			}
		}
	}
	for i := range 12 {
		var group []stream.Entry
		for j := range 1 + i%3 {
			e := entryAfter(s, head, id.Principal(fmt.Sprintf("user%d", (i+j*3)%5)), `{}`)
			group, head = append(group, e), stream.HeadOf(e)
			last[e.From] = head
		}
		mustAppend(t, l, group...)
		want()
	}
	stale := entryAfter(s, stream.Head{}, "nobody", `{}`)
	if err := l.Append(t.Context(), s, stream.Head{}, []stream.Entry{stale}); err == nil {
		t.Fatal("stored behind a wrong head")
	}
	want()
}

func redact(t *testing.T, l stream.Log) {
	s := id.NewGroup()
	all := entriesAfter(s, stream.Head{}, 5)
	mustAppend(t, l, all...)
	for range 2 { // again changes nothing
		if err := l.Redact(t.Context(), s, 3, stream.Recalled, stream.RedactedBody); err != nil {
			t.Fatal(err)
		}
		all[2].Kind, all[2].Body = stream.Recalled, stream.RedactedBody
		wantAll(t, l, s, all)
	}
	if err := l.Redact(t.Context(), s, 3, stream.Removed, json.RawMessage(`{"by":"rule"}`)); err != nil {
		t.Fatal(err)
	}
	all[2].Kind, all[2].Body = stream.Removed, json.RawMessage(`{"by":"rule"}`)
	wantAll(t, l, s, all)
	for _, seq := range []id.Seq{-1, 0, 6, id.MaxSeq} {
		if err := l.Redact(t.Context(), s, seq, stream.Recalled, stream.RedactedBody); !errors.Is(err, stream.ErrNoEntry) {
			t.Fatalf("redact %d: %v, want ErrNoEntry", seq, err)
		}
	}
	mustAppend(t, l, entriesAfter(s, stream.Head{Seq: 5, Count: 5}, 1)...)
}

func redactedIDs(t *testing.T, l stream.Log) {
	s := id.NewGroup()
	all := entriesAfter(s, stream.Head{}, 2)
	mustAppend(t, l, all...)
	for i := range all {
		if err := l.Redact(t.Context(), s, all[i].Seq, stream.Recalled, stream.RedactedBody); err != nil {
			t.Fatal(err)
		}
		all[i].Kind, all[i].Body = stream.Recalled, stream.RedactedBody
	}
	again := entriesAfter(s, stream.Head{Seq: 2, Count: 2}, 1)
	again[0].ID = all[1].ID
	err := l.Append(t.Context(), s, stream.Head{Seq: 2, Count: 2}, again)
	if c, ok := errors.AsType[*stream.ConflictError](err); !ok || c.Duplicates[all[1].ID] != 2 {
		t.Fatalf("a redacted entry's id: %v", err)
	}
	wantAll(t, l, s, all)
}

// race: several writers without a sequencer, each trying until it is at the head.
func race(t *testing.T, l stream.Log) {
	const writers, each = 8, 12
	s := id.NewGroup()
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for i := range each {
				if err := push(t, l, s, 1+i%3); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	wantGapless(t, l, s, writers*each*2)
}

// push appends n entries wherever the head is.
func push(t *testing.T, l stream.Log, s id.Stream, n int) error {
	group := entriesAfter(s, stream.Head{}, n)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		heads, err := l.Heads(t.Context(), []id.Stream{s})
		if err != nil {
			return err
		}
		for i := range group {
			group[i].Seq, group[i].Count = heads[0].Seq+id.Seq(i)+1, heads[0].Count+int64(i)+1
		}
		err = l.Append(t.Context(), s, heads[0], group)
		c, conflict := errors.AsType[*stream.ConflictError](err)
		switch {
		case err == nil, conflict && len(c.Duplicates) == n: // the second: an outcome that was unknown
			return nil
		case !conflict && !errors.Is(err, stream.ErrUnknown):
			return err
		}
	}
	return errors.New("never got to the head")
}

// readers of a stream that is being written see a beginning of it, and never less than before.
func readers(t *testing.T, l stream.Log) {
	const groups = 40
	s := id.NewGroup()
	done := make(chan struct{})
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for seen := 0; ; {
				got, err := l.Range(t.Context(), s, 1, id.MaxSeq)
				if err != nil || len(got) < seen {
					t.Errorf("%d entries after %d: %v", len(got), seen, err)
					return
				}
				for i, e := range got {
					if e.Seq != id.Seq(i+1) {
						t.Errorf("entry %d is at %d", i+1, e.Seq)
						return
					}
				}
				seen = len(got)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range groups {
		if err := push(t, l, s, 1+i%3); err != nil {
			t.Error(err)
			break
		}
	}
	close(done)
	all.Wait()
}
