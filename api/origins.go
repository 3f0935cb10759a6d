package api

import (
	"net/http"
	"slices"

	"github.com/teahouse-im/teahouse/fault"
)

// origins are the web pages of elsewhere that may use the API from a browser.
// Tokens travel in a header that no browser adds by itself, so there are no
// credentials to allow.
type origins []string

// admit tells a browser what the page it shows may do, and answers its preflights.
// Who is not listed is not told anything: the browser keeps the answer from the page.
func (o origins) admit(x *exchange, r *http.Request) error {
	if len(o) == 0 {
		return nil
	}
	h := x.Header()
	h.Add("Vary", "Origin")
	origin := r.Header.Get("Origin")
	if !slices.Contains(o, origin) {
		return nil
	}
	if len(r.Header.Values("Origin")) > 1 {
		return fault.BadRequest
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", "Retry-After, X-Trace-Id, Content-Disposition, Content-Range, ETag")
	if r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "" {
		h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, If-Range, Range")
		h.Set("Access-Control-Max-Age", "600")
		x.WriteHeader(http.StatusNoContent)
	}
	return nil
}
