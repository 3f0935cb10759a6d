package stream_test

import (
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A sealed stream takes entries through the door alone, which is given once.
func TestDoor(t *testing.T) {
	s, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q := stream.NewSequencer(s, stream.Options{Sealed: func(s id.Stream) bool { return strings.HasPrefix(string(s), id.Notices) }})
	defer q.Close()
	door, sealed := q.Door(), id.PersonalStream(id.Notices, "alice")
	if _, err := q.Append(t.Context(), sealed, draft("x")); err == nil {
		t.Error("appended without the door")
	}
	begun := make(chan error, 1)
	q.Begin(sealed, draft("x"), func(_ stream.Receipt, err error) { begun <- err })
	if <-begun == nil {
		t.Error("begun without the door")
	}
	for range 2 { // the second time over the flight
		if _, err := door.Append(t.Context(), sealed, draft("x")); err != nil {
			t.Error(err)
		}
	}
	if _, err := q.Append(t.Context(), id.PersonalStream(id.Moments, "alice"), draft("x")); err != nil {
		t.Error(err)
	}
	if heads, err := s.Heads(t.Context(), []id.Stream{sealed}); err != nil || heads[0].Seq != 2 {
		t.Errorf("the sealed stream is at %v, %v", heads, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("the door was given twice")
		}
	}()
	q.Door()
}
