package pebble_test

import (
	"errors"
	"strings"
	"testing"

	engine "github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/storage/pebble"
)

// A folder whose rows are laid out otherwise is refused, and left as it is.
func TestFormat(t *testing.T) {
	const formatKey = "v"
	for _, c := range []struct {
		name string
		put  map[string]string
		says string
	}{
		{"none noted", map[string]string{"h" + "d-ann~bob\x00": "\x01\x00"}, "it is of format 1"},
		{"a later one", map[string]string{formatKey: "\x07\x00"}, "it is of format 7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fs := vfs.NewMem()
			db, err := engine.Open("data", &engine.Options{FS: fs, FormatMajorVersion: engine.FormatValueSeparation})
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range c.put {
				if err := db.Set([]byte(k), []byte(v), engine.Sync); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, err := pebble.Open("data", pebble.Options{FS: fs})
				if !errors.Is(err, pebble.ErrFormat) || !strings.Contains(err.Error(), c.says) {
					t.Fatalf("%v, want ErrFormat that says %q", err, c.says)
				}
			}
		})
	}
	fs := vfs.NewMem()
	for range 3 {
		s, err := pebble.Open("data", pebble.Options{FS: fs})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
