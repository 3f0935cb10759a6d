package webhook_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/ledger/ledgertest"
	"github.com/teahouse-im/teahouse/webhook"
)

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
// From then on it knows of nothing that is owed, so that who uses it is not the one
// to look next.
type slowList struct {
	ledger.Store
	looked, hold chan struct{}
	slow         *atomic.Bool
}

func (s slowList) Owed(ctx context.Context, queue string, by time.Time, limit int) ([]ledger.Due, error) {
	if s.slow.Load() {
		return nil, nil
	}
	return s.Store.Owed(ctx, queue, by, limit)
}

func (s slowList) ListPart(ctx context.Context, p ledger.Part, prefix, after string, limit int) ([]ledger.Row, error) {
	rows, err := s.Store.ListPart(ctx, p, prefix, after, limit)
	if limit > 1 {
		s.slow.Store(true)
		select {
		case s.looked <- struct{}{}:
		case <-ctx.Done(): // the test has failed
		}
		select {
		case <-s.hold:
		case <-ctx.Done():
		}
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
	slow := slowList{h.store, make(chan struct{}), make(chan struct{}), new(atomic.Bool)}
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
	h := quiet(t, ledgertest.Twice{Store: store(t)})
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
