package app

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"sync"

	"github.com/teahouse-im/teahouse/client"
)

// visitors are the users whose page is open. A page signs its user in each time it
// is opened: it can keep nothing, and need not.
type visitors struct {
	mu sync.Mutex
	by map[string]string // token → openid
}

// visitorsMost bounds them; the one that happens to come first goes.
const visitorsMost = 10_000

// login swaps the code that a page got from its host for the user's openid, and
// gives the page a token of our own. The openid itself stays here.
func (a *App) login(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Code string `json:"code"`
	}
	if !Read(w, r, &in) {
		return
	}
	openid, err := a.Login(r.Context(), in.Code)
	if err != nil {
		Refuse(w, err)
		return
	}
	token := rand.Text()
	a.people.mu.Lock()
	defer a.people.mu.Unlock()
	if a.people.by == nil {
		a.people.by = map[string]string{}
	}
	if len(a.people.by) >= visitorsMost {
		for old := range a.people.by {
			delete(a.people.by, old)
			break
		}
	}
	a.people.by[token] = openid
	Answer(w, map[string]string{"token": token})
}

// For answers a page whose user is signed in.
func (a *App) For(serve func(w http.ResponseWriter, r *http.Request, openid string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		a.people.mu.Lock()
		openid, ok := a.people.by[token]
		a.people.mu.Unlock()
		if !ok {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		serve(w, r, openid)
	}
}

// open lets pages call: they are of no origin ("null"), so every origin may. That
// gives nothing away, for what is somebody's own asks for their token.
func open(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		if r.Header.Get("Origin") == "null" {
			h.Set("Access-Control-Allow-Origin", "null")
			h.Set("Vary", "Origin")
		}
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, POST")
			h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			h.Set("Access-Control-Max-Age", "600")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Read reads the JSON that a page sends, and tells whether it could.
func Read(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		http.Error(w, "not what this takes", http.StatusBadRequest)
		return false
	}
	return true
}

// Answer writes JSON.
func Answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(v) // who does not read it has gone
}

// Refuse passes on why the server refused, for the developer to read on the page.
func Refuse(w http.ResponseWriter, err error) {
	text := "The server could not be asked."
	if code := client.CodeOf(err); code != "" {
		text = "The server answered " + string(code) + "."
	}
	http.Error(w, text, http.StatusBadGateway)
}
