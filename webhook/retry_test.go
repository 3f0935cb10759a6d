package webhook_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/webhook"
)

func TestRetries(t *testing.T) { retries(t, open(t)) }

func retries(t *testing.T, h *house) {
	e := hear(t, func(n int, _ call, w http.ResponseWriter) {
		switch n {
		case 1:
			w.WriteHeader(500)
		case 2:
			hijack(t, w)
		case 3:
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(307)
		}
	})
	a, end := h.app(e)
	d := h.emit(a, "x")
	for n := 1; n <= 3; n++ {
		e.wait(t, n)
		h.attempts(a, d, n)
		h.later(webhook.BackOff[n-1] + webhook.BackOff[n-1]/10 + time.Second)
	}
	got := h.status(a, d, webhook.Delivered)
	calls := e.heard()
	if len(calls) != 4 || got.Attempts != 4 || got.Error != "" {
		t.Errorf("%d calls; %+v", len(calls), got)
	}
	for _, c := range calls {
		if c.id != string(d) || c.body != calls[0].body || !c.signed(end.Secret) {
			t.Errorf("heard %+v after %+v", c, calls[0])
		}
	}
}

// hijack drops a connection without an answer.
func hijack(t *testing.T, w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	_ = conn.Close()
}

func TestGivesUpAfterADay(t *testing.T) {
	h := open(t)
	e := hear(t, func(_ int, _ call, w http.ResponseWriter) { w.WriteHeader(503) })
	a, _ := h.app(e)
	start := h.clock()
	d := h.emit(a, "x")
	n := 0
	for got := (webhook.Delivery{}); got.Status != webhook.Failed; {
		n++
		e.wait(t, n)
		h.attempts(a, d, n)
		got = h.deliveries(a)[0]
		if since := h.clock().Sub(start); since > webhook.RetriedFor {
			t.Fatalf("attempt %d came %v later", n, since)
		}
		wait := webhook.BackOff[min(n, len(webhook.BackOff))-1]
		h.later(wait + wait/10 + time.Second)
	}
	if n < len(webhook.BackOff) {
		t.Errorf("given up after %d attempts", n)
	}
	if got := h.deliveries(a)[0]; got.Code != 503 || got.Error == "" {
		t.Errorf("%+v", got)
	}
	// A replay is tried for a day again.
	good(t, h.Replay(t.Context(), a, string(d)))
	e.wait(t, n+1)
	h.attempts(a, d, n+1)
	if got := h.deliveries(a)[0]; got.Status != webhook.Pending {
		t.Errorf("%+v", got)
	}
}

func TestGoneIsGone(t *testing.T) {
	h := open(t)
	e := hear(t, func(n int, _ call, w http.ResponseWriter) {
		if n == 1 {
			w.WriteHeader(410)
		}
	})
	a, _ := h.app(e)
	d := h.emit(a, "x")
	h.status(a, d, webhook.Failed)
	h.status(a, h.emit(a, "y"), webhook.Delivered)
}

func TestReplay(t *testing.T) { replay(t, open(t)) }

func replay(t *testing.T, h *house) {
	e := hear(t, nil)
	a, _ := h.app(e)
	b, _ := h.app(e)
	d := h.emit(a, "x")
	e.wait(t, 1)
	refused(t, h.Replay(t.Context(), b, string(d)), fault.NotFound)
	for _, none := range []string{"", "x", string(id.NewDelivery(h.clock())), strings.Repeat("x", 5000)} {
		refused(t, h.Replay(t.Context(), a, none), fault.NotFound)
	}
	for n := 2; n < 5; n++ {
		good(t, h.Replay(t.Context(), a, string(d))) // at once: the answer may not be noted yet
		calls := e.wait(t, n)
		if calls[n-1].id != string(d) || calls[n-1].body != calls[0].body {
			t.Errorf("replayed %+v", calls[n-1])
		}
	}
	h.status(a, d, webhook.Delivered)
	if n := len(e.heard()); n != 4 {
		t.Errorf("%d calls after three replays", n)
	}
}

// A replay while an attempt is under way is one more call.
func TestReplayOfWhatIsUnderWay(t *testing.T) {
	h := open(t)
	hold := make(chan struct{})
	e := hear(t, func(n int, _ call, _ http.ResponseWriter) {
		if n == 1 {
			<-hold
		}
	})
	a, _ := h.app(e)
	d := h.emit(a, "x")
	e.wait(t, 1)
	good(t, h.Replay(t.Context(), a, string(d)))
	close(hold)
	e.wait(t, 2)
	h.status(a, d, webhook.Delivered)
}

// One endpoint that hangs is in nobody's way, however much there is for it.
func TestHangingEndpoint(t *testing.T) {
	h := open(t)
	hold := make(chan struct{})
	slow, quick := hear(t, func(int, call, http.ResponseWriter) { <-hold }), hear(t, nil)
	defer close(hold)
	a, _ := h.app(slow)
	b, _ := h.app(quick)
	for i := range 300 {
		h.emit(a, i)
	}
	slow.wait(t, 1)
	for i := range 20 {
		h.later(20 * time.Second) // all that is owed is overdue
		h.status(b, h.emit(b, i), webhook.Delivered)
	}
	if n := len(slow.heard()); n > 4 {
		t.Errorf("%d calls at once to one app", n)
	}
}
