package law

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/fault"
)

var (
	absent  = []fault.Code{"not_found", "method_not_allowed"}
	nobody  = []fault.Code{"unauthenticated"}
	wrongly = []fault.Code{"wrong_principal"}
)

// routes are attempts to reach people by another way than a grant.
var routes = []attempt{
	{name: "walking every route with an app's token", clause: "I3 routes", want: wrongly, honest: walk},
	{name: "guessing addresses to send to many", clause: "I3 routes", want: absent, quiet: true, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		return func() refusals {
			var out refusals
			for _, path := range strings.Fields(`/app/notices/batch /app/notices/broadcast /app/notices:batch /app/broadcast /app/messages /app/push /app/send
				/app/notices/all /app/templates/send /app/templates/` + t.id + `/send /app/followers/notices /app/users/notices /app/customer/send /app/groups /app/notices/` + k.handle + `/send
				/notices /notices/batch /broadcast /app/sms /app/replies/batch /app/windows /app/grants /app/consents /app/activations /app/notices/schedule /app/subscribe/send`) {
				out = append(out, s.ask("POST", path, t.app.token(), k.body("a")).err())
			}
			return out
		}
	}},
	{name: "listing followers, users and contacts", clause: "I3 I7", want: append(absent, wrongly...), quiet: true, honest: func(s *scene) func() refusals {
		t, ann, _ := s.served(queue())
		must(s, s.ask("PUT", "/mini-programs/"+t.app.id+"/follow", ann.token, nil).err())
		return func() refusals {
			var out refusals
			for _, path := range strings.Fields(`/app/followers /app/users /app/openids /app/subscribers /app/members /app/contacts /app/windows /app/conversations
				/mini-programs/` + t.app.id + `/followers /developer/apps/` + t.app.id + `/followers /developer/apps/` + t.app.id + `/users /app/users/` + ann.name + ` /users/` + ann.name + ` /presence?users=` + ann.name) {
				for _, token := range []string{t.app.token(), t.app.developer.token} {
					if a := s.ask("GET", path, token, nil); a.status != 200 || token == t.app.token() { // a developer is a person, and may look at people
						out = append(out, a.err())
					}
				}
			}
			for _, path := range []string{"/app/grants", "/app/stats", "/app/templates"} {
				if a := s.ask("GET", path, t.app.token(), nil); a.status != 200 || strings.Contains(string(a.body), ann.name) {
					s.Errorf("%s names a user: %s", path, a.body)
				}
			}
			return out
		}
	}},
	{name: "following gives nothing to redeem", clause: "I1", want: []fault.Code{"grant_invalid"}, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		fans := []*person{s.user("fan"), s.user("fan")}
		for _, f := range fans {
			must(s, s.ask("PUT", "/mini-programs/"+t.app.id+"/follow", f.token, nil).err())
		}
		return func() refusals {
			items, _, err := t.app.server().Grants(s.Context(), t.app.after)
			must(s, err)
			if len(items) != 0 {
				s.Errorf("followers brought %d grants", len(items))
			}
			var out refusals
			for _, f := range fans {
				for _, handle := range []string{f.name, "gh1_" + f.name, "follow:" + f.name} {
					b := k.body(handle)
					b["grant"] = handle
					out = append(out, t.app.raw(b))
				}
			}
			return out
		}
	}},
	{name: "posting to chats, groups, Moments and comments", clause: "I3 routes", want: wrongly, honest: func(s *scene) func() refusals {
		a, ann, bob := s.app(), s.user("ann"), s.user("bob")
		must(s, only(ann.api().RequestContact(s.Context(), bob.name, "")))
		must(s, bob.api().AcceptContact(s.Context(), ann.name))
		stream := got(ann.api().OpenDirect(s.Context(), bob.name))(s)
		group := got(ann.api().CreateGroup(s.Context(), "Tea", bob.name))(s).Stream
		post := s.ask("POST", "/moments", ann.token, moment("hello"))
		must(s, post.err())
		name := post.object()["post"].(string)
		service := got(ann.api().OpenDirect(s.Context(), a.id))(s)
		return func() refusals {
			message := func(to string) error {
				return s.ask("POST", "/conversations/"+url.PathEscape(to)+"/messages", a.token(), map[string]any{
					"message_id": uuid.Must(uuid.NewV7()).String(), "kind": "text", "body": map[string]any{"text": "sale"},
				}).err()
			}
			return each(
				message(stream), message(group), message(service), s.ask("POST", "/conversations", a.token(), map[string]any{"with": ann.name}).err(),
				s.ask("POST", "/groups", a.token(), map[string]any{"name": "fans", "members": []string{ann.name}}).err(),
				s.ask("POST", "/groups/"+url.PathEscape(group)+"/members", a.token(), map[string]any{"users": []string{bob.name}}).err(),
				s.ask("POST", "/moments", a.token(), moment("sale")).err(),
				s.ask("POST", "/moments/"+name+"/comments", a.token(), map[string]any{"text": "sale"}).err(),
				s.ask("PUT", "/moments/"+name+"/like", a.token(), nil).err(),
				s.ask("POST", "/contact-requests", a.token(), map[string]any{"to": ann.name, "greeting": "sale"}).err(),
			)
		}
	}},
	{name: "an app tapping, asking and deciding", clause: "I1 minting", want: wrongly, honest: func(s *scene) func() refusals {
		t, ann, _ := s.served(queue())
		sheet := got(t.sheet(ann, "s"))(s)
		s.after(func() { must(s, t.accept(ann, sheet)) }) // it is still hers to decide
		return func() refusals {
			return each(
				s.ask("POST", "/activations", t.app.token(), map[string]any{"app": t.app.id, "kind": "tap", "page": "/queue"}).err(),
				s.ask("POST", "/consents", t.app.token(), map[string]any{"app": t.app.id, "activation": "x", "items": []any{}}).err(),
				s.ask("POST", "/consents/"+sheet.Consent+"/decision", t.app.token(), map[string]any{"items": []any{map[string]any{"item": sheet.Items[0].Item, "decision": "accept"}}}).err(),
				s.ask("DELETE", "/mini-programs/"+t.app.id+"/mute", t.app.token(), nil).err(),
				s.ask("PUT", "/mini-programs/"+t.app.id+"/follow", t.app.token(), nil).err(),
			)
		}
	}},
	{name: "a user at the app's routes", clause: "gate: token", want: wrongly, quiet: true, honest: func(s *scene) func() refusals {
		t, ann, k := s.served(queue())
		return func() refusals {
			var out refusals
			for _, token := range []string{ann.token, t.app.developer.token, s.h.mo.token} { // consoles and moderators go no other way
				out = append(
					out, s.ask("POST", "/app/notices", token, k.body("a")).err(), s.ask("GET", "/app/grants", token, nil).err(),
					s.ask("POST", "/app/replies", token, map[string]any{}).err(), s.ask("POST", "/app/templates", token, t.draft).err(),
				)
			}
			return out
		}
	}},
	{name: "no token, a made-up one, and the secret as one", clause: "gate: token", want: nobody, quiet: true, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		good := t.app.token()
		flip := func(i int) string { return good[:i] + string(rune('a'+(good[i]-'a'+1)%26)) + good[i+1:] }
		return func() refusals {
			var out refusals
			for _, token := range []string{"", t.app.secret, t.app.id, "tha_", "tha_x", flip(len(good) - 1), flip(len(good) / 2), flip(6), good + "a", good[:len(good)-1], strings.ToUpper(good), k.handle} {
				out = append(out, s.ask("POST", "/app/notices", token, k.body("a")).err())
			}
			return append(
				out, s.ask("POST", "/app/notices?access_token="+good, "", k.body("a")).err(), s.ask("POST", "/app/notices", "", k.body("a"), header("Cookie", "token="+good)).err(),
				s.ask("POST", "/app/notices", "", k.body("a"), func(r *http.Request) { r.SetBasicAuth(t.app.id, t.app.secret) }).err(),
				s.ask("POST", "/app/notices", good, k.body("a"), func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+good) }).err(),
				s.ask("POST", "/app/notices", "", k.body("a"), header("Authorization", "Bearer "+good+","+good)).err(),
			)
		}
	}},
	{name: "a token of two hours ago", clause: "identity", want: []fault.Code{"token_expired"}, quiet: true, alone: true, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		old := t.app.token()
		must(s, s.ask("GET", "/app/grants", old, nil).err())
		return func() refusals {
			s.pass(2*time.Hour + time.Second)
			return each(s.ask("POST", "/app/notices", old, k.body("a")).err(), s.ask("GET", "/app/grants", old, nil).err())
		}
	}},
	{name: "a dropped secret and what was given for it", clause: "identity", want: append([]fault.Code{"token_expired"}, nobody...), quiet: true, honest: func(s *scene) func() refusals {
		t, _, k := s.served(queue())
		old := t.app.token()
		first := s.ask("GET", "/developer/apps/"+t.app.id+"/secrets", t.app.developer.token, nil).object()["items"].([]any)[0].(map[string]any)["id"].(string)
		made := s.ask("POST", "/developer/apps/"+t.app.id+"/secrets", t.app.developer.token, nil)
		must(s, made.err())
		must(s, s.askToken(t.app.id, made.object()["secret"].(string), "grant_type=client_credentials").err())
		must(s, s.askToken(t.app.id, t.app.secret, "grant_type=client_credentials").err()) // they overlap
		return func() refusals {
			must(s, s.ask("DELETE", "/developer/apps/"+t.app.id+"/secrets/"+first, t.app.developer.token, nil).err())
			was := t.app.secret
			t.app.secret, t.app.tokens = made.object()["secret"].(string), nil
			t.app.connect()
			return each(s.ask("POST", "/app/notices", old, k.body("a")).err(), s.askToken(t.app.id, was, "grant_type=client_credentials").err())
		}
	}},
	{name: "a rotated secret after a day", clause: "identity", want: nobody, quiet: true, alone: true, honest: func(s *scene) func() refusals {
		a := s.app()
		made := s.ask("POST", "/developer/apps/"+a.id+"/secrets", a.developer.token, nil)
		must(s, made.err())
		must(s, s.askToken(a.id, a.secret, "grant_type=client_credentials").err())
		return func() refusals {
			s.pass(24*time.Hour + time.Second)
			must(s, s.askToken(a.id, made.object()["secret"].(string), "grant_type=client_credentials").err())
			return each(s.askToken(a.id, a.secret, "grant_type=client_credentials").err())
		}
	}},
	{name: "a token for somebody else's app", clause: "I7", want: append([]fault.Code{"bad_request"}, nobody...), quiet: true, honest: func(s *scene) func() refusals {
		a, b := s.app(), s.app()
		a.token()
		b.token()
		return func() refusals {
			const form = "grant_type=client_credentials"
			return each(
				s.askToken(b.id, a.secret, form).err(), s.askToken(a.id, "", form).err(), s.askToken("", a.secret, form).err(), s.askToken(a.id, strings.ToLower(a.secret)+"x", form).err(),
				s.askToken(a.id, a.secret, "grant_type=password&username=bob&password=x").err(), s.askToken(a.id, a.secret, "").err(),
				s.askToken(a.id, b.secret, form+"&client_id="+a.id+"&client_secret="+a.secret).err(),
				s.ask("POST", "/app/token?client_id="+a.id+"&client_secret="+a.secret, "", form, header("Content-Type", "application/x-www-form-urlencoded")).err(),
			)
		}
	}},
	{name: "the operator's listener with an app's token", clause: "I3 routes", want: nobody, quiet: true, honest: func(s *scene) func() refusals {
		a := s.app()
		a.token()
		return func() refusals {
			var out refusals
			for _, n := range s.h.nodes {
				for _, path := range []string{"/operator/users/" + a.developer.name + "/role", "/operator/developers/" + a.developer.name + "/tier"} {
					for _, token := range []string{a.token(), a.developer.token, s.h.mo.token} {
						out = append(out, got(s.h.askAt(n.Ops, "POST", "!"+path, token, map[string]any{"role": "moderator", "tier": 3}))(s).err())
					}
				}
			}
			return out
		}
	}},
	{name: "a device's WebSocket", clause: "I3 routes", want: append(nobody, wrongly...), quiet: true, honest: func(s *scene) func() refusals {
		a, ann := s.app(), s.user("ann")
		live := func(token string) error {
			c, err := client.Dial(s.Context(), client.Options{Server: client.Server{URL: s.h.next()}, Token: token, Device: "phone"})
			if err == nil {
				err = c.Close()
			}
			return err
		}
		must(s, live(ann.token))
		return func() refusals {
			err := live(a.token())
			if err == nil {
				return each(nil)
			}
			s.Logf("an app at the socket: %v", err)
			return nil
		}
	}},
}

func moment(text string) map[string]any {
	return map[string]any{"text": text, "media": []string{}, "audience": map[string]any{"kind": "friends", "users": []string{}, "tags": []string{}, "mode": "live"}}
}

// walk tries every route of the API's own document that is not an app's, with
// names in its path that are there.
func walk(s *scene) func() refusals {
	t, ann, _ := s.served(queue())
	notices := got(client.Collect(ann.api().Notices(s.Context())))(s)
	stream := got(ann.api().OpenDirect(s.Context(), t.app.id))(s)
	doc := s.ask("GET", "!/openapi.json", "", nil)
	must(s, doc.err())
	return func() refusals {
		var all [][2]string
		names := strings.NewReplacer(
			"{app}", t.app.id, "{user}", ann.name, "{from}", ann.name, "{stream}", url.PathEscape(stream), "{notice}", notices[0].Notice,
			"{template}", t.id, "{seq}", "1",
		)
		for path, item := range doc.object()["paths"].(map[string]any) {
			for method, op := range item.(map[string]any) {
				who, _ := op.(map[string]any)["x-principal"].(string)
				if who == "app" || who == "public" {
					continue
				}
				if who == "" {
					s.Errorf("%s %s names no principal", method, path)
				}
				to := names.Replace(path)
				if at := strings.IndexByte(to, '{'); at >= 0 {
					to = to[:at] + "x" + to[strings.IndexByte(to, '}')+1:]
				}
				all = append(all, [2]string{strings.ToUpper(method), "!" + to})
			}
		}
		if len(all) < 60 {
			s.Errorf("only %d routes were walked", len(all))
		}
		return s.parallel(len(all), func(i int) error { return s.ask(all[i][0], all[i][1], t.app.token(), "{}").err() })
	}
}
