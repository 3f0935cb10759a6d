package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/web"
)

func TestTheSandboxsPageIsThereIfItIsAskedFor(t *testing.T) {
	h, plain := web.Sandbox(), web.Handler()
	page := body(t, get(t, h, "/sandbox"))
	found := reference.FindAllStringSubmatch(page, -1)
	if len(found) < 10 {
		t.Fatalf("the page names %d files only: %s", len(found), page)
	}
	for _, m := range found {
		if r := get(t, h, m[1]); r.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", m[1], r.StatusCode)
		}
		if !strings.Contains(m[1], "/sandbox/") {
			continue
		}
		b := body(t, get(t, h, m[1]))
		for _, name := range module.FindAllStringSubmatch(b, -1) {
			if !strings.HasPrefix(name[1], "./") && !strings.HasPrefix(name[1], "../js/") {
				t.Errorf("%s imports %q", m[1], name[1])
			}
		}
	}
	if body(t, get(t, h, "/")) == page || strings.Contains(body(t, get(t, h, "/")), "sandbox") {
		t.Error("the client's page has to do with the sandbox")
	}
	if own := reference.FindStringSubmatch(body(t, get(t, plain, "/")))[1]; own == found[0][1] {
		t.Error("the assets of both are named alike")
	} else if r := get(t, plain, strings.Replace(own, "img/logo.svg", "sandbox/page.js", 1)); r.StatusCode != http.StatusNotFound {
		t.Errorf("without it, its module: %d", r.StatusCode)
	}
	for _, address := range []string{"/sandbox", "/sandbox/", "/sandbox/page.js"} {
		if r := get(t, plain, address); r.StatusCode != http.StatusNotFound {
			t.Errorf("without it, %s: %d", address, r.StatusCode)
		}
	}
	if r := get(t, h, "/sandbox", "Sec-Fetch-Mode", "no-cors"); r.StatusCode != http.StatusNotFound {
		t.Errorf("the page as a script: %d", r.StatusCode)
	}
}

// Outside of the sandbox nobody shows the client in a frame, and nobody the sandbox.
func TestFramesOfTheClient(t *testing.T) {
	for _, c := range []struct {
		h    http.Handler
		path string
		want string
	}{
		{web.Handler(), "/", "'none'"},
		{web.Handler(), "/sandbox", "'none'"},
		{web.Sandbox(), "/", "'self'"},
		{web.Sandbox(), "/chats/d-alice~bob", "'self'"},
		{web.Sandbox(), "/sandbox", "'none'"},
	} {
		r := get(t, c.h, c.path)
		if policy := r.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors "+c.want+";") {
			t.Errorf("%s: %s, want frames of %s", c.path, policy, c.want)
		}
	}
}
