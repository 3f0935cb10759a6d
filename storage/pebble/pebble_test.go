package pebble_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/storage"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/storage/storagetest"
)

func TestContract(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Backend { return opened(t, vfs.NewMem()) })
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
