package shapetest

import (
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/notify/shape"
)

// padding is what nobody else has said.
func padding(n int) string {
	letters := []byte("aaaaaaaaaaaaaaaaaa")
	for i := range letters {
		n = n*1103515245 + 12345
		letters[i] += byte(n >> 16 & 0xff % 26)
	}
	return string(letters)
}

// part is a part of what a notice says to the n-th reader, and rest the whole.
func (s *Scene) part(app string, n int, text string) (part, rest shape.Sighting) {
	part, rest = s.Sight(app, n, text), s.Sight(app, n, padding(n), padding(-n), text)
	part.Part = true
	return part, rest
}

// The same behind other words each time is one text as soon as it is looked at by itself.
func parts(s *Scene) {
	s.Settle("app-a", "app-b")
	for n := range 20 {
		part, rest := s.part("app-a", n, sale)
		s.Want("", part)
		s.Want("", rest)
	}
	part, rest := s.part("app-a", 20, sale)
	s.Want(shape.Crowd, part)
	s.Want("", rest) // by itself it is another
	rest.Crowded, rest.Reader = true, "reader21"
	if v := s.Want(shape.Crowd, rest); v.OfTempl != 1 || v.OfApp != 1 {
		s.tb.Fatalf("held with a part: %+v", v)
	}
	part, _ = s.part("app-b", 22, sale)
	s.Want(shape.Crowd, part) // to other apps too
	s.Want("", s.Sight("app-a", 23, padding(23)))
	part, _ = s.part("app-a", 3, sale)
	s.Want("", part) // has it

	joined, _ := s.part("app-a", 24, sale)
	joined.Subject, joined.Joined = "flight", 50
	s.Want("", joined)
	s.Now = s.Now.Add(11 * time.Minute)
	part, _ = s.part("app-a", 25, sale)
	s.Want("", part)
}

func partsCountNothingElse(s *Scene) {
	for n := range 200 {
		part, _ := s.part("app-a", n, fmt.Sprint("A", n)) // of a new template, of old grants
		part.Minted, part.Reach = s.Now.Add(-48*time.Hour), 10
		if v := s.Want("", part); v.OfTempl != 0 || v.OfApp != 0 {
			s.tb.Fatalf("%+v", v)
		}
	}
	for n := range 21 {
		part, _ := s.part("app-a", 1000+n, sale)
		s.See(part)
	}
	for n := range 50 {
		x := s.Sight("app-a", 2000+n)
		x.Reach = 50
		if v := s.Want("", x); v.OfTempl != 0 || v.OfApp != 0 {
			s.tb.Fatalf("%+v", v)
		}
	}
	x := s.Sight("app-a", 3000)
	x.Reach = 50
	if !s.See(x).TooFar {
		s.tb.Fatal("fifty were not reached")
	}
	s.Want(shape.Pace, s.Sight("app-a", 3000))
}

// Somebody who lets an app tell them ever new things fills no board.
func talkative(s *Scene) {
	s.Settle("app-a", "app-b")
	most := shape.DefaultLimits().TextsEach
	for n := range most {
		s.Want("", s.Sight("app-a", 0, padding(n)))
	}
	for n := range 19 {
		s.Want("", s.Sight("app-a", 1+n, sale))
	}
	s.Want("", s.Sight("app-a", 0, sale)) // is not remembered to have it
	s.Want("", s.Sight("app-b", 0, "Something else"))
	s.Want("", s.Sight("app-a", 20, sale))
	s.Want(shape.Crowd, s.Sight("app-a", 0, sale)) // but gets no more than others
	s.Want(shape.Crowd, s.Sight("app-a", 21, sale))
	s.Now = s.Now.Add(25 * time.Hour)
	for n := range 19 {
		s.Want("", s.Sight("app-a", 1+n, sale))
	}
	s.Want("", s.Sight("app-a", 0, sale))
	s.Want(shape.Crowd, s.Sight("app-a", 20, sale))
}
