package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

const password = "correct horse battery"

// A house is a server of real parts on a store in memory. Every answer it gives
// is held against its own OpenAPI document.
type house struct {
	t        *testing.T
	url      string
	accounts *account.Service
	contacts *contact.Service
	chat     *chat.Service
	moments  *feed.Service
	media    *media.Service
	law      *law
	metrics  *Metrics
	log      *logBook
	contract *contract
	tokens   map[principal]string

	mu  sync.Mutex
	now time.Time
}

// logBook keeps what is logged.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type deaf struct{}

func (deaf) Heard(bus.Topic, bus.Message) {}
func (deaf) Gap()                         {}

// open builds a house; change may alter how its API is made.
func open(t *testing.T, change ...func(*Parts, *Options)) *house {
	t.Helper()
	store, err := pebble.Open("store", pebble.Options{FS: vfs.NewMem(), Logger: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, now: time.Now(), metrics: NewMetrics("test"), log: &logBook{}, tokens: map[principal]string{}}
	b := bus.NewMemory(deaf{})
	seq := stream.NewSequencer(store, stream.Options{
		Announce: func(id.Stream, []stream.Appended) {}, Now: h.time,
		Sealed: func(s id.Stream) bool { return strings.HasPrefix(string(s), id.Notices+"/") },
	})
	who := account.DefaultOptions()
	who.Now, who.Throttle, who.Erasure.Ledger = h.time, false, store
	h.accounts = account.NewService(store, func(id.User, account.End) {}, who)
	friends := contact.DefaultOptions()
	friends.Now = h.time
	h.contacts = contact.NewService(store, seq, h.accounts, friends)
	talk := chat.DefaultOptions()
	talk.Now = h.time
	h.media = openMedia(h, store)
	talk.Media = uploads{h.media}
	h.law = openLaw(h, store, seq)
	talk.Apps = wroteTo{h.law}
	h.chat = chat.NewService(store, store, seq, b, h.accounts, h.contacts, talk)

	post := feed.DefaultOptions()
	post.Now = h.time
	post.Apps = func(ctx context.Context, a id.App) error {
		_, err := h.law.programs.App(ctx, string(a))
		return err
	}
	h.moments = feed.NewService(store, seq, store, ties{h.contacts}, authors{h.accounts}, library{}, func(id.User, id.User, id.Post) {}, post)

	parts := Parts{Accounts: h.accounts, Contacts: h.contacts, Chat: h.chat, Groups: h.chat, Moments: h.moments, Media: h.media}
	parts.Push = openPush(h, store)
	parts.Programs, parts.Notices, parts.Webhooks, parts.Moderation = h.law.programs, h.law.notices, h.law.webhooks, h.law.moderation
	opt := Options{Logger: zerolog.New(h.log).Level(zerolog.DebugLevel), Version: "test", Metrics: h.metrics, Now: h.time}
	for _, c := range change {
		c(&parts, &opt)
	}
	server := httptest.NewServer(New(parts, opt))
	h.url = server.URL
	t.Cleanup(func() {
		server.Close()
		h.law.close()
		h.moments.Close()
		seq.Close()
		h.accounts.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h.contract = contractOf(t, h.get("/openapi.json", "").body)
	return h
}

func (h *house) time() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// An answer is what came back.
type answer struct {
	t      *testing.T
	what   string
	status int
	header http.Header
	body   []byte
}

// do sends a request as it is.
func (h *house) do(r *http.Request) answer {
	h.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		h.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	a := answer{h.t, r.Method + " " + r.URL.RequestURI(), res.StatusCode, res.Header, body}
	if h.contract != nil {
		h.contract.check(h.t, r, a)
	}
	return a
}

func (h *house) request(method, path, token string, body any) *http.Request {
	h.t.Helper()
	var in io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		in = strings.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			h.t.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, h.url+path, in)
	if err != nil {
		h.t.Fatal(err)
	}
	if in != nil {
		r.Header.Set("Content-Type", jsonType)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

// call sends a body, which is JSON already or made to it; nil is none.
func (h *house) call(method, path, token string, body any) answer {
	h.t.Helper()
	return h.do(h.request(method, path, token, body))
}

func (h *house) get(path, token string) answer { h.t.Helper(); return h.call("GET", path, token, nil) }

func (h *house) post(path, token string, b any) answer {
	h.t.Helper()
	return h.call("POST", path, token, b)
}

func (h *house) put(path, token string, b any) answer {
	h.t.Helper()
	return h.call("PUT", path, token, b)
}

func (h *house) patch(path, token string, b any) answer {
	h.t.Helper()
	return h.call("PATCH", path, token, b)
}

func (h *house) delete(path, token string) answer {
	h.t.Helper()
	return h.call("DELETE", path, token, nil)
}

// want fails unless the answer has that status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s answers %d, want %d: %s", a.what, a.status, status, a.body)
	}
	return a
}

// refused fails unless the answer is a problem document with that code, whole and consistent.
func (a answer) refused(code string) problem {
	a.t.Helper()
	var p problem
	if err := json.Unmarshal(a.body, &p); err != nil {
		a.t.Fatalf("%s: no problem document, %d %q: %v", a.what, a.status, a.body, err)
	}
	if p.Code != code {
		a.t.Fatalf("%s is refused with %s (%d %s), want %s", a.what, p.Code, a.status, a.body, code)
	}
	if p.Status != a.status || a.status != statuses[codeOf(code)] || p.Detail == "" || p.TraceID == "" ||
		p.TraceID != a.header.Get("X-Trace-Id") || a.header.Get("Content-Type") != problemType {
		a.t.Fatalf("%s: the problem is not whole: %d %v %s", a.what, a.status, a.header, a.body)
	}
	return p
}

// into reads the answer.
func into[T any](a answer) (v T) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, &v); err != nil {
		a.t.Fatalf("%s: %q: %v", a.what, a.body, err)
	}
	return v
}

// object reads the answer as whatever it is.
func (a answer) object() map[string]any { a.t.Helper(); return into[map[string]any](a) }

// items are those of a list.
func (a answer) items() []map[string]any {
	a.t.Helper()
	return into[struct{ Items []map[string]any }](a.want(200)).Items
}

// user makes somebody and signs them in.
func (h *house) user(name string) (token string) {
	h.t.Helper()
	h.post("/v1/accounts", "", map[string]any{"user": name, "password": password, "display_name": strings.ToUpper(name)}).want(201)
	return h.signIn(name, "phone")
}

func (h *house) signIn(name, device string) (token string) {
	h.t.Helper()
	return h.post("/v1/sessions", "", map[string]any{"user": name, "password": password, "device": device}).want(201).object()["token"].(string)
}

// friends makes people who are all friends of each other.
func (h *house) friends(names ...string) (tokens []string) {
	h.t.Helper()
	for i, name := range names {
		token := h.user(name)
		for _, other := range names[:i] {
			h.post("/v1/contact-requests", token, map[string]any{"to": other}).want(202)
		}
		for _, other := range tokens {
			h.post("/v1/contact-requests/"+name+"/accept", other, nil).want(204)
		}
		tokens = append(tokens, token)
	}
	return tokens
}

// text is the body of a new text message.
func text(words string) map[string]any {
	return map[string]any{"message_id": uuid.Must(uuid.NewV7()).String(), "kind": "text", "body": map[string]any{"text": words}}
}
