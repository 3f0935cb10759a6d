package sandbox_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/sandbox"
)

// decided is how the sandbox tells of a request.
func decided(t *testing.T, r sandbox.Request) sandbox.Decision {
	t.Helper()
	h := open(t)
	r.App, r.Operation = "app-known", "sendNotice"
	h.Decided(r)
	items, _ := h.news(0)
	if len(items) != 1 || items[0].Decision == nil {
		t.Fatalf("news: %v", items)
	}
	return *items[0].Decision
}

// gate is the name of the gate at which a decision fell; "" if all were passed.
func gate(d sandbox.Decision) string {
	if d.Gate == len(d.Gates) {
		return ""
	}
	return d.Gates[d.Gate]
}

func TestEveryRefusalIsExplained(t *testing.T) {
	for at, faults := range map[string][]*fault.Fault{
		"Token and route":     {fault.WrongPrincipal, fault.RateLimited, fault.UnsupportedMediaType},
		"Form":                {fault.BadRequest, fault.UnknownField, fault.TooLarge, notify.ErrRecipient, notify.ErrKeyRequired},
		"Handle":              {grant.ErrInvalid},
		"Same request before": {grant.ErrKeyMismatch, grant.ErrBusy},
		"App":                 {notify.ErrSuspended},
		"Template":            {notify.ErrTemplate, notify.ErrPaused, notify.ErrScopeDenied, grant.ErrMismatch},
		"Params and page":     {notify.ErrParam, notify.ErrLocked, notify.ErrPage, grant.ErrState},
		"Content":             {notify.ErrContent},
		"Grant is alive":      {grant.ErrConsumed, grant.ErrExpired, grant.ErrClosed, grant.ErrNotActivated, grant.ErrCadence, grant.ErrWindowClosed, grant.ErrWindowSpent},
		"Broadcast shape":     {notify.ErrShape},
		"Reach":               {notify.ErrReach},
	} {
		for _, f := range faults {
			d := decided(t, sandbox.Request{Raw: []byte(`{"a":1}`), Err: f.At("/a", "is wrong")})
			if d.Status != sandbox.Refused || d.Code != f.Code || d.Detail != f.Message || gate(d) != at || string(d.Sent) != `{"a":1}` {
				t.Errorf("%s: %+v", f.Code, d)
			}
			if d.Why == "" || d.Do == "" || strings.Contains(d.Why, "before the gate looked") {
				t.Errorf("%s is not explained: %q, %q", f.Code, d.Why, d.Do)
			}
			if len(d.Fields) != 1 || d.Fields[0] != (sandbox.Field{Pointer: "/a", Detail: "is wrong"}) {
				t.Errorf("%s: fields %v", f.Code, d.Fields)
			}
		}
	}
	d := decided(t, sandbox.Request{Err: errors.New("the disk is on fire")})
	if d.Code != fault.Internal.Code || strings.Contains(d.Detail+d.Why, "fire") {
		t.Errorf("a failure of the server's own: %+v", d)
	}
}

func TestWhatPassesIsExplained(t *testing.T) {
	for _, c := range []struct {
		name   string
		r      sandbox.Request
		status string
		at     string
		says   string
	}{
		{"with a sound", sandbox.Request{Notice: "n-1", Alert: true, Left: 4}, sandbox.Accepted, "", "with a sound"},
		{"silent", sandbox.Request{Notice: "n-1"}, sandbox.Accepted, "", "without a sound"},
		{"again", sandbox.Request{Notice: "n-1", Replayed: true}, sandbox.Accepted, "", "same answer again"},
		{"crowd", sandbox.Request{Notice: "n-1", Held: shape.Crowd}, sandbox.Held, "Broadcast shape", "looks like a broadcast"},
		{"pace", sandbox.Request{Notice: "n-1", Held: shape.Pace}, sandbox.Held, "Broadcast shape", "template is new"},
		{"hoard", sandbox.Request{Notice: "n-1", Held: shape.Hoard}, sandbox.Held, "Broadcast shape", "hoard"},
	} {
		d := decided(t, c.r)
		if d.Status != c.status || gate(d) != c.at || !strings.Contains(d.Why, c.says) || d.Notice != "n-1" || d.Left != c.r.Left {
			t.Errorf("%s: %+v", c.name, d)
		}
	}
}

func TestAnyRequestCanBeShown(t *testing.T) {
	for raw, want := range map[string]sandbox.Decision{
		`{"a":1,"a":2}`:                {Raw: `{"a":1,"a":2}`},
		"no JSON":                      {Raw: "no JSON"},
		"\xff\xfe":                     {Binary: "//4="},
		"":                             {},
		"x" + strings.Repeat("é", 600): {Raw: "x" + strings.Repeat("é", 511) + "…"},
	} {
		d := decided(t, sandbox.Request{Raw: []byte(raw), Err: fault.BadRequest})
		if d.Raw != want.Raw || d.Binary != want.Binary || len(d.Sent) != 0 {
			t.Errorf("%.20q: raw %.20q, binary %q, sent %s", raw, d.Raw, d.Binary, d.Sent)
		}
		if b, err := json.Marshal(d); err != nil || len(b) == 0 {
			t.Errorf("%.20q: %v", raw, err)
		}
	}
}
