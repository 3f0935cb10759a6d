package sandbox_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/sandbox"
)

// at is when the domains' clock of a house begins.
var at = time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC)

// A house is a sandbox whose server is as small as possible.
type house struct {
	*sandbox.Box
	t   *testing.T
	now time.Time
}

// secret is what webhooks of app-known are signed with.
const secret = "whsec_dGVhaG91c2UgdGVhaG91c2UgdGVhaG91c2U="

func open(t *testing.T) *house {
	h := &house{t: t, now: at}
	h.Box = sandbox.New(sandbox.Options{
		People:  []sandbox.Person{{User: "alice", Name: "Alice"}, {User: "mo", Name: "Mo", Moderator: true}},
		Now:     func() time.Time { return h.now },
		Advance: func(d time.Duration) time.Time { h.now = h.now.Add(d); return h.now },
		SignIn: func(_ context.Context, user, device string) (string, error) {
			if device == "" {
				return "", fault.BadRequest.At("/device", "is missing")
			}
			return "token of " + user + " on " + device, nil
		},
		Secret: func(_ context.Context, app string) (string, bool, error) {
			if app == "app-broken" {
				return "", false, errors.New("the store is away")
			}
			return secret, app == "app-known", nil
		},
	})
	return h
}

// ask sends a request as a browser on this machine would; headers are pairs.
func (h *house) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = "127.0.0.1:8080"
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// news is everything after so much.
func (h *house) news(after int64) (items []sandbox.Item, next int64) {
	h.t.Helper()
	w := h.ask("GET", fmt.Sprintf("/sandbox/news?after=%d", after), "")
	var got struct {
		Now   time.Time
		Items []sandbox.Item
		Next  int64
	}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK {
		h.t.Fatalf("news: %d %s (%v)", w.Code, w.Body, err)
	}
	if !got.Now.Equal(h.now) {
		h.t.Fatalf("the time is told as %s, it is %s", got.Now, h.now)
	}
	return got.Items, got.Next
}

func TestSessionsAreOfTheMadeUpPeopleAlone(t *testing.T) {
	h := open(t)
	w := h.ask("POST", "/sandbox/session", `{"user":"alice","device":"Left phone"}`)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "token of alice on Left phone") {
		t.Fatalf("alice: %d %s", w.Code, w.Body)
	}
	for body, want := range map[string]int{
		`{"user":"ann","device":"x"}`:              http.StatusNotFound,
		`{"user":"Alice","device":"x"}`:            http.StatusNotFound,
		`{"user":"","device":"x"}`:                 http.StatusNotFound,
		`{"device":"x"}`:                           http.StatusNotFound,
		`{"user":"alice"}`:                         http.StatusConflict,
		`{"user":"alice","device":"x","more":1}`:   http.StatusBadRequest,
		`{"user":["alice"],"device":"x"}`:          http.StatusBadRequest,
		`{"user":"ann","user":"alice"}`:            http.StatusBadRequest,
		``:                                         http.StatusBadRequest,
		`{"user":"` + strings.Repeat("a", 70_000):  http.StatusBadRequest,
		`{"user":"alice","device":"x"} {"user":1}`: http.StatusBadRequest,
	} {
		w := h.ask("POST", "/sandbox/session", body)
		if w.Code != want || strings.Contains(w.Body.String(), "token of") {
			t.Errorf("%.60s: %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
	if w := h.ask("GET", "/sandbox/session?user=alice&device=x", ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("a session for GET: %d", w.Code)
	}
}

// Whoever can make a browser on this machine send something is not let in by that.
func TestPagesOfElsewhereAreKeptOut(t *testing.T) {
	h := open(t)
	const body = `{"user":"alice","device":"x"}`
	for _, c := range []struct {
		name    string
		headers []string
		want    int
	}{
		{"the page itself", []string{"Origin", "http://127.0.0.1:8080", "Sec-Fetch-Site", "same-origin"}, http.StatusOK},
		{"no browser", nil, http.StatusOK},
		{"localhost", []string{"Host", "localhost:8080", "Origin", "http://localhost:8080"}, http.StatusOK},
		{"a machine's name", []string{"Host", "laptop:8080"}, http.StatusOK},
		{"another host", []string{"Host", "rebound.example:8080"}, http.StatusForbidden},
		{"another host that ends alike", []string{"Host", "localhost.example"}, http.StatusForbidden},
		{"no host", []string{"Host", ""}, http.StatusForbidden},
		{"a page of elsewhere", []string{"Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"a page of another port", []string{"Origin", "http://127.0.0.1:9999", "Sec-Fetch-Site", "same-site"}, http.StatusForbidden},
		{"an old browser", []string{"Origin", "https://elsewhere.example"}, http.StatusForbidden},
		{"a mini-program", []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
		{"a mini-program in an old browser", []string{"Origin", "null"}, http.StatusForbidden},
	} {
		w := h.ask("POST", "/sandbox/session", body, c.headers...)
		if w.Code != c.want || (w.Code != http.StatusOK) == strings.Contains(w.Body.String(), "token of") {
			t.Errorf("%s: %d %s, want %d", c.name, w.Code, w.Body, c.want)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: the answer is open to pages of elsewhere", c.name)
		}
	}
	if w := h.ask("GET", "/sandbox/news?after=0", "", "Host", "rebound.example"); w.Code != http.StatusForbidden {
		t.Errorf("news under a foreign name: %d", w.Code)
	}
}

func TestTheClockMovesForward(t *testing.T) {
	h := open(t)
	w := h.ask("POST", "/sandbox/clock", `{"advance_s":86400}`)
	if w.Code != http.StatusOK || !h.now.Equal(at.Add(24*time.Hour)) || !strings.Contains(w.Body.String(), "2026-11-28T08:00:00Z") {
		t.Fatalf("%d %s; it is %s", w.Code, w.Body, h.now)
	}
	for _, body := range []string{`{"advance_s":-1}`, `{"advance_s":1e12}`, `{"advance_s":"1"}`, `{}x`, `{"back_s":1}`} {
		if w := h.ask("POST", "/sandbox/clock", body); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", body, w.Code)
		}
	}
	if !h.now.Equal(at.Add(24 * time.Hour)) {
		t.Errorf("a refused move has moved it to %s", h.now)
	}
}

func TestNewsAreTheLatest(t *testing.T) {
	h := open(t)
	if items, next := h.news(0); len(items) != 0 || next != 0 {
		t.Fatalf("before anything: %v, %d", items, next)
	}
	for n := range 305 {
		h.Decided(sandbox.Request{App: fmt.Sprint("app-", n), Operation: "sendNotice", Raw: []byte("{}")})
	}
	items, next := h.news(0)
	if len(items) != 300 || items[0].App != "app-5" || items[299].App != "app-304" || next != 305 {
		t.Fatalf("all: %d from %s, next %d", len(items), items[0].App, next)
	}
	items, next = h.news(303)
	if len(items) != 2 || items[0].Seq != 304 || next != 305 {
		t.Fatalf("after 303: %v, next %d", items, next)
	}
	if items, _ := h.news(305); len(items) != 0 {
		t.Fatalf("after all: %v", items)
	}
	if items, next := h.news(9000); len(items) != 300 || next != 305 {
		t.Fatalf("to who knows another server's news: %d, next %d", len(items), next)
	}
	for _, after := range []string{"", "-1", "x", "99999999999999999999"} {
		if w := h.ask("GET", "/sandbox/news?after="+after, ""); w.Code != http.StatusBadRequest {
			t.Errorf("after %q: %d", after, w.Code)
		}
	}
}

func TestTheSampleIsAPackage(t *testing.T) {
	h := open(t)
	const once, follow = "t-6htuj4grknkh56adz6q5isxrve", "t-7c4ia5pxj2ep4pgdir57ay3et4"
	w := h.ask("GET", "/sandbox/sample.zip?once="+once+"&follow="+follow, "")
	z, err := zip.NewReader(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	if err != nil {
		t.Fatalf("%d: %v", w.Code, err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name] = string(b)
	}
	if files["index.html"] == "" || !strings.Contains(files["templates.js"], `"`+once+`"`) || !strings.Contains(files["templates.js"], `"`+follow+`"`) {
		t.Errorf("it has %v", files)
	}
	for _, query := range []string{"", "?once=" + once, "?once=x&follow=" + follow, "?once=" + once + `&follow=%22;alert(1)//`} {
		if w := h.ask("GET", "/sandbox/sample.zip"+query, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", query, w.Code)
		}
	}
}
