// Package stage is what samples are tried on: a real server like `teahouse dev`, a
// user in front of it, and the sample's own command beside it. For tests alone.
package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/node"
	"github.com/teahouse-im/teahouse/wire"
)

const patience = 60 * time.Second

// A Stage is a server and a running sample.
type Stage struct {
	t     *testing.T
	api   *client.API
	Clock *node.Clock
	URL   string // of the server
	Own   string // of the sample
	App   string // app-…

	out output
}

// Set starts a server and a sample's command, which ends with the test.
func Set(t *testing.T, run func(ctx context.Context, args []string, out io.Writer) error, args ...string) *Stage {
	t.Helper()
	s := &Stage{t: t, Clock: new(node.Clock)}
	s.out.more = make(chan struct{})
	n, err := node.Start(t.Context(), node.Config{
		Listen: "127.0.0.1:0", OpsListen: "127.0.0.1:0", Data: t.TempDir(), Store: "pebble:", Bus: "memory:",
		Strangers: "refuse", Limits: "off", SessionsPerUser: 10, SessionLife: time.Hour, GroupMembers: 100, Friends: 100, TextBytes: 8192,
		RecallWindow: time.Minute, RecallWindowFiles: time.Minute, MediaBytes: 1 << 20, MediaPixels: 1 << 20, Heartbeat: 5 * time.Second,
		FramesPerSecond: 30, FramesBurst: 60, SendQueueBytes: 64 << 10, DrainWithin: 5 * time.Second,
		GrantDelay: "0s", WebhookAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}, node.Extras{Logger: zerolog.Nop(), Clock: s.Clock})
	s.must(err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := n.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	s.must(n.Demo(t.Context()))
	s.URL = n.URL
	s.api, err = client.NewAPI(client.Server{URL: s.URL})
	s.must(err)
	s.start(run, append([]string{"--server", s.URL, "--listen", "127.0.0.1:0", "--state", t.TempDir()}, args...))
	return s
}

// start runs the command until it says that it can be opened.
func (s *Stage) start(run func(ctx context.Context, args []string, out io.Writer) error, args []string) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, args, &s.out) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			s.t.Errorf("the sample ended: %v\n%s", err, s.out.text())
		}
	})
	link := regexp.MustCompile(`Open \S+/mini-programs/(app-[a-z2-7]{26})/open/`)
	own := regexp.MustCompile(`which may call (http://\S+)`)
	s.App = s.Says(link)[1]
	s.Own = s.Says(own)[1]
}

// Says waits until the sample has said something, and returns what matched.
func (s *Stage) Says(what *regexp.Regexp) []string {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		text, more := s.out.now()
		if m := what.FindStringSubmatch(text); m != nil {
			return m
		}
		select {
		case <-more:
		case <-deadline:
			s.t.Fatalf("the sample has not said %s, but\n%s", what, text)
		}
	}
}

func (s *Stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// A Guest is a user with the sample's page open.
type Guest struct {
	*client.API
	s     *Stage
	token string // at the sample's own server
}

// Guest signs a demo user in, and opens the page: it gets a code from its host and
// hands it to the sample's server.
func (s *Stage) Guest(user string) *Guest {
	s.t.Helper()
	in, err := s.api.SignIn(s.t.Context(), user, node.DemoPassword, "phone")
	s.must(err)
	g := &Guest{API: s.api.As(in.Token), s: s}
	m, err := g.MiniProgram(s.t.Context(), s.App)
	s.must(err)
	if m.Page == "" || len(m.Connects) != 1 || m.Connects[0] != s.Own {
		s.t.Fatalf("the directory has %+v", m)
	}
	code, err := g.LoginCode(s.t.Context(), s.App)
	s.must(err)
	var login struct{ Token string }
	g.Post("/login", map[string]string{"code": code}, &login)
	g.token = login.Token
	return g
}

// Get asks the sample's server, as its page does.
func (g *Guest) Get(path string, out any) {
	g.s.t.Helper()
	g.call("GET", path, nil, out)
}

// Post asks the sample's server, as its page does.
func (g *Guest) Post(path string, in, out any) {
	g.s.t.Helper()
	g.call("POST", path, in, out)
}

func (g *Guest) call(method, path string, in, out any) {
	t := g.s.t
	t.Helper()
	raw, err := json.Marshal(in)
	g.s.must(err)
	r, err := http.NewRequestWithContext(t.Context(), method, g.s.Own+path, bytes.NewReader(raw))
	g.s.must(err)
	r.Header.Set("Origin", "null")
	r.Header.Set("Content-Type", "application/json")
	if g.token != "" {
		r.Header.Set("Authorization", "Bearer "+g.token)
	}
	answer, err := http.DefaultClient.Do(r)
	g.s.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	g.s.must(err)
	if answer.StatusCode != 200 || answer.Header.Get("Access-Control-Allow-Origin") != "null" {
		t.Fatalf("%s %s: %d %s", method, path, answer.StatusCode, body)
	}
	g.s.must(json.Unmarshal(body, out))
}

// looks is how long somebody looks at a sheet; the server takes less for a false tap.
const looks = 450 * time.Millisecond

// Allows taps, is shown the sheet, and says yes to it after a look.
func (g *Guest) Allows(page string, w client.Wish) client.Sheet {
	t := g.s.t
	t.Helper()
	tap, err := g.Tap(t.Context(), g.s.App, page)
	g.s.must(err)
	sheet, err := g.Ask(t.Context(), g.s.App, tap, w)
	g.s.must(err)
	g.s.Clock.Advance(looks)
	g.s.must(g.Decide(t.Context(), sheet, sheet.Items[0].Item))
	return sheet
}

// Inbox waits until so many notices of the sample have come, the oldest first. There are no more.
func (g *Guest) Inbox(n int) []client.Notice {
	t := g.s.t
	t.Helper()
	var all []client.Notice
	g.s.until(func() error {
		got, err := client.Collect(g.Notices(t.Context()))
		all = got
		if err == nil && len(got) < n {
			err = fmt.Errorf("there are %d notices, want %d; the sample said\n%s", len(got), n, g.s.out.text())
		}
		return err
	})
	if len(all) != n {
		t.Fatalf("there are %d notices, want %d: %+v", len(all), n, all)
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// Chat is what was said between the user and the app, once there is as much of it.
func (g *Guest) Chat(n int) (texts []string) {
	g.s.t.Helper()
	for _, e := range g.Said(n) {
		var body client.Text
		g.s.must(json.Unmarshal(e.Body, &body))
		texts = append(texts, body.Text)
	}
	return texts
}

// Said are the entries of it.
func (g *Guest) Said(n int) (entries []wire.Entry) {
	t := g.s.t
	t.Helper()
	stream, err := g.OpenDirect(t.Context(), g.s.App)
	g.s.must(err)
	g.s.until(func() error {
		page, err := g.History(t.Context(), stream, 0, 100)
		if err != nil {
			return err
		}
		if entries = page.Entries; len(entries) < n {
			return fmt.Errorf("there are %d messages, want %d; the sample said\n%s", len(entries), n, g.s.out.text())
		}
		return nil
	})
	return entries
}

// Writes sends the app a message.
func (g *Guest) Writes(text string) {
	g.s.t.Helper()
	stream, err := g.OpenDirect(g.s.t.Context(), g.s.App)
	g.s.must(err)
	_, err = g.API.Post(g.s.t.Context(), client.Message{Stream: stream, Body: client.Text{Text: text}})
	g.s.must(err)
}

// Fetch gets one of the sample's own addresses, or a page of its package, as text.
func (s *Stage) Fetch(address string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "GET", address, nil)
	s.must(err)
	return s.read(r)
}

// Submit posts a form to one of the sample's own addresses, as its own page does.
func (s *Stage) Submit(address string, form url.Values) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), "POST", address, strings.NewReader(form.Encode()))
	s.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.read(r)
}

// Attach is Submit with a file chosen in the form.
func (s *Stage) Attach(address string, form url.Values, name string, data []byte) string {
	s.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for key := range form {
		s.must(w.WriteField(key, form.Get(key)))
	}
	file, err := w.CreateFormFile("file", name)
	s.must(err)
	_, err = file.Write(data)
	s.must(errors.Join(err, w.Close()))
	r, err := http.NewRequestWithContext(s.t.Context(), "POST", address, &body)
	s.must(err)
	r.Header.Set("Content-Type", w.FormDataContentType())
	return s.read(r)
}

func (s *Stage) read(r *http.Request) string {
	s.t.Helper()
	answer, err := http.DefaultClient.Do(r)
	s.must(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	s.must(err)
	if answer.StatusCode != 200 {
		s.t.Fatalf("%s: %d %s", r.URL, answer.StatusCode, body)
	}
	return string(body)
}

func (s *Stage) until(check func() error) {
	s.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatal(err)
		}
	}
}

// output is what the sample said, for those who wait for it.
type output struct {
	mu   sync.Mutex
	said strings.Builder
	more chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.more)
	o.more = make(chan struct{})
	return o.said.Write(p)
}

func (o *output) now() (string, <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.said.String(), o.more
}

func (o *output) text() string {
	text, _ := o.now()
	return text
}
