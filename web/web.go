// Package web is the web client: a page, its modules and its style sheets,
// embedded in the binary and served as they are written. Nothing is built or
// bundled; the browser loads the modules one by one.
//
// The page may run its own scripts and nothing else: no inline script or style,
// no other host; the only frames are pages of mini-programs, which are of no
// origin (see policy). It talks to the server it came from by
// the same API as everybody else.
package web

import (
	"net/http"
	"strings"
	"sync"
)

// Handler serves the client: the page at every route of the client, and what it
// loads under /assets/, and the worker that pushes wake. Everything else is not found.
func Handler() http.Handler { return &handler{} }

type handler struct {
	sandbox bool
	once    sync.Once // the assets are prepared by the first request, not while the server starts
	found   *site
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.once.Do(func() { h.found = load(h.sandbox) })
	setPolicy(w.Header(), h.policyOf(r.URL.Path))
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET and HEAD are allowed here.", http.StatusMethodNotAllowed)
		return
	}
	switch name, isAsset := strings.CutPrefix(r.URL.Path, h.found.prefix); {
	case isAsset && h.found.assets[name] != nil:
		h.found.assets[name].serve(w, r)
	case r.URL.Path == "/"+workerFile:
		h.found.worker.serve(w, r)
	case isRoute(r.URL.Path) && navigates(r):
		h.found.page.serve(w, r)
	case h.sandbox && r.URL.Path == sandboxPath && navigates(r):
		h.found.bench.serve(w, r)
	default:
		http.Error(w, "There is no such page.", http.StatusNotFound)
	}
}

// isRoute tells whether the client has a view at this path. The places below
// these are conversations, people and moments, which only the client knows.
func isRoute(path string) bool {
	switch path {
	case "/", "/chats", "/contacts", "/groups/new", "/moments", "/mini-programs", "/me":
		return true
	}
	for _, parent := range []string{"/chats/", "/contacts/", "/moments/"} {
		if rest, ok := strings.CutPrefix(path, parent); ok && rest != "" && strings.Count(rest, "/") <= 1 {
			return true
		}
	}
	// A page of a mini-program is named as the app names it, behind "open".
	if rest, ok := strings.CutPrefix(path, "/mini-programs/"); ok {
		app, page, open := strings.Cut(rest, "/")
		return app != "" && (!open || strings.HasPrefix(page, "open/"))
	}
	return false
}

// navigates tells whether somebody goes to a page, as far as the browser says.
// A script or an image that was expected at that path is better told the truth.
func navigates(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode")
	return mode == "" || mode == "navigate"
}
