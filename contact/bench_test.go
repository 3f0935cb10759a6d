package contact_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

type silent struct{}

func (silent) Append(context.Context, id.Stream, stream.Draft) (stream.Receipt, error) {
	return stream.Receipt{}, nil
}

// BenchmarkTies is what it costs to know how somebody stands to all of their
// friends, as for the hints of one moment, and to a few of them, as for a page.
func BenchmarkTies(b *testing.B) {
	const friends = 5000
	store, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	opt := contact.DefaultOptions()
	opt.Now, opt.Friends = time.Now, friends
	s := contact.NewService(store, silent{}, people{}, opt)
	b.Cleanup(s.Close)
	all := make([]id.User, friends)
	for i := range all {
		all[i] = id.User(fmt.Sprintf("%c-friend-%d", "az"[i%2], i))
		if _, err := s.Request(b.Context(), all[i], "mia", ""); err != nil {
			b.Fatal(err)
		}
		if err := s.Accept(b.Context(), "mia", string(all[i])); err != nil {
			b.Fatal(err)
		}
	}
	for _, n := range []int{20, friends} {
		b.Run(fmt.Sprintf("ties=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Ties(b.Context(), "mia", all[:n]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run(fmt.Sprintf("friends=%d", friends), func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Friends(b.Context(), "mia"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
