package gateway

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/fault"
)

// problem is a refusal before the upgrade, as everywhere over HTTP (RFC 9457).
type problem struct {
	Type    string `json:"type"`
	Title   string `json:"title"`
	Status  int    `json:"status"`
	Code    string `json:"code"`
	Detail  string `json:"detail"`
	TraceID string `json:"trace_id"`
}

// refuse answers a request with a problem, under a name that the log knows too.
func (g *Gateway) refuse(w http.ResponseWriter, status int, f *fault.Fault) {
	var b [16]byte
	rand.Read(b[:]) // never fails
	trace := hex.EncodeToString(b[:])
	g.stats.refused.Add(1)
	g.opt.Log.Debug().Str("trace_id", trace).Int("status", status).Str("code", string(f.Code)).Msg("connection refused")
	h := w.Header()
	h.Set("X-Trace-Id", trace)
	body, _ := json.Marshal(problem{"/docs#" + string(f.Code), http.StatusText(status), status, string(f.Code), f.Message, trace}) // strings and a number only
	if f.Retry > 0 {
		h.Set("Retry-After", strconv.FormatInt(max(1, int64((f.Retry+time.Second-1)/time.Second)), 10))
	}
	if status == http.StatusMethodNotAllowed {
		h.Set("Allow", http.MethodGet)
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
