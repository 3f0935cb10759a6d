package push_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/teahouse-im/teahouse/notify/push"
)

func pemOf(t testing.TB, key any) []byte {
	t.Helper()
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	good(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
}

// An apnsServer is Apple's side: HTTP/2 over TLS, provider tokens checked.
type apnsServer struct {
	*httptest.Server
	t   testing.TB
	key *ecdsa.PrivateKey
	now func() time.Time

	mu      sync.Mutex
	tokens  []string // of providers, as they came
	got     []apple
	answers []string // "status reason [timestamp]", before all is well
	asked   int
}

type apple struct {
	token  string
	header http.Header
	body   struct {
		Aps struct {
			Alert     *struct{ Title, Body string }
			Sound     string
			Thread    string `json:"thread-id"`
			Available int    `json:"content-available"`
		}
		push.Message
	}
}

func newAPNsServer(t testing.TB) *apnsServer {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	good(t, err)
	a := &apnsServer{t: t, key: key, now: time.Now}
	a.Server = httptest.NewUnstartedServer(a)
	a.EnableHTTP2 = true
	a.StartTLS()
	t.Cleanup(a.Close)
	return a
}

func (a *apnsServer) options() *push.APNsOptions {
	return &push.APNsOptions{Key: pemOf(a.t, a.key), KeyID: "ABCDE12345", Team: "TEAM567890", Topic: "im.tea", URL: a.URL, Transport: a.Client().Transport}
}

func (a *apnsServer) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked++
	say := func(status int, reason string, at int64) {
		out.Header().Set("apns-id", "01a21ad5-adbd-8b0b-8516-de09efd7b335")
		out.WriteHeader(status)
		body := map[string]any{"reason": reason}
		if at > 0 {
			body["timestamp"] = at
		}
		_ = json.NewEncoder(out).Encode(body)
	}
	if r.ProtoMajor != 2 || r.Method != http.MethodPost {
		a.t.Errorf("%s over %s", r.Method, r.Proto)
	}
	bearer, _ := strings.CutPrefix(r.Header.Get("authorization"), "bearer ")
	if !slices.Contains(a.tokens, bearer) {
		a.tokens = append(a.tokens, bearer)
	}
	if reason := a.provider(bearer); reason != "" {
		say(403, reason, 0)
		return
	}
	if len(a.answers) > 0 {
		words := append(strings.Fields(a.answers[0]), "0")
		a.answers = a.answers[1:]
		status, _ := strconv.Atoi(words[0])
		at, _ := strconv.ParseInt(words[2], 10, 64)
		say(status, words[1], at)
		return
	}
	got := apple{token: strings.TrimPrefix(r.URL.Path, "/3/device/"), header: r.Header}
	if err := json.NewDecoder(r.Body).Decode(&got.body); err != nil {
		a.t.Error(err)
	}
	if len(r.Header.Get("apns-collapse-id")) > 64 || r.Header.Get("apns-topic") != "im.tea" {
		say(400, "BadCollapseId", 0)
		return
	}
	a.got = append(a.got, got)
	out.WriteHeader(http.StatusOK)
}

// provider is why a provider token is no good.
func (a *apnsServer) provider(token string) string {
	var claims jwt.RegisteredClaims
	parsed, err := jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return &a.key.PublicKey, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithTimeFunc(a.now))
	switch {
	case err != nil || parsed.Header["kid"] != "ABCDE12345" || claims.Issuer != "TEAM567890":
		return "InvalidProviderToken"
	case a.now().Sub(claims.IssuedAt.Time).Abs() > time.Hour:
		return "ExpiredProviderToken"
	}
	return ""
}

func (a *apnsServer) answer(answers ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers, a.asked = answers, 0
}

// take is what came, with how many tokens were used so far.
func (a *apnsServer) take() ([]apple, int, int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := a.got
	a.got = nil
	return out, len(a.tokens), a.asked
}

func openAPNs(t *testing.T) (*house, *apnsServer) {
	a := newAPNsServer(t)
	h := open(t, func(o *push.Options) { o.APNs = a.options() })
	a.now = h.clock
	good(t, h.Subscribe(h.ctx, "bob", "d1", push.Subscription{Kind: push.APNs, Token: "a1b2c3"}))
	return h, a
}

func TestAPNs(t *testing.T) {
	h, a := openAPNs(t)
	e := h.text(direct, "alice", "hello")
	h.settled()
	all, _, _ := a.take()
	if len(all) != 1 {
		t.Fatalf("%d pushes %v", len(all), h.failed())
	}
	got := all[0]
	for name, want := range map[string]string{
		"apns-push-type": "alert", "apns-priority": "10", "apns-topic": "im.tea", "apns-collapse-id": got.body.Tag,
		"apns-expiration": fmt.Sprint(h.clock().Add(24 * time.Hour).Unix()),
	} {
		if v := got.header.Get(name); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	b := got.body
	if got.token != "a1b2c3" || b.Aps.Alert == nil || b.Aps.Alert.Title != "Alice" || b.Aps.Alert.Body != "hello" || b.Aps.Thread != b.Tag ||
		b.Stream != string(direct) || b.Seq != e.Seq || b.Type != "message" || b.Count != 1 {
		t.Errorf("%+v", b)
	}

	h.Read("bob", direct, e.Seq)
	h.settled()
	all, _, _ = a.take()
	if len(all) != 1 || all[0].header.Get("apns-push-type") != "background" || all[0].header.Get("apns-priority") != "5" ||
		all[0].header.Get("apns-collapse-id") != b.Tag || all[0].body.Aps.Available != 1 || all[0].body.Aps.Alert != nil || all[0].body.Type != "withdraw" {
		t.Errorf("%+v", all)
	}
}

func TestAPNsIsToldNothingThatIsHidden(t *testing.T) {
	h, a := openAPNs(t)
	nothing := push.ShowNothing
	_, err := h.ChangeSettings(h.ctx, "bob", push.SettingsChange{Show: &nothing})
	good(t, err)
	h.text(direct, "alice", "a secret")
	h.settled()
	all, _, _ := a.take()
	if len(all) != 1 || all[0].body.Stream != "" || all[0].body.URL != "" || all[0].body.Aps.Alert.Title != "Teahouse" {
		t.Errorf("%+v", all)
	}
}

func TestAPNsErrors(t *testing.T) {
	h, a := openAPNs(t)
	before, behind := h.clock().Add(-time.Hour).UnixMilli(), h.clock().Add(time.Hour).UnixMilli()
	for i, c := range []struct {
		answers []string
		rows    int // that are left
		came    int
		asked   int
	}{
		{[]string{"429 TooManyRequests", "503 ServiceUnavailable", "500 InternalServerError"}, 1, 1, 4},
		{[]string{"400 PayloadEmpty"}, 1, 0, 1},
		{[]string{"400 BadDeviceToken"}, 0, 0, 1},
		{[]string{"400 DeviceTokenNotForTopic"}, 0, 0, 1},
		{[]string{fmt.Sprint("410 Unregistered ", behind)}, 0, 0, 1},
		{[]string{"410 ExpiredToken"}, 0, 0, 1},
		{[]string{fmt.Sprint("410 Unregistered ", before)}, 1, 0, 1}, // it came back since
	} {
		good(t, h.Subscribe(h.ctx, "bob", "d1", push.Subscription{Kind: push.APNs, Token: "a1b2c3"}))
		a.answer(c.answers...)
		h.text(direct, "alice", "hello")
		h.settled()
		got, _, asked := a.take()
		if h.rows("bob") != c.rows || len(got) != c.came || asked != c.asked {
			t.Errorf("%d: %d rows, %d came, %d requests; want %+v", i, h.rows("bob"), len(got), asked, c)
		}
	}
}

func TestAPNsProviderToken(t *testing.T) {
	h, a := openAPNs(t)
	send := func(tokens, asked int) {
		t.Helper()
		a.answer(a.answers...)
		h.text(direct, "alice", "hello")
		h.settled()
		if _, n, m := a.take(); n != tokens || m != asked {
			t.Errorf("%d provider tokens, %d requests; want %d, %d; %v", n, m, tokens, asked, h.failed())
		}
	}
	later := func(d time.Duration) { h.set(func() { h.now = h.now.Add(d) }) }
	send(1, 1)
	later(44 * time.Minute)
	send(1, 1)
	later(2 * time.Minute)
	send(2, 1)
	later(time.Minute)
	a.answer("403 ExpiredProviderToken") // too soon for another
	send(2, 1)
	later(20 * time.Minute)
	a.answer("403 ExpiredProviderToken")
	send(3, 2)
}

func TestAPNsOptionsAreChecked(t *testing.T) {
	a := newAPNsServer(t)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	good(t, err)
	for i, change := range []func(*push.APNsOptions){
		func(o *push.APNsOptions) { o.Key = nil },
		func(o *push.APNsOptions) {
			o.Key = []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
		},
		func(o *push.APNsOptions) { o.Key = pemOf(t, p384) },
		func(o *push.APNsOptions) { o.Topic = "" },
		func(o *push.APNsOptions) { o.Team = "" },
	} {
		opt := push.DefaultOptions()
		opt.APNs = a.options()
		change(opt.APNs)
		if _, err := push.NewService(nil, push.Ports{}, opt); err == nil {
			t.Errorf("%d: taken", i)
		}
	}
	opt := push.DefaultOptions()
	opt.Subject = "ops@tea.example"
	if _, err := push.NewService(nil, push.Ports{}, opt); err == nil {
		t.Error("a subject that is no address was taken")
	}
}
