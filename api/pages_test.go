package api

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
)

// zipped makes a package of files, given as name and content in turn.
func zipped(t *testing.T, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// put hands a package in.
func (h *house) putPackage(app, token, kind string, raw []byte) answer {
	h.t.Helper()
	r := h.request("PUT", "/v1/developer/apps/"+app+"/package", token, string(raw))
	r.Header.Set("Content-Type", kind)
	return h.do(r)
}

func TestPages(t *testing.T) {
	h := open(t)
	a := h.app()
	pages := zipped(t, "index.html", "<!doctype html><h1>Noodles</h1>", "app.js", "document.title = 'ran'", "queue/index.html", "queue", "a b.txt", "odd")
	if got := h.get("/v1/mini-programs/"+a.id, h.as(session)).want(200).object(); got["page"] != nil {
		t.Fatalf("without a package: %v", got)
	}
	h.get("/m/"+a.id+"/", "").refused("not_found")
	for _, kind := range []string{"application/zip", "application/octet-stream"} {
		h.putPackage(a.id, a.developer, kind, pages).want(204)
	}
	at := h.get("/v1/mini-programs/"+a.id, h.as(session)).want(200).object()["page"].(string)
	if at != "/m/"+a.id+"/" {
		t.Fatalf("its pages are at %s", at)
	}
	for path, want := range map[string]string{"": "Noodles", "index.html": "Noodles", "?no=17&x=%3Cb%3E": "Noodles", "app.js": "ran", "queue/": "queue", "queue/index.html": "queue", "a%20b.txt": "odd"} {
		got := h.get(at+path, "").want(200)
		if !strings.Contains(string(got.body), want) {
			t.Errorf("%s is %s", path, got.body)
		}
	}
	host := strings.TrimPrefix(h.url, "http://")
	page := h.get(at, a.token)
	for name, want := range map[string]string{
		"Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; script-src http://" + host + at + "; style-src http://" + host + at +
			" 'unsafe-inline'; img-src http://" + host + at + " data:; font-src http://" + host + at + "; media-src http://" + host + at +
			"; connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'",
		"Content-Type": "text/html; charset=utf-8", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Cross-Origin-Resource-Policy": "cross-origin", "Access-Control-Allow-Origin": "null", "Set-Cookie": "", "Cache-Control": "no-cache",
	} {
		if got := page.header.Get(name); got != want {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
	}
	r := h.request("GET", at, "", nil)
	r.Header.Set("If-None-Match", page.header.Get("ETag"))
	h.do(r).want(http.StatusNotModified)
	h.call("HEAD", at, "", nil).want(200)
	h.post(at, "", `{}`).refused("method_not_allowed")
	if got := h.get("/m/"+a.id, ""); got.status/100 != 3 || got.header.Get("Location") != at {
		t.Errorf("without its slash it leads to %d %v", got.status, got.header)
	}
	for _, p := range []string{at + "none.html", at + "../", at + "..%2f..%2fv1/me", at + "./app.js", at + "/app.js", at + "%00", "/m/", "/m/app-none/", "/m/x/", "/m/" + a.id + "x/", "/m//" + a.id + "/"} {
		h.get(p, "").refused("not_found")
	}
}

func TestPoliciesOfPages(t *testing.T) {
	for host, named := range map[string]bool{
		"tea.example": true, "tea.example:8443": true, "127.0.0.1:80": true, "[::1]:80": false, "": false, "x; script-src *": false, "x'": false,
		"x y": false, "x,y": false, "x:*": false, "*": false, "x/": false, "é": false,
	} {
		p := pagePolicy(host, "app-x", nil)
		if strings.Contains(p, "script-src http://"+host+"/m/app-x/;") != named || named == strings.Contains(p, "script-src 'self';") {
			t.Errorf("of %q: %s", host, p)
		}
		if strings.Count(p, ";") != 10 || strings.Contains(p, "*") {
			t.Errorf("the host %q got out of its place: %s", host, p)
		}
	}
}

// A page talks to the servers that its package declares, which everybody can see, and to no other.
func TestServersOfPages(t *testing.T) {
	h := open(t)
	a := h.app()
	seen := func(want ...string) {
		t.Helper()
		for _, got := range []map[string]any{h.get("/v1/mini-programs/"+a.id, h.as(session)).want(200).object(), h.get("/v1/developer/apps", a.developer).want(200).items()[0]} {
			if fmt.Sprint(got["connects"]) != fmt.Sprint(want) {
				t.Errorf("it connects to %v, want %v", got["connects"], want)
			}
		}
		allowed := cmp.Or(strings.Join(want, " "), "'none'")
		if got := h.get("/m/"+a.id+"/", "").want(200).header.Get("Content-Security-Policy"); !strings.Contains(got, "; connect-src "+allowed+"; form-action") {
			t.Errorf("the policy is %s", got)
		}
	}
	h.putPackage(a.id, a.developer, "application/zip", zipped(t, "index.html", "x", "teahouse.json", `{"connect": ["https://api.example.com", "https://b.example:8443"]}`)).want(204)
	seen("https://api.example.com", "https://b.example:8443")
	h.putPackage(a.id, a.developer, "application/zip", zipped(t, "index.html", "x", "teahouse.json", `{"connect": ["http://127.0.0.1"]}`)).refused("bad_request")
	seen("https://api.example.com", "https://b.example:8443")
	h.putPackage(a.id, a.developer, "application/zip", zipped(t, "index.html", "x")).want(204)
	seen()
}

// Which page a frame shows is up to the client: a page cannot lead its frame to
// another, be it of its own app or of somebody else's.
func TestPagesDoNotLeadTheirFrames(t *testing.T) {
	h := open(t)
	a := h.app()
	h.putPackage(a.id, a.developer, "application/zip", zipped(t, "index.html", "x", "app.js", "1")).want(204)
	asked := func(path, dest, site string) answer {
		r := h.request("GET", "/m/"+a.id+path, "", "")
		r.Header.Set("Sec-Fetch-Dest", dest)
		r.Header.Set("Sec-Fetch-Site", site)
		return h.do(r)
	}
	asked("/", "iframe", "cross-site").refused("forbidden")
	asked("/", "iframe", "same-site").refused("forbidden")
	asked("/", "iframe", "same-origin").want(200)
	asked("/", "document", "none").want(200)
	asked("/app.js", "script", "cross-site").want(200)
}

func TestPackagesAreReadStrictly(t *testing.T) {
	h := open(t)
	a := h.app()
	good := zipped(t, "index.html", "hello")
	form := func(parts ...[]byte) (string, []byte) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, p := range parts {
			part, err := w.CreateFormFile("package", "package.zip")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = part.Write(p)
		}
		_ = w.Close()
		return w.FormDataContentType(), b.Bytes()
	}
	kind, one := form(good)
	h.putPackage(a.id, a.developer, kind, one).want(204)
	kind, two := form(good, good)
	h.putPackage(a.id, a.developer, kind, two).refused("unknown_field")
	kind, none := form()
	h.putPackage(a.id, a.developer, kind, none).refused("bad_request")
	h.putPackage(a.id, a.developer, "multipart/form-data; boundary=x", good).refused("bad_request")
	h.putPackage(a.id, a.developer, "multipart/form-data", good).refused("bad_request")
	h.putPackage(a.id, a.developer, "application/zip", nil).refused("bad_request")
	h.putPackage(a.id, a.developer, "application/zip", []byte("PK\x03\x04junk")).refused("bad_request")
	h.putPackage(a.id, a.developer, "application/json", good).refused("unsupported_media_type")
	h.putPackage(a.id, a.developer, "", good).refused("unsupported_media_type")
	h.putPackage(a.id, a.developer, "application/zip", bytes.Repeat([]byte{'P'}, 2<<20+1)).refused("too_large")
	h.putPackage(a.id, a.developer, "application/zip", bytes.Repeat([]byte{'P'}, 5<<20)).refused("too_large")
	kind, large := form(bytes.Repeat([]byte{'P'}, 2<<20+1))
	h.putPackage(a.id, a.developer, kind, large).refused("too_large")
	h.putPackage(a.id, h.as(session), "application/zip", good).refused("not_found")
	h.putPackage("app-aaaaaaaaaaaaaaaaaaaaaaaaaa", a.developer, "application/zip", good).refused("not_found")
	h.putPackage(a.id, a.token, "application/zip", good).refused("wrong_principal")
	h.get("/m/"+a.id+"/", "").want(200)
}
