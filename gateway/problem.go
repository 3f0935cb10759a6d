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

func writeProblem(w http.ResponseWriter, status int, f *fault.Fault) {
	h := w.Header()
	trace := h.Get("X-Trace-Id") // whoever is around this handler may have named the request
	if trace == "" {
		var b [8]byte
		rand.Read(b[:]) // never fails
		trace = hex.EncodeToString(b[:])
	}
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
