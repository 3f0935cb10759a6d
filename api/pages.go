package api

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/fault"
)

// pagesPath is where the pages of mini-programs are: /m/{app}/…
const pagesPath = "/m/"

// showPage serves a file of a mini-program. Its pages are somebody else's, on
// this server's origin: they run sandboxed, which takes that origin away from
// them, load nothing but what is in their package, and talk to nobody but the
// window they are shown in and the servers that the package has declared.
func (s *server) showPage(w http.ResponseWriter, r *http.Request) {
	x := w.(*exchange)
	x.route = "showPage"
	if err := s.limits.page.take(neighbourhood(Address(r, s.trusted))); err != nil {
		refuse(x, r, err)
		return
	}
	if ledThere(r) {
		refuse(x, r, errLed)
		return
	}
	app := r.PathValue("app")
	page, err := s.programs.Page(r.Context(), app, r.PathValue("path"))
	if err != nil {
		refuse(x, r, err)
		return
	}
	h := x.Header()
	h.Set("Content-Security-Policy", pagePolicy(r.Host, app, page.Connects))
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
	// A sandboxed page is of no origin: what it loads from here comes from elsewhere.
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Allow-Origin", "null")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", page.Type)
	h.Set("ETag", page.ETag)
	http.ServeContent(x, r, "", time.Time{}, bytes.NewReader(page.Body))
}

// ledThere tells whether a page of a mini-program led its own frame here, as far
// as the browser says: such a page is of no origin, and so of another than this
// server. Only the client puts pages into frames, and so it knows whose page is
// in one, and which. Browsers say it on https and on this computer.
func ledThere(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return r.Header.Get("Sec-Fetch-Dest") == "iframe" && site != "" && site != "same-origin"
}

var errLed = fault.Forbidden.Saying("A page cannot lead its frame to another: it asks the client to open it.")

// pagePolicy is what a page of an app may do. 'self' means nothing in a page that
// is of no origin, so the package is named by its address; a source of http is
// also that of https.
func pagePolicy(host, app string, connects []string) string {
	own, servers := "'self'", "'none'"
	if len(connects) > 0 {
		servers = strings.Join(connects, " ")
	}
	if plainHost(host) {
		own = "http://" + host + pagesPath + app + "/"
	}
	return "sandbox allow-scripts; default-src 'none'; script-src " + own + "; style-src " + own + " 'unsafe-inline'; img-src " + own +
		" data:; font-src " + own + "; media-src " + own + "; connect-src " + servers + "; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
}

// plainHost tells whether a Host header is a name or an IPv4 address, perhaps
// with a port: what a policy can name, and nothing that would end it.
func plainHost(host string) bool {
	name, port, _ := strings.Cut(host, ":")
	digits := func(r rune) bool { return r < '0' || r > '9' }
	letters := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-'
	}
	return name != "" && strings.IndexFunc(name, letters) < 0 && strings.IndexFunc(port, digits) < 0
}
