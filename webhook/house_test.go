package webhook_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/webhook"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// A house is a running service on a real store, with a clock that only later moves.
type house struct {
	*webhook.Service
	t     *testing.T
	store ledger.Store

	mu  sync.Mutex
	now time.Time
}

func store(t *testing.T) ledger.Store {
	t.Helper()
	s, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	good(t, err)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func open(t *testing.T) *house {
	t.Helper()
	h := quiet(t, store(t))
	h.run(h.Service)
	return h
}

// quiet is a house in which nothing is sent until run.
func quiet(t *testing.T, store ledger.Store) *house {
	h := &house{t: t, store: store, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)}
	h.Service = h.node(store, nil)
	return h
}

// node is one more service in the house.
func (h *house) node(store ledger.Store, change func(*webhook.Options)) *webhook.Service {
	opt := webhook.DefaultOptions()
	opt.Now, opt.Allow = h.clock, loopback
	opt.Tick, opt.Look = 10*time.Millisecond, 100*time.Millisecond
	if change != nil {
		change(&opt)
	}
	return webhook.NewService(store, opt)
}

// run runs a service until the test ends, or stop is called.
func (h *house) run(s *webhook.Service) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Run(ctx)
		s.Close()
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	h.t.Cleanup(stop)
	return stop
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) later(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// app is a new app whose events go to an ear.
func (h *house) app(e *ear) (id.App, webhook.Endpoint) {
	h.t.Helper()
	a := id.NewApp()
	end, err := h.Put(h.t.Context(), a, e.URL+"/hook")
	good(h.t, err)
	return a, end
}

func (h *house) emit(a id.App, data any) id.Delivery {
	h.t.Helper()
	d := id.NewDelivery(h.clock())
	good(h.t, h.Emit(h.t.Context(), a, d, "grant.minted", data))
	return d
}

func (h *house) deliveries(a id.App) []webhook.Delivery {
	h.t.Helper()
	page, _, err := h.Deliveries(h.t.Context(), a, "", 200)
	good(h.t, err)
	return page
}

// status waits until a delivery has one.
func (h *house) status(a id.App, d id.Delivery, want string) webhook.Delivery {
	h.t.Helper()
	var got webhook.Delivery
	eventually(h.t, func() bool {
		for _, x := range h.deliveries(a) {
			if x.ID == d {
				got = x
			}
		}
		return got.Status == want
	}, func() string { return fmt.Sprintf("%s is %+v, want %s", d, got, want) })
	return got
}

// attempts waits until so many attempts of a delivery have failed and been noted.
func (h *house) attempts(a id.App, d id.Delivery, n int) {
	h.t.Helper()
	var got webhook.Delivery
	eventually(h.t, func() bool {
		for _, x := range h.deliveries(a) {
			if x.ID == d {
				got = x
			}
		}
		return got.Attempts == n && got.Error != ""
	}, func() string { return fmt.Sprintf("%+v, want %d attempts", got, n) })
}

// A call is what an ear heard.
type call struct {
	id, signature, stamp, body string
	at                         time.Time
}

// An ear is a real server that hears calls and answers what answer says; 200 if there is none.
type ear struct {
	*httptest.Server
	mu     sync.Mutex
	calls  []call
	answer func(n int, c call, w http.ResponseWriter)
}

func hear(t *testing.T, answer func(n int, c call, w http.ResponseWriter)) *ear {
	e := &ear{answer: answer}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %v: %v", r.Method, r.Header, err)
		}
		c := call{r.Header.Get("webhook-id"), r.Header.Get("webhook-signature"), r.Header.Get("webhook-timestamp"), string(body), time.Now()}
		e.mu.Lock()
		e.calls = append(e.calls, c)
		n := len(e.calls)
		e.mu.Unlock()
		if e.answer != nil {
			e.answer(n, c, w)
		}
	}))
	t.Cleanup(e.Close)
	return e
}

func (e *ear) heard() []call {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]call(nil), e.calls...)
}

// wait waits until an ear has heard so many calls.
func (e *ear) wait(t *testing.T, n int) []call {
	t.Helper()
	eventually(t, func() bool { return len(e.heard()) >= n }, func() string { return fmt.Sprintf("%d calls, want %d", len(e.heard()), n) })
	return e.heard()
}

// signed tells whether a call is signed with a secret, as Standard Webhooks have it.
func (c call) signed(secret string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(c.id + "." + c.stamp + "." + c.body))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, s := range strings.Fields(c.signature) {
		if s == want {
			return true
		}
	}
	return false
}

func (c call) data(t *testing.T) (kind, stamp string, data map[string]any) {
	t.Helper()
	var e struct {
		Type      string         `json:"type"`
		Timestamp string         `json:"timestamp"`
		Data      map[string]any `json:"data"`
	}
	good(t, json.Unmarshal([]byte(c.body), &e))
	return e.Type, e.Timestamp, e.Data
}

// eventually waits for a condition for as long as a busy machine may need.
func eventually(t *testing.T, is func() bool, say func() string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(say())
		}
	}
}

func good(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, want *fault.Fault) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%v, want %s", err, want.Code)
	}
}
