package sandbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/teahouse-im/teahouse/fault"
)

const (
	eventMost = 64 << 10        // bytes of an event
	skewMost  = 5 * time.Minute // between when an event was signed and when it comes
)

// An Event is a webhook that came to the sandbox.
type Event struct {
	ID       string         `json:"id"` // its webhook-id, the same at every attempt
	Type     string         `json:"type"`
	Body     jsontext.Value `json:"body,omitempty"` // null if it is no JSON
	Signed   bool           `json:"signed"`         // by a secret of the app, and lately
	Wrong    string         `json:"wrong,omitzero"` // why it is not, in words
	Answered int            `json:"answered"`       // the status
}

// hook is where an app's webhooks come to if its endpoint is the sandbox's. What
// it answers can be asked for, so that one sees what is tried again.
func (b *Box) hook(w http.ResponseWriter, r *http.Request) {
	app := r.PathValue("app")
	status := http.StatusNoContent
	if asked := r.URL.Query().Get("answer"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil || n < 200 || n > 599 {
			refuse(w, http.StatusBadRequest, fault.BadRequest.Saying("answer is a status from 200 to 599."))
			return
		}
		status = n
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, eventMost))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, fault.TooLarge)
		return
	}
	secret, known, err := b.opt.Secret(r.Context(), app)
	if err != nil || !known {
		refuse(w, http.StatusNotFound, fault.NotFound.Saying("This app has no webhook."))
		return
	}
	e := &Event{ID: strings.ToValidUTF8(r.Header.Get("webhook-id"), "?"), Answered: status, Wrong: wrong(secret, r.Header, body, time.Now())}
	e.Signed = e.Wrong == ""
	var of struct {
		Type string `json:"type"`
	}
	if json.Unmarshal(body, &of) == nil {
		e.Type, e.Body = of.Type, jsontext.Value(body)
	}
	b.tell(Item{App: app, Event: e})
	w.WriteHeader(status)
}

// wrong tells what is wrong with the signature of an event, as Standard Webhooks
// have it; "" if nothing is. An app's server has to do the same.
func wrong(secret string, h http.Header, body []byte, now time.Time) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return "The secret is not of the form whsec_…"
	}
	eventID, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	at, err := strconv.ParseInt(stamp, 10, 64)
	switch {
	case eventID == "" || h.Get("webhook-signature") == "":
		return "It is not signed."
	case err != nil:
		return "Its webhook-timestamp is no number."
	case now.Sub(time.Unix(at, 0)).Abs() > skewMost:
		return "It was signed more than five minutes ago, or in the future."
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(eventID + "." + stamp + "."))
	mac.Write(body)
	sum := mac.Sum(nil)
	for signature := range strings.FieldsSeq(h.Get("webhook-signature")) {
		version, text, _ := strings.Cut(signature, ",")
		got, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(got, sum) {
			return ""
		}
	}
	return "The signature is not of this body with the app's secret."
}
