package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/web"
)

// get asks the handler; headers are pairs of name and value.
func get(t *testing.T, h http.Handler, path string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPageIsServedAtEveryRouteOfTheClient(t *testing.T) {
	h := web.Handler()
	page := body(t, get(t, h, "/"))
	if !strings.Contains(page, `<div id="app">`) {
		t.Fatalf("/ is not the page: %.200s", page)
	}
	for _, path := range []string{
		"/chats", "/chats/d-alice~bob", "/chats/g-x/details", "/chats/d-a%7Eb", "/contacts", "/contacts/bob", "/groups/new", "/me",
		"/moments", "/moments/notices", "/moments/by/bob", "/chats/@notices",
		"/mini-programs", "/mini-programs/app-x", "/mini-programs/app-x/open/", "/mini-programs/app-x/open/queue/17?no=A17",
	} {
		r := get(t, h, path, "Sec-Fetch-Mode", "navigate")
		if got := body(t, r); r.StatusCode != http.StatusOK || got != page {
			t.Errorf("%s: %d, want the page", path, r.StatusCode)
		}
	}
	for _, path := range []string{
		"/nope", "/me/x", "/chats/", "/chats/a/b/c", "/groups", "/groups/g-x", "/mini-programs/", "/mini-programs/app-x/", "/mini-programs/app-x/open", "/mini-programs/app-x/close/", "/m/app-x/", "/assets/", "/assets/x/js/app.js", "/index.html",
		"/static/index.html", "/favicon.ico", "/v1/me", "/../web.go", "/contacts/../../web.go",
	} {
		if r := get(t, h, path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, r.StatusCode)
		}
	}
	if r := get(t, h, "/chats/d-alice~bob", "Sec-Fetch-Mode", "no-cors"); r.StatusCode != http.StatusNotFound {
		t.Errorf("a script at a route of the client: %d, want 404", r.StatusCode)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /: %d, want 405", w.Code)
	}
}

var reference = regexp.MustCompile(`(?:href|src)="([^"]+)"`)

func TestEverythingThePageNamesIsThere(t *testing.T) {
	h := web.Handler()
	page := body(t, get(t, h, "/"))
	found := reference.FindAllStringSubmatch(page, -1)
	if len(found) < 30 {
		t.Fatalf("the page names %d files only", len(found))
	}
	kinds := map[string]string{
		".js": "text/javascript; charset=utf-8", "mjs": "text/javascript; charset=utf-8",
		"css": "text/css; charset=utf-8", "svg": "image/svg+xml", "est": "application/manifest+json",
	}
	total := 0
	for _, m := range found {
		r := get(t, h, m[1])
		b := body(t, r)
		zipped := get(t, h, m[1], "Accept-Encoding", "gzip")
		total += len(body(t, zipped))
		if r.StatusCode != http.StatusOK || len(b) == 0 {
			t.Errorf("%s: %d, %d bytes", m[1], r.StatusCode, len(b))
		}
		if want := kinds[m[1][len(m[1])-3:]]; r.Header.Get("Content-Type") != want {
			t.Errorf("%s is %q, want %q", m[1], r.Header.Get("Content-Type"), want)
		}
		if cache := r.Header.Get("Cache-Control"); !strings.Contains(cache, "immutable") {
			t.Errorf("%s is cached as %q", m[1], cache)
		}
	}
	if total > 200_000 {
		t.Errorf("the client has %d bytes, compressed; people on slow lines wait for more than 200,000", total)
	}
}

// The worker stands at the root, so that it is the client's and not a folder's,
// and is asked for anew, so that it is never older than the server.
func TestWorker(t *testing.T) {
	r := get(t, web.Handler(), "/worker.js", "Sec-Fetch-Mode", "same-origin")
	if r.StatusCode != http.StatusOK || r.Header.Get("Cache-Control") != "no-cache" || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/javascript") {
		t.Errorf("the worker is %d, %v", r.StatusCode, r.Header)
	}
	if b := body(t, r); !strings.Contains(b, `addEventListener("push"`) || strings.Contains(b, "fetch(") {
		t.Errorf("the worker is %.200s", b)
	}
}

var module = regexp.MustCompile(`(?:[^"]from|import) ?"([^"]+)"`)

// No browser resolves a bare name: every module names its neighbours by path.
func TestModulesNameEachOtherByPath(t *testing.T) {
	h := web.Handler()
	for _, m := range reference.FindAllStringSubmatch(body(t, get(t, h, "/")), -1) {
		if !strings.HasSuffix(m[1], "js") {
			continue
		}
		for _, name := range module.FindAllStringSubmatch(body(t, get(t, h, m[1])), -1) {
			if !strings.HasPrefix(name[1], "./") && !strings.HasPrefix(name[1], "../") {
				t.Errorf("%s imports %q", m[1], name[1])
			}
		}
	}
}

func TestPolicy(t *testing.T) {
	h := web.Handler()
	for _, path := range []string{"/", "/nope", "/me"} {
		r := get(t, h, path)
		policy := r.Header.Get("Content-Security-Policy")
		for _, want := range []string{
			"default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self';", "frame-src 'self';", "img-src 'self' data: blob:;", "media-src blob:;", "frame-ancestors 'none'",
			"base-uri 'none'", "worker-src 'self'", "trusted-types worker", "form-action 'self'", "require-trusted-types-for 'script'",
		} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy lacks %s: %s", path, want, policy)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: %s", path, policy)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := r.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
	page := body(t, get(t, h, "/"))
	for _, inline := range []string{"<style", "style=", "onload=", "javascript:"} {
		if strings.Contains(page, inline) {
			t.Errorf("the page has %s in it", inline)
		}
	}
	if n := strings.Count(page, "<script"); n != strings.Count(page, "<script type=\"module\" src=") {
		t.Error("the page has a script of its own in it")
	}
}

func TestAnswersAreRevalidatedAndCompressed(t *testing.T) {
	h := web.Handler()
	plain := get(t, h, "/")
	tag := plain.Header.Get("ETag")
	if tag == "" || plain.Header.Get("Cache-Control") != "no-cache" {
		t.Fatalf("the page has tag %q and is cached as %q", tag, plain.Header.Get("Cache-Control"))
	}
	if r := get(t, h, "/", "If-None-Match", tag); r.StatusCode != http.StatusNotModified || body(t, r) != "" {
		t.Errorf("the same again: %d", r.StatusCode)
	}
	if r := get(t, h, "/", "If-None-Match", `W/"other"`); r.StatusCode != http.StatusOK {
		t.Errorf("another version: %d", r.StatusCode)
	}
	r := get(t, h, "/", "Accept-Encoding", "br, gzip")
	if r.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("not compressed: %v", r.Header)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil || string(b) != body(t, plain) {
		t.Errorf("compressed and plain differ (%v)", err)
	}
}
