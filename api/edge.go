package api

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"path"
	"runtime/debug"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/fault"
)

// statusClientGone stands in logs and metrics for a request whose client did not
// wait for the answer. It is never sent.
const statusClientGone = 499

// An exchange is one request on its way to its answer.
type exchange struct {
	http.ResponseWriter
	trace  string // names the request in the answer and in the log
	route  string // the operation's id; "" for none
	status int    // 0: nothing answered yet
	cause  error  // what the log should know and the client should not
	gone   bool   // the client did not wait

	bodyWait time.Duration // how long its body may take; 0: as usual
}

func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
		x.ResponseWriter.WriteHeader(status)
	}
}

func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	return x.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// An edge is what every request of a listener passes first and last: it gives
// the request its name and the answer its headers, turns a panic into an answer,
// and counts and logs what came of it. Neither addresses, paths, headers nor
// bodies are logged: they can hold what nobody but the client may know.
type edge struct {
	mux     *http.ServeMux
	log     zerolog.Logger
	metrics *Metrics
	guard   func(*exchange, *http.Request) error // may refuse a request before it is looked at further

	bodyWait time.Duration // how long a body may take; 0: as usual
}

// always are the headers of every answer, unless its route says otherwise. A value
// is replaced, never changed: all answers share them.
var always = http.Header{
	"X-Content-Type-Options":  {"nosniff"},
	"Referrer-Policy":         {"no-referrer"},
	"Cache-Control":           {"no-store"},
	"Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	x := &exchange{ResponseWriter: w, trace: newTrace(), bodyWait: e.bodyWait}
	h := x.Header()
	maps.Copy(h, always)
	h["X-Trace-Id"] = []string{x.trace}
	defer func() { e.done(x, r, time.Since(start)) }()
	defer func() {
		if p := recover(); p != nil {
			e.recovered(x, r, p)
		}
	}()
	e.route(x, r)
}

func newTrace() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

// route finds who answers. The mux knows the paths and methods; its own answers
// for what it does not know are put into our form.
func (e *edge) route(x *exchange, r *http.Request) {
	if err := e.guard(x, r); err != nil {
		refuse(x, r, err)
		return
	}
	if x.status != 0 { // the guard has answered
		return
	}
	// One path, one name: "//", "/./", "/../" and a trailing slash are nothing here.
	// Folders of a mini-program's pages end with a slash.
	p := r.URL.EscapedPath()
	clean := path.Clean(p)
	if strings.HasPrefix(p, pagesPath) && strings.HasSuffix(p, "/") {
		clean += "/"
	}
	if !strings.HasPrefix(p, "/") || p != clean && !strings.HasPrefix(p, profiles) {
		refuse(x, r, fault.NotFound)
		return
	}
	h, pattern := e.mux.Handler(r)
	if pattern != "" {
		e.mux.ServeHTTP(x, r)
		return
	}
	var probe refusal
	h.ServeHTTP(&probe, r)
	if allow := probe.Header().Get("Allow"); allow != "" {
		x.Header().Set("Allow", allow)
		refuse(x, r, fault.MethodNotAllowed)
		return
	}
	refuse(x, r, fault.NotFound)
}

// refusal takes what the mux says about a request that nobody answers.
type refusal struct{ header http.Header }

func (f *refusal) Header() http.Header {
	if f.header == nil {
		f.header = http.Header{}
	}
	return f.header
}
func (f *refusal) Write(b []byte) (int, error) { return len(b), nil }
func (f *refusal) WriteHeader(int)             {}

// recovered answers a request whose handler panicked.
func (e *edge) recovered(x *exchange, r *http.Request, p any) {
	if p == http.ErrAbortHandler {
		panic(p)
	}
	e.log.Error().Str("trace_id", x.trace).Str("route", x.route).Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("a request panicked")
	if x.status != 0 { // the answer is half out: cut it off rather than let it look whole
		panic(http.ErrAbortHandler)
	}
	refuse(x, r, fault.Internal)
	x.cause = nil
}

func (e *edge) done(x *exchange, r *http.Request, took time.Duration) {
	if x.gone {
		x.status = statusClientGone
	}
	e.metrics.answered(x.route, x.status, took)
	event := e.log.Debug()
	if x.cause != nil {
		event = e.log.Error().Err(x.cause)
	}
	event.Str("trace_id", x.trace).Str("method", r.Method).Str("route", x.route).Int("status", x.status).Dur("took", took).Msg("request")
}
