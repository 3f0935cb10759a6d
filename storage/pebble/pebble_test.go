package pebble

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/stream/streamtest"
)

func TestStreams(t *testing.T) {
	streamtest.Run(t, func(t *testing.T) stream.Log {
		s, err := Open("x", Options{FS: vfs.NewMem()})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	})
}
