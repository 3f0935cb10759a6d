package pebble_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

// A backup is made while the store is written to; it opens, has what was
// acknowledged before it was made, and lives on by itself.
func TestBackup(t *testing.T) {
	dir := t.TempDir()
	s, err := pebble.Open(filepath.Join(dir, "data"), pebble.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	acked := map[id.Stream]stream.Head{}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				storeLines(t, s, id.DirectStream("writer", id.User(fmt.Sprintf("other-%d", i))), 20)
			}
		}
	}()
	for i := range 3 {
		st := id.DirectStream("writer", id.User(fmt.Sprintf("reader-%d", i)))
		storeLines(t, s, st, 100)
		acked[st] = stream.Head{Seq: 100, Count: 100}
		path := filepath.Join(dir, fmt.Sprintf("copy-%d", i))
		if err := s.Backup(path); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			restored, err := pebble.Open(path, pebble.Options{})
			if err != nil {
				t.Fatal(err)
			}
			wantAcked(t, restored, acked)
			storeLines(t, restored, id.NewGroup(), 3)
			if err := restored.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(stop)
	<-stopped
}
