package push_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/teahouse-im/teahouse/notify/push"
)

// An fcmServer is Google's side: the token service and FCM's HTTP v1.
type fcmServer struct {
	*httptest.Server
	t   testing.TB
	key *rsa.PrivateKey
	now func() time.Time

	mu      sync.Mutex
	tokens  int // given so far
	valid   string
	until   time.Time
	got     []google
	answers []string // "status code", before all is well
	asked   int
}

type google struct {
	Token   string
	Data    map[string]string
	Android struct {
		CollapseKey string `json:"collapse_key"`
		Priority    string
		TTL         string
	}
}

func newFCMServer(t testing.TB) *fcmServer {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	good(t, err)
	f := &fcmServer{t: t, key: key, now: time.Now}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", f.grant)
	mux.HandleFunc("POST /v1/projects/tea-house/messages:send", f.message)
	f.Server = httptest.NewTLSServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *fcmServer) options() *push.FCMOptions {
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "tea-house", "private_key_id": "k1", "private_key": string(pemOf(f.t, f.key)),
		"client_email": "push@tea-house.iam.example", "token_uri": f.URL + "/token", "universe_domain": "googleapis.com",
	})
	good(f.t, err)
	return &push.FCMOptions{Credentials: file, URL: f.URL, Transport: f.Client().Transport}
}

func (f *fcmServer) grant(out http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var claims struct {
		jwt.RegisteredClaims
		Scope string `json:"scope"`
	}
	parsed, err := jwt.ParseWithClaims(r.PostFormValue("assertion"), &claims, func(*jwt.Token) (any, error) { return &f.key.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithTimeFunc(f.now), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithAudience(f.URL+"/token"), jwt.WithIssuer("push@tea-house.iam.example"))
	if err != nil || parsed.Header["kid"] != "k1" || claims.ExpiresAt.Sub(f.now()) > time.Hour ||
		r.PostFormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || claims.Scope != "https://www.googleapis.com/auth/firebase.messaging" {
		f.t.Errorf("an assertion that Google refuses: %v %+v", err, claims)
		out.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(out, `{"error":"invalid_grant","error_description":"Invalid JWT Signature."}`)
		return
	}
	f.tokens++
	f.valid, f.until = fmt.Sprint("ya29.", f.tokens), f.now().Add(time.Hour-time.Second)
	fmt.Fprintf(out, `{"access_token":%q,"expires_in":3599,"token_type":"Bearer"}`, f.valid)
}

func (f *fcmServer) message(out http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked++
	refuse := func(status int, name, code string) {
		out.WriteHeader(status)
		fmt.Fprintf(out, `{"error":{"code":%d,"message":"Requested entity was not found.","status":%q,"details":[{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":%q}]}}`,
			status, name, code)
	}
	if r.Header.Get("Authorization") != "Bearer "+f.valid || f.now().After(f.until) {
		out.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(out, `{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}`)
		return
	}
	if len(f.answers) > 0 {
		var status int
		var code string
		fmt.Sscan(f.answers[0], &status, &code)
		f.answers = f.answers[1:]
		refuse(status, map[int]string{404: "NOT_FOUND", 403: "PERMISSION_DENIED", 400: "INVALID_ARGUMENT"}[status], code)
		return
	}
	var body struct{ Message google }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body.Message.Token == "" {
		refuse(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT")
		return
	}
	f.got = append(f.got, body.Message)
	fmt.Fprint(out, `{"name":"projects/tea-house/messages/1"}`)
}

func (f *fcmServer) answer(answers ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answers, f.asked = answers, 0
}

func (f *fcmServer) take() (got []google, tokens, asked int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	got, f.got = f.got, nil
	return got, f.tokens, f.asked
}

var pixel = push.Subscription{Kind: push.FCM, Token: "dQw4:APA91b-x_Y"}

func openFCM(t *testing.T) (*house, *fcmServer) {
	f := newFCMServer(t)
	h := open(t, func(o *push.Options) { o.FCM = f.options() })
	f.now = h.clock
	good(t, h.Subscribe(h.ctx, "bob", "d1", pixel))
	return h, f
}

func TestFCM(t *testing.T) {
	h, f := openFCM(t)
	e := h.text(direct, "alice", "hello")
	h.settled()
	all, _, _ := f.take()
	if len(all) != 1 {
		t.Fatalf("%d pushes %v", len(all), h.failed())
	}
	got := all[0]
	for key, want := range map[string]string{"type": "message", "stream": string(direct), "seq": "1", "title": "Alice", "text": "hello", "count": "1", "tag": got.Android.CollapseKey} {
		if got.Data[key] != want {
			t.Errorf("%s: %q, want %q", key, got.Data[key], want)
		}
	}
	if got.Token != pixel.Token || got.Android.Priority != "HIGH" || got.Android.TTL != "86400s" || got.Android.CollapseKey == "" {
		t.Errorf("%+v", got)
	}
	h.Read("bob", direct, e.Seq)
	h.settled()
	all, _, _ = f.take()
	if len(all) != 1 || all[0].Data["type"] != "withdraw" || all[0].Android.CollapseKey != got.Android.CollapseKey || all[0].Android.Priority != "NORMAL" {
		t.Errorf("%+v", all)
	}
}

func TestFCMErrors(t *testing.T) {
	h, f := openFCM(t)
	for _, c := range []struct {
		answers     []string
		rows        int
		came, asked int
	}{
		{[]string{"503 UNAVAILABLE", "429 QUOTA_EXCEEDED", "500 INTERNAL"}, 1, 1, 4},
		{[]string{"400 INVALID_ARGUMENT"}, 1, 0, 1},
		{[]string{"404 UNREGISTERED"}, 0, 0, 1},
		{[]string{"403 SENDER_ID_MISMATCH"}, 0, 0, 1},
	} {
		good(t, h.Subscribe(h.ctx, "bob", "d1", pixel))
		f.answer(c.answers...)
		h.text(direct, "alice", "hello")
		h.settled()
		if got, _, asked := f.take(); h.rows("bob") != c.rows || len(got) != c.came || asked != c.asked {
			t.Errorf("%d rows, %d came, %d requests; want %+v", h.rows("bob"), len(got), asked, c)
		}
	}
}

func TestFCMAccessToken(t *testing.T) {
	h, f := openFCM(t)
	send := func(tokens, asked int) {
		t.Helper()
		f.answer()
		h.text(direct, "alice", "hello")
		h.settled()
		if got, n, m := f.take(); len(got) != 1 || n != tokens || m != asked {
			t.Errorf("%d came, %d tokens, %d requests; want 1, %d, %d; %v", len(got), n, m, tokens, asked, h.failed())
		}
	}
	send(1, 1)
	h.set(func() { h.now = h.now.Add(50 * time.Minute) })
	send(1, 1)
	h.set(func() { h.now = h.now.Add(6 * time.Minute) })
	send(2, 1)
	f.mu.Lock()
	f.valid = "" // taken back
	f.mu.Unlock()
	send(3, 2)
}

func TestFCMOptionsAreChecked(t *testing.T) {
	f := newFCMServer(t)
	fine := string(f.options().Credentials)
	for i, file := range []string{"", "{}", strings.Replace(fine, "service_account", "authorized_user", 1), strings.Replace(fine, "BEGIN", "BEGUN", 1), strings.Replace(fine, f.URL, "", 1)} {
		opt := push.DefaultOptions()
		opt.FCM = &push.FCMOptions{Credentials: []byte(file)}
		if _, err := push.NewService(nil, push.Ports{}, opt); err == nil || strings.Contains(err.Error(), "MII") {
			t.Errorf("%d: %v", i, err)
		}
	}
}
