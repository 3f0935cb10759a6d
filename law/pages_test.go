package law

import (
	"archive/zip"
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"

	"github.com/teahouse-im/teahouse/fault"
)

// pages are attempts by what an app's developer hands in: pages, names and addresses.
var pages = []attempt{
	{name: "pages that act as the host", clause: "pages", quiet: true, honest: func(s *scene) func() refusals {
		a := s.app()
		must(s, a.developer.api().PutPackage(s.Context(), a.id, packed("index.html", "<h1>hi</h1>", "a.js", "x", "b.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", "c.txt", "<script>", "d.json", "{}")))
		return func() refusals {
			for _, path := range []string{"", "index.html", "a.js", "b.svg", "c.txt", "d.json"} {
				page := s.ask("GET", "!/m/"+a.id+"/"+path, "", nil)
				policy := page.header.Get("Content-Security-Policy")
				if page.status != 200 || !strings.HasPrefix(policy, "sandbox allow-scripts;") || strings.Contains(policy, "allow-same-origin") || strings.Contains(policy, "allow-top-navigation") ||
					!strings.Contains(policy, "connect-src 'none'") || !strings.Contains(policy, "form-action 'none'") || page.header.Get("X-Content-Type-Options") != "nosniff" || page.header.Get("Set-Cookie") != "" {
					s.Errorf("%q is served with %d %v", path, page.status, page.header)
				}
			}
			return nil
		}
	}},
	{name: "climbing out of the package", clause: "pages", quiet: true, want: append([]fault.Code{"bad_request"}, absent...), honest: func(s *scene) func() refusals {
		a, other := s.app(), s.app()
		must(s, a.developer.api().PutPackage(s.Context(), a.id, packed("index.html", "mine")))
		must(s, other.developer.api().PutPackage(s.Context(), other.id, packed("index.html", "theirs", "secret.txt", "theirs")))
		return func() refusals {
			var out refusals
			for _, path := range []string{
				"%2e%2e/" + other.id + "/secret.txt", "..%2f" + other.id + "%2fsecret.txt", "%2fetc%2fpasswd", "secret.txt", "index.html/..%2f..%2f..%2fetc/passwd", "index.html%00.txt", `..\..\x`, "INDEX.HTML",
			} {
				page := s.ask("GET", "!/m/"+a.id+"/"+path, "", nil)
				for page.status/100 == 3 { // to where it leads
					to := page.header.Get("Location")
					page = s.ask("GET", "!"+to, "", nil)
					if strings.HasPrefix(to, "/m/"+other.id) { // which anybody may open by its own address
						page.status, page.body = 404, []byte(`{"code":"not_found"}`)
					}
				}
				if strings.Contains(string(page.body), "theirs") {
					s.Errorf("%s shows %s", path, page.body)
				}
				out = append(out, page.err())
			}
			return out
		}
	}},
	{name: "packages that are none", clause: "pages", quiet: true, want: append([]fault.Code{"unsupported_media_type"}, malformed...), honest: func(s *scene) func() refusals {
		a := s.app()
		must(s, a.developer.api().PutPackage(s.Context(), a.id, packed("index.html", "hi")))
		return func() refusals {
			put := func(body []byte) error { return a.developer.api().PutPackage(s.Context(), a.id, body) }
			return each(
				put(nil), put([]byte("PK")), put(packed("other.html", "x")), put(packed("index.html", "x", "../evil.html", "x")), put(packed("index.html", "x", "/etc/passwd", "x")), put(packed("index.html", "x", `..\evil`, "x")),
				put(packed("index.html", "x", "index.html", "y")), put(packed("index.html", strings.Repeat("\x00", 9<<20))), put(bytes.Repeat([]byte("P"), 3<<20)), put(append([]byte("GIF89a"), packed("index.html", "x")[4:]...)),
			)
		}
	}},
	{name: "webhooks into the house", clause: "webhooks", want: malformed, quiet: true, honest: func(s *scene) func() refusals {
		a := s.app()
		must(s, only(a.server().SetWebhook(s.Context(), "https://hooks.example.com/tea")))
		return func() refusals {
			var out refusals
			for _, to := range strings.Fields(`http://127.0.0.1/ http://127.0.0.1:9090/operator http://localhost/ http://LOCALHOST:80/ http://[::1]/ http://[::ffff:127.0.0.1]/ http://0.0.0.0/ http://0/ http://127.1/ http://2130706433/
				http://0x7f000001/ http://0177.0.0.1/ http://10.0.0.1/ http://172.16.3.4/ http://192.168.1.1/ http://169.254.169.254/latest/meta-data http://100.64.0.1/ http://[fe80::1]/ http://[fd00::1]/ http://[::]/
				http://metadata.google.internal/ http://redis:6379/ ftp://example.com/ file:///etc/passwd gopher://example.com/ javascript:1 //example.com/ example.com http://user:pass@example.com/ http://example.com:0/ http://example.com:99999/ http:///x`) {
				out = append(out, only(a.server().SetWebhook(s.Context(), to)))
			}
			return append(out, only(a.server().SetWebhook(s.Context(), "")), only(a.server().SetWebhook(s.Context(), "https://example.com/"+strings.Repeat("x", 5000))))
		}
	}},
	{name: "webhooks through a name that turns inward", clause: "webhooks", quiet: true, honest: func(s *scene) func() refusals {
		var called atomic.Int64
		inner := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Add(1) }))
		s.Cleanup(inner.Close)
		a, ann := s.app(), s.user("ann")
		t := a.approve(queue())
		return func() refusals {
			// localtest.me and the like stand for 127.0.0.1; whether they can be looked up here or not, nobody is called.
			_, port, _ := strings.Cut(strings.TrimPrefix(inner.URL, "http://"), ":")
			must(s, only(a.server().SetWebhook(s.Context(), "http://localtest.me:"+port+"/")))
			t.grant(ann)
			eventually(s, "trying to call", func() bool {
				items, _ := s.ask("GET", "/app/webhook/deliveries", a.token(), nil).object()["items"].([]any)
				return len(items) > 0 && items[0].(map[string]any)["attempts"].(float64) > 0
			})
			if called.Load() != 0 {
				s.Error("a webhook called into the house")
			}
			return nil
		}
	}},
	{name: "the name of another app, and names that are none", clause: "identity", want: append([]fault.Code{"conflict"}, malformed...), quiet: true, honest: func(s *scene) func() refusals {
		a := s.app()
		eve := s.user("eve")
		return func() refusals {
			var out refusals
			for _, name := range []string{a.name, strings.ToUpper(a.name), a.name + " ", strings.ReplaceAll(a.name, "o", "о"), strings.ReplaceAll(a.name, " ", "  "), "", " ", "\u200b", "a\u202eb", strings.Repeat("n", 65), "a\nb"} {
				out = append(out, only(eve.api().CreateApp(s.Context(), name, "transport", "")))
			}
			return out
		}
	}},
	{name: "a card of an app that shows another page", clause: "app cards", want: append([]fault.Code{"not_found"}, malformed...), quiet: true, honest: func(s *scene) func() refusals {
		a, ann, bob := s.app(), s.user("ann"), s.user("bob")
		must(s, only(ann.api().RequestContact(s.Context(), bob.name, "")))
		must(s, bob.api().AcceptContact(s.Context(), ann.name))
		stream := got(ann.api().OpenDirect(s.Context(), bob.name))(s)
		card := func(app, title, page string) error {
			return s.ask("POST", "/conversations/"+stream+"/messages", ann.token, map[string]any{
				"message_id": newUUID(), "kind": "app_card", "body": map[string]any{"app": app, "title": title, "page": page},
			}).err()
		}
		must(s, card(a.id, "Noodles", "/menu"))
		return func() refusals {
			return each(
				card("app-x", "N", "/menu"), card(a.id[:len(a.id)-2]+"zz", "N", "/menu"), card(a.id, "N", "https://evil.example/"), card(a.id, "N", "//evil.example"), card(a.id, "N", "javascript:alert(1)"), card(a.id, "", "/menu"),
				card(a.id, "N\n", "/menu"), card(a.id, "N", "../x"), card(a.id, "N", ""),
			)
		}
	}},
}

// packed is a zip of files, by name and content.
func packed(files ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err == nil {
			_, err = f.Write([]byte(files[i+1]))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}
