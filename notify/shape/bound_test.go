package shape_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/notify/shape/shapetest"
)

// A board that has no room left holds, counts nothing against anybody, and has room again a day later.
func TestFull(t *testing.T) {
	for _, text := range []string{"", "Big summer sale today"} {
		s := shapetest.On(t, shape.NewMemory(shape.DefaultLimits(), shape.Options{Most: 500}))
		passed := 0
		for n := range 1000 {
			x := s.Sight(fmt.Sprint("app-", n), 0, text)
			x.Developer, x.Reader = id.User(fmt.Sprint("maker", n)), id.User(fmt.Sprint("reader", n))
			v := s.See(x)
			if v.Hold == "" {
				passed++
			} else if v.Hold != shape.Crowd || v.OfTempl != 0 || v.OfApp != 0 {
				t.Fatalf("%+v", v)
			}
		}
		if passed < 100 || passed > 500 {
			t.Errorf("%q: %d passed of a board for 500", text, passed)
		}
		s.Want(shape.Crowd, s.Sight("app-0", 0, text))
		s.Now = s.Now.Add(9 * 24 * time.Hour)
		s.Want("", s.Sight("app-0", 0, text))
	}
}

// sight is a sighting of n: in a thousand texts, or each in a text of its own.
func sight(n int, own bool) shape.Sighting {
	at := shapetest.Start.Add(time.Duration(n) * 50 * time.Millisecond)
	words := n % 1000
	if own {
		words = n
	}
	dev := n % 50
	return shape.Sighting{
		Developer: id.User(fmt.Sprint("maker", dev)), App: id.App(fmt.Sprint("app-", dev)), Template: id.Template(fmt.Sprint("t-", dev)),
		Texts: []string{text(words)}, Subject: fmt.Sprint("s", n), Reader: id.User(fmt.Sprint("reader", n)), Minted: at, At: at, Reach: 1 << 30,
	}
}

// text is a sentence of three words for each number.
func text(n int) string {
	h := uint64(n+1) * 0x9e3779b97f4a7c15
	b := make([]byte, 0, 20)
	for i := range 18 {
		if i == 5 || i == 11 {
			b = append(b, ' ')
		}
		b = append(b, "etaoinshrdlucmfw"[h>>60])
		h = h<<4 | h>>60
		if i%5 == 4 {
			h *= 0xbf58476d1ce4e5b9
		}
	}
	return string(b)
}

func BenchmarkSee(b *testing.B) {
	limits := shape.DefaultLimits()
	limits.ShortMost, limits.LongMost, limits.PaceFirst, limits.HoardFloor = 1<<30, 100, 1<<30, 1<<30
	for _, own := range []bool{false, true} {
		b.Run(fmt.Sprintf("own=%v", own), func(b *testing.B) {
			var before, after runtime.MemStats
			m := shape.NewMemory(limits, shape.Options{})
			runtime.GC()
			runtime.ReadMemStats(&before)
			n := 0
			for ; n < 100_000; n++ {
				if _, err := m.See(b.Context(), sight(n, own)); err != nil {
					b.Fatal(err)
				}
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			readers := m.Readers()
			for b.Loop() {
				x := sight(n, own)
				n++
				if _, err := m.See(b.Context(), x); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc+48*100_000)/float64(readers), "B/reader")
		})
	}
}

func BenchmarkTake(b *testing.B) {
	x := sight(1, true)
	for b.Loop() {
		shape.Take(x)
	}
}

// One reader fills a small part of a board, whatever an app tells them.
func TestTalkative(t *testing.T) {
	m := shape.NewMemory(shape.DefaultLimits(), shape.Options{})
	s := shapetest.On(t, m)
	for n := range 20_000 {
		s.Want("", s.Sight("app-a", 0, text(n)))
	}
	if n := m.Readers(); n > 1010 {
		t.Errorf("%d are tracked of one reader", n)
	}
	s.Now = s.Now.Add(25 * time.Hour)
	s.Want("", s.Sight("app-a", 0, "Another day"))
	if n := m.Readers(); n > 3 {
		t.Errorf("%d are tracked a day later", n)
	}
}
