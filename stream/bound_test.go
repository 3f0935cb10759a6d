package stream

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
)

type forgetful struct{ Log }

func (forgetful) Append(context.Context, id.Stream, Head, []Entry) error { return nil }

func (forgetful) Heads(_ context.Context, streams []id.Stream) ([]Head, error) {
	return make([]Head, len(streams)), nil
}

// However many streams are written, what is remembered of them has a bound, and
// writers leave nothing behind.
func TestMemoryIsBounded(t *testing.T) {
	q := NewSequencer(forgetful{}, Options{})
	for i := range 2 * shards * headsPerShard {
		s := id.Stream(fmt.Sprintf("d-ann~bob%d", i))
		q.Begin(s, Draft{ID: uuid.UUID{byte(i)}, Kind: "text"}, func(Receipt, error) {})
	}
	q.Close()
	heads := 0
	for i := range q.shards {
		if n := len(q.shards[i].heads); n > headsPerShard {
			t.Errorf("a shard remembers %d heads", n)
		}
		if n := len(q.shards[i].lanes); n > 0 {
			t.Errorf("%d writers are left", n)
		}
		heads += len(q.shards[i].heads)
	}
	if heads < shards*headsPerShard/2 {
		t.Errorf("only %d heads are remembered", heads)
	}
}
