package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/examples/internal/app"
)

//go:embed page newsroom.html
var files embed.FS

const digest = "Daily digest"

var topics = []string{"City", "Weather", "Transport"}

var program = app.Program{
	Name: "Harbour News", Category: "public_service", Summary: "What happens in town. Read it when you like: we never ring.",
	Pages: pages(),
	Templates: []client.TemplateDraft{{
		Title: digest, Category: "public_service", Scope: "standing", PagePattern: "/",
		Params: []client.TemplateParam{
			{Key: "topic", Label: "Topic", Type: "enum", Role: "locked", Values: topics},
			// Values alone: a standing template has no text of ours in it, so there is nothing to shout.
			{Key: "stories", Label: "New stories", Type: "number", Role: "free"},
		},
		Cadence: &client.Cadence{Uses: 1, Per: "day"},
	}},
}

func pages() fs.FS {
	page, err := fs.Sub(files, "page")
	if err != nil {
		panic(err) // it is embedded
	}
	return page
}

// A reader is somebody who asked for the digest of a topic. We know the matter, by
// the subject that we made for it, and the grant.
type reader struct {
	topic string
	grant client.HandedGrant
	sent  int // digests
}

// A newsroom is what we are. What it knows would stand in a database.
type newsroom struct {
	app   *app.App
	tries []try

	mu      sync.Mutex
	offers  map[string]string  // subject → topic, of those who were shown an offer
	readers map[string]*reader // by subject
	log     []entry            // the latest last
}

// An entry is a line of the log of digests.
type entry struct {
	At    string `json:"at"`
	What  string `json:"what"`
	Error string `json:"error,omitempty"`
}

const logMost = 50

func (n *newsroom) note(what, refused string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.log = append(n.log, entry{time.Now().Format("15:04:05"), what, refused})
	n.log = n.log[max(0, len(n.log)-logMost):]
	n.app.Say("%s %s", what, refused)
}

// hear is told who wants a digest. The first one comes at once, the others with the days.
func (n *newsroom) hear(_ context.Context, e app.Event) error {
	if e.Type != app.GrantMinted {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	topic, ok := n.offers[e.Data.Subject]
	if !ok || n.readers[e.Data.Subject] != nil {
		return nil
	}
	r := &reader{topic: topic, grant: e.Data.HandedGrant}
	n.readers[e.Data.Subject] = r
	n.app.Go(func(ctx context.Context) { n.everyDay(ctx, r) })
	return nil
}

// everyDay sends a digest a day, by our own clock, until it is refused for good.
func (n *newsroom) everyDay(ctx context.Context, r *reader) {
	for day := time.NewTicker(24 * time.Hour); n.send(ctx, r); {
		select {
		case <-day.C:
		case <-ctx.Done():
			return
		}
	}
}

// send sends the digest of today, and tells whether there is a tomorrow.
func (n *newsroom) send(ctx context.Context, r *reader) (more bool) {
	n.mu.Lock()
	number := r.sent + 1
	n.mu.Unlock()
	sent, err := n.app.Send(ctx, client.NoticeDraft{
		Grant: r.grant.Grant, Template: r.grant.Template, Page: "/?topic=" + r.topic,
		Data: client.Values{"stories": {"number": strconv.Itoa(len(storiesOf(r.topic)))}},
		Key:  fmt.Sprintf("%s-%d", r.grant.Subject, number), // the same digest twice is one
	})
	switch code := client.CodeOf(err); {
	case code == "cadence":
		n.note("the digest of "+r.topic+" a second time today", "cadence: one a day, however much there is to tell")
		return true
	case code == "grant_closed":
		n.note("the digest of "+r.topic, "grant_closed: they stopped it, or have not read the last five")
		return false
	case err != nil:
		n.note("the digest of "+r.topic, err.Error())
		return code != "grant_invalid" && code != "grant_expired"
	}
	n.note(fmt.Sprintf("the digest of %s was sent (%s)", r.topic, sent.Status), "")
	n.mu.Lock()
	defer n.mu.Unlock()
	r.sent = max(r.sent, number)
	return true
}

func (n *newsroom) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stories", func(w http.ResponseWriter, _ *http.Request) {
		app.Answer(w, map[string]any{"stories": stories, "topics": topics})
	})
	mux.HandleFunc("GET /tries", func(w http.ResponseWriter, _ *http.Request) { app.Answer(w, n.tries) })
	mux.HandleFunc("POST /offers", n.app.For(n.offer))
	mux.Handle("GET /newsroom", inside(n.show))
	mux.Handle("POST /newsroom", inside(n.again))
	return mux
}

// offer makes what a page shows its client when its user asks for a digest. The
// subject is one for the reader and the topic, so asking twice is asking once; it
// says nothing of who the reader is.
func (n *newsroom) offer(w http.ResponseWriter, r *http.Request, openid string) {
	var in struct{ Topic string }
	if !app.Read(w, r, &in) {
		return
	}
	if !slices.Contains(topics, in.Topic) {
		http.Error(w, "We have no such topic.", http.StatusNotFound)
		return
	}
	subject := subjectOf(openid, in.Topic)
	n.mu.Lock()
	n.offers[subject] = in.Topic
	n.mu.Unlock()
	app.Answer(w, client.Wish{Template: n.app.Template(digest), Subject: subject, Locked: client.Values{"topic": {"enum": in.Topic}}})
}

// subjectOf names the matter of a reader and a topic.
func subjectOf(openid, topic string) string {
	sum := sha256.Sum256([]byte(openid + " " + topic))
	return "D-" + hex.EncodeToString(sum[:10])
}

var room = template.Must(template.ParseFS(files, "newsroom.html"))

// inside lets in who sits at this machine, and no other site in their browser.
func inside(serve http.HandlerFunc) http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil || host != "localhost" && !net.ParseIP(host).IsLoopback() {
			http.Error(w, "The newsroom is on this machine alone.", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		w.Header().Set("Cache-Control", "no-store")
		serve(w, r)
	}))
}

func (n *newsroom) show(w http.ResponseWriter, _ *http.Request) {
	n.mu.Lock()
	log := slices.Clone(n.log)
	of := struct {
		Tries   []try
		Log     []entry
		Readers int
	}{n.tries, log, len(n.readers)}
	n.mu.Unlock()
	slices.Reverse(of.Log)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = room.Execute(w, of)
}

// again sends today's digest to everybody who asked for one, each by their own grant.
// Who has had theirs is refused by the gate, not by us.
func (n *newsroom) again(w http.ResponseWriter, r *http.Request) {
	n.mu.Lock()
	var all []*reader
	for _, r := range n.readers {
		all = append(all, r)
	}
	n.mu.Unlock()
	for _, reader := range all {
		n.send(r.Context(), reader)
	}
	http.Redirect(w, r, "/newsroom", http.StatusSeeOther)
}
