package api

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

func TestUnknownPathsAndMethods(t *testing.T) {
	h := open(t)
	token := h.user("ann")
	for _, p := range []string{
		"/", "/v1", "/v1/", "/v1/nothing", "/v1/me/", "/v1//me", "/v1/./me", "/v1/x/../me", "/v2/me", "/V1/me", "/v1/Me",
		"/docs/", "/openapi.yaml", "/v1/me%2f", "/v1/users/", "/operator/users", "/v1/conversations/x/y/z/w", "/%2e%2e/etc/passwd",
	} {
		h.get(p, token).refused("not_found")
	}
	for p, allow := range map[string]string{
		"/v1/accounts": "POST", "/v1/me": "DELETE, GET, HEAD, PATCH", "/v1/contacts/zoe": "DELETE, PATCH", "/docs": "GET, HEAD",
	} {
		for _, method := range []string{"TRACE", "OPTIONS", "BREW"} {
			a := h.call(method, p, token, nil)
			a.refused("method_not_allowed")
			if got := a.header.Get("Allow"); got != allow {
				t.Errorf("%s allows %q, want %q", p, got, allow)
			}
		}
	}
	if a := h.call("HEAD", "/v1/me", token, nil).want(200); len(a.body) != 0 || a.header.Get("Content-Length") == "" {
		t.Errorf("HEAD answers %v %q", a.header, a.body)
	}
}

func TestOddNamesInPathsAreNothing(t *testing.T) {
	h := open(t)
	h.user("zoe")
	odd := []string{"%00", "a%00b", "%2f", "..%2f..%2fme", "%ff%fe", "%20", "%0a", "é", "%F0%9F%AB%96", strings.Repeat("x", 5000), "app-x", "%2e%2e", "*", "'", "%22"}
	for _, rt := range routes {
		if rt.who == operator {
			continue
		}
		for _, m := range pathName.FindAllStringSubmatch(rt.path, -1) {
			for _, name := range odd {
				p := h.example(strings.Replace(rt.path, m[0], name, 1))
				a := h.call(rt.method, p, h.as(rt.who), orNil(expected[rt.id].body))
				// To take away what is not there is done already; everything else finds nothing.
				if a.status < 400 && rt.method != "DELETE" || a.status >= 500 {
					t.Errorf("%s with %.20q in its path answers %d %s", rt.id, name, a.status, a.body)
				}
			}
		}
	}
	token := h.as(session)
	for _, seq := range []string{"0", "-1", "x", "1.5", "9007199254740992", "99999999999999999999", "1e3", "%2b1"} {
		h.post("/v1/conversations/d-ann~zoe/messages/"+seq+"/recall", token, nil).refused("not_found")
	}
}

func orNil(body string) any {
	if body == "" {
		return nil
	}
	return body
}

func TestQueriesAreReadStrictly(t *testing.T) {
	h := open(t)
	token := h.friends("ann", "zoe")[0]
	for _, q := range []string{
		"limit=0", "limit=201", "limit=-1", "limit=", "limit=x", "limit=1.5", "limit=%2B5", "limit=99999999999999999999", "limit=1&limit=2",
		"cursor=%zz", "x=1", "cursor=garbled%00", "limit=1;cursor=x", "LIMIT=5", "cursor[]=x",
	} {
		for _, p := range []string{"/v1/contact-requests", "/v1/blocks", "/v1/sessions", "/v1/conversations"} {
			h.get(p+"?"+q, token).refused("bad_request")
		}
	}
	for _, q := range []string{"since=not+a+version", "since=%00", "since=" + strings.Repeat("9", 400), "since=1&since=2", "limit=5"} {
		h.get("/v1/contacts?"+q, token).refused("bad_request")
	}
	for _, q := range []string{"before=-1", "after=-1", "limit=-1", "after=x", "before=1.5", "limit=many", "before=9223372036854775808", "before="} {
		h.get("/v1/conversations/d-ann~zoe/messages?"+q, token).refused("bad_request")
	}
	for _, p := range []string{"/v1/me", "/v1/users/ann", "/v1/conversations/d-ann~zoe"} {
		h.get(p+"?x=1", token).refused("bad_request")
	}
	h.post("/v1/accounts?x=1", "", `{}`).refused("bad_request")
}

func TestContentTypes(t *testing.T) {
	h := open(t)
	for media, want := range map[string]int{
		"application/json": 401, "application/json; charset=utf-8": 401, "APPLICATION/JSON;charset=UTF-8": 401,
		"": 415, "text/plain": 415, "application/x-www-form-urlencoded": 415, "application/json; charset=utf-16": 415,
		"application/xml": 415, "application/jsonx": 415, ";": 415, "multipart/form-data; boundary=x": 415,
	} {
		r := h.request("POST", "/v1/sessions", "", `{"user":"ann","password":"wrong","device":"d"}`)
		r.Header.Set("Content-Type", media)
		if media == "" {
			r.Header.Del("Content-Type")
		}
		a := h.do(r).want(want)
		if want == 415 {
			a.refused("unsupported_media_type")
		}
	}
	r := h.request("POST", "/v1/sessions", "", `{"user":"ann","password":"wrong","device":"d"}`)
	r.Header.Set("Content-Encoding", "gzip")
	h.do(r).refused("unsupported_media_type")
}

func TestBearers(t *testing.T) {
	h := open(t)
	good := h.user("ann")
	for _, header := range []string{
		"", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer x", "Bearer null", "Bearer " + strings.Repeat("A", 43), "Bearer " + good[:len(good)-1],
		"Bearer " + good + "x", "Bearer x" + good, "Token " + good, good, "Bearer " + good + " " + good, "Bearer " + good + "," + good,
		"Bearer " + strings.Repeat("z", 4000), "Bearer\t" + good, "Bearer " + strings.Replace(good, "ann", "zoe", 1), "Bearer ~", "Bearer ann~",
	} {
		r := h.request("GET", "/v1/me", "", nil)
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		a := h.do(r)
		a.refused("unauthenticated")
		if a.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%.20q: %v", header, a.header)
		}
	}
	for _, header := range []string{"Bearer " + good, "bearer " + good, "BEARER   " + good} {
		r := h.request("GET", "/v1/me", "", nil)
		r.Header.Set("Authorization", header)
		h.do(r).want(200)
	}
	r := h.request("GET", "/v1/me", "", nil)
	r.Header["Authorization"] = []string{"Bearer " + good, "Bearer " + good}
	h.do(r).refused("unauthenticated")
	for _, q := range []string{"token", "access_token", "authorization", "session"} {
		h.get("/v1/me?"+q+"="+good, "").refused("unauthenticated")
	}
	// Every operation that needs a token refuses who has none, before it looks at anything else.
	for _, rt := range routes {
		if rt.who != public && rt.who != operator {
			h.call(rt.method, h.example(rt.path), "", "garbage").refused("unauthenticated")
		}
	}
}

func TestSuspendedAndExpired(t *testing.T) {
	h := open(t)
	token := h.user("ann")
	if err := h.accounts.Suspend(context.Background(), "ann", account.Suspension{Until: h.time().Add(1e9)}); err != nil {
		t.Fatal(err)
	}
	h.get("/v1/me", token).want(403)
	h.post("/v1/sessions", "", map[string]any{"user": "ann", "password": password, "device": "d"}).refused("forbidden")
	h.pass(2e9)
	h.signIn("ann", "d")
	h.user("bob")
	old := h.signIn("bob", "d")
	h.pass(account.DefaultOptions().SessionLife + 1e9)
	h.get("/v1/me", old).refused("token_expired")
}

// broken is an account service on which some calls go wrong.
type broken struct{ Accounts }

var errSecret = errors.New("the password of the database is hunter2")

func (broken) Profile(_ context.Context, u id.User) (account.Account, error) {
	switch u {
	case "panics":
		panic(errSecret)
	case "fails":
		return account.Account{}, fmt.Errorf("look up: %w", errSecret)
	case "unavailable":
		return account.Account{}, fmt.Errorf("%w: %w", fault.Unavailable, errSecret)
	}
	return account.Account{}, fault.Conflict.After(1500e6)
}

func TestMistakesOfTheServer(t *testing.T) {
	h := open(t, func(p *Parts, _ *Options) { p.Accounts = broken{p.Accounts} })
	h.contract = nil // these are no answers of the real thing
	token := h.user("ann")
	for name, code := range map[string]string{"panics": "internal", "fails": "internal", "unavailable": "unavailable"} {
		a := h.get("/v1/users/"+name, token)
		p := a.refused(code)
		if strings.Contains(string(a.body), "hunter2") {
			t.Errorf("%s tells its cause: %s", name, a.body)
		}
		if log := h.log.String(); !strings.Contains(log, p.TraceID) || !strings.Contains(log, "hunter2") {
			t.Errorf("the log does not tell why %s", name)
		}
	}
	if got := h.get("/v1/users/unavailable", token).header.Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After of half a second is %q", got)
	}
	a := h.get("/v1/users/other", token)
	a.refused("conflict")
	if got := a.header.Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After of 1.5 s is %q", got)
	}
	h.get("/v1/me", token).want(200)
}

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	h := open(t)
	token := h.user("ann")
	traces := map[string]bool{}
	for _, a := range []answer{
		h.get("/v1/me", token), h.get("/v1/me", ""), h.get("/nothing", ""), h.call("PUT", "/v1/me", token, nil), h.post("/v1/accounts", "", "{"), h.get("/v1/blocks", token),
	} {
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'"} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s: %s is %q", a.what, name, got)
			}
		}
		if id := a.header.Get("X-Trace-Id"); len(id) != 32 || traces[id] {
			t.Errorf("%s: the trace id is %q", a.what, id)
		}
		traces[a.header.Get("X-Trace-Id")] = true
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control") {
				t.Errorf("%s: a page of elsewhere is told %s", a.what, name)
			}
		}
	}
}

func TestPagesOfElsewhere(t *testing.T) {
	h := open(t, func(_ *Parts, o *Options) { o.Origins = []string{"https://chat.example"} })
	ask := func(method, origin string) answer {
		r := h.request(method, "/v1/me", "", nil)
		r.Header.Set("Origin", origin)
		if method == "OPTIONS" {
			r.Header.Set("Access-Control-Request-Method", "PATCH")
		}
		return h.do(r)
	}
	a := ask("OPTIONS", "https://chat.example").want(204)
	if a.header.Get("Access-Control-Allow-Origin") != "https://chat.example" || !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "Authorization") || a.header.Get("Vary") != "Origin" {
		t.Errorf("a preflight is answered with %v", a.header)
	}
	if a := ask("GET", "https://chat.example").want(401); a.header.Get("Access-Control-Allow-Origin") != "https://chat.example" {
		t.Errorf("a request is answered with %v", a.header)
	}
	for _, origin := range []string{"https://evil.example", "null", "https://chat.example.evil", "http://chat.example", "https://chat.example:8443", "https://CHAT.example", "*"} {
		if a := ask("OPTIONS", origin); a.status != 405 || a.header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %v", origin, a.status, a.header)
		}
		if a := ask("GET", origin).want(401); a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Vary") != "Origin" {
			t.Errorf("%s: %v", origin, a.header)
		}
	}
}

// raw sends bytes as they are and reads the answer.
func (h *house) raw(text string) answer {
	h.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		h.t.Fatal(err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		h.t.Fatalf("%.40q: %v", text, err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return answer{h.t, text, res.StatusCode, res.Header, body}
}

// A body that ends too early, or is cut into bad chunks, is the client's mistake.
func TestBodiesThatDoNotComeWhole(t *testing.T) {
	h := open(t)
	for _, rest := range []string{
		"Content-Length: 50\r\n\r\n{\"user\":",
		"Transfer-Encoding: chunked\r\n\r\n5\r\n{\"use",
		"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
	} {
		a := h.raw("POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + rest)
		if a.status/100 != 4 {
			t.Errorf("%q answers %d %s", rest, a.status, a.body)
		}
	}
	h.raw("POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n").refused("bad_request")
}
