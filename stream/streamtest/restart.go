package streamtest

import (
	"errors"
	"testing"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Restart checks that a log is the same after it was closed and opened again.
// reopen does that to one that open gave.
func Restart(t *testing.T, open Open, reopen func(t *testing.T, l stream.Log) stream.Log) {
	l := open(t)
	s, empty := id.NewGroup(), id.NewGroup()
	var all []stream.Entry
	for round := range 4 {
		var head stream.Head
		if len(all) > 0 {
			head = stream.HeadOf(all[len(all)-1])
		}
		group := entriesAfter(s, head, 5)
		group[0].From, group[1].From, group[2].From = "bob", "cyd", "dan"
		mustAppend(t, l, group...)
		all = append(all, group...)
		redactAt(t, l, &all[round])

		l = reopen(t, l)
		if round%2 > 0 { // before anything else is asked of the stream
			redactAt(t, l, &all[len(all)-1])
		}
		wantAll(t, l, s, all)
		wantAll(t, l, empty, nil)
		head = stream.HeadOf(all[len(all)-1])
		for i, who := range []id.Principal{"bob", "cyd", "dan", "alice"} {
			want := stream.HeadOf(group[i])
			if who == "alice" {
				want = head
			}
			if at, err := l.Authored(t.Context(), s, who); err != nil || at != want {
				t.Fatalf("%s's last entry is at %v (%v), want %v", who, at, err, want)
			}
		}
		again := entriesAfter(s, head, 2)
		again[1].ID = all[0].ID
		err := l.Append(t.Context(), s, head, again)
		if c, ok := errors.AsType[*stream.ConflictError](err); !ok || c.Duplicates[all[0].ID] != 1 {
			t.Fatalf("an id from before: %v", err)
		}
	}
}

// redactAt takes the content out of an entry, there and here.
func redactAt(t *testing.T, l stream.Log, e *stream.Entry) {
	t.Helper()
	if err := l.Redact(t.Context(), e.Stream, e.Seq, stream.Recalled, stream.RedactedBody); err != nil {
		t.Fatal(err)
	}
	e.Kind, e.Body = stream.Recalled, stream.RedactedBody
}
