package law

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

// malformed are the codes of what cannot be read.
var malformed = []fault.Code{"bad_request", "unknown_field", "too_large", "param_invalid"}

// recipients are attempts to say who gets a notice, or to say it of several.
var recipients = append(append([]attempt{}, besides...), []attempt{
	{name: "an array of two notices", clause: "I3 strict decode", want: malformed, honest: bodies(func(k *ticket) []any {
		return []any{text(k.body("a"), k.body("b"))}
	})},
	{name: "two notices one behind the other", clause: "I3 strict decode", want: malformed, honest: bodies(func(k *ticket) []any {
		one := encode(k.body("a"))
		return []any{one + encode(k.body("b")), one + "\n" + one, one + ",", one + " 1"}
	})},
	{name: "the grant named twice", clause: "I3 strict decode", want: malformed, honest: bodies(func(k *ticket) []any {
		b := encode(k.body("a"))
		return []any{
			`{"grant":"` + k.handle + `",` + b[1:], strings.Replace(b, `"grant"`, `"gr\u0061nt":"x","grant"`, 1),
			strings.Replace(b, `"status":{`, `"status":{"enum":"moved"},"status":{`, 1), strings.Replace(b, `"enum":`, `"enum":"moved","en\u0075m":`, 1),
		}
	})},
	{name: "a list of grants", clause: "I3 strict decode", want: malformed, honest: bodies(func(k *ticket) []any {
		return []any{
			with(k, "grant", []string{k.handle, k.handle}), with(k, "grant", map[string]string{"handle": k.handle}),
			with(k, "grants", []string{k.handle}), with(k, "grant", nil), with(k, "grant", 17), with(k, "grant", true),
		}
	})},
	{name: "a schedule, a filter, a region, a copy", clause: "I3 strict decode", want: malformed, honest: bodies(func(k *ticket) (all []any) {
		for _, field := range []string{"send_at", "schedule", "filter", "region", "cc", "bcc", "segment", "broadcast", "audience", "repeat", "alert", "urgent", "x"} {
			all = append(all, with(k, field, "all"))
		}
		return all
	})},
	{name: "a recipient inside the data", clause: "I3 params", want: []fault.Code{"param_invalid"}, honest: bodies(func(k *ticket) []any {
		return []any{
			with(k, "data", client.Values{"status": {"enum": "called"}, "touser": {"text20": "bob"}}),
			with(k, "data", client.Values{"status": {"enum": "called"}, "openid": {"enum": "called"}}),
		}
	})},
	{name: "a recipient in the query, in headers and in cookies", clause: "I3", want: malformed, passes: 2, delivers: 2, honest: func(s *scene) func() refusals {
		t, _, a := s.served(queue())
		bob := s.user("bob")
		b, c := t.grant(s.user("cat")), t.grant(s.user("dan"))
		return func() refusals {
			out := each(
				s.ask("POST", "/app/notices?touser="+bob.name, t.app.token(), a.body("a")).err(),
				t.app.raw(b.body("b"), header("To", bob.name), header("X-User", bob.name), header("X-Original-User", bob.name)),
				t.app.raw(c.body("c"), header("Cookie", "touser="+bob.name+"; session="+bob.token)),
			)
			if s.inbox(bob) != 0 {
				s.Error("somebody who granted nothing got a notice")
			}
			return out
		}
	}},
	{
		name: "a form, plain text, several types and none", clause: "I3 strict decode", want: []fault.Code{"unsupported_media_type", "bad_request"},
		honest: func(s *scene) func() refusals {
			t, _, k := s.served(queue())
			return func() refusals {
				form := "grant=" + k.handle + "&template=" + t.id + "&touser=bob&idempotency_key=a"
				return each(
					t.app.raw(form, header("Content-Type", "application/x-www-form-urlencoded")), t.app.raw(form, header("Content-Type", "text/plain")),
					t.app.raw(form), t.app.raw(k.body("b"), header("Content-Type", "multipart/form-data; boundary=x")),
					t.app.raw("\ufeff"+encode(k.body("b"))), t.app.raw(""), t.app.raw("null"), t.app.raw(`"`+k.handle+`"`),
				)
			}
		},
	},
	{name: "more than 4 KiB, far too deep, and no UTF-8", clause: "I3 strict decode", want: malformed, honest: bodies(func(k *ticket) []any {
		b := encode(k.body("a"))
		return []any{
			strings.Repeat(" ", 4<<10) + b, b + strings.Repeat(" ", 4<<10), with(k, "page", "/queue?"+strings.Repeat("x", 5<<10)),
			strings.Repeat("{\"x\":", 600) + "1" + strings.Repeat("}", 600), strings.Repeat("[", 4000),
			strings.Replace(b, "called", "call\xff\xfeed", 1), strings.Replace(b, `"called"`, "NaN", 1), strings.Replace(b, `{`, `{/* to all */`, 1), strings.Replace(b, `}}`, `},}`, 1),
		}
	})},
	{name: "a compressed body", clause: "I3 strict decode", want: []fault.Code{"bad_request", "unsupported_media_type"}, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		return func() refusals {
			return each(t.app.raw("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", header("Content-Encoding", "gzip")), t.app.raw(k.body("a"), header("Content-Encoding", "deflate")))
		}
	}},
	{name: "a recipient of an answer in a window", clause: "I3", want: append([]fault.Code{"recipient_not_accepted"}, malformed...), honest: func(s *scene) func() refusals {
		a, ann := s.app(), s.user("ann")
		window := a.write(ann, "hello")
		must(s, only(a.reply(window, "good day")))
		return func() refusals {
			var out refusals
			for i, field := range []string{"touser", "openid", "user", "users", "group", "stream", "all", "to"} {
				body := map[string]any{"window": window, "kind": "text", "body": map[string]any{"text": "hi"}, "idempotency_key": fmt.Sprint("r", i)}
				body[field] = "bob"
				out = append(out, s.ask("POST", "/app/replies", a.token(), body).err())
				delete(body, field)
				body["body"] = map[string]any{"text": "hi", field: "bob"}
				out = append(out, s.ask("POST", "/app/replies", a.token(), body).err())
			}
			return append(out, s.ask("POST", "/app/replies", a.token(), []any{map[string]any{"window": window}}).err())
		}
	}},
	{name: "a recipient in a template", clause: "I3", want: append([]fault.Code{"recipient_not_accepted"}, malformed...), quiet: true, honest: func(s *scene) func() refusals {
		t, _, _ := s.served(queue())
		return func() refusals {
			var out refusals
			for _, field := range []string{"touser", "audience", "users", "tags", "schedule", "send_at"} {
				var body map[string]any
				must(s, json.Unmarshal([]byte(encode(t.draft)), &body))
				body[field] = "all"
				out = append(out, s.ask("POST", "/app/templates", t.app.token(), body).err())
			}
			return out
		}
	}},
	{name: "another method for the same address", clause: "I3", want: []fault.Code{"method_not_allowed", "not_found", "bad_request"}, quiet: true, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		return func() refusals {
			var out refusals
			for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodGet} {
				out = append(out, s.ask(method, "/app/notices", t.app.token(), k.body("a")).err())
			}
			return append(out, s.ask("GET", "/app/grants?x=1", t.app.token(), nil, header("X-HTTP-Method-Override", "POST")).err())
		}
	}},
}...)

// besides are a recipient beside a good grant, in every word that an app might know.
var besides = func() (all []attempt) {
	for _, field := range []string{"to", "touser", "openid", "user", "users", "tag", "group", "stream", "channel", "all"} {
		all = append(all, attempt{
			name: field + " beside a grant", clause: "I3", want: []fault.Code{"recipient_not_accepted"},
			honest: bodies(func(k *ticket) []any {
				return []any{
					with(k, field, "bob"), with(k, field, []string{"bob", "cat"}), with(k, field, nil), with(k, strings.ToUpper(field), "bob"),
					`{"` + field + `":"bob",` + encode(k.body("a"))[1:], strings.Replace(encode(with(k, field, "bob")), `"`+field+`"`, fmt.Sprintf(`"\u%04x%s"`, field[0], field[1:]), 1),
				}
			}),
		})
	}
	return all
}()

// bodies sends what is made of a fresh grant after the honest way was gone, and
// then shows that the grant was good.
func bodies(make func(k *ticket) []any) func(s *scene) func() refusals {
	return func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		return func() refusals {
			s.after(func() {
				before := s.inbox(ann)
				if k.deliver(); s.inbox(ann) != before+1 {
					s.Error("the grant was not good after all")
				}
			})
			all := make(k)
			t.app.token()
			return s.parallel(len(all), func(i int) error { return t.app.raw(all[i]) })
		}
	}
}

// with is a good notice with one member more, or another one.
func with(k *ticket, field string, value any) map[string]any {
	b := k.body("a")
	b[field] = value
	return b
}

func encode(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// text is a list of things as JSON.
func text(all ...any) string { return encode(all) }
