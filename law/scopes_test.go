package law

import (
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

// scopes are attempts to get more out of a grant than its scope has.
var scopes = []attempt{
	{name: "a grant after eight days", clause: "once", want: []fault.Code{"grant_expired"}, alone: true, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		late := t.grant(s.user("bob"))
		s.pass(6 * 24 * time.Hour)
		late.deliver()
		return func() refusals {
			s.pass(2 * 24 * time.Hour)
			return each(only(k.send()), only(k.send()))
		}
	}},
	{name: "a grant after the thirty days of its template", clause: "once", want: []fault.Code{"grant_expired"}, alone: true, honest: func(s *scene) func() refusals {
		d := queue()
		d.ExpiresDays = 30
		t, _, k := s.served(d)
		late := t.grant(s.user("bob"))
		s.pass(29 * 24 * time.Hour)
		late.deliver()
		return func() refusals {
			s.pass(24*time.Hour + time.Minute)
			return each(only(k.send()))
		}
	}},
	{name: "states left out, backwards, twice and unknown", clause: "progress", want: []fault.Code{"state_illegal", "bad_request"}, honest: func(s *scene) func() refusals {
		t := s.app().approve(ride())
		k := t.grant(s.user("ann"))
		must(s, k.at("ordered"))
		return func() refusals {
			out := each(k.at("arrived"), k.at("ordered"), k.at("nowhere"), k.at(""), k.at("On the way"), k.at("on the way "), k.at("arrived,on the way"))
			s.after(func() { must(s, k.at("on the way")) })
			return out
		}
	}},
	{name: "beginning in the middle", clause: "progress", want: []fault.Code{"state_illegal"}, honest: func(s *scene) func() refusals {
		t := s.app().approve(ride())
		must(s, t.grant(s.user("bob")).at("ordered"))
		k := t.grant(s.user("ann"))
		s.after(func() { must(s, k.at("ordered")) })
		return func() refusals { return each(k.at("on the way"), k.at("arrived")) }
	}},
	{name: "after the last state", clause: "progress", want: []fault.Code{"grant_closed", "state_illegal"}, honest: func(s *scene) func() refusals {
		t := s.app().approve(ride())
		k := t.grant(s.user("ann"))
		for _, state := range t.draft.States {
			must(s, k.at(state))
		}
		return func() refusals { return each(k.at("arrived"), k.at("ordered"), k.at("on the way")) }
	}},
	{name: "a sixth notice of a long way", clause: "progress", want: []fault.Code{"grant_consumed"}, honest: func(s *scene) func() refusals {
		t := s.app().approve(ride("a", "b", "c", "d", "e", "f", "g"))
		k := t.grant(s.user("ann"))
		for _, state := range t.draft.States[:5] {
			must(s, k.at(state))
		}
		return func() refusals { return each(k.at("f"), k.at("f")) }
	}},
	{name: "one step at once by many", clause: "progress I4", want: []fault.Code{"state_illegal", "grant_consumed"}, passes: 12, delivers: 12, honest: func(s *scene) func() refusals {
		tickets := s.app().approve(ride()).spread(12)
		for _, k := range tickets {
			must(s, k.at("ordered"))
		}
		return func() refusals {
			return s.parallel(12*12, func(i int) error { return tickets[i/12].at("on the way") })
		}
	}},
	{name: "the first notice of a ride after six minutes", clause: "progress", want: []fault.Code{"grant_not_activated"}, alone: true, honest: func(s *scene) func() refusals {
		t := s.app().approve(ride())
		k, late := t.grant(s.user("ann")), t.grant(s.user("bob"))
		s.pass(4 * time.Minute)
		must(s, k.at("ordered"))
		return func() refusals {
			s.pass(2 * time.Minute)
			return each(late.at("ordered"))
		}
	}},
	{name: "a ride of the day before", clause: "progress", want: []fault.Code{"grant_expired"}, alone: true, honest: func(s *scene) func() refusals {
		t := s.app().approve(ride())
		k := t.grant(s.user("ann"))
		must(s, k.at("ordered"))
		s.pass(23 * time.Hour)
		must(s, k.at("on the way"))
		return func() refusals {
			s.pass(time.Hour + time.Minute)
			return each(k.at("arrived"))
		}
	}},
	{name: "two a day where one was allowed", clause: "standing", want: []fault.Code{"cadence"}, passes: 1, delivers: 1, alone: true, honest: func(s *scene) func() refusals {
		t := s.app().approve(line())
		k := t.grant(s.user("ann"))
		k.deliver()
		return func() refusals {
			out := each(only(k.send()))
			s.pass(23 * time.Hour)
			out = append(out, only(k.send()))
			s.pass(time.Hour + time.Minute)
			return append(out, s.parallel(20, func(int) error { return only(k.send()) })...)
		}
	}},
	{name: "going on unread", clause: "standing", want: []fault.Code{"grant_closed"}, alone: true, honest: func(s *scene) func() refusals {
		t := s.app().approve(line())
		k := t.grant(s.user("ann"))
		for range 5 {
			k.deliver()
			s.pass(25 * time.Hour)
		}
		return func() refusals {
			out := each(only(k.send()))
			s.pass(25 * time.Hour)
			return append(out, only(k.send()))
		}
	}},
	{name: "a line after half a year", clause: "standing", want: []fault.Code{"grant_expired"}, alone: true, honest: func(s *scene) func() refusals {
		t := s.app().approve(line())
		k := t.grant(s.user("ann"))
		k.deliver()
		return func() refusals {
			s.pass(181 * 24 * time.Hour)
			return each(only(k.send()))
		}
	}},
	{name: "making noise", clause: "caps", passes: 1, delivers: 1, alone: true, honest: func(s *scene) func() refusals {
		t, ann := s.app().approve(ride("a", "b", "c", "d", "e")), s.user("ann")
		k := t.grant(ann)
		for i, state := range t.draft.States[:3] {
			if sent := got(k.sendAt(state))(s); !sent.Alert {
				s.Errorf("the notice %d of a day made no sound", i+1)
			}
		}
		return func() refusals {
			sent, err := k.sendAt("d")
			if sent.Alert {
				s.Error("a fourth notice of a day made a sound")
			}
			return each(err)
		}
	}},
	{name: "waiting for a page to lock a feature behind consent", clause: "minting 4", quiet: true, costly: true, honest: func(s *scene) func() refusals {
		return func() refusals { delayed(s.T); return nil }
	}},
}

// at sends a step.
func (k *ticket) at(state string) error { return only(k.sendAt(state)) }

func (k *ticket) sendAt(state string) (client.SentNotice, error) {
	d := k.draft(k.t.app.s.h.name("k"))
	d.State = state
	return k.t.app.server().Notify(k.t.app.s.Context(), d)
}

// windows are attempts on service conversations.
var windows = []attempt{
	{name: "answering nobody", clause: "window", want: []fault.Code{"grant_invalid", "grant_template_mismatch"}, honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		window := t.app.write(ann, "hello")
		must(s, only(t.app.reply(window, "good day")))
		other := s.app()
		own := other.write(s.user("bob"), "hello")
		s.after(func() { k.deliver(); must(s, only(other.reply(own, "hello"))) })
		return func() refusals {
			return each(
				only(t.app.reply("gh1_x", "hi")), only(t.app.reply("", "hi")), only(t.app.reply(ann.name, "hi")), only(t.app.reply(k.handle, "hi")),
				only(t.app.reply(own, "hi")), only(other.reply(window, "hi")),
			)
		}
	}},
	{name: "a notice by a window", clause: "window", want: []fault.Code{"grant_template_mismatch"}, honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		window := t.app.write(ann, "hello")
		s.after(func() { must(s, only(t.app.reply(window, "hi"))) })
		return func() refusals { return each(t.app.raw(with(k, "grant", window))) }
	}},
	{name: "a sixth answer", clause: "window", want: []fault.Code{"window_spent"}, honest: func(s *scene) func() refusals {
		a, ann := s.app(), s.user("ann")
		window := a.write(ann, "hello")
		for i := range 5 {
			must(s, only(a.reply(window, fmt.Sprint("answer ", i))))
		}
		return func() refusals {
			return s.parallel(10, func(i int) error { return only(a.reply(window, fmt.Sprint("more ", i))) })
		}
	}},
	{name: "fifty answers at once", clause: "window I4", want: []fault.Code{"window_spent"}, passes: 5, delivers: 5, honest: func(s *scene) func() refusals {
		a, ann := s.app(), s.user("ann")
		window := a.write(ann, "hello")
		return func() refusals {
			return s.parallel(50, func(i int) error { return only(a.reply(window, fmt.Sprint("answer ", i))) })
		}
	}},
	{name: "an answer after two days", clause: "window", want: []fault.Code{"window_closed"}, alone: true, honest: func(s *scene) func() refusals {
		a, ann := s.app(), s.user("ann")
		window := a.write(ann, "hello")
		s.pass(47 * time.Hour)
		must(s, only(a.reply(window, "still there?"))) // which does not make it longer
		return func() refusals {
			s.pass(time.Hour + time.Minute)
			return each(only(a.reply(window, "and now?")))
		}
	}},
	{name: "a message that is sent again", clause: "window", want: []fault.Code{"window_spent"}, honest: func(s *scene) func() refusals {
		a, ann := s.app(), s.user("ann")
		const message = "0190a5f0-0000-7000-8000-0123456789ab"
		a.send(ann, "hello", message)
		window := a.handle("")
		for range 5 {
			must(s, only(a.reply(window, "good day")))
		}
		return func() refusals {
			for range 3 {
				a.send(ann, "hello", message)
			}
			return each(only(a.reply(window, "once more")))
		}
	}},
	{name: "opening a window by a notice or a follow", clause: "window", honest: func(s *scene) func() refusals {
		t, ann, _ := s.served(queue())
		return func() refusals {
			must(s, s.ask("PUT", "/mini-programs/"+t.app.id+"/follow", ann.token, nil).err())
			got(ann.api().OpenDirect(s.Context(), t.app.id))(s) // looking is not writing
			items, _, err := t.app.server().Grants(s.Context(), "")
			must(s, err)
			for _, g := range items {
				if g.Scope == "window" {
					s.Errorf("a window that nobody opened: %+v", g)
				}
			}
			return nil
		}
	}},
	{name: "answering somebody who muted or blocked the app", clause: "I5", want: []fault.Code{"window_closed"}, honest: func(s *scene) func() refusals {
		a, ann, bob := s.app(), s.user("ann"), s.user("bob")
		one, two := a.write(ann, "hello"), a.write(bob, "hello")
		must(s, only(a.reply(one, "hi")))
		must(s, only(a.reply(two, "hi")))
		return func() refusals {
			must(s, ann.api().MuteApp(s.Context(), a.id))
			must(s, s.ask("PUT", "/blocks/"+a.id, bob.token, nil).err())
			out := each(only(a.reply(one, "please")), only(a.reply(two, "please")))
			must(s, s.ask("DELETE", "/blocks/"+a.id, bob.token, nil).err())
			return append(out, only(a.reply(two, "please")))
		}
	}},
	{name: "answers that are none", clause: "window", want: append([]fault.Code{"idempotency_required"}, malformed...), honest: func(s *scene) func() refusals {
		a, ann := s.app(), s.user("ann")
		window := a.write(ann, "hello")
		must(s, only(a.reply(window, "good day")))
		return func() refusals {
			var out refusals
			for i, b := range []map[string]any{
				{"kind": "member"},
				{"kind": "notice"},
				{"kind": "app_card"},
				{"kind": ""},
				{"kind": 1},
				{"body": nil},
				{"body": "hi"},
				{"body": map[string]any{}},
				{"body": map[string]any{"text": ""}},
				{"body": map[string]any{"text": "  "}},
				{"body": map[string]any{"text": 1}},
				{"body": map[string]any{"text": "a\u202eb"}},
				{"body": map[string]any{"text": "a\x00b"}},
				{"body": map[string]any{"text": "x", "html": "y"}},
				{"from": "teahouse"},
				{"from": "mo"},
				{"at": "2030-01-01T00:00:00Z"},
				{"idempotency_key": ""},
				{"seq": 1},
				{"window": []string{window, window}},
				{"windows": []string{window}},
			} {
				body := map[string]any{"window": window, "kind": "text", "body": map[string]any{"text": "hi"}, "idempotency_key": fmt.Sprint("k", i)}
				for k, v := range b {
					body[k] = v
				}
				out = append(out, s.ask("POST", "/app/replies", a.token(), body).err())
			}
			return out
		}
	}},
}
