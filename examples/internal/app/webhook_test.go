package app_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/examples/internal/app"
)

// The specification's own example: https://github.com/standard-webhooks/standard-webhooks
func TestVerifyAsSpecified(t *testing.T) {
	h := http.Header{}
	h.Set("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek")
	h.Set("webhook-timestamp", "1614265330")
	h.Set("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	body := []byte(`{"test": 2432232314}`)
	if err := app.Verify("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", h, body, time.Unix(1614265330, 0)); err != nil {
		t.Error(err)
	}
}

const secret = "whsec_AAECAwQFBgcICQoLDA0ODw=="

func signed(at time.Time, body string) *http.Request {
	key, _ := base64.StdEncoding.DecodeString(secret[len("whsec_"):])
	mac := hmac.New(sha256.New, key)
	stamp := strconv.FormatInt(at.Unix(), 10)
	fmt.Fprintf(mac, "msg_1.%s.%s", stamp, body)
	r := httptest.NewRequest("POST", "/webhook", bytes.NewBufferString(body))
	r.Header.Set("webhook-id", "msg_1")
	r.Header.Set("webhook-timestamp", stamp)
	r.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return r
}

func TestWebhook(t *testing.T) {
	const body = `{"type":"grant.minted","timestamp":"2026-11-29T12:00:00.000Z","data":{"grant":"gh1_x","subject":"L-1","uses_left":1,"expires_at":"2026-12-06T12:00:00.000Z"}}`
	var heard []app.Event
	var fails error
	hook := app.Webhook{Secret: secret, Hear: func(_ context.Context, e app.Event) error {
		heard = append(heard, e)
		return fails
	}}
	call := func(change func(*http.Request)) int {
		r := signed(time.Now(), body)
		change(r)
		w := httptest.NewRecorder()
		hook.ServeHTTP(w, r)
		return w.Code
	}
	if got := call(func(*http.Request) {}); got != 204 || len(heard) != 1 || heard[0].ID != "msg_1" || heard[0].Data.Subject != "L-1" || heard[0].Data.UsesLeft != 1 {
		t.Fatalf("%d, heard %+v", got, heard)
	}
	if got := call(func(r *http.Request) { // the day after the secret was renewed
		r.Header.Set("webhook-signature", "v1,bm90IHRoaXM= "+r.Header.Get("webhook-signature"))
	}); got != 204 {
		t.Errorf("with a second signature: %d", got)
	}
	fails = errors.New("busy")
	if got := call(func(*http.Request) {}); got/100 != 5 {
		t.Errorf("what could not be heard: %d", got)
	}
	fails, heard = nil, nil
	for name, change := range map[string]func(*http.Request){
		"no signature":      func(r *http.Request) { r.Header.Del("webhook-signature") },
		"another signature": func(r *http.Request) { r.Header.Set("webhook-signature", "v1,bm90IHRoaXM=") },
		"another version":   func(r *http.Request) { r.Header.Set("webhook-signature", "v0"+r.Header.Get("webhook-signature")[2:]) },
		"another id":        func(r *http.Request) { r.Header.Set("webhook-id", "msg_2") },
		"another time":      func(r *http.Request) { r.Header.Set("webhook-timestamp", strconv.FormatInt(time.Now().Unix()-3, 10)) },
		"no time":           func(r *http.Request) { r.Header.Del("webhook-timestamp") },
		"another body":      func(r *http.Request) { r.Body = signed(time.Now(), "{}").Body },
		"an old one":        func(r *http.Request) { *r = *signed(time.Now().Add(-6*time.Minute), body) },
		"one to come":       func(r *http.Request) { *r = *signed(time.Now().Add(6*time.Minute), body) },
	} {
		if got := call(change); got != 401 {
			t.Errorf("%s: %d", name, got)
		}
	}
	if len(heard) != 0 {
		t.Errorf("heard %+v", heard)
	}
}
