package api

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

const operatorToken = "the-operators-own-token"

// An office is a house's operations listener.
type office struct {
	*house
	public  *house // the house itself
	drained atomic.Int32
	broken  atomic.Pointer[error]
}

func openOffice(t *testing.T, change ...func(*OpsOptions)) *office {
	t.Helper()
	h := open(t)
	o := &office{public: h}
	opt := OpsOptions{Logger: zerolog.New(h.log), Version: "test", Token: operatorToken, Now: h.time, Hosts: []string{"ops.example.org"}}
	for _, c := range change {
		c(&opt)
	}
	server := httptest.NewServer(NewOps(OpsParts{
		Operators: h.accounts, Tiers: h.law.programs, Checker: sound{}, Metrics: h.metrics,
		Checks: []Check{
			{"store", func(context.Context) error { return nil }},
			{"bus", func(context.Context) error {
				if err := o.broken.Load(); err != nil {
					return *err
				}
				return nil
			}},
		},
		Stats: func() []Stat {
			return []Stat{{"sessions", "Live sessions.", 7, false}, {"frames_in_total", "Frames from clients.", 70, true}}
		},
		Drain: func() { o.drained.Add(1) },
	}, opt))
	t.Cleanup(server.Close)
	o.house = &house{t: t, url: server.URL, accounts: h.accounts, log: h.log}
	return o
}

func TestReadiness(t *testing.T) {
	o := openOffice(t)
	o.get("/livez", "").want(200)
	if got := o.get("/readyz", "").want(200).object(); got["ready"] != true || len(got["reasons"].([]any)) != 0 {
		t.Fatalf("ready: %v", got)
	}
	err := errors.New("no connection")
	o.broken.Store(&err)
	if got := o.get("/readyz", "").want(503).object(); got["ready"] != false || got["reasons"].([]any)[0] != "bus: no connection" {
		t.Fatalf("not ready: %v", got)
	}
	o.get("/livez", "").want(200)
}

func TestMetricsNameNobody(t *testing.T) {
	o := openOffice(t)
	token := o.public.user("ann-canary")
	o.public.get("/v1/users/ann-canary", token).want(200)
	o.public.get("/v1/users/nobody-canary", token).want(404)
	o.public.get("/nothing-canary", "").want(404)
	got := string(o.get("/metrics", "").want(200).body)
	for _, want := range []string{
		`teahouse_build_info{go="go`, `version="test"`, `teahouse_http_requests_total{operation="getUser",status="200"} 1`,
		`teahouse_http_requests_total{operation="getUser",status="404"} 1`, `teahouse_http_requests_total{operation="none",status="404"} 1`,
		`teahouse_http_request_seconds_count{operation="getUser"} 2`, "teahouse_sessions 7", "# TYPE teahouse_frames_in_total counter",
		`teahouse_ready{part="bus"} 1`, `teahouse_ready{part="store"} 1`, "go_goroutines", "process_resident_memory_bytes",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if strings.Contains(got, "canary") || strings.Contains(got, token) {
		t.Error("the metrics name somebody")
	}
}

func TestProfilesAndDrain(t *testing.T) {
	o := openOffice(t)
	o.get("/debug/pprof/", "").want(200)
	o.get("/debug/pprof/heap?debug=1", "").want(200)
	o.get("/debug/pprof/cmdline", "").want(200)
	o.get("/debug/pprof/goroutine", "").want(200)
	o.get("/drain", "").refused("method_not_allowed")
	o.post("/drain", "", nil).want(204)
	o.post("/drain", "", nil).want(204)
	if n := o.drained.Load(); n != 1 {
		t.Fatalf("drained %d times", n)
	}
	o.get("/v1/me", "").refused("not_found")
	o.public.get("/metrics", "").refused("not_found")
	o.public.get("/debug/pprof/", "").refused("not_found")
	o.public.post("/operator/users", operatorToken, `{}`).refused("not_found")
}

func TestOperators(t *testing.T) {
	o := openOffice(t)
	users := o.public.user("ann")
	for _, rt := range routes {
		if rt.who != operator {
			continue
		}
		for _, token := range []string{"", "wrong", users, operatorToken + "x", operatorToken[1:]} {
			a := o.call(rt.method, o.public.example(rt.path), token, orNil(expected[rt.id].body))
			a.refused("unauthenticated")
		}
	}
	made := o.post("/operator/users", operatorToken, `{"user":"zoe","password":"correct horse battery","display_name":"By Hand"}`).want(201).object()
	if made["display_name"] != "By Hand" {
		t.Fatalf("made %v", made)
	}
	o.post("/operator/users", operatorToken, `{"user":"zoe","password":"correct horse battery"}`).refused("user_taken")
	zoe := o.public.signIn("zoe", "d")
	o.post("/operator/users/zoe/role", operatorToken, `{"role":"moderator"}`).want(204)
	if got := o.public.get("/v1/me", zoe).want(200).object(); got["role"] != "moderator" {
		t.Fatalf("the moderator is %v", got)
	}
	o.post("/operator/users/zoe/role", operatorToken, `{"role":"emperor"}`).refused("bad_request")
	o.post("/operator/users/zoe/role", operatorToken, `{"role":"none"}`).want(204)
	if got := o.public.get("/v1/me", zoe).want(200).object(); got["role"] != nil {
		t.Fatalf("no moderator any more is %v", got)
	}
	o.post("/operator/users/zoe/suspend", operatorToken, `{"reason":"spam","for_s":60}`).want(204)
	o.public.get("/v1/me", zoe).refused("forbidden")
	o.public.pass(61 * time.Second)
	zoe = o.public.signIn("zoe", "d")
	o.post("/operator/users/zoe/suspend", operatorToken, `{}`).want(204)
	o.public.get("/v1/me", zoe).refused("forbidden")
	o.post("/operator/users/zoe/unsuspend", operatorToken, nil).want(204)
	zoe = o.public.signIn("zoe", "d")
	for _, n := range []string{"0", "-1", "1.5", "99999999999999"} {
		o.post("/operator/users/zoe/suspend", operatorToken, `{"for_s":`+n+`}`).refused("bad_request")
	}
	o.post("/operator/users/zoe/password", operatorToken, `{"password":"short"}`).refused("weak_password")
	o.post("/operator/users/zoe/password", operatorToken, `{"password":"a brand new password"}`).want(204)
	o.public.get("/v1/me", zoe).refused("unauthenticated")
	for _, what := range []string{"password", "role", "suspend", "unsuspend"} {
		body := map[string]any{"password": `{"password":"correct horse battery"}`, "role": `{"role":"none"}`, "suspend": "{}"}[what]
		o.post("/operator/users/nobody/"+what, operatorToken, body).refused("not_found")
		o.post("/operator/users/N%2fbody/"+what, operatorToken, body).refused("not_found")
	}
}

// Without a token of its own a listener lets no operator in, whatever they send.
func TestNoOperatorWithoutToken(t *testing.T) {
	o := openOffice(t, func(opt *OpsOptions) { opt.Token = "" })
	r := o.request("POST", "/operator/users/zoe/unsuspend", "", nil)
	r.Header.Set("Authorization", "Bearer ")
	o.do(r).refused("unauthenticated")
	o.post("/operator/users/zoe/unsuspend", "x", nil).refused("unauthenticated")
}

func TestBadBodiesOfOperators(t *testing.T) {
	o := openOffice(t)
	o.public.user("zoe")
	for _, rt := range routes {
		good := expected[rt.id].body
		if good == "" || rt.who != operator {
			continue
		}
		for _, bad := range badBodies(t, good) {
			a := o.call(rt.method, o.public.example(rt.path), operatorToken, bad.body)
			empty := rt.id == "operatorSuspend" && bad.what == "nothing"
			if a.status >= 500 || bad.code != "" && !empty && (a.status < 400 || into[problem](a).Code != bad.code) {
				t.Errorf("%s with %s answers %d %s, want %s", rt.id, bad.what, a.status, a.body, bad.code)
			}
		}
	}
}

func TestTheClockOfDevelopment(t *testing.T) {
	openOffice(t).post("/dev/clock", "", `{"advance_s":1}`).refused("not_found")
	var moved time.Duration
	o := openOffice(t, func(opt *OpsOptions) {
		opt.Clock = func(d time.Duration) time.Time { moved += d; return time.Unix(0, 0).Add(moved) }
	})
	if got := o.post("/dev/clock", "", `{"advance_s":90}`).want(200).object(); got["now"] != "1970-01-01T00:01:30.000Z" {
		t.Fatalf("now it is %v", got)
	}
	o.post("/dev/clock", "", `{"advance_s":0.5}`).want(200)
	for _, bad := range []string{``, `{}`, `{"advance_s":-1}`, `{"advance_s":"1"}`, `{"advance_s":1e300}`, `{"advance_s":null}`, `[]`, `{"advance_s":1,"x":1}`} {
		if o.post("/dev/clock", "", bad).status/100 != 4 {
			t.Errorf("%s moves the clock", bad)
		}
	}
	if moved != 90500*time.Millisecond {
		t.Fatalf("moved by %v", moved)
	}
}

// A web page can make a browser ask for a loopback address, under a name of its own too.
func TestWebPagesDoNotReachTheListener(t *testing.T) {
	o := openOffice(t)
	for host, want := range map[string]int{
		"127.0.0.1:9090": 200, "[::1]:9090": 200, "localhost": 200, "teahouse-0:9090": 200, "10.1.2.3": 200, "ops.example.org:9090": 200, "OPS.example.org": 200,
		"evil.example": 403, "127.0.0.1.evil.example": 403, "localhost.evil.example:9090": 403,
	} {
		r := o.request("GET", "/metrics", "", nil)
		r.Host = host
		o.do(r).want(want)
	}
	r := o.request("POST", "/drain", "", nil)
	r.Header.Set("Origin", "https://evil.example")
	o.do(r).refused("forbidden")
	r = o.request("POST", "/drain", "", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	o.do(r).refused("forbidden")
	if o.drained.Load() != 0 {
		t.Fatal("a web page drained the node")
	}
}

func TestSecretsOfOperatorsAreNotLogged(t *testing.T) {
	o := openOffice(t)
	o.post("/operator/users", operatorToken, `{"user":"zoe","password":"correct horse battery"}`).want(201)
	o.post("/operator/users/zoe/suspend", operatorToken, `{}`).want(204)
	if log := o.log.String(); !strings.Contains(log, "operatorSuspend") || strings.Contains(log, operatorToken) || strings.Contains(log, password) {
		t.Fatalf("the log has a secret, or nothing: %s", log)
	}
}
