package law

import (
	"fmt"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

var (
	noTap  = []fault.Code{"activation_invalid"}
	gone   = []fault.Code{"consent_expired"}
	silent = []fault.Code{"ask_silenced"}
)

// consents are attempts to be granted what nobody wanted to grant.
var consents = []attempt{
	{name: "a tap used twice", clause: "minting 1", want: noTap, quiet: true, honest: tapped(func(s *scene, t *template, ann *person, tap string) refusals {
		must(s, only(ann.api().Ask(s.Context(), t.app.id, tap, t.wish("s"))))
		return each(only(ann.api().Ask(s.Context(), t.app.id, tap, t.wish("s"))), only(ann.api().Ask(s.Context(), t.app.id, tap, t.wish("t"))))
	})},
	{name: "a tap of six seconds ago", clause: "minting 1", want: noTap, quiet: true, alone: true, honest: tapped(func(s *scene, t *template, ann *person, tap string) refusals {
		s.pass(5*time.Second + 10*time.Millisecond)
		return each(only(ann.api().Ask(s.Context(), t.app.id, tap, t.wish("s"))))
	})},
	{name: "a tap on another page", clause: "minting 1", want: append([]fault.Code{"bad_request"}, noTap...), quiet: true, honest: tapped(func(s *scene, t *template, ann *person, _ string) (out refusals) {
		for _, page := range []string{"/", "/queue/", "/queue/x", "/Queue", "/queu%65", "/x?page=/queue", "//queue", "/../queue", "https://x.test/queue", "/queue#x", ""} {
			tap, err := ann.api().Tap(s.Context(), t.app.id, page)
			if err == nil {
				err = only(ann.api().Ask(s.Context(), t.app.id, tap, t.wish("s")))
			}
			out = append(out, err)
		}
		return out
	})},
	{name: "a tap in another app", clause: "minting 1", want: noTap, quiet: true, honest: tapped(func(s *scene, t *template, ann *person, tap string) refusals {
		other := s.app().approve(queue())
		return each(only(ann.api().Ask(s.Context(), other.app.id, tap, other.wish("s"))))
	})},
	{name: "a tap of somebody else and of another device", clause: "minting 1", want: noTap, quiet: true, honest: tapped(func(s *scene, t *template, ann *person, tap string) refusals {
		tablet := s.h.signInOn(s, ann.name, "tablet")
		return each(
			only(s.user("eve").api().Ask(s.Context(), t.app.id, tap, t.wish("s"))), only(tablet.api().Ask(s.Context(), t.app.id, tap, t.wish("s"))),
			only(t.app.developer.api().Ask(s.Context(), t.app.id, tap, t.wish("s"))),
		)
	})},
	{name: "a tap that was made up", clause: "minting 1", want: append([]fault.Code{"bad_request"}, noTap...), quiet: true, honest: tapped(func(s *scene, t *template, ann *person, tap string) (out refusals) {
		for _, forged := range []string{"", "x", tap + "x", tap[:len(tap)-1], strings.ToUpper(tap), "tap", "0190a5f0-0000-7000-8000-000000000000", strings.Repeat("x", 5000)} {
			out = append(out, only(ann.api().Ask(s.Context(), t.app.id, forged, t.wish("s"))))
		}
		return out
	})},
	{name: "many sheets from one tap at once", clause: "minting 1", want: noTap, quiet: true, passes: 1, honest: tapped(func(s *scene, t *template, ann *person, tap string) refusals {
		return s.parallel(20, func(i int) error { return only(ann.api().Ask(s.Context(), t.app.id, tap, t.wish(fmt.Sprint(i)))) })
	})},
	{name: "what was no tap", clause: "minting 1", want: malformed, quiet: true, honest: tapped(func(s *scene, t *template, ann *person, _ string) (out refusals) {
		for _, kind := range []any{"scroll", "auto", "timer", "load", "", "TAP", nil, 1, []string{"tap"}} {
			out = append(out, s.ask("POST", "/activations", ann.token, map[string]any{"app": t.app.id, "kind": kind, "page": "/queue"}).err())
		}
		for _, more := range []string{"at", "user", "expires_at", "count"} {
			out = append(out, s.ask("POST", "/activations", ann.token, map[string]any{"app": t.app.id, "kind": "tap", "page": "/queue", more: "2030-01-01T00:00:00Z"}).err())
		}
		return out
	})},
	{name: "four things on a sheet, and none", clause: "minting 2", want: malformed, quiet: true, honest: tapped(func(s *scene, t *template, ann *person, tap string) refusals {
		return each(
			only(ann.api().Ask(s.Context(), t.app.id, tap, t.wish("1"), t.wish("2"), t.wish("3"), t.wish("4"))), only(ann.api().Ask(s.Context(), t.app.id, tap)),
		)
	})},
	{name: "a sheet that the page draws itself", clause: "minting 2", want: malformed, quiet: true, honest: tapped(func(s *scene, t *template, ann *person, tap string) (out refusals) {
		for _, more := range []string{"title", "app_name", "uses", "until", "preselected", "decision", "text", "dont_ask_again"} {
			body := map[string]any{"app": t.app.id, "activation": tap, "items": []client.Wish{t.wish("s")}, more: "free tea"}
			out = append(out, s.ask("POST", "/consents", ann.token, body).err())
			delete(body, more)
			body["items"] = []any{map[string]any{"template": t.id, "subject": "s", "locked": t.locked(), more: "free tea"}}
			out = append(out, s.ask("POST", "/consents", ann.token, body).err())
		}
		return out
	})},
	{name: "a fourth sheet in a day", clause: "caps", want: []fault.Code{"ask_limit"}, quiet: true, alone: true, honest: func(s *scene) func() refusals {
		t := s.app().approve(queue())
		other := t.app.approve(remark())
		ann := s.user("ann")
		for range 3 {
			t.grant(ann).deliver()
		}
		return func() refusals {
			out := each(only(t.sheet(ann, "4")), only(other.sheet(ann, "4")))
			s.pass(23 * time.Hour)
			out = append(out, only(t.sheet(ann, "4")))
			s.pass(time.Hour)
			must(s, only(t.sheet(ann, "4"))) // a day is over
			return out
		}
	}},
	{name: "more sheets than a day has, at once", clause: "caps", want: []fault.Code{"ask_limit"}, quiet: true, passes: 3, honest: func(s *scene) func() refusals {
		t, ann := s.app().approve(queue()), s.user("ann")
		return func() refusals {
			return s.parallel(12, func(i int) error { return only(t.sheet(ann, fmt.Sprint(i))) })
		}
	}},
	{name: "asking after two rejects", clause: "caps", want: silent, quiet: true, alone: true, honest: func(s *scene) func() refusals {
		t, ann := s.app().approve(queue()), s.user("ann")
		for _, subject := range []string{"a", "b"} {
			sheet := got(t.sheet(ann, subject))(s)
			s.pass(look)
			must(s, ann.api().Decide(s.Context(), sheet))
		}
		return func() refusals {
			out := each(only(t.sheet(ann, "c")))
			s.pass(7*24*time.Hour - time.Minute)
			out = append(out, only(t.sheet(ann, "c")))
			s.pass(2 * time.Minute)
			must(s, only(t.sheet(ann, "c"))) // the silence is over
			return out
		}
	}},
	{name: "asking after do not ask again", clause: "caps", want: silent, quiet: true, alone: true, honest: func(s *scene) func() refusals {
		t, ann := s.app().approve(queue()), s.user("ann")
		sheet := got(t.sheet(ann, "a"))(s)
		s.pass(look)
		must(s, s.ask("POST", "/consents/"+sheet.Consent+"/decision", ann.token, map[string]any{
			"items": []any{map[string]any{"item": sheet.Items[0].Item, "decision": "reject"}}, "dont_ask_again": true,
		}).err())
		return func() refusals {
			out := each(only(t.sheet(ann, "b")))
			s.pass(60 * 24 * time.Hour)
			return append(out, only(t.sheet(ann, "b")))
		}
	}},
	{name: "an accept faster than an eye", clause: "false_tap", quiet: true, passes: 1, honest: func(s *scene) func() refusals {
		t := s.app().approve(queue())
		t.grant(s.user("ann")).deliver()
		return func() refusals {
			for range 50 { // on a busy machine it may have been slow enough after all
				bob, began := s.user("bob"), time.Now()
				sheet := got(t.sheet(bob, "fast"))(s)
				err := t.accept(bob, sheet)
				if time.Since(began) > 390*time.Millisecond {
					continue
				}
				if held := got(client.Collect(bob.api().Grants(s.Context())))(s); len(held) != 0 {
					s.Errorf("a false tap granted %v", held)
				}
				return each(err)
			}
			s.Fatal("nobody was ever fast enough")
			return nil
		}
	}},
	{name: "deciding twice, and deciding otherwise", clause: "minting 3", want: []fault.Code{"consent_decided"}, quiet: true, honest: func(s *scene) func() refusals {
		t, ann := s.app().approve(queue()), s.user("ann")
		yes, no := got(t.sheet(ann, "yes"))(s), got(t.sheet(ann, "no"))(s)
		s.pass(look)
		must(s, t.accept(ann, yes))
		must(s, ann.api().Decide(s.Context(), no))
		t.app.handle("yes")
		return func() refusals {
			out := each(t.accept(ann, yes), ann.api().Decide(s.Context(), yes), t.accept(ann, no))
			out = append(out, s.parallel(8, func(int) error { return t.accept(ann, no) })...)
			if held := got(client.Collect(ann.api().Grants(s.Context())))(s); len(held) != 1 || held[0].Subject != "yes" {
				s.Errorf("granted is %v", held)
			}
			return out
		}
	}},
	{name: "accepting and rejecting at once", clause: "minting 3", want: []fault.Code{"consent_decided"}, quiet: true, passes: 1, honest: func(s *scene) func() refusals {
		t, ann := s.app().approve(queue()), s.user("ann")
		t.grant(ann).deliver()
		sheet := got(t.sheet(ann, "both"))(s)
		s.pass(look)
		return func() refusals {
			return s.parallel(10, func(i int) error {
				if i%2 == 0 {
					return t.accept(ann, sheet)
				}
				return ann.api().Decide(s.Context(), sheet)
			})
		}
	}},
	{name: "deciding for somebody else, and on another device", clause: "minting 3", want: gone, quiet: true, honest: shown(func(s *scene, t *template, ann *person, sheet client.Sheet) refusals {
		tablet := s.h.signInOn(s, ann.name, "tablet")
		return each(t.accept(s.user("eve"), sheet), t.accept(t.app.developer, sheet), t.accept(tablet, sheet), t.accept(s.h.mo, sheet))
	})},
	{name: "deciding after a minute", clause: "minting 2", want: gone, quiet: true, alone: true, honest: shown(func(s *scene, t *template, ann *person, sheet client.Sheet) refusals {
		s.pass(time.Minute)
		return each(t.accept(ann, sheet))
	})},
	{name: "deciding about what is not on the sheet", clause: "minting 3", want: append([]fault.Code{"consent_expired", "not_found"}, malformed...), quiet: true, honest: shown(func(s *scene, t *template, ann *person, sheet client.Sheet) (out refusals) {
		item := func(name, decision any) any { return map[string]any{"item": name, "decision": decision} }
		good := sheet.Items[0].Item
		for _, items := range []any{
			[]any{},
			[]any{item("x", "accept")},
			[]any{item(good, "accept"), item(good, "accept")},
			[]any{item(good, "accept"), item(good[:len(good)-1]+"2", "accept")},
			[]any{item(good, "always")},
			[]any{item(good, "ACCEPT")},
			[]any{item(good, true)},
			"accept", nil,
			map[string]any{good: "accept"},
		} {
			out = append(out, s.ask("POST", "/consents/"+sheet.Consent+"/decision", ann.token, map[string]any{"items": items}).err())
		}
		for _, name := range []string{"x", sheet.Consent + "x", sheet.Consent[:len(sheet.Consent)-1], "con-", good} {
			out = append(out, s.ask("POST", "/consents/"+name+"/decision", ann.token, map[string]any{"items": []any{item(good, "accept")}}).err())
		}
		return append(out, s.ask("POST", "/consents/"+sheet.Consent+"/decision", ann.token, map[string]any{"items": []any{item(good, "accept")}, "always": true}).err())
	})},
	{name: "telling from its answer what was decided", clause: "minting 3", quiet: true, honest: func(s *scene) func() refusals {
		t := s.app().approve(queue())
		ann, bob := s.user("ann"), s.user("bob")
		return func() refusals {
			var answers []string
			for i, p := range []*person{ann, bob} {
				sheet := got(t.sheet(p, "s"))(s)
				s.pass(look)
				s.h.allow(p, t.app.id, 1)
				a := s.ask("POST", "/consents/"+sheet.Consent+"/decision", p.token, map[string]any{
					"items": []any{map[string]any{"item": sheet.Items[0].Item, "decision": []string{"accept", "reject"}[i]}},
				})
				must(s, a.err())
				answers = append(answers, strings.ReplaceAll(a.bare(), sheet.Consent, "C"))
			}
			if answers[0] != answers[1] || strings.Contains(answers[0], "gh1_") {
				s.Errorf("the page is told %q for yes and %q for no", answers[0], answers[1])
			}
			return nil
		}
	}},
	{name: "twenty accepts of one subject, then twenty sends", clause: "I1 once", want: []fault.Code{"grant_consumed"}, passes: 1, delivers: 1, alone: true, honest: func(s *scene) func() refusals {
		d := queue()
		d.ExpiresDays = 30
		t, ann := s.app().approve(d), s.user("ann")
		return func() refusals {
			for i := range 20 {
				if i%3 == 0 {
					s.pass(25 * time.Hour)
				}
				sheet := got(t.sheet(ann, "table 17"))(s)
				s.pass(look)
				must(s, t.accept(ann, sheet))
			}
			k := &ticket{t: t, by: ann, subject: "table 17", handle: t.app.handle("table 17")}
			if held := got(client.Collect(ann.api().Grants(s.Context())))(s); len(held) != 1 {
				s.Errorf("twenty accepts granted %d", len(held))
			}
			return s.parallel(20, func(int) error { return only(k.send()) })
		}
	}},
	{name: "one subject in many spellings", clause: "I1 once", quiet: true, honest: func(s *scene) func() refusals {
		t, ann := s.app().approve(queue()), s.user("ann")
		return func() refusals {
			spellings := [][]string{{"Table 17", "table 17", " Table  17 "}, {"ＴＡＢＬＥ 17", "Table\u00a017", "TABLE 17"}, {"Table １７", "table\u300017", "taBle 17"}}
			for _, three := range spellings {
				tap := got(t.tap(ann))(s)
				sheet := got(ann.api().Ask(s.Context(), t.app.id, tap, t.wish(three[0]), t.wish(three[1]), t.wish(three[2])))(s)
				s.pass(look)
				must(s, t.accept(ann, sheet))
			}
			if held := got(client.Collect(ann.api().Grants(s.Context())))(s); len(held) != 1 {
				s.Errorf("one subject in nine spellings granted %d", len(held))
			}
			return nil
		}
	}},
	{name: "subjects made up to hoard", clause: "caps", want: []fault.Code{"outstanding_limit"}, quiet: true, honest: func(s *scene) func() refusals {
		t, ann := s.app().approve(queue()), s.user("ann")
		tap := got(t.tap(ann))(s)
		sheet := got(ann.api().Ask(s.Context(), t.app.id, tap, t.wish("x1"), t.wish("x2"), t.wish("x3")))(s)
		s.pass(look)
		must(s, t.accept(ann, sheet))
		return func() refusals {
			tap := got(t.tap(ann))(s)
			out := each(only(ann.api().Ask(s.Context(), t.app.id, tap, t.wish("x4"), t.wish("x5"), t.wish("x6"))))
			// Two sheets that are open at once hold no more than the cap together.
			one, two := got(t.tap(ann))(s), got(t.tap(ann))(s)
			first := got(ann.api().Ask(s.Context(), t.app.id, one, t.wish("x7"), t.wish("x8")))(s)
			second := got(ann.api().Ask(s.Context(), t.app.id, two, t.wish("x9"), t.wish("x10")))(s)
			s.pass(look)
			must(s, t.accept(ann, first))
			must(s, t.accept(ann, second))
			if held := got(client.Collect(ann.api().Grants(s.Context())))(s); len(held) != 5 {
				s.Errorf("granted are %d at a time", len(held))
			}
			return out
		}
	}},
	{name: "asking somebody who muted or blocked the app", clause: "I5", want: silent, quiet: true, honest: func(s *scene) func() refusals {
		t, ann, _ := s.served(queue())
		_ = ann
		bob, cat := s.user("bob"), s.user("cat")
		t.grant(bob).deliver()
		t.grant(cat).deliver()
		return func() refusals {
			must(s, bob.api().MuteApp(s.Context(), t.app.id))
			must(s, s.ask("PUT", "/blocks/"+t.app.id, cat.token, nil).err())
			out := each(only(t.sheet(bob, "s")), only(t.sheet(cat, "s")))
			must(s, bob.api().UnmuteApp(s.Context(), t.app.id))
			must(s, only(t.sheet(bob, "s")))
			return out
		}
	}},
	{name: "asking with a template that nobody approved, or another app's", clause: "templates", want: []fault.Code{"template_unknown", "activation_invalid"}, quiet: true, honest: func(s *scene) func() refusals {
		t, ann, _ := s.served(queue())
		draft, rejected, other := t.app.submit(queue()), t.app.submit(queue()), s.app().approve(queue())
		must(s, only(s.h.mo.api().ReviewTemplate(s.Context(), rejected.id, 1, false, "no")))
		return func() refusals {
			var out refusals
			for _, name := range []string{draft.id, rejected.id, other.id, "t-x", "", t.id + "x"} {
				tap := got(t.tap(ann))(s)
				out = append(out, only(ann.api().Ask(s.Context(), t.app.id, tap, client.Wish{Template: name, Subject: "s", Locked: t.locked()})))
			}
			return out
		}
	}},
	{name: "asking while a template is paused or the app suspended", clause: "mint_paused", want: []fault.Code{"mint_paused"}, quiet: true, honest: func(s *scene) func() refusals {
		t, ann, _ := s.served(queue())
		other, bob, _ := s.served(queue())
		return func() refusals {
			s.act("pause_template", "template", t.id)
			s.act("suspend_notices", "app", other.app.id)
			var out refusals
			for range s.h.nodes {
				out = append(out, only(t.sheet(ann, "s")))
			}
			eventually(s, "hearing of a suspension", func() bool { return client.CodeOf(only(other.sheet(bob, "s"))) == "mint_paused" })
			return append(out, only(other.sheet(bob, "s")))
		}
	}},
	{name: "an advert on the sheet", clause: "content", want: []fault.Code{"content_blocked", "param_invalid", "bad_request"}, quiet: true, honest: func(s *scene) func() refusals {
		d := queue()
		d.Params = []client.TemplateParam{{Key: "shop", Label: "Shop", Type: "text20", Role: "locked"}, status}
		t := s.app().approve(d)
		ann := s.user("ann")
		t.grant(ann).deliver()
		return func() refusals {
			var out refusals
			for _, what := range []string{"50% OFF today", "www.shop.example", "call 138-0013-8000", "@tea_shop", "a\u202eb", "a\u200bb", strings.Repeat("x", 40), " ", ""} {
				tap := got(t.tap(ann))(s)
				out = append(
					out, only(ann.api().Ask(s.Context(), t.app.id, tap, client.Wish{Template: t.id, Subject: "s", Locked: client.Values{"shop": {"text20": what}}})),
				)
				if what != "call 138-0013-8000" && what != "@tea_shop" { // a subject is the app's own name of a matter, such as a flight's number
					out = append(out, only(ann.api().Ask(s.Context(), t.app.id, tap, t.wish(what))))
				}
			}
			for _, locked := range []client.Values{nil, {}, {"shop": {"code": "x"}}, {"shop": {"text20": "x", "code": "y"}}, {"shop": {"text20": "x"}, "status": {"enum": "called"}}, {"shop": {"text20": "x"}, "more": {"text20": "y"}}} {
				tap := got(t.tap(ann))(s)
				out = append(out, only(ann.api().Ask(s.Context(), t.app.id, tap, client.Wish{Template: t.id, Subject: "s", Locked: locked})))
			}
			return out
		}
	}},
}

// tapped is an attack with a fresh tap, after one tap led to a notice.
func tapped(attack func(s *scene, t *template, ann *person, tap string) refusals) func(s *scene) func() refusals {
	return func(s *scene) func() refusals {
		t := s.app().approve(queue())
		ann := s.user("ann")
		t.grant(ann).deliver()
		return func() refusals {
			out := attack(s, t, ann, got(t.tap(ann))(s))
			return out
		}
	}
}

// shown is an attack on a sheet that is open, after one sheet led to a notice.
func shown(attack func(s *scene, t *template, ann *person, sheet client.Sheet) refusals) func(s *scene) func() refusals {
	return func(s *scene) func() refusals {
		t := s.app().approve(queue())
		ann := s.user("ann")
		t.grant(ann).deliver()
		sheet := got(t.sheet(ann, "shown"))(s)
		s.pass(look)
		return func() refusals {
			out := attack(s, t, ann, sheet)
			if held := got(client.Collect(ann.api().Grants(s.Context())))(s); len(held) != 0 {
				s.Errorf("granted is %v", held)
			}
			return out
		}
	}
}

// act has the moderator do something for a while.
func (s *scene) act(action, kind, id string) {
	s.Helper()
	must(s, s.ask("POST", "/moderation/actions", s.h.mo.token, map[string]any{
		"action": action, "subject": map[string]any{"kind": kind, "id": id}, "reason": "spam", "hours": 24,
	}).err())
}
