package shapetest

import (
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/shape"
)

const sale = "Big summer sale today"

func twentyInTenMinutes(s *Scene) {
	s.Settle("app-a")
	for n := range 20 {
		s.Now = s.Now.Add(20 * time.Second)
		s.Want("", s.Sight("app-a", n, sale))
	}
	for n := range 5 {
		s.Want(shape.Crowd, s.Sight("app-a", 20+n, sale))
	}
}

// At no moment have more than 20 got the same within ten minutes; who was held is not among them.
func windowRolls(s *Scene) {
	s.Settle("app-a")
	for n := range 20 {
		s.Want("", s.Sight("app-a", n, sale))
		s.Now = s.Now.Add(20 * time.Second)
	}
	s.Want(shape.Crowd, s.Sight("app-a", 20, sale))
	s.Now = s.Now.Add(10*time.Minute - 400*time.Second - time.Millisecond)
	s.Want(shape.Crowd, s.Sight("app-a", 21, sale))
	s.Now = s.Now.Add(time.Millisecond)
	s.Want("", s.Sight("app-a", 22, sale)) // the first is ten minutes ago
	s.Want(shape.Crowd, s.Sight("app-a", 23, sale))
	s.Now = s.Now.Add(20 * time.Second)
	s.Want("", s.Sight("app-a", 24, sale))
	s.Want(shape.Crowd, s.Sight("app-a", 25, sale))
}

func hundredInADay(s *Scene) {
	s.Settle("app-a")
	start := s.Now
	for n := range 100 {
		s.Want("", s.Sight("app-a", n, sale))
		s.Now = s.Now.Add(time.Minute)
	}
	s.Want(shape.Crowd, s.Sight("app-a", 100, sale))
	s.Now = start.Add(24*time.Hour - time.Millisecond)
	s.Want(shape.Crowd, s.Sight("app-a", 101, sale))
	s.Now = start.Add(24 * time.Hour)
	s.Want("", s.Sight("app-a", 102, sale))
	s.Want(shape.Crowd, s.Sight("app-a", 103, sale))
}

func sameReaderAgain(s *Scene) {
	s.Settle("app-a")
	for n := range 20 {
		s.Want("", s.Sight("app-a", n, sale))
		s.Want("", s.Sight("app-a", 0, sale))
	}
	s.Want("", s.Sight("app-a", 7, sale))
	s.Want(shape.Crowd, s.Sight("app-a", 20, sale))
	s.Want(shape.Crowd, s.Sight("app-a", 20, sale)) // being held is not getting it
	s.Now = s.Now.Add(9 * time.Minute)
	for n := range 20 {
		s.Want("", s.Sight("app-a", n, sale))
	}
	s.Now = s.Now.Add(2 * time.Minute)
	s.Want(shape.Crowd, s.Sight("app-a", 21, sale)) // the twenty got it two minutes ago
	s.Now = s.Now.Add(8 * time.Minute)
	for n := range 20 {
		s.Want("", s.Sight("app-a", 30+n, sale))
	}
	s.Want(shape.Crowd, s.Sight("app-a", 3, sale)) // got it long ago, and would be the 21st now
}

func dressedUp(s *Scene) {
	s.Settle("app-a")
	emoji := []rune("🎉🎁😀🍀👟🍜🚕🎈🎂🌞🌙🔥💥🎯🎲🧧🥁🎸🎺🚀🛵🍕")
	for n := range 20 {
		s.Want("", s.Sight("app-a", n, sale+string(emoji[n])))
	}
	for n, text := range []string{
		sale, string(emoji[20]) + sale, "BIG SUMMER SALE TODAY!", "Big summer sale today 4711", "Ｂｉｇ summer sale today", "Big summer s\u200bale today",
		"Bіg summer sаle tоday", "B1g summer s4le today", "Bíg sümmer sale today", "Big sunmer sale today", "Today big summer sale", "Big winter sale today", "Bigsummersaletoday",
	} {
		s.Want(shape.Crowd, s.Sight("app-a", 20+n, text))
	}
}

func otherTexts(s *Scene) {
	s.Settle("app-a")
	texts := []string{"At the window seat", "Bring your passport", "Doctor is running late", "Parcel is with Anna", "No onions, as asked", "靠窗的座位", "Место у окна"}
	for n := range 20 {
		for i, text := range texts {
			s.Want("", s.Sight("app-a", 100*i+n, text))
		}
	}
	for i, text := range texts {
		s.Want(shape.Crowd, s.Sight("app-a", 100*i+20, text))
	}
	for n := range 60 {
		s.Want("", s.Sight("app-a", 1000+n, fmt.Sprint("A", n)))
	}
}

// Whatever twenty got undressed, nobody gets in another dress.
func everyDress(s *Scene) {
	s.Settle("app-a")
	at := s.Now
	for text, dresses := range Dresses {
		s.Now = at
		for n := range 20 {
			s.Want("", s.Sight("app-a", n, text))
		}
		for n, dress := range dresses {
			s.Now = s.Now.Add(time.Second)
			s.Want(shape.Crowd, s.Sight("app-a", 20+n, dress))
		}
	}
}

func everyHonestText(s *Scene) {
	s.Settle("app-a")
	for round := range 20 {
		for n, text := range Honest {
			s.Want("", s.Sight("app-a", round*len(Honest)+n, text))
		}
	}
	for n, text := range Honest {
		s.Want(shape.Crowd, s.Sight("app-a", 10_000+n, text))
	}
}

// However many templates an app has: one text is one text.
func templatesOfOneApp(s *Scene) {
	of := func(template, n int) shape.Sighting {
		x := s.Sight("app-a", n, sale)
		x.Template += id.Template(fmt.Sprint(template))
		return x
	}
	for template := range 10 {
		s.Want("", of(template, 1_000_000))
	}
	s.Now = s.Now.Add(31 * time.Minute)
	for n := range 20 {
		s.Want("", of(n%10, n))
	}
	for template := range 10 {
		v := s.Want(shape.Crowd, of(template, 20+template))
		s.held(v, 1, template+1) // they are held of their own template
	}
	s.Want("", of(3, 7)) // has it from another template
	s.Want(shape.Crowd, of(11, 30))
	joined := of(4, 40)
	joined.Subject, joined.Joined = "LH400", 250
	s.Want("", joined)
}

func appsOfOneDeveloper(s *Scene) {
	apps := []string{"app-a", "app-b", "app-c", "app-d", "app-e"}
	s.Settle(apps...)
	for n := range 20 {
		s.Want("", s.Sight(apps[n%5], n, sale+" "+fmt.Sprint(n*77)))
	}
	for n := range 5 {
		s.Want(shape.Crowd, s.Sight(apps[n], 20+n, sale))
	}
	s.Want("", s.Sight("app-a", 3, sale)) // has it from another app
}

func otherDevelopers(s *Scene) {
	s.Settle("app-a")
	for n := range 20 {
		s.Want("", s.Sight("app-a", n, sale))
	}
	x := s.Sight("app-z", 20, sale)
	x.Developer = "another"
	s.Want("", x)
}

func noText(s *Scene) {
	s.Settle("app-a")
	for n := range 300 {
		x := s.Sight("app-a", n)
		if n%2 == 0 {
			x.Texts = []string{"", "\u200b"}
		}
		s.Want("", x)
		if n%30 == 29 {
			s.Now = s.Now.Add(time.Minute)
		}
	}
}

// flight is a sighting with a subject that may join 250.
func (s *Scene) flight(subject string, n int, text string) shape.Sighting {
	x := s.Sight("app-a", n, text)
	x.Subject, x.Joined = subject, 250
	return x
}

func subjectJoins(s *Scene) {
	s.Settle("app-a")
	for n := range 250 {
		s.Want("", s.flight("LH400", n, "Gate has changed"))
	}
	s.Want("", s.flight("LH400", 17, "Gate has changed"))
	for n := range 20 { // they do not count for others
		s.Want("", s.flight("LH500", 1000+n, "Gate has changed"))
		s.Want("", s.Sight("app-a", 2000+n, "Gate has changed"))
	}
	s.Want(shape.Crowd, s.Sight("app-a", 2020, "Gate has changed"))
	s.Want("", s.flight("LH500", 1020, "Gate has changed"))
}

func subjectIsTooLarge(s *Scene) {
	s.Settle("app-a")
	for n := range 250 {
		s.Want("", s.flight("LH400", n, "Gate has changed"))
	}
	s.Want(shape.Crowd, s.flight("LH400", 250, "Gate has changed"))
	s.Want("", s.flight("LH400", 17, "Gate has changed")) // has got it
	for n := range 20 {                                   // something else: now they count
		s.Want("", s.flight("LH400", n, "Bring your passport"))
	}
	s.Want(shape.Crowd, s.flight("LH400", 20, "Bring your passport"))
	s.Want("", s.flight("LH500", 20, "Bring your passport"))
	s.Now = s.Now.Add(24 * time.Hour)
	for n := range 250 {
		s.Want("", s.flight("LH400", 500+n, "Gate has changed"))
	}
}
