package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/client"
)

// Types of events.
const (
	GrantMinted  = "grant.minted"  // a user said yes
	WindowOpened = "window.opened" // a user wrote
)

type (
	// An Event is what a webhook brings.
	Event struct {
		ID   string    // the same whenever it is sent again
		Type string    `json:"type"`
		At   time.Time `json:"timestamp"`
		Data struct {
			client.HandedGrant
			First    bool      `json:"first"`    // of a window: it was not there before
			Messages []Message `json:"messages"` // of a window: the user's latest, the oldest first
		} `json:"data"`
	}
	// A Message is what a user wrote to the app.
	Message struct {
		ID   string `json:"message"`
		Kind string `json:"kind"` // "text" and others
		Body struct {
			Text string `json:"text"`
		} `json:"body"`
		At time.Time `json:"at"`
	}
)

// A Webhook receives events signed as Standard Webhooks have it
// (https://www.standardwebhooks.com).
type Webhook struct {
	Secret string // whsec_…
	// Hear is told of each event, perhaps more than once. It should be quick: an
	// answer that takes longer than ten seconds is taken for none. After an error the
	// event is sent again.
	Hear func(context.Context, Event) error
}

const (
	eventMost = 256 << 10
	eventAge  = 5 * time.Minute // older ones may have been recorded by somebody
)

func (h Webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, eventMost))
	if err != nil {
		http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		return
	}
	if err := Verify(h.Secret, r.Header, body, time.Now()); err != nil {
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	e := Event{ID: r.Header.Get("webhook-id")}
	if err := json.Unmarshal(body, &e); err != nil {
		http.Error(w, "not an event", http.StatusBadRequest)
		return
	}
	if err := h.Hear(r.Context(), e); err != nil {
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Verify tells whether a call comes from who knows the secret, and does so now.
// What is signed is "id.timestamp.body": the body as it came, before it is parsed.
func Verify(secret string, h http.Header, body []byte, now time.Time) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return errors.New("the secret is none")
	}
	id, stamp := h.Get("webhook-id"), h.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errors.New("the timestamp is missing")
	}
	if age := now.Sub(time.Unix(seconds, 0)).Abs(); age > eventAge {
		return errors.New("the timestamp is too far from now")
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, stamp, body)
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	// For a day after the secret was renewed there are two signatures, with a space between.
	for got := range strings.FieldsSeq(h.Get("webhook-signature")) {
		if subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1 {
			return nil
		}
	}
	return errors.New("the signature is wrong")
}
