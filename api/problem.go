package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

// problem is a refusal as clients see it: a problem document of RFC 9457. It
// never repeats a value of the request.
type problem struct {
	Type    string            `json:"type" doc:"Where the code is explained, relative to the server."`
	Title   string            `json:"title" doc:"The status in words."`
	Status  int               `json:"status" doc:"The HTTP status again."`
	Code    string            `json:"code" doc:"What went wrong. Switch on this and nothing else."`
	Detail  string            `json:"detail" doc:"The same for people, in English."`
	TraceID string            `json:"trace_id" doc:"Names this one request in the server's log."`
	Errors  []wire.FieldError `json:"errors,omitempty" doc:"Which parts of the body were wrong, if that can be told."`
}

const (
	problemType = "application/problem+json"
	jsonType    = "application/json"
)

// statuses are the HTTP statuses of the fault codes. A code that is missing here
// answers 500, which the tests would see.
var statuses = map[fault.Code]int{
	"bad_request":            http.StatusBadRequest,
	"unknown_field":          http.StatusBadRequest,
	"weak_password":          http.StatusBadRequest,
	"unauthenticated":        http.StatusUnauthorized,
	"token_expired":          http.StatusUnauthorized,
	"forbidden":              http.StatusForbidden,
	"wrong_principal":        http.StatusForbidden,
	"not_friends":            http.StatusForbidden,
	"blocked":                http.StatusForbidden,
	"not_member":             http.StatusForbidden,
	"muted":                  http.StatusForbidden,
	"screened":               http.StatusForbidden,
	"not_found":              http.StatusNotFound,
	"method_not_allowed":     http.StatusMethodNotAllowed,
	"conflict":               http.StatusConflict,
	"message_id_reused":      http.StatusConflict,
	"user_taken":             http.StatusConflict,
	"stream_closed":          http.StatusConflict,
	"group_full":             http.StatusConflict,
	"recall_expired":         http.StatusConflict,
	"too_large":              http.StatusRequestEntityTooLarge,
	"unsupported_media_type": http.StatusUnsupportedMediaType,
	"bad_range":              http.StatusRequestedRangeNotSatisfiable,
	"rate_limited":           http.StatusTooManyRequests,

	"grant_invalid":           http.StatusNotFound,
	"template_unknown":        http.StatusNotFound,
	"grant_consumed":          http.StatusConflict,
	"grant_expired":           http.StatusConflict,
	"grant_closed":            http.StatusConflict,
	"grant_not_activated":     http.StatusConflict,
	"grant_template_mismatch": http.StatusConflict,
	"state_illegal":           http.StatusConflict,
	"window_closed":           http.StatusConflict,
	"window_spent":            http.StatusConflict,
	"idempotency_mismatch":    http.StatusConflict,
	"activation_invalid":      http.StatusConflict,
	"consent_expired":         http.StatusConflict,
	"consent_decided":         http.StatusConflict,
	"recipient_not_accepted":  http.StatusForbidden,
	"template_paused":         http.StatusConflict,
	"template_scope_denied":   http.StatusForbidden,
	"content_blocked":         http.StatusForbidden,
	"app_suspended":           http.StatusForbidden,
	"ask_silenced":            http.StatusForbidden,
	"mint_paused":             http.StatusForbidden,
	"param_invalid":           http.StatusUnprocessableEntity,
	"param_locked":            http.StatusUnprocessableEntity,
	"page_invalid":            http.StatusUnprocessableEntity,
	"idempotency_required":    http.StatusUnprocessableEntity,
	"broadcast_shape":         http.StatusForbidden,
	"app_reach_limit":         http.StatusTooManyRequests,
	"cadence":                 http.StatusTooManyRequests,
	"outstanding_limit":       http.StatusTooManyRequests,
	"ask_limit":               http.StatusTooManyRequests,
	"busy_retry":              http.StatusServiceUnavailable,

	"internal":    http.StatusInternalServerError,
	"unavailable": http.StatusServiceUnavailable,
}

func statusOf(code fault.Code) int {
	if status, ok := statuses[code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// refuse answers with the fault in err. What is none is told as internal, and
// only the log learns the cause.
func refuse(x *exchange, r *http.Request, err error) {
	f := fault.From(err)
	status := statusOf(f.Code)
	switch {
	case status < http.StatusInternalServerError:
	case r.Context().Err() != nil: // nobody waits for the answer any more, which is no mistake of ours
		f, status, x.gone = fault.Unavailable, http.StatusServiceUnavailable, true
	default:
		x.cause = err
	}
	h := x.Header()
	if status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if f.Retry > 0 {
		h.Set("Retry-After", retryAfter(f.Retry))
	}
	write(x, status, problemType, problem{
		"/docs#" + string(f.Code), http.StatusText(status), status, string(f.Code), f.Message, x.trace, wire.FieldErrors(f),
	})
}

// retryAfter is a wait in whole seconds, at least one.
func retryAfter(d time.Duration) string {
	return strconv.FormatInt(max(1, int64((d+time.Second-1)/time.Second)), 10)
}

// write answers with a JSON document.
func write(x *exchange, status int, mediaType string, doc any) {
	body, err := json.Marshal(doc)
	if err != nil { // only a mistake in a type of this package could do that
		x.cause, status, mediaType = err, http.StatusInternalServerError, problemType
		body = []byte(`{"code":"internal","status":500}`)
	}
	x.Header().Set("Content-Type", mediaType)
	x.Header().Set("Content-Length", strconv.Itoa(len(body)))
	x.WriteHeader(status)
	_, _ = x.Write(body) // a client that has gone needs no answer
}
