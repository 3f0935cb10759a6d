package api

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/wire"
)

func TestThePageShowsEverything(t *testing.T) {
	h := open(t)
	a := h.get("/docs", "").want(200)
	page := string(a.body)
	if got := a.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("the page is %s", got)
	}
	for _, rt := range routes {
		if shown := strings.Contains(page, `id="`+rt.id+`"`); shown != (rt.who != operator) {
			t.Errorf("%s is on the page: %v", rt.id, shown)
		}
	}
	root, err := readTree(wire.AsyncAPI)
	if err != nil {
		t.Fatal(err)
	}
	if len(root.at("operations").names) < 10 {
		t.Fatalf("the WebSocket has %v", root.at("operations").names)
	}
	for _, id := range root.at("operations").names {
		if !strings.Contains(page, `id="ws-`+id+`"`) {
			t.Errorf("%s of the WebSocket is not on the page", id)
		}
	}
	for _, want := range []string{"4409", `<code>{&#34;id&#34;:7,&#34;op&#34;:&#34;sync&#34;`, `id="Entry-shape"`, `id="Limits-shape"`, `href="#Entry-shape">Entry</a> or null`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for code := range statuses {
		if !strings.Contains(page, `id="`+string(code)+`"`) && code != "screened" {
			t.Errorf("the page does not explain %s", code)
		}
	}
	ids := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("two places are called %s", m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range regexp.MustCompile(` href="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		if to, here := strings.CutPrefix(m[1], "#"); here && !ids[to] || !here && !strings.HasPrefix(m[1], "/") {
			t.Errorf("a link leads to %s", m[1])
		}
	}
}

// The page runs nothing, loads nothing, and its style is the one its policy names.
func TestThePageIsAloneAndStrict(t *testing.T) {
	a := open(t).get("/docs", "").want(200)
	page := string(a.body)
	for _, bad := range []string{"<script", "<link", "<img", "<iframe", "@import", "url(", "http:", "https:", " style=", " onclick="} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %s", bad)
		}
	}
	style := page[strings.Index(page, "<style>")+len("<style>") : strings.Index(page, "</style>")]
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	if got := a.header.Get("Content-Security-Policy"); got != want {
		t.Errorf("the policy is %s, want %s", got, want)
	}
}

func TestATreeKeepsTheOrder(t *testing.T) {
	n, err := readTree([]byte(`{"b": {"x": [1, "two", {"y": null}]}, "a": {"$ref": "#/b/x~1z"}, "t": true}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(n.names, " "); got != "b a t" {
		t.Errorf("names are %s", got)
	}
	if list := n.at("b", "x"); len(list.items) != 3 || list.items[1].text != "two" || string(list.raw) != `[1, "two", {"y": null}]` {
		t.Errorf("the list is %v", list)
	}
	if to, name := n.at("a").follow(n); name != "x/z" || to == nil {
		t.Errorf("the reference leads to %q", name)
	}
	if got := n.at("no", "where").text; got != "" {
		t.Errorf("nothing is %q", got)
	}
	for _, bad := range []string{"", "{", `{"a"`, `[1`, `{"a":}`} {
		if _, err := readTree([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}
