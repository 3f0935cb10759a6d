package law

import (
	"net/http"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/client"
)

// app_ is app, where a variable has that name.
type app_ = app

// An app is a mini-program with its developer's and its server's ways in.
type app struct {
	s         *scene
	id        string
	secret    string
	name      string
	category  string
	developer *person
	servers   []*client.App

	mu     sync.Mutex
	tokens []string
	spoke  map[string]bool // with whom in a service conversation
	after  string
	held   map[string][]client.HandedGrant // by subject
}

// app makes one of a developer of its own.
func (s *scene) app() *app { s.Helper(); return s.appOf(s.user("dev"), "transport") }

func (s *scene) appOf(developer *person, category string) *app {
	s.Helper()
	name := "Noodles " + letters(s.h.names.Add(1)) + " " + letters(int64(uuid.New().ID()))
	made := got(developer.api().CreateApp(s.Context(), name, category, "Tables and rides"))(s)
	a := &app{
		s: s, id: made.App, secret: made.Secret, name: name, category: category, developer: developer,
		spoke: map[string]bool{}, held: map[string][]client.HandedGrant{},
	}
	a.connect()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apps = append(s.apps, a)
	return a
}

// letters spells a number, for names that have none.
func letters(n int64) string {
	var b strings.Builder
	for ; n > 0; n /= 20 {
		b.WriteByte("bcdfghjklmnpqrstvwxz"[n%20])
	}
	return b.String()
}

func (a *app) connect() {
	a.servers = nil
	for _, url := range a.s.h.urls {
		a.servers = append(a.servers, got(client.NewApp(client.Server{URL: url}, a.id, a.secret))(a.s))
	}
}

// server is the app's server, connected to the nodes in turn.
func (a *app) server() *client.App { return a.servers[int(a.s.h.turn.Add(1))%len(a.servers)] }

// token is one for raw requests. It is asked for once in a scene.
func (a *app) token() string {
	a.s.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.tokens) == 0 {
		a.tokens = append(a.tokens, a.newToken())
	}
	return a.tokens[0]
}

func (a *app) newToken() string {
	a.s.Helper()
	got := a.s.askToken(a.id, a.secret, "grant_type=client_credentials")
	must(a.s, got.err())
	return got.object()["access_token"].(string)
}

func (s *scene) askToken(app, secret, form string) answer {
	s.Helper()
	return s.ask("POST", "/app/token", "", form, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(app, secret)
	})
}

func (a *app) spokenWith(p *person) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.spoke[p.name]
}

// raw sends a body as it stands, and tells the refusal.
func (a *app) raw(body any, twists ...twist) error {
	a.s.Helper()
	return a.s.ask("POST", "/app/notices", a.token(), body, twists...).err()
}

// write has somebody write to an app, which opens a window, and gives its handle.
func (a *app) write(p *person, text string) string {
	a.s.Helper()
	a.send(p, text, uuid.Must(uuid.NewV7()).String())
	return a.handle("")
}

// send sends one message to the app.
func (a *app) send(p *person, text, message string) {
	s := a.s
	s.Helper()
	s.h.allow(p, a.id, 5)
	a.mu.Lock()
	a.spoke[p.name] = true
	a.mu.Unlock()
	stream := got(p.api().OpenDirect(s.Context(), a.id))(s)
	got(p.api().Post(s.Context(), client.Message{ID: message, Stream: stream, Body: client.Text{Text: text}}))(s)
}

// reply answers in a window.
func (a *app) reply(window, text string) (client.SentNotice, error) {
	return a.server().Reply(a.s.Context(), client.Answer{Window: window, Kind: "text", Body: map[string]string{"text": text}, Key: a.s.h.name("k")})
}
