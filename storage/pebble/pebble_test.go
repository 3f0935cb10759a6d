package pebble_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/storage"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/storage/storagetest"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/stream/streamtest"
)

func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Backend { return opened(t, vfs.NewMem()) })
}

// Everything is the same if a stream is spread over many volumes.
func TestContractOverVolumes(t *testing.T) {
	open := func(t *testing.T, fs vfs.FS) *pebble.Store {
		s := opened(t, fs)
		s.FillVolumes(400)
		return s
	}
	streamtest.Run(t, func(t *testing.T) stream.Log { return open(t, vfs.NewMem()) })
	fs := vfs.NewMem()
	t.Run("Restart", func(t *testing.T) {
		streamtest.Restart(t, func(t *testing.T) stream.Log { return open(t, fs) },
			func(t *testing.T, l stream.Log) stream.Log {
				if err := l.(*pebble.Store).Close(); err != nil {
					t.Fatal(err)
				}
				return open(t, fs)
			})
	})
}

func TestRestart(t *testing.T) {
	fs := vfs.NewMem()
	storagetest.Restart(t, func(t *testing.T) storage.Backend { return opened(t, fs) },
		func(t *testing.T, b storage.Backend) storage.Backend {
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			return opened(t, fs)
		})
}

// opened opens the store on a file system, and closes it at the test's end.
func opened(t *testing.T, fs vfs.FS) *pebble.Store {
	t.Helper()
	s, err := pebble.Open("data", pebble.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
