package law

import (
	"fmt"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

// most is how many people may get the same within ten minutes.
const most = 20

// broadcasts are attempts to tell the same to many. Each begins with three people
// who get it, as they should.
var broadcasts = []attempt{
	{name: "the same text to 26 people", clause: "I6", passes: 23, delivers: most - 3, honest: flood(26, func(int) string { return "At the window seat" })},
	{name: "with an emoji each", clause: "I6", passes: 23, delivers: most - 3, honest: flood(26, func(i int) string { return "Window seat " + string(rune(0x1f600+i)) })},
	{name: "with a number each", clause: "I6", passes: 23, delivers: most - 3, honest: flood(26, func(i int) string { return fmt.Sprint("Window seat ", 11*i) })},
	{name: "in other letters each", clause: "I6", passes: 23, delivers: most - 3, honest: flood(26, func(i int) string {
		s := []string{"Window seat free", "WINDOW SEAT FREE", "Ｗindow seat free", "Wіndow seat free", "Windοw seat free", "Window  seat  free", "Wïndow seat free", "Window, seat, free!"}
		return s[i%len(s)]
	})},
	{name: "with a letter changed each", clause: "I6", passes: 23, delivers: most - 3, honest: flood(26, func(i int) string { return "Your window seat" + string(rune('a'+i)) })},
	{name: "with a query each", clause: "I6", passes: 23, delivers: most - 3, honest: func(s *scene) func() refusals {
		t := s.app().approve(remark())
		tickets := t.spread(26)
		one := func(i int) error { return tickets[i].say("At the window seat", fmt.Sprint("?no=", i)) }
		must(s, one(0))
		must(s, one(1))
		must(s, one(2))
		return func() refusals { return s.parallel(23, func(i int) error { return one(i + 3) }) }
	}},
	{name: "over five apps of one developer", clause: "I6", passes: 23, delivers: most - 3, honest: func(s *scene) func() refusals {
		developer := s.user("dev")
		var tickets []*ticket
		people := s.crowd(26)
		for i := range 5 {
			t := s.appOf(developer, "transport").approve(remark())
			part := people[i*26/5 : (i+1)*26/5]
			tickets = append(tickets, t.grants(part, func(int) string { return s.h.name("s") })...)
		}
		one := func(i int) error { return tickets[i].say("At the window seat", "") }
		for i := range 3 {
			must(s, one(i*6))
		}
		return func() refusals {
			return s.parallel(26, func(i int) error {
				if i%6 == 0 && i < 18 {
					return errSent
				}
				return one(i)
			}).without(errSent)
		}
	}},
	{name: "under two templates of one app", clause: "I6", passes: 23, delivers: most - 3, honest: func(s *scene) func() refusals {
		a, people := s.app(), s.crowd(26)
		tickets := a.approve(remark()).grants(people[:13], func(int) string { return s.h.name("s") })
		tickets = append(tickets, a.approve(remark()).grants(people[13:], func(int) string { return s.h.name("s") })...)
		one := func(i int) error { return tickets[i].say("At the window seat", "") }
		must(s, one(0))
		must(s, one(1))
		must(s, one(2))
		return func() refusals { return s.parallel(23, func(i int) error { return one(i + 3) }) }
	}},
	{name: "as a name instead of a text", clause: "I6", passes: 23, delivers: most - 3, honest: func(s *scene) func() refusals {
		d := queue()
		d.Params = []client.TemplateParam{order, {Key: "note", Label: "Who", Type: "name", Role: "free"}}
		tickets := s.app().approve(d).spread(26)
		one := func(i int) error {
			b := tickets[i].body("k")
			b["data"] = client.Values{"note": {"name": "Madame Butterfly"}}
			return tickets[i].t.app.raw(b)
		}
		must(s, one(0))
		must(s, one(1))
		must(s, one(2))
		return func() refusals { return s.parallel(23, func(i int) error { return one(i + 3) }) }
	}},
	{name: "slowly, over a day", clause: "I6", passes: 101, delivers: 97, alone: true, costly: true, honest: func(s *scene) func() refusals {
		tickets := s.app().approve(remark()).spread(104)
		for _, k := range tickets[:3] {
			must(s, k.say("At the window seat", ""))
		}
		return func() refusals {
			var out refusals
			for part := range slices.Chunk(tickets[3:], 15) {
				s.pass(40 * time.Minute)
				out = append(out, s.parallel(len(part), func(i int) error { return part[i].say("At the window seat", "") })...)
			}
			return out
		}
	}},
	{name: "what is held is spent, and stays held", clause: "I6", want: []fault.Code{"grant_consumed"}, passes: 2, honest: func(s *scene) func() refusals {
		t := s.app().approve(remark())
		tickets := t.spread(most + 1)
		for _, k := range tickets[:most] {
			must(s, k.say("At the window seat", ""))
		}
		return func() refusals {
			k := tickets[most]
			d := k.draft("held")
			first, err := t.app.server().Notify(s.Context(), d)
			again, err2 := t.app.server().Notify(s.Context(), d)
			if first.Status != "held" || again.Status != "held" || !again.Replayed || again.Notice != first.Notice {
				s.Errorf("it is %+v, then %+v", first, again)
			}
			if status := got(t.app.server().Sent(s.Context(), first.Notice))(s); status != "held" {
				s.Errorf("its app sees that it is %s", status)
			}
			return each(err, err2, only(k.send()))
		}
	}},
	{name: "a held notice that the user stopped, released", clause: "I5 I6", passes: 2, delivers: 1, honest: func(s *scene) func() refusals {
		t := s.app().approve(remark())
		tickets := t.spread(most + 2)
		for _, k := range tickets[:most] {
			must(s, k.say("At the window seat", ""))
		}
		return func() refusals {
			out := each(tickets[most].say("At the window seat", ""), tickets[most+1].say("At the window seat", ""))
			must(s, tickets[most].by.api().MuteApp(s.Context(), t.app.id))
			t.decide("release")
			eventually(s, "releasing", func() bool { return t.held() == 0 })
			return out
		}
	}},
	{name: "an upheld case", clause: "I6", passes: 5, honest: func(s *scene) func() refusals {
		t := s.app().approve(remark())
		tickets := t.spread(most + 5)
		for _, k := range tickets[:most] {
			must(s, k.say("At the window seat", ""))
		}
		return func() refusals {
			out := s.parallel(5, func(i int) error { return tickets[most+i].say("At the window seat", "") })
			if n := t.held(); n != 5 {
				s.Errorf("%d notices are held", n)
			}
			t.decide("drop")
			eventually(s, "dropping", func() bool { return t.held() == 0 })
			return out
		}
	}},
	{name: "on and on, until the template is paused", clause: "I6", want: []fault.Code{"template_paused"}, honest: func(s *scene) func() refusals {
		t := s.app().approve(remark())
		tickets := t.spread(most + 51 + 5)
		for _, k := range tickets[:most] {
			must(s, k.say("At the window seat", ""))
		}
		s.parallel(51, func(i int) error { return tickets[most+i].say("At the window seat", "") })
		return func() refusals {
			eventually(s, "pausing", func() bool { return got(t.app.server().Template(s.Context(), t.id))(s).Status == "paused" })
			return s.parallel(5, func(i int) error { return only(tickets[most+51+i].send()) })
		}
	}},
	{name: "on and on, with several templates, until the app is suspended", clause: "I6", want: []fault.Code{"app_suspended"}, costly: true, honest: func(s *scene) func() refusals {
		a := s.app()
		last := a.approve(queue()).grants(s.crowd(3), func(int) string { return s.h.name("s") })
		people := s.crowd(2 * (most + 51)) // fewer than the developer may reach
		for part := range slices.Chunk(append(people, people...), most+51) {
			tickets := a.approve(remark()).grants(part, func(int) string { return s.h.name("s") })
			s.parallel(len(tickets), func(i int) error { return tickets[i].say("At the window seat", "") })
		}
		return func() refusals {
			eventually(s, "suspending", func() bool {
				return a.raw(with(last[0], "page", "/nowhere")) != nil && client.CodeOf(a.raw(with(last[0], "page", "/nowhere"))) == "app_suspended"
			})
			return s.parallel(3, func(i int) error { return only(last[i].send()) })
		}
	}},
	{name: "hoarded grants in a burst", clause: "hoard", passes: 70, delivers: 50, alone: true, honest: func(s *scene) func() refusals {
		t := s.app().approve(queue())
		t.grant(s.user("first")).deliver() // the template is not new when the burst comes
		tickets := t.spread(70)
		s.pass(25 * time.Hour)
		return func() refusals { return s.parallel(70, func(i int) error { return only(tickets[i].send()) }) }
	}},
	{name: "a new template's first hundred", clause: "pace", passes: 60, delivers: 47, honest: func(s *scene) func() refusals {
		tickets := s.app().approve(queue()).spread(63)
		for _, k := range tickets[:3] {
			must(s, only(k.send()))
		}
		return func() refusals { return s.parallel(60, func(i int) error { return only(tickets[3+i].send()) }) }
	}},
	{name: "a subject that everybody shares", clause: "I6 joined", passes: 57, honest: func(s *scene) func() refusals {
		joined, sold := remark(), remark()
		joined.SubjectSize, sold.SubjectSize = 40, 25
		event, trick := s.app().approve(joined), s.app().approve(sold)
		people := s.crowd(30)
		flight := event.grants(people, func(int) string { return "MU 512" })
		for _, k := range flight { // a flight is late for all who are on it
			must(s, k.say("Gate B7 now", ""))
		}
		for _, p := range people {
			if s.inbox(p) != 1 {
				s.Fatalf("%s has not heard of the flight", p.name)
			}
		}
		abused := trick.grants(people, func(int) string { return "everybody" })
		for _, k := range abused[:3] {
			must(s, k.say("Gate B7 now", ""))
		}
		return func() refusals {
			out := s.parallel(27, func(i int) error { return abused[3+i].say("Gate B7 now", "") })
			got := 0
			for _, p := range people {
				got += s.inbox(p) - 1
			}
			if s.raced = got - 3; got > 25 {
				s.Errorf("%d people got what a subject of 25 may have", got)
			}
			return append(out, make(refusals, 30)...)
		}
	}},
	{name: "an advert in 26 open windows", clause: "I6 windows", passes: 23, delivers: most - 3, honest: func(s *scene) func() refusals {
		a := s.app()
		var handles []string
		for _, p := range s.crowd(26) {
			handles = append(handles, a.write(p, "hello"))
		}
		say := func(i int) error { return only(a.reply(handles[i], "We have fresh noodles today")) }
		must(s, say(0))
		must(s, say(1))
		must(s, say(2))
		return func() refusals { return s.parallel(23, func(i int) error { return say(3 + i) }) }
	}},
	{name: "more people than the developer's reach", clause: "reach", want: []fault.Code{"app_reach_limit"}, passes: 247, delivers: 247, alone: true, costly: true, honest: func(s *scene) func() refusals {
		t := s.app().approve(queue())
		tickets := t.spread(256)
		must(s, only(tickets[0].send()))
		s.pass(31 * time.Minute) // it is no new template any more
		must(s, only(tickets[1].send()))
		must(s, only(tickets[2].send()))
		return func() refusals { return s.parallel(253, func(i int) error { return only(tickets[3+i].send()) }) }
	}},
	{name: "a burst to one person", clause: "I1", want: []fault.Code{"grant_consumed"}, passes: 3, delivers: 3, honest: func(s *scene) func() refusals {
		t, ann := s.app().approve(remark()), s.user("ann")
		tap := got(t.tap(ann))(s)
		sheet := got(ann.api().Ask(s.Context(), t.app.id, tap, t.wish("a"), t.wish("b"), t.wish("c")))(s)
		s.pass(look)
		must(s, t.accept(ann, sheet))
		var tickets []*ticket
		for _, subject := range []string{"a", "b", "c"} {
			tickets = append(tickets, &ticket{t: t, by: ann, subject: subject, handle: t.app.handle(subject)})
		}
		return func() refusals { return s.parallel(60, func(i int) error { return only(tickets[i%3].send()) }) }
	}},
}

// errSent marks one that was sent before.
var errSent = fmt.Errorf("sent before")

func (r refusals) without(err error) refusals {
	return slices.DeleteFunc(r, func(e error) bool { return e == err })
}

// flood says something to so many people, three of them first.
func flood(n int, text func(i int) string) func(s *scene) func() refusals {
	return func(s *scene) func() refusals {
		tickets := s.app().approve(remark()).spread(n)
		for i, k := range tickets[:3] {
			must(s, k.say(text(i), ""))
		}
		return func() refusals {
			return s.parallel(n-3, func(i int) error { return tickets[3+i].say(text(3+i), "") })
		}
	}
}

// spread has so many people grant it, each about a matter of their own.
func (t *template) spread(n int) []*ticket {
	t.app.s.Helper()
	return t.grants(t.app.s.crowd(n), func(int) string { return t.app.s.h.name("s") })
}

// say sends a notice with that free text.
func (k *ticket) say(text, query string) error {
	d := k.draft(k.t.app.s.h.name("k"))
	d.Data = client.Values{"note": {"text20": text}}
	d.Page += query
	return only(k.t.app.server().Notify(k.t.app.s.Context(), d))
}

// held counts what moderators see held of a template.
func (t *template) held() (n int) {
	s := t.app.s
	s.Helper()
	for cursor := ""; ; {
		page := s.ask("GET", "/moderation/held?limit=200"+cursor, s.h.mo.token, nil)
		must(s, page.err())
		for _, i := range page.object()["items"].([]any) {
			if i.(map[string]any)["template"] == t.id {
				n++
			}
		}
		next, _ := page.object()["next"].(string)
		if next == "" {
			return n
		}
		cursor = "&cursor=" + next
	}
}

// decide has the moderator decide the case about a template's held notices.
func (t *template) decide(held string) {
	s := t.app.s
	s.Helper()
	name := ""
	eventually(s, "opening a case", func() bool {
		for cursor := ""; ; {
			page := s.ask("GET", "/moderation/cases?limit=200&kind=flood"+cursor, s.h.mo.token, nil)
			must(s, page.err())
			for _, i := range page.object()["items"].([]any) {
				c := i.(map[string]any)
				if c["subject"].(map[string]any)["id"] == t.id {
					name = c["case"].(string)
					return true
				}
			}
			next, _ := page.object()["next"].(string)
			if next == "" {
				return false
			}
			cursor = "&cursor=" + next
		}
	})
	must(s, s.ask("POST", "/moderation/cases/"+name+"/claim", s.h.mo.token, nil).err())
	must(s, s.ask("POST", "/moderation/cases/"+name+"/decision", s.h.mo.token, map[string]any{"decision": "warn", "reason": "spam", "held": held}).err())
}
