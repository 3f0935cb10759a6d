package webhook_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
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

// What a node that died has left is sent by another.
func TestNodeDies(t *testing.T) {
	h := quiet(t, store(t))
	hold := make(chan struct{})
	e := hear(t, func(n int, _ call, _ http.ResponseWriter) {
		if n == 1 {
			<-hold
		}
	})
	a, _ := h.app(e)
	before := h.emit(a, "nobody runs")

	dying := h.node(h.store, nil)
	stop := h.run(dying)
	h.later(3 * time.Second)
	e.wait(t, 1)
	stop() // in the midst of a call
	close(hold)
	if got := h.deliveries(a)[0]; got.Status != webhook.Pending {
		t.Errorf("a call that was broken off: %+v", got)
	}
	h.later(3 * time.Second)
	h.run(h.node(h.store, nil))
	h.status(a, before, webhook.Delivered)
	if n := len(e.heard()); n != 2 {
		t.Errorf("%d calls", n)
	}
}

// slowList is a store that takes long to tell what is due: what it tells is old then.
type slowList struct {
	ledger.Store
	looked, hold chan struct{}
}

func (s slowList) ListPart(ctx context.Context, p ledger.Part, prefix, after string, limit int) ([]ledger.Row, error) {
	rows, err := s.Store.ListPart(ctx, p, prefix, after, limit)
	if limit > 1 {
		s.looked <- struct{}{}
		<-s.hold
	}
	return rows, err
}

// What another node has begun meanwhile is not begun again.
func TestBegunElsewhere(t *testing.T) {
	h := quiet(t, store(t))
	answer := make(chan struct{})
	e := hear(t, func(int, call, http.ResponseWriter) { <-answer })
	a, _ := h.app(e)
	d := h.emit(a, "x")
	slow := slowList{h.store, make(chan struct{}), make(chan struct{})}
	stop := h.run(h.node(slow, nil))
	h.later(3 * time.Second)
	<-slow.looked
	h.run(h.node(h.store, nil))
	h.later(11 * time.Second) // by when it is looked at again
	e.wait(t, 1)
	slow.hold <- struct{}{}
	<-slow.looked // it has seen that there is nothing to do, and looks once more
	close(slow.hold)
	close(answer)
	h.status(a, d, webhook.Delivered)
	if n := len(e.heard()); n != 1 {
		t.Errorf("%d calls", n)
	}
	go func() {
		for range slow.looked {
		}
	}()
	stop()
	close(slow.looked)
}

// A node whose store fails it leaves to others what it has found.
func TestStoreFails(t *testing.T) {
	h := quiet(t, store(t))
	e := hear(t, nil)
	a, _ := h.app(e)
	d := h.emit(a, "x")
	failed := make(chan error, 100)
	stop := h.run(h.node(deaf{h.store, &sync.Mutex{}, new(1)}, func(o *webhook.Options) { o.Failed = func(err error) { failed <- err } }))
	h.later(3 * time.Second)
	refused(t, <-failed, fault.Unavailable)
	stop()
	h.run(h.node(h.store, nil))
	h.later(time.Minute)
	h.status(a, d, webhook.Delivered)
}

// A lease that nobody ended ends by itself.
func TestLeaseEnds(t *testing.T) {
	h := quiet(t, store(t))
	e := hear(t, nil)
	a, _ := h.app(e)
	d := h.emit(a, "x")
	stop := h.run(h.node(deaf{h.store, &sync.Mutex{}, new(int)}, nil)) // its store fails once the call is made
	h.later(3 * time.Second)
	e.wait(t, 1)
	eventually(t, func() bool { return h.deliveries(a)[0].Attempts == 1 }, func() string { return "never claimed" })
	stop()
	h.run(h.node(h.store, nil))
	h.later(time.Minute)
	h.status(a, d, webhook.Delivered)
	if n := len(e.heard()); n != 2 {
		t.Errorf("%d calls", n)
	}
}

func TestTwoNodesSendOnce(t *testing.T) { twoNodes(t, quiet(t, store(t))) }

func twoNodes(t *testing.T, h *house) {
	e := hear(t, nil)
	a, _ := h.app(e)
	var all []id.Delivery
	for i := range 60 {
		all = append(all, h.emit(a, i))
	}
	h.later(5 * time.Second) // nobody has sent any: all nodes find them
	for range 3 {
		h.run(h.node(h.store, nil))
	}
	for _, d := range all {
		h.status(a, d, webhook.Delivered)
	}
	seen := map[string]int{}
	for _, c := range e.heard() {
		seen[c.id]++
	}
	if len(seen) != len(all) {
		t.Errorf("%d of %d events were heard", len(seen), len(all))
	}
	for d, n := range seen {
		if n != 1 {
			t.Errorf("%s was sent %d times", d, n)
		}
	}
}

// late is a store on which what is owed is durable long before the change is.
type late struct {
	ledger.Store
	hold, owed chan struct{}
}

func (s late) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	if err := s.Owe(ctx, owed...); err != nil {
		return err
	}
	close(s.owed)
	<-s.hold
	return s.Store.ChangePart(ctx, p, w, have, owed[:0], change)
}

// What is owed is looked at before it has come to be, and whoever made it is never heard of again.
func TestOwedBeforeItIs(t *testing.T) {
	h := open(t)
	e := hear(t, nil)
	a, _ := h.app(e)
	slow := late{h.store, make(chan struct{}), make(chan struct{})}
	done := make(chan error)
	go func() { done <- h.node(slow, nil).Emit(t.Context(), a, id.NewDelivery(h.clock()), "x", 1) }()
	<-slow.owed
	h.later(4 * time.Second)
	eventually(t, func() bool {
		owed, err := h.store.Owed(t.Context(), "webhook", h.clock(), 1)
		return err == nil && len(owed) == 0
	}, func() string { return "nobody looked" })
	close(slow.hold)
	good(t, <-done)
	h.later(time.Minute)
	e.wait(t, 1)
}

// On a store that does not know its outcomes at first, all goes the same way.
func TestUnknownOutcomes(t *testing.T) {
	h := quiet(t, twice{store(t)})
	h.run(h.Service)
	e := hear(t, func(n int, _ call, w http.ResponseWriter) {
		if n == 1 {
			w.WriteHeader(500)
		}
	})
	a, end := h.app(e)
	d := h.emit(a, "x")
	e.wait(t, 1)
	h.attempts(a, d, 1)
	h.later(7 * time.Second)
	if got := h.status(a, d, webhook.Delivered); got.Attempts != 2 {
		t.Errorf("%+v", got)
	}
	good(t, h.Replay(t.Context(), a, string(d)))
	e.wait(t, 3)
	h.status(a, d, webhook.Delivered)
	fresh, err := h.Renew(t.Context(), a)
	good(t, err)
	h.emit(a, "y")
	if c := e.wait(t, 4)[3]; !c.signed(end.Secret) || !c.signed(fresh.Secret) || end.Secret == fresh.Secret {
		t.Errorf("after a renewal: %+v", c)
	}
	if n := len(e.heard()); n != 4 {
		t.Errorf("%d calls", n)
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

func TestList(t *testing.T) {
	h, e := quiet(t, store(t)), hear(t, nil)
	a, _ := h.app(e)
	var want []id.Delivery
	for i := range 7 {
		want = append([]id.Delivery{h.emit(a, i)}, want...)
		h.later(time.Second)
	}
	var got []id.Delivery
	for cursor := ""; ; {
		page, next, err := h.Deliveries(t.Context(), a, cursor, 3)
		good(t, err)
		for _, d := range page {
			got = append(got, d.ID)
		}
		if cursor = next; next == "" {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, c := range []string{"x", "AAAA", strings.Repeat("A", 5000)} {
		_, _, err := h.Deliveries(t.Context(), a, c, 0)
		refused(t, err, fault.BadRequest)
	}
	for _, limit := range []int{-1, 201} {
		_, _, err := h.Deliveries(t.Context(), a, "", limit)
		refused(t, err, fault.BadRequest)
	}
	if page, next, err := h.Deliveries(t.Context(), id.NewApp(), "", 0); page == nil || len(page) != 0 || next != "" || err != nil {
		t.Errorf("of an app without any: %v, %q, %v", page, next, err)
	}
}

// What is old or more than is kept goes, but nothing that is on its way.
func TestKept(t *testing.T) {
	h := quiet(t, store(t))
	e := hear(t, nil)
	a, _ := h.app(e)
	var first id.Delivery
	for i := range webhook.KeptMost + 260 {
		if d := h.emit(a, i); i == 0 {
			first = d
		}
		h.later(time.Millisecond)
	}
	count := func() int {
		t.Helper()
		rows, err := h.store.ListPart(t.Context(), ledger.Part("webhooks/"+string(a)), "d/", "", 5000)
		good(t, err)
		return len(rows)
	}
	if n := count(); n != webhook.KeptMost+260 {
		t.Errorf("%d kept; none has been sent", n)
	}
	h.run(h.Service)
	e.wait(t, webhook.KeptMost+260)
	sent := func() {
		t.Helper()
		eventually(t, func() bool {
			rows, err := h.store.ListPart(t.Context(), ledger.Part("webhooks/"+string(a)), "q/", "", 1)
			return err == nil && len(rows) == 0
		}, func() string { return "something is on its way still" })
	}
	sent()
	for i := range 200 {
		h.later(time.Millisecond)
		h.emit(a, i)
	}
	eventually(t, func() bool { return count() < webhook.KeptMost+200 }, func() string { return fmt.Sprintf("%d kept", count()) })
	refused(t, h.Replay(t.Context(), a, string(first)), fault.NotFound)
	sent()
	h.later(webhook.Kept + 25*time.Hour)
	eventually(t, func() bool { return count() == 0 }, func() string { return fmt.Sprintf("%d kept after more than a week", count()) })
	rows, err := h.store.ListPart(t.Context(), ledger.Part("webhooks/"+string(a)), "", "", 10)
	good(t, err)
	if len(rows) != 2 { // endpoint, count
		t.Errorf("left: %q", rows)
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
