package main

import (
	"crypto/rand"
	"errors"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"slices"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/examples/internal/app"
)

var room = template.Must(template.ParseFS(files, "desk.html"))

// said is what an agent reads when an answer was refused.
var said = map[string]string{
	"window_spent":  "All five answers are spent. The guest has to write again before you can.",
	"window_closed": "The window is over: 48 hours have passed. The guest has to write again before you can.",
	"grant_closed":  "The guest has muted or blocked us.",
	"grant_invalid": "The guest is gone.",
}

// routes are the page's and, on this machine alone, those of the people who answer.
func (d *desk) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hours", d.app.For(func(w http.ResponseWriter, _ *http.Request, _ string) {
		app.Answer(w, map[string]any{"open": true, "hours": "Every day, 8 to 22"})
	}))
	mux.Handle("GET /desk", inside(d.see))
	mux.Handle("GET /desk.js", inside(func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "desk.js") }))
	mux.Handle("POST /desk", inside(d.write))
	return mux
}

// inside lets in who sits at this machine, and no other site in their browser.
func inside(serve http.HandlerFunc) http.Handler {
	return http.NewCrossOriginProtection().Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && !ip.IsLoopback() {
			http.Error(w, "The desk is on this machine alone.", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("Cache-Control", "no-store")
		serve(w, r)
	}))
}

// A card is a matter as the desk shows it.
type card struct {
	Name, Until, Refused string
	Left                 int
	Spent                bool
	Lines                []line
	Key                  string // of the next answer: pressing twice sends once
}

func (d *desk) see(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	var cards []card
	for _, m := range slices.Backward(d.order) {
		c := card{Name: m.Name, Until: m.Until.Local().Format("Monday 15:04"), Left: m.Left, Spent: m.Left == 0, Lines: slices.Clone(m.Lines), Key: rand.Text()}
		if r.URL.Query().Get("of") == m.Name {
			c.Refused = said[r.URL.Query().Get("refused")]
		}
		cards = append(cards, c)
	}
	d.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = room.Execute(w, cards)
}

func (d *desk) write(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, fileMost+16<<10)
	m := d.find(r.PostFormValue("of"))
	at, err := attached(r)
	text, key := r.PostFormValue("text"), r.PostFormValue("key")
	if m == nil || err != nil || text == "" && at == nil || key == "" {
		http.Error(w, "There is no such conversation, or nothing to say, or too much of it.", http.StatusBadRequest)
		return
	}
	back := url.Values{}
	if err := d.answer(r.Context(), m, text, at, key); err != nil {
		refused, ok := errors.AsType[*client.Error](err)
		if !ok {
			http.Error(w, "The server could not be asked. Go back and send it again: it is sent once.", http.StatusBadGateway)
			return
		}
		back = url.Values{"of": {m.Name}, "refused": {string(refused.Code)}}
	}
	http.Redirect(w, r, "/desk?"+back.Encode(), http.StatusSeeOther)
}
