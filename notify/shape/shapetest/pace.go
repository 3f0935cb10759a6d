package shapetest

import (
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/notify/shape"
)

func reach(s *Scene) {
	s.Settle("app-a", "app-b") // one person
	sight := func(app string, n int) shape.Sighting {
		x := s.Sight(app, n)
		x.Reach = 250
		return x
	}
	start := s.Now
	for n := range 249 {
		s.Want("", sight([]string{"app-a", "app-b"}[n%2], n))
	}
	x := sight("app-a", 249)
	x.Template, x.Texts = "t-new", []string{sale}
	for range 60 { // none of them counts
		if v := s.See(x); !v.TooFar || v.Hold != "" {
			s.tb.Fatalf("%+v", v)
		}
	}
	s.Want("", sight("app-b", 17)) // has been reached
	y := sight("app-z", 249)
	y.Developer = "another"
	s.Want("", y)
	s.Now = start.Add(24*time.Hour - time.Millisecond)
	if v := s.See(sight("app-a", 250)); v.TooFar { // the one of Settle is gone
		s.tb.Fatalf("%+v", v)
	}
	if v := s.See(sight("app-a", 251)); !v.TooFar {
		s.tb.Fatalf("%+v", v)
	}
	s.Now = start.Add(24 * time.Hour)
	s.Want("", sight("app-a", 251))
}

func newTemplate(s *Scene) {
	start := s.Now
	for n := range 50 {
		s.Want("", s.Sight("app-a", n))
		s.Now = s.Now.Add(time.Second)
	}
	for n := range 300 {
		v := s.Want(shape.Pace, s.Sight("app-a", 50+n))
		if !v.Until.Equal(start.Add(30*time.Minute)) || v.OfTempl != 0 || v.OfApp != 0 {
			s.tb.Fatalf("%+v", v)
		}
	}
	s.Want("", s.Sight("app-a", 49))
	s.Want("", s.Sight("app-b", 1))
	s.Now = start.Add(30*time.Minute - time.Millisecond)
	s.Want(shape.Pace, s.Sight("app-a", 400))
	s.Now = start.Add(30 * time.Minute)
	for n := range 100 {
		s.Want("", s.Sight("app-a", 500+n))
	}
	for range 3 { // not new any more, however long it is quiet
		s.Now = s.Now.Add(20 * 24 * time.Hour)
		for n := range 49 {
			s.Want("", s.Sight("app-a", n))
		}
		s.Now = s.Now.Add(time.Minute)
		for n := range 40 {
			s.Want("", s.Sight("app-a", 700+n))
		}
		s.Now = s.Now.Add(2 * time.Hour)
	}
}

// What waits for the end of the first half hour is delivered all at once then: no more than 20 may be the same.
func heldForPaceAreReaders(s *Scene) {
	for n := range 50 {
		s.Want("", s.Sight("app-a", n))
	}
	for n := range 20 {
		s.Want(shape.Pace, s.Sight("app-a", 50+n, sale))
	}
	s.Want(shape.Crowd, s.Sight("app-a", 70, sale))
	s.Now = s.Now.Add(35 * time.Minute)
	s.Want(shape.Crowd, s.Sight("app-a", 71, sale)) // they got it five minutes ago
	s.Now = s.Now.Add(5 * time.Minute)
	s.Want("", s.Sight("app-a", 72, sale))
}

func (s *Scene) flood(app string, from, n int) (last shape.Verdict) {
	for i := range n {
		last = s.Want(shape.Crowd, s.Sight(app, from+i, sale))
	}
	return last
}

func (s *Scene) held(v shape.Verdict, ofTemplate, ofApp int) {
	s.tb.Helper()
	if v.OfTempl != ofTemplate || v.OfApp != ofApp {
		s.tb.Fatalf("held %d of the template and %d of the app, want %d and %d", v.OfTempl, v.OfApp, ofTemplate, ofApp)
	}
}

func heldAreCounted(s *Scene) {
	s.Settle("app-a", "app-b")
	for n := range 20 {
		s.held(s.Want("", s.Sight("app-a", n, sale)), 0, 0)
	}
	start := s.Now
	s.held(s.flood("app-a", 20, 30), 30, 30)
	s.Now = s.Now.Add(time.Minute)
	other := func(n int) shape.Sighting { x := s.Sight("app-a", n, sale); x.Template = "t-other"; return x }
	for n := range 5 {
		s.held(s.Want(shape.Crowd, other(120+n)), n+1, 31+n)
	}
	s.held(s.flood("app-a", 50, 21), 51, 56)
	s.held(s.Want("", s.Sight("app-b", 1)), 0, 0)
	s.held(s.Want("", s.Sight("app-a", 1)), 51, 56)
	s.Now = start.Add(24 * time.Hour)
	s.held(s.Want("", s.Sight("app-a", 1)), 21, 26)
	s.Now = s.Now.Add(time.Minute)
	s.held(s.Want("", s.Sight("app-a", 1)), 0, 0)
}

func sameNoticeIsHeldOnce(s *Scene) {
	s.Settle("app-a")
	for n := range 20 {
		s.Want("", s.Sight("app-a", n, sale))
	}
	for n := range 10 {
		x := s.Sight("app-a", 20+n%2, sale)
		x.Notice = fmt.Sprint("grant", n%2)
		s.held(s.Want(shape.Crowd, x), min(n+1, 2), min(n+1, 2))
	}
}

func forget(s *Scene) {
	s.Settle("app-a")
	for n := range 20 {
		s.Want("", s.Sight("app-a", n, sale))
	}
	other := func(n int) shape.Sighting { x := s.Sight("app-a", n, sale); x.Template = "t-other"; return x }
	s.Want(shape.Crowd, other(120))
	s.held(s.flood("app-a", 20, 40), 40, 41)
	if err := s.Board.Forget(s.tb.Context(), "t-app-a"); err != nil {
		s.tb.Fatal(err)
	}
	s.held(s.Want("", s.Sight("app-a", 0, sale)), 0, 1)
	s.held(s.flood("app-a", 60, 1), 1, 2)
	if err := s.Board.Forget(s.tb.Context(), "t-unknown"); err != nil {
		s.tb.Fatal(err)
	}
}

// old is a sighting of a grant minted two days ago.
func (s *Scene) old(n int) shape.Sighting {
	x := s.Sight("app-a", n)
	x.Minted = s.Now.Add(-24*time.Hour - time.Millisecond)
	return x
}

func hoard(s *Scene) {
	s.Settle("app-a")
	s.Now = s.Now.Add(2 * time.Hour)
	for n := range 50 {
		s.Want("", s.old(n))
		s.Now = s.Now.Add(time.Minute)
	}
	for n := range 50 {
		s.held(s.Want(shape.Hoard, s.old(50+n)), n+1, n+1)
	}
	s.Want(shape.Hoard, s.Sight("app-a", 200)) // what is in the burst is held with it
	s.Want("", s.Sight("app-b", 200))
	s.Now = s.Now.Add(2 * time.Hour)
	s.Want("", s.old(300))
}

// An app that is busy every day may be five times as busy.
func hoardAgainstTheWeek(s *Scene) {
	s.Settle("app-a")
	for range 9 { // hours: more than a twentieth of a week
		s.Now = s.Now.Add(time.Hour)
		for n := range 20 {
			s.Want("", s.Sight("app-a", n))
		}
	}
	s.Now = s.Now.Add(3 * time.Hour)
	for n := range 100 {
		s.Want("", s.old(n))
	}
	s.Want(shape.Hoard, s.old(100))
	s.Now = s.Now.Add(8 * 24 * time.Hour) // that week is over
	for n := range 50 {
		s.Want("", s.old(n))
	}
	s.Want(shape.Hoard, s.old(100))
}

func freshGrantsAreNoHoard(s *Scene) {
	s.Settle("app-a")
	s.Now = s.Now.Add(2 * time.Hour)
	for n := range 100 {
		x := s.Sight("app-a", n)
		x.Minted = s.Now.Add(-24 * time.Hour)
		s.Want("", x)
	}
	for n := range 100 {
		s.Want("", s.old(200+n)) // half is not most
	}
	s.Want(shape.Hoard, s.old(300))
}

// A flood does not become usual by lasting.
func heldHoursAreNotUsual(s *Scene) {
	s.Settle("app-a")
	for range 9 {
		s.Now = s.Now.Add(2 * time.Hour)
		for n := range 50 {
			s.Want("", s.old(n))
		}
		for n := range 100 {
			s.Want(shape.Hoard, s.old(50+n))
		}
	}
	s.Now = s.Now.Add(3 * time.Hour)
	for n := range 250 { // five times the fifty that were not held
		s.Want("", s.old(n))
	}
	s.Want(shape.Hoard, s.old(300))
}
