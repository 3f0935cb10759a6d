package webhook_test

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/webhook"
)

func TestEvent(t *testing.T) { event(t, open(t)) }

func event(t *testing.T, h *house) {
	e := hear(t, nil)
	a, end := h.app(e)
	if raw, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(end.Secret, "whsec_")); err != nil || len(raw) != 32 || end.URL != e.URL+"/hook" {
		t.Errorf("the endpoint is %+v", end)
	}
	d := h.emit(a, map[string]any{"subject": "A17"})
	c := e.wait(t, 1)[0]
	if c.id != string(d) || !c.signed(end.Secret) {
		t.Errorf("heard %+v", c)
	}
	for _, other := range []call{{c.id, c.signature, c.stamp, c.body + " ", c.at}, {"msg_x", c.signature, c.stamp, c.body, c.at}, {c.id, c.signature, "1", c.body, c.at}} {
		if other.signed(end.Secret) {
			t.Errorf("the signature is good for %+v too", other)
		}
	}
	if stamp, err := strconv.ParseInt(c.stamp, 10, 64); err != nil || c.at.Sub(time.Unix(stamp, 0)).Abs() > time.Minute {
		t.Errorf("signed at %s, which is not the real time", c.stamp)
	}
	if kind, stamp, data := c.data(t); kind != "grant.minted" || stamp != "2026-05-01T12:00:00.000Z" || data["subject"] != "A17" {
		t.Errorf("the body is %s", c.body)
	}
	if got := h.status(a, d, webhook.Delivered); got.Attempts != 1 || got.Code != 200 || got.Type != "grant.minted" || string(got.Body) != c.body {
		t.Errorf("the delivery is %+v", got)
	}
	h.later(webhook.RetriedFor)
	next := h.emit(a, nil)
	h.status(a, next, webhook.Delivered)
	if n := len(e.heard()); n != 2 {
		t.Errorf("%d calls for two events", n)
	}
}

func TestEmittedTwiceIsOneDelivery(t *testing.T) { emittedTwice(t, open(t)) }

func emittedTwice(t *testing.T, h *house) {
	e := hear(t, nil)
	a, _ := h.app(e)
	d := id.NewDelivery(h.clock())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := h.Emit(t.Context(), a, d, "x", i); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	h.status(a, d, webhook.Delivered)
	good(t, h.Emit(t.Context(), a, d, "x", "again"))
	last := h.emit(a, nil)
	h.status(a, last, webhook.Delivered)
	if calls := e.heard(); len(calls) != 2 || calls[0].id != string(d) {
		t.Errorf("heard %+v", calls)
	}
}

// stale is a store whose readers see what was there when it was made.
type stale struct {
	ledger.Store
	was ledger.View
}

func (s stale) ReadPart(context.Context, ledger.Part, ledger.Want) (ledger.View, error) {
	return s.was, nil
}

// Two nodes emit one event, and one of them has seen nothing of the other.
func TestEmittedElsewhere(t *testing.T) {
	h, e := open(t), hear(t, nil)
	a, _ := h.app(e)
	was, err := h.store.ReadPart(t.Context(), ledger.Part("webhooks/"+string(a)), ledger.Want{Keys: []string{"endpoint"}})
	good(t, err)
	d := h.emit(a, "x")
	h.status(a, d, webhook.Delivered)
	good(t, h.node(stale{h.store, was}, nil).Emit(t.Context(), a, d, "grant.minted", "x"))
	h.status(a, d, webhook.Delivered)
	h.later(5 * time.Second)
	h.status(a, h.emit(a, "y"), webhook.Delivered)
	if n := len(e.heard()); n != 2 {
		t.Errorf("%d calls for two events", n)
	}
}

func TestNobodyListens(t *testing.T) {
	h, e := open(t), hear(t, nil)
	a := id.NewApp()
	h.emit(a, "before")
	if got := h.deliveries(a); len(got) != 0 {
		t.Errorf("kept %+v", got)
	}
	if _, ok, err := h.Get(t.Context(), a); ok || err != nil {
		t.Errorf("an endpoint: %v, %v", ok, err)
	}
	refused(t, h.Replay(t.Context(), a, "msg_x"), fault.NotFound)
	_, err := h.Put(t.Context(), a, e.URL)
	good(t, err)
	d := h.emit(a, "after")
	if c := e.wait(t, 1); c[0].id != string(d) {
		t.Errorf("heard %+v", c)
	}
}

func TestSecrets(t *testing.T) {
	h, e := open(t), hear(t, nil)
	a, first := h.app(e)
	again, err := h.Put(t.Context(), a, e.URL+"/other")
	good(t, err)
	if again.Secret != first.Secret || again.URL == first.URL {
		t.Errorf("%+v, then %+v", first, again)
	}
	fresh, err := h.Renew(t.Context(), a)
	good(t, err)
	if got, ok, err := h.Get(t.Context(), a); got != fresh || !ok || err != nil {
		t.Errorf("%+v, %v, %v", got, ok, err)
	}
	h.later(25 * time.Hour)
	h.emit(a, "x")
	if c := e.wait(t, 1)[0]; c.signed(first.Secret) || !c.signed(fresh.Secret) {
		t.Errorf("a day after the renewal: %+v", c)
	}
	if got, err := h.Renew(t.Context(), id.NewApp()); err != nil || got.Secret == "" && got.URL != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRunLeavesNothing(t *testing.T) {
	h := quiet(t, store(t))
	e := hear(t, nil)
	a, _ := h.app(e)
	ignore := goleak.IgnoreCurrent()
	stop := h.run(h.Service)
	for i := range 20 {
		h.emit(a, i)
	}
	e.wait(t, 20)
	stop()
	e.CloseClientConnections()
	goleak.VerifyNone(t, ignore)
}
