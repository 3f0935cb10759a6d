package sandbox_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// signature is written out anew here, by Standard Webhooks' own words.
func signature(key, eventID string, at time.Time, body string) string {
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "%s.%d.%s", eventID, at.Unix(), body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

const (
	key   = "teahouse teahouse teahouse" // of secret
	event = `{"type":"grant.minted","data":{"grant":"gh1_x"}}`
)

func TestTheInboxChecksSignatures(t *testing.T) {
	now := time.Now()
	good := signature(key, "msg_1", now, event)
	for _, c := range []struct {
		name            string
		id, sign, body  string
		at              time.Time
		signed          bool
		says, eventType string
	}{
		{"right", "msg_1", good, event, now, true, "", "grant.minted"},
		{"one of two, as while secrets change", "msg_1", "v1,AAAA " + good, event, now, true, "", "grant.minted"},
		{"another body", "msg_1", good, strings.Replace(event, "x", "y", 1), now, false, "not of this body", "grant.minted"},
		{"another id", "msg_2", good, event, now, false, "not of this body", "grant.minted"},
		{"another key", "msg_1", signature("x", "msg_1", now, event), event, now, false, "not of this body", "grant.minted"},
		{"another version", "msg_1", "v2" + good[2:], event, now, false, "not of this body", "grant.minted"},
		{"none", "msg_1", "", event, now, false, "not signed", "grant.minted"},
		{"no id", "", good, event, now, false, "not signed", "grant.minted"},
		{"long ago", "msg_1", signature(key, "msg_1", now.Add(-6*time.Minute), event), event, now.Add(-6 * time.Minute), false, "five minutes", "grant.minted"},
		{"in the future", "msg_1", signature(key, "msg_1", now.Add(6*time.Minute), event), event, now.Add(6 * time.Minute), false, "five minutes", "grant.minted"},
		{"no text for an id", "msg_\xff", good, event, now, false, "not of this body", "grant.minted"},
		{"no JSON", "msg_1", signature(key, "msg_1", now, "{"), "{", now, true, "", ""},
	} {
		h := open(t)
		w := h.ask("POST", "/sandbox/hook/app-known", c.body,
			"webhook-id", c.id, "webhook-timestamp", fmt.Sprint(c.at.Unix()), "webhook-signature", c.sign)
		items, _ := h.news(0)
		if w.Code != http.StatusNoContent || len(items) != 1 || items[0].Event == nil {
			t.Errorf("%s: %d, news %v", c.name, w.Code, items)
			continue
		}
		e := items[0].Event
		if e.Signed != c.signed || !strings.Contains(e.Wrong, c.says) || (e.Wrong == "") != c.signed || e.Type != c.eventType || e.ID != strings.ToValidUTF8(c.id, "?") || items[0].App != "app-known" {
			t.Errorf("%s: %+v", c.name, e)
		}
		if c.eventType != "" && string(e.Body) != c.body {
			t.Errorf("%s: the body is shown as %s", c.name, e.Body)
		}
	}
}

func TestTheInboxAnswersAsItIsAsked(t *testing.T) {
	h := open(t)
	for path, want := range map[string]int{
		"app-known?answer=503": http.StatusServiceUnavailable,
		"app-known?answer=200": http.StatusOK,
		"app-known?answer=199": http.StatusBadRequest,
		"app-known?answer=x":   http.StatusBadRequest,
		"app-other":            http.StatusNotFound,
		"app-broken":           http.StatusNotFound,
	} {
		if w := h.ask("POST", "/sandbox/hook/"+path, event); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	if w := h.ask("POST", "/sandbox/hook/app-known", strings.Repeat("x", 70_000)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d", w.Code)
	}
	if items, _ := h.news(0); len(items) != 2 || items[0].Event.Answered+items[1].Event.Answered != 703 {
		t.Errorf("news of what did not come: %v", items)
	}
}
