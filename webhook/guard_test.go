package webhook_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/webhook"
)

func TestAddresses(t *testing.T) {
	h := quiet(t, store(t))
	strict := h.node(h.store, func(o *webhook.Options) { o.Allow = nil })
	a := id.NewApp()
	for _, address := range []string{
		"https://example.com/hook", "http://example.com", "https://hooks.example.com:8443/x?y=z", "https://EXAMPLE.com./", "http://8.8.8.8/", "http://[2606:4700::1111]:80/", "https://xn--bcher-kva.example/",
	} {
		if _, err := strict.Put(t.Context(), a, address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, address := range []string{
		"", "x", "example.com", "//example.com/x", "file:///etc/passwd", "gopher://example.com/", "ftp://example.com/x", "javascript:alert(1)", "http:", "http://", "http:///x", "http:example.com",
		"https://user@example.com/", "https://user:pw@example.com/", "https://example.com:0/", "https://example.com:x/", "https://example.com:99999/", "https://example.com:/", "https://example.com/#x",
		"https://exa mple.com/", "https://example.com\n/", "https://example.com/\x00", `https://example.com\@127.0.0.1/`, "https://" + strings.Repeat("x", 5000), "https://" + strings.Repeat("x", 64) + ".com/", "https://a..b/",
		"http://127.0.0.1/", "http://127.1:80/", "http://2130706433/", "http://0x7f.0.0.1/", "http://0177.0.0.1/", "http://localhost/", "http://localhost./", "http://x.localhost/", "http://intranet/", "http://db.internal/",
		"http://0.0.0.0/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.0.1/", "http://169.254.169.254/latest/meta-data", "http://100.64.0.1/", "http://224.0.0.1/", "http://255.255.255.255/",
		"http://[::1]/", "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[fc00::1]/", "http://[ff02::1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://[2001:db8::1]/",
	} {
		if _, err := strict.Put(t.Context(), a, address); !errors.Is(err, webhook.ErrURL) {
			t.Errorf("%.60q: %v", address, err)
		}
	}
	if got, _, err := strict.Get(t.Context(), a); err != nil || got.URL != "https://xn--bcher-kva.example/" {
		t.Errorf("the endpoint is %+v, %v", got, err)
	}
	for _, address := range []string{"http://127.0.0.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://[::ffff:127.0.0.1]:1/"} {
		if _, err := h.Put(t.Context(), a, address); err != nil {
			t.Errorf("%s, which is allowed: %v", address, err)
		}
	}
	if _, err := h.Put(t.Context(), a, "http://10.0.0.1/"); !errors.Is(err, webhook.ErrURL) {
		t.Errorf("a private address where loopback is allowed: %v", err)
	}
}

// What a name stands for is looked at when it is called, whatever was found good before.
func TestNameOfALoopback(t *testing.T) {
	h, e := quiet(t, store(t)), hear(t, nil)
	a := id.NewApp()
	port := e.URL[strings.LastIndexByte(e.URL, ':'):]
	for _, host := range []string{"localhost", "127.0.0.1", "[::ffff:127.0.0.1]"} {
		_, err := h.Put(t.Context(), a, "http://"+host+port)
		good(t, err)
		d := h.emit(a, host)
		stop := h.run(h.node(h.store, func(o *webhook.Options) { o.Allow = nil }))
		h.later(3 * time.Second)
		if got := h.status(a, d, webhook.Failed); !strings.Contains(got.Error, "not public") {
			t.Errorf("%s: %+v", host, got)
		}
		stop()
	}
	stop := h.run(h.node(h.store, func(o *webhook.Options) { o.Allow = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }))
	d := h.emit(a, "other range")
	h.later(3 * time.Second)
	h.status(a, d, webhook.Failed)
	stop()
	if calls := e.heard(); len(calls) != 0 {
		t.Errorf("heard %+v", calls)
	}
}

// A redirect to somewhere else is an answer like any other that is no 2xx.
func TestRedirectsAreNotFollowed(t *testing.T) {
	h, inner := open(t), hear(t, nil)
	outer := hear(t, nil)
	outer.answer = func(n int, _ call, w http.ResponseWriter) {
		if n == 1 {
			w.Header().Set("Location", inner.URL)
			w.WriteHeader(302)
		}
	}
	a, _ := h.app(outer)
	d := h.emit(a, "x")
	outer.wait(t, 1)
	h.attempts(a, d, 1)
	h.later(10 * time.Second)
	h.status(a, d, webhook.Delivered)
	if len(inner.heard()) != 0 {
		t.Error("the redirect was followed")
	}
}

// deaf is a store that fails after the first change: a claim is stored, its end is not.
type deaf struct {
	ledger.Store
	mu *sync.Mutex
	n  *int
}

func (s deaf) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	s.mu.Lock()
	*s.n++
	n := *s.n
	s.mu.Unlock()
	if n > 1 {
		return fault.Unavailable
	}
	return s.Store.ChangePart(ctx, p, w, have, owed, change)
}
