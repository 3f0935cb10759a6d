package shapetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/shape"
)

// Small are limits that a random walk runs into all the time.
func Small() shape.Limits {
	l := shape.DefaultLimits()
	l.ShortMost, l.LongMost, l.HoardFloor = 3, 8, 1<<30
	return l
}

// got is a notice that somebody got.
type got struct {
	reader id.User
	at     time.Time
}

// Model walks at random and compares a board with limits Small with the rule itself,
// looked up in everything that was ever delivered.
func Model(t *testing.T, seed uint64, steps int, b shape.Board) {
	r := rand.New(rand.NewPCG(seed, 5))
	s := On(t, b)
	l := Small()
	var all []got
	held := 0
	for range steps {
		s.Now = s.Now.Add(time.Duration(r.Int64N(int64(3 * time.Minute))))
		if r.IntN(200) == 0 {
			s.Now = s.Now.Add(12 * time.Hour)
		}
		x := s.Sight([]string{"app-a", "app-b"}[r.IntN(2)], r.IntN(14), sale+fmt.Sprint(" ", r.IntN(100)))
		if r.IntN(3) == 0 {
			x.Template += "2"
		}
		all = slices.DeleteFunc(all, func(g got) bool { return s.Now.Sub(g.at) > 2*l.Long })
		want := ""
		for window, most := range map[time.Duration]int{l.Short: l.ShortMost, l.Long: l.LongMost} {
			readers := map[id.User]bool{}
			for _, g := range all {
				if g.at.After(s.Now.Truncate(time.Millisecond).Add(-window)) {
					readers[g.reader] = true
				}
			}
			if !readers[x.Reader] && len(readers) >= most {
				want = shape.Crowd
			}
		}
		if v := s.See(x); v.Hold != want {
			t.Fatalf("seed %d: %q for %s of %s at %v, want %q; got by %v", seed, v.Hold, x.Reader, x.Template, s.Now.Sub(Start), want, all[max(0, len(all)-30):])
		}
		if want == "" {
			all = append(all, got{x.Reader, s.Now.Truncate(time.Millisecond)})
		} else {
			held++
		}
	}
	if held < steps/10 || held > steps*9/10 {
		t.Fatalf("%d of %d are held: the walk is no test", held, steps)
	}
}
