package scylla

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/ledger"
)

// BenchmarkChangePart spends grants on a real server: so many callers, each looking
// at one of so many parts and changing it from there, with work owed.
func BenchmarkChangePart(b *testing.B) {
	for _, c := range []struct{ callers, parts int }{{1, 1000}, {50, 10_000}, {50, 1}} {
		b.Run(fmt.Sprintf("callers=%d/parts=%d", c.callers, c.parts), func(b *testing.B) {
			s, run := openFull(b), uuid.NewString()
			var next atomic.Int64
			var all sync.WaitGroup
			b.ResetTimer()
			began, cpu := time.Now(), cpuTime()
			for range c.callers {
				all.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						p := ledger.Part(fmt.Sprintf("bench/%s/%d", run, n*7919%int64(c.parts)))
						if err := spend(b, s, p, uuid.NewString()); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "op/s")
			b.ReportMetric(1000*(cpuTime()-cpu).Seconds()/float64(b.N), "cpu-s/1000")
		})
	}
}

func spend(b *testing.B, s *Store, p ledger.Part, name string) error {
	w := ledger.Want{Keys: []string{"user", "app", "grant/" + name, "once/" + name}}
	v, err := s.ReadPart(b.Context(), p, w)
	if err != nil {
		return err
	}
	text := make128()
	owed := []ledger.Due{{Queue: "bench", At: time.Now(), ID: name, Body: text}}
	return s.ChangePart(b.Context(), p, w, v, owed, func(ledger.View) ([]ledger.Row, error) {
		return []ledger.Row{
			{Key: "user", Value: text},
			{Key: "app", Value: text},
			{Key: "grant/" + name, Value: text},
			{Key: "once/" + name, Value: text},
			{Key: "notice/" + name, Value: text},
		}, nil
	})
}
