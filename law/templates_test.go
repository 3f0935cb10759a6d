package law

import (
	"fmt"
	"strings"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

var param = []fault.Code{"param_invalid"}

// templates are attempts to say something else than was approved.
var templates = []attempt{
	{name: "a template that nobody approved, rejected, and another app's", clause: "gate: template", want: []fault.Code{"template_unknown", "grant_template_mismatch"}, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		draft, rejected, other := t.app.submit(queue()), t.app.submit(queue()), s.app().approve(queue())
		must(s, only(s.h.mo.api().ReviewTemplate(s.Context(), rejected.id, 1, false, "no")))
		s.after(func() { k.deliver() })
		return func() refusals {
			var out refusals
			for _, name := range []string{draft.id, rejected.id, other.id, "t-x", "", "*", t.id + "x", strings.ToUpper(t.id)} {
				out = append(out, t.app.raw(with(k, "template", name)))
			}
			return out
		}
	}},
	{name: "another template of the same app", clause: "gate: template", want: []fault.Code{"grant_template_mismatch"}, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		other := t.app.approve(remark())
		s.after(func() { k.deliver() })
		return func() refusals {
			b := with(k, "template", other.id)
			b["data"] = other.data()
			return each(t.app.raw(b), t.app.raw(with(k, "template", t.app.approve(queue()).id)))
		}
	}},
	{name: "editing an approved template", clause: "I2 versions", want: []fault.Code{"param_invalid", "template_unknown", "bad_request", "unknown_field"}, honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		return func() refusals {
			next := t.draft
			next.Template, next.Title, next.Category = t.id, "Something else", "transport"
			next.Params = []client.TemplateParam{order, status, note}
			edited := got(t.app.server().Submit(s.Context(), next))(s)
			if edited.Version != 2 || edited.Status != "review" {
				s.Errorf("an edited template is %+v", edited)
			}
			news := with(k, "data", client.Values{"status": {"enum": "called"}, "note": {"text20": "hello"}})
			out := each(t.app.raw(news))
			got(s.h.mo.api().ReviewTemplate(s.Context(), t.id, 2, true, "read"))(s)
			out = append(out, t.app.raw(news), t.app.raw(with(k, "version", 2))) // the grant is of version 1, and stays so
			s.after(func() {
				sent := k.deliver()
				for n, err := range ann.api().Notices(s.Context()) {
					must(s, err)
					if n.Notice == sent.Notice && n.Title != t.draft.Title {
						s.Errorf("a grant of version 1 was shown as %q", n.Title)
					}
				}
			})
			return out
		}
	}},
	{name: "a locked value changed", clause: "locked", want: []fault.Code{"param_locked"}, honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		_ = ann
		s.after(func() { // repeated unchanged it is right
			b := with(k, "data", client.Values{"order": {"code": "A17"}, "status": {"enum": "called"}})
			must(s, t.app.raw(b))
		})
		return func() refusals {
			var out refusals
			for _, v := range []string{"A18", "a17", "A17 ", "", "A1"} {
				out = append(out, t.app.raw(with(k, "data", client.Values{"order": {"code": v}, "status": {"enum": "called"}})))
			}
			return out
		}
	}},
	{name: "params missing, unknown, twice, and of other types", clause: "gate: params", want: append([]fault.Code{"bad_request"}, param...), honest: bodies(func(k *ticket) (all []any) {
		for _, data := range []any{
			nil,
			[]string{},
			"called",
			client.Values{},
			client.Values{"status": {}},
			client.Values{"status": {"text20": "called"}},
			client.Values{"status": {"enum": "called", "text20": "50% OFF"}},
			client.Values{"status": {"enum": "called"}, "more": {"text20": "x"}},
			client.Values{"status": {"enum": "50% OFF"}},
			client.Values{"status": {"enum": "Called"}},
			client.Values{"status": {"enum": "called "}},
			client.Values{"STATUS": {"enum": "called"}},
			map[string]any{"status": map[string]any{"enum": 1}},
			map[string]any{"status": map[string]any{"enum": []string{"called", "moved"}}},
			map[string]any{"status": "called"},
			client.Values{"status": {"enum": "called"}, "": {"enum": "x"}},
			client.Values{"status": {"enum": "called"}, "status\u200b": {"enum": "x"}},
			map[string]any{"status": nil},
		} {
			all = append(all, with(k, "data", data))
		}
		return all
	})},
	{name: "values that are none of their type", clause: "gate: params", want: append([]fault.Code{"content_blocked"}, param...), honest: func(s *scene) func() refusals {
		d := queue()
		bad := map[string][]string{
			"number": {"3.5", "1e9", "007", "12345678901", "٣", "3 for 2", "", "0x10", "NaN", "+3"}, "amount": {"12.505", "50% OFF", "12,50", "1.2.3", "$5", "-", ".5"},
			"date": {"2026-02-30", "2026-13-01", "29.11.2026", "tomorrow", "2026-1-1"}, "time": {"24:00", "18:60", "6pm", "18:05:00", "8:05"},
			"code": {"A 17", "https://x.example", "A/17", strings.Repeat("A", 21), "-A", "13800138000", "50OFF", "A\u200b17"}, "phone_masked": {"13800138000", "138****", "call 138****8000", "+8613800138000"},
			"name": {strings.Repeat("n", 21), "Mei www.shop.example", "@mei_shop", "a\nb", ""},
		}
		for _, kind := range []string{"number", "amount", "date", "time", "code", "phone_masked", "name"} {
			d.Params = append(d.Params[:len(d.Params):len(d.Params)], client.TemplateParam{Key: kind, Label: "Value", Type: kind, Role: "free"})
		}
		d.Params = d.Params[1:]
		t := s.app().approve(d)
		ann := s.user("ann")
		t.grant(ann).deliver()
		k := t.grant(ann)
		s.after(func() { k.deliver() })
		return func() refusals {
			var out refusals
			for kind, values := range bad {
				for i, v := range values {
					data := t.data()
					data[kind] = map[string]string{kind: v}
					b := k.body(fmt.Sprint(kind, i))
					b["data"] = data
					if err := t.app.raw(b); err != nil {
						out = append(out, err)
					} else {
						s.Fatalf("%s may be %q", kind, v)
					}
				}
			}
			return out
		}
	}},
	{name: "a page of another app, of the web, and beside the pattern", clause: "gate: page", want: []fault.Code{"page_invalid", "bad_request"}, honest: bodies(func(k *ticket) (all []any) {
		for _, page := range []any{
			"/", "/other", "/queue/", "/queue/../other", "/queue/x", "//queue", "/QUEUE", "/queu%65", "/queue#top", "/queue?x#y", "https://evil.example/queue", "//evil.example/queue", "javascript:alert(1)",
			"/m/" + "app-x" + "/queue", "/queue?" + strings.Repeat("x", 257), "/queue?x=\u202e", "/queue?<script>", "/queue?a b", "/queue\n", "queue", "", nil, 7, `/queue?x=\`, "/queue?%zz\x00",
		} {
			all = append(all, with(k, "page", page))
		}
		return all
	})},
	{name: "a state where there is none", clause: "state edge", want: append([]fault.Code{"state_illegal"}, malformed...), honest: bodies(func(k *ticket) []any {
		return []any{with(k, "state", "ordered"), with(k, "state", "x"), with(k, "state", []string{"a"}), with(k, "state", 1)}
	})},
	{name: "templates that no moderator need see", clause: "templates", want: append([]fault.Code{"template_scope_denied", "content_blocked", "template_unknown"}, malformed...), quiet: true, honest: func(s *scene) func() refusals {
		t, _, _ := s.served(queue())
		return func() refusals {
			var out refusals
			change := func(do func(d *client.TemplateDraft)) {
				d := queue()
				d.Category = "transport"
				do(&d)
				if err := only(t.app.server().Submit(s.Context(), d)); err != nil {
					out = append(out, err)
				} else {
					s.Errorf("%+v was taken in", d)
				}
			}
			add := func(p client.TemplateParam) func(d *client.TemplateDraft) {
				return func(d *client.TemplateDraft) { d.Params = append(d.Params[:2:2], p) }
			}
			second := note
			second.Key = "second"
			change(func(d *client.TemplateDraft) { d.Params = []client.TemplateParam{order, note, second} }) // two free texts
			change(func(d *client.TemplateDraft) {
				*d = line()
				d.Category = "transport"
				d.Params = []client.TemplateParam{order, note}
			})
			change(func(d *client.TemplateDraft) { d.Scope = "standing" }) // without a cadence
			change(func(d *client.TemplateDraft) {
				d.Scope = "standing"
				d.Cadence = &client.Cadence{Uses: 100, Per: "day"}
			})
			change(func(d *client.TemplateDraft) {
				d.Scope = "standing"
				d.Cadence = &client.Cadence{Uses: 1, Per: "minute"}
			})
			change(func(d *client.TemplateDraft) {
				d.Scope = "standing"
				d.Cadence = &client.Cadence{Uses: 1, Per: "day"}
				d.Category = "shop"
			})
			change(func(d *client.TemplateDraft) { d.Cadence = &client.Cadence{Uses: 1, Per: "day"} })
			for _, scope := range []string{"window", "forever", "", "always"} {
				change(func(d *client.TemplateDraft) { d.Scope = scope })
			}
			for _, page := range []string{"*", "", "/queue?x", "https://x.example/", "//x", "/../x", "/a//b", "/" + strings.Repeat("x", 300)} {
				change(func(d *client.TemplateDraft) { d.PagePattern = page })
			}
			for _, title := range []string{"", " ", "www.shop.example", "call 138-0013-8000", "a\u202eb", "a\u200bb", strings.Repeat("x", 65), "a\nb"} {
				change(func(d *client.TemplateDraft) { d.Title = title })
				change(add(client.TemplateParam{Key: "k", Label: title, Type: "code", Role: "free"}))
				change(add(client.TemplateParam{Key: "k", Label: "K", Type: "enum", Role: "free", Values: []string{title}}))
			}
			for _, p := range []client.TemplateParam{
				{Key: "K", Label: "K", Type: "code", Role: "free"},
				{Key: "order", Label: "K", Type: "code", Role: "free"},
				{Key: "k", Label: "K", Type: "text2000", Role: "free"},
				{Key: "k", Label: "K", Type: "html", Role: "free"},
				{Key: "k", Label: "K", Type: "code", Role: "open"},
				{Key: "k", Label: "K", Type: "text20", Role: "free", Max: 2000},
				{Key: "k", Label: "K", Type: "enum", Role: "free"},
				{Key: "k", Label: "K", Type: "code", Role: "free", Values: []string{"a"}},
			} {
				change(add(p))
			}
			change(func(d *client.TemplateDraft) { d.ExpiresDays = 31 })
			change(func(d *client.TemplateDraft) { d.ExpiresDays = -1 })
			change(func(d *client.TemplateDraft) { d.States = []string{"a"} })
			change(func(d *client.TemplateDraft) {
				*d = ride("a", "b")
				d.Edges = append(d.Edges, client.TemplateEdge{From: "b", To: "a"})
			})
			change(func(d *client.TemplateDraft) { *d = ride("a", "b"); d.Edges[0].To = "a" })
			change(func(d *client.TemplateDraft) { d.Template = "t-aaaaaaaaaaaaaaaaaaaaaaaaaa" })
			return out
		}
	}},
	{name: "standing asked by a shop", clause: "standing", want: []fault.Code{"template_scope_denied"}, quiet: true, honest: func(s *scene) func() refusals {
		bus := s.appOf(s.user("dev"), "transport")
		bus.approve(line())
		shop := s.appOf(s.user("dev"), "shopping")
		return func() refusals {
			var out refusals
			for _, category := range []string{"shopping", "transport", "Transport", "health", "news"} {
				d := line()
				d.Category = category
				out = append(out, only(shop.server().Submit(s.Context(), d)))
			}
			return out
		}
	}},
	{name: "approving one's own template", clause: "templates", want: []fault.Code{"forbidden", "wrong_principal", "unknown_field", "bad_request"}, quiet: true, honest: func(s *scene) func() refusals {
		t, _, _ := s.served(queue())
		mine := t.app.submit(queue())
		return func() refusals {
			review := map[string]any{"version": 1, "decision": "approve", "reason": "fine"}
			var out refusals
			for _, token := range []string{t.app.developer.token, s.user("eve").token, t.app.token()} {
				out = append(out, s.ask("POST", "/moderation/templates/"+mine.id+"/review", token, review).err())
				out = append(out, s.ask("POST", "/moderation/actions", token, map[string]any{"action": "resume", "subject": map[string]any{"kind": "template", "id": mine.id}, "reason": "other"}).err())
				out = append(out, s.ask("GET", "/moderation/audit", token, nil).err(), s.ask("GET", "/moderation/held", token, nil).err())
			}
			for _, more := range []string{"status", "version", "in_force"} {
				b := map[string]any{"title": "T", "category": "transport", "scope": "once", "params": []any{}, "page_pattern": "/queue", more: "approved"}
				out = append(out, s.ask("POST", "/app/templates", t.app.token(), b).err())
			}
			if got := got(t.app.server().Template(s.Context(), mine.id))(s); got.Status != "review" {
				s.Errorf("it is %s", got.Status)
			}
			return out
		}
	}},
	{name: "a paused template", clause: "template_paused", want: []fault.Code{"template_paused"}, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		return func() refusals {
			s.act("pause_template", "template", t.id)
			return s.parallel(6, func(int) error { return only(k.send()) })
		}
	}},
	{name: "a suspended app, on every node", clause: "app_suspended", want: []fault.Code{"app_suspended"}, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		return func() refusals {
			s.act("suspend_app", "app", t.app.id)
			for _, n := range s.h.nodes { // each within a second
				eventually(s, "hearing of a suspension", func() bool {
					a := got(s.h.askAt(n.URL, "POST", "/app/notices", t.app.token(), with(k, "page", "/nowhere")))(s)
					return a.object()["code"] == "app_suspended"
				})
			}
			return s.parallel(8, func(int) error { return only(k.send()) })
		}
	}},
}
