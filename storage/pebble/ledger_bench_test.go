package pebble_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/ledger"
)

// BenchmarkChangePart spends grants as a node does: so many callers at once, each
// looking at one of so many parts, and changing it from there with work owed.
func BenchmarkChangePart(b *testing.B) {
	for _, c := range []struct{ callers, parts int64 }{{1, 20_000}, {50, 20_000}, {100, 20_000}, {100, 1}} {
		b.Run(fmt.Sprintf("callers=%d/parts=%d", c.callers, c.parts), func(b *testing.B) {
			s, text := onDisk(b), words(1)
			var next atomic.Int64
			measured(b, func() {
				var all sync.WaitGroup
				for range c.callers {
					all.Go(func() {
						for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
							if err := spend(b, s, n*7919%c.parts, n, text); err != nil {
								b.Error(err)
								return
							}
						}
					})
				}
				all.Wait()
			})
		})
	}
}

func spend(b *testing.B, s ledger.Store, user, n int64, text []byte) error {
	p := ledger.Part(fmt.Sprintf("notices/user-%d", user))
	name := fmt.Sprintf("019a0000-0000-7000-8000-%012d", n)
	w := ledger.Want{Keys: []string{"user", "app/stars", "grant/" + name, "once/" + name}}
	v, err := s.ReadPart(b.Context(), p, w)
	if err != nil {
		return err
	}
	owed := []ledger.Due{{Queue: "deliver", At: time.UnixMilli(1_800_000_000_000 + n).UTC(), ID: name, Body: text}}
	return s.ChangePart(b.Context(), p, w, v, owed, func(ledger.View) ([]ledger.Row, error) {
		return []ledger.Row{
			{Key: "user", Value: text},
			{Key: "app/stars", Value: text},
			{Key: "grant/" + name, Value: text},
			{Key: "once/" + name, Value: text},
			{Key: "notice/" + name, Value: text},
		}, nil
	})
}
