package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/client"
)

// A playground is a running `teahouse dev`.
type playground struct {
	t    *testing.T
	url  string
	said string // before it was ready
}

// play starts one, with a folder of its own.
func play(t *testing.T) *playground {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, program, "dev", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	p := &playground{t: t}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
			p.url = m[1]
			return p
		}
		p.said += lines.Text() + "\n"
	}
	t.Fatalf("dev ended before it was ready, saying: %s", p.said)
	return nil
}

// ask sends JSON to a path of the sandbox and reads what comes into out.
func (p *playground) ask(method, path string, in, out any) int {
	p.t.Helper()
	return ask(p.t, method, p.url+path, in, out)
}

// ask sends JSON; headers are pairs.
func ask(t *testing.T, method, address string, in, out any, headers ...string) int {
	t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		must(t, err)
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, address, body)
	must(t, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	must(t, err)
	defer res.Body.Close()
	if out != nil && res.StatusCode < 300 {
		must(t, json.NewDecoder(res.Body).Decode(out))
	}
	return res.StatusCode
}

// enter signs a demo person in without a password.
func (p *playground) enter(user string) *client.API {
	p.t.Helper()
	var in struct{ Token string }
	if status := p.ask("POST", "/sandbox/session", map[string]string{"user": user, "device": "test"}, &in); status != http.StatusOK {
		p.t.Fatalf("a session of %s: %d", user, status)
	}
	api, err := client.NewAPI(client.Server{URL: p.url})
	must(p.t, err)
	return api.As(in.Token)
}

type newsItem struct {
	App   string
	Event *struct {
		Type   string
		Signed bool
		Wrong  string
		Body   struct{ Data struct{ Grant string } }
	}
	Decision *struct{ Status, Code, Why, Do string }
}

// news waits for so many items.
func (p *playground) news(n int) []newsItem {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		var got struct{ Items []newsItem }
		p.ask("GET", "/sandbox/news?after=0", nil, &got)
		if len(got.Items) >= n {
			return got.Items
		}
		if time.Now().After(end) {
			p.t.Fatalf("%d news, want %d: %+v", len(got.Items), n, got.Items)
		}
	}
}

func (p *playground) advance(d time.Duration) {
	p.t.Helper()
	if status := p.ask("POST", "/sandbox/clock", map[string]float64{"advance_s": d.Seconds()}, nil); status != http.StatusOK {
		p.t.Fatalf("the clock answers %d", status)
	}
}

// token is an app's, for what its client has no method for.
func (p *playground) token(app client.OwnApp) string {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), "POST", p.url+"/v1/app/token", strings.NewReader("grant_type=client_credentials"))
	must(p.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(app.App, app.Secret)
	res, err := http.DefaultClient.Do(r)
	must(p.t, err)
	defer res.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	must(p.t, json.NewDecoder(res.Body).Decode(&got))
	return got.Token
}

// allow has somebody ask for and allow a notice.
func (p *playground) allow(user *client.API, app, template, table string) {
	p.t.Helper()
	ctx := p.t.Context()
	tap, err := user.Tap(ctx, app, "/")
	must(p.t, err)
	sheet, err := user.Ask(ctx, app, tap, client.Wish{Template: template, Subject: table, Locked: client.Values{"table": {"code": table}}})
	must(p.t, err)
	p.advance(time.Second) // nobody reads a sheet in less
	must(p.t, user.Decide(ctx, sheet, sheet.Items[0].Item))
}

// TestTheSandboxShowsAnAppItsWay takes an app from nothing to a notice, with
// the public API and what the sandbox adds.
func TestTheSandboxShowsAnAppItsWay(t *testing.T) {
	p := play(t)
	for _, user := range []string{"alice", "dana", "mo"} {
		if !strings.Contains(p.said, p.url+"/sandbox?left="+user+"\n") {
			t.Errorf("dev has no link for %s: %s", user, p.said)
		}
	}
	dana, mo, alice := p.enter("dana"), p.enter("mo"), p.enter("alice")
	own, err := dana.CreateApp(t.Context(), "Noodles", "food", "")
	must(t, err)
	app, err := client.NewApp(client.Server{URL: p.url}, own.App, own.Secret)
	must(t, err)
	_, err = app.SetWebhook(t.Context(), p.url+"/sandbox/hook/"+own.App)
	must(t, err)
	template, err := app.Submit(t.Context(), client.TemplateDraft{
		Title: "Your table is ready", Category: "food", Scope: "once", PagePattern: "/", Params: []client.TemplateParam{
			{Key: "table", Label: "Table", Type: "code", Role: "locked"}, {Key: "note", Label: "Note", Type: "text20", Role: "free"},
		},
	})
	must(t, err)
	_, err = mo.ReviewTemplate(t.Context(), template.Template, template.Version, true, "fine")
	must(t, err)
	p.allow(alice, own.App, template.Template, "A17")
	p.allow(alice, own.App, template.Template, "A18")

	var handles []string
	for _, i := range p.news(2) {
		if i.Event == nil || i.App != own.App || i.Event.Type != "grant.minted" || !i.Event.Signed {
			t.Fatalf("in the inbox: %+v", i.Event)
		}
		handles = append(handles, i.Event.Body.Data.Grant)
	}
	notice := client.NoticeDraft{Grant: handles[0], Template: template.Template, Data: client.Values{"note": {"text20": "By the window"}}, Page: "/sale", Key: "k"}
	_, err = app.Notify(t.Context(), notice)
	if client.CodeOf(err) != "page_invalid" {
		t.Fatalf("another page: %v", err)
	}
	notice.Page = "/"
	_, err = app.Notify(t.Context(), notice)
	must(t, err)
	p.advance(8 * 24 * time.Hour)
	notice.Grant, notice.Key = handles[1], "l"
	if _, err = app.Notify(t.Context(), notice); client.CodeOf(err) != "grant_expired" {
		t.Fatalf("after eight days: %v", err)
	}
	if status := ask(t, "GET", p.url+"/v1/contacts", nil, nil, "Authorization", "Bearer "+p.token(own)); status != http.StatusForbidden {
		t.Fatalf("an app that looks for contacts: %d", status)
	}
	for n, want := range []string{"refused page_invalid", "accepted ", "refused grant_expired", "refused wrong_principal"} {
		d := p.news(6)[2+n].Decision
		if d == nil || d.Status+" "+d.Code != want || d.Why == "" {
			t.Errorf("decision %d: %+v, want %s", n, d, want)
		}
	}
}

// TestTheSandboxIsOfDevAlone: nothing of it answers on a server that is not one to
// play with, and no page shows its client in a frame.
func TestTheSandboxIsOfDevAlone(t *testing.T) {
	served, dev := launch(t, "--data", t.TempDir()).url, play(t).url
	policy := func(address string) string {
		r, err := http.Get(address)
		must(t, err)
		defer r.Body.Close()
		_, policy, _ := strings.Cut(r.Header.Get("Content-Security-Policy"), "frame-ancestors ")
		policy, _, _ = strings.Cut(policy, ";")
		return policy
	}
	for address, want := range map[string]string{
		served + "/": "'none'", served + "/chats": "'none'", dev + "/": "'self'", dev + "/sandbox": "'none'", dev + "/sandbox/people": "'none'",
	} {
		if got := policy(address); got != want {
			t.Errorf("%s may be shown in frames of %s, want %s", address, got, want)
		}
	}
	for _, c := range []struct {
		method, path string
		in           any
		want         int // of dev
	}{
		{"GET", "/sandbox", nil, http.StatusOK},
		{"GET", "/sandbox/people", nil, http.StatusOK},
		{"POST", "/sandbox/session", map[string]string{"user": "alice", "device": "x"}, http.StatusOK},
		{"POST", "/sandbox/clock", map[string]int{"advance_s": 1}, http.StatusOK},
		{"GET", "/sandbox/news?after=0", nil, http.StatusOK},
		{"POST", "/sandbox/hook/app-aaaaaaaaaaaaaaaaaaaaaaaaaa", nil, http.StatusNotFound},
		{"GET", "/sandbox/sample.zip?once=t-6htuj4grknkh56adz6q5isxrve&follow=t-7c4ia5pxj2ep4pgdir57ay3et4", nil, http.StatusOK},
		{"GET", "/sandbox/more", nil, http.StatusNotFound},
	} {
		if got := ask(t, c.method, dev+c.path, c.in, nil); got != c.want {
			t.Errorf("%s %s of dev: %d, want %d", c.method, c.path, got, c.want)
		}
		want := http.StatusNotFound
		if c.method == "POST" {
			want = http.StatusMethodNotAllowed // as everywhere that is no route
		}
		if got := ask(t, c.method, served+c.path, c.in, nil); got != want {
			t.Errorf("%s %s of serve: %d, want %d", c.method, c.path, got, want)
		}
	}
}
