// Package pushtest is a push service and the browsers behind it, for tests.
package pushtest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/teahouse-im/teahouse/notify/push"
)

// Subject is who senders must say they are.
const Subject = "mailto:ops@tea.example"

var b64 = base64.RawURLEncoding

// Delivered is what a push service took.
type Delivered struct {
	push.Message
	Endpoint string
	Header   http.Header
	Bytes    int // sealed
}

// A Server is a push service and the browsers behind it: it checks who sends
// (RFC 8292) and opens what they send (RFC 8291) with the browser's own key.
type Server struct {
	*httptest.Server
	Now func() time.Time // by which those who send are judged; set before the first does

	t        testing.TB
	mu       sync.Mutex
	browsers map[string]browser // by path
	got      []Delivered
	answers  []int // statuses, before all is well
	asked    int
	hold     chan struct{} // nil: none
}

type browser struct {
	key  *ecdh.PrivateKey
	auth []byte
}

// New starts one, on loopback and over http, until the test ends.
func New(t testing.TB) *Server {
	w := &Server{t: t, browsers: map[string]browser{}, Now: time.Now}
	w.Server = httptest.NewServer(w)
	t.Cleanup(w.Close)
	return w
}

// Subscription is a new browser's.
func (w *Server) Subscription() push.Subscription {
	w.mu.Lock()
	defer w.mu.Unlock()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	b := browser{key, make([]byte, 16)}
	rand.Read(b.auth)
	path := fmt.Sprintf("/push/%d", len(w.browsers))
	w.browsers[path] = b
	return push.Subscription{
		Kind: push.Web, Endpoint: w.URL + path,
		Keys: push.Keys{P256dh: b64.EncodeToString(key.PublicKey().Bytes()), Auth: b64.EncodeToString(b.auth)},
	}
}

// Take is what has come since it was last called.
func (w *Server) Take() []Delivered {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.got
	w.got = nil
	return out
}

// Answer makes the next requests fail.
func (w *Server) Answer(statuses ...int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers, w.asked = statuses, 0
}

// Hold makes those who send wait until the channel is closed; nil: no longer.
func (w *Server) Hold(until chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hold = until
}

// Requests is how many have come since the latest Answer.
func (w *Server) Requests() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

// ServeHTTP implements http.Handler.
func (w *Server) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.asked++
	hold, status := w.hold, 0
	if len(w.answers) > 0 {
		status = w.answers[0]
		w.answers = w.answers[1:]
	}
	w.mu.Unlock()
	if hold != nil {
		<-hold
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if status != 0 {
		out.WriteHeader(status)
		return
	}
	d, err := w.receive(r)
	if err != nil {
		w.t.Errorf("a push that no push service or browser takes: %v", err)
		out.WriteHeader(http.StatusBadRequest)
		return
	}
	w.got = append(w.got, d)
	out.WriteHeader(http.StatusCreated)
}

func (w *Server) receive(r *http.Request) (Delivered, error) {
	b, ok := w.browsers[r.URL.Path]
	if !ok || r.Method != http.MethodPost {
		return Delivered{}, errors.New("no such subscription")
	}
	if err := w.vapid(r); err != nil {
		return Delivered{}, err
	}
	ttl, err := strconv.Atoi(r.Header.Get("TTL"))
	if err != nil || ttl <= 0 {
		return Delivered{}, fmt.Errorf("TTL %q", r.Header.Get("TTL"))
	}
	topic := r.Header.Get("Topic")
	if topic == "" || len(topic) > 32 || strings.Trim(topic, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return Delivered{}, fmt.Errorf("topic %q", topic)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) > 4096 || r.Header.Get("Content-Encoding") != "aes128gcm" {
		return Delivered{}, fmt.Errorf("%d bytes, %w", len(body), err)
	}
	plain, err := unseal(b, body)
	if err != nil {
		return Delivered{}, err
	}
	d := Delivered{Endpoint: w.URL + r.URL.Path, Header: r.Header, Bytes: len(body)}
	if err := json.Unmarshal(plain, &d.Message); err != nil {
		return Delivered{}, err
	}
	if d.Tag != topic {
		return Delivered{}, fmt.Errorf("tag %s under topic %s", d.Tag, topic)
	}
	return d, nil
}

func (w *Server) vapid(r *http.Request) error {
	var token, key string
	for part := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "vapid "), ",") {
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "t="); ok {
			token = v
		}
		if v, ok := strings.CutPrefix(strings.TrimSpace(part), "k="); ok {
			key = v
		}
	}
	raw, err := b64.DecodeString(key)
	if err != nil {
		return err
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), raw)
	if err != nil {
		return err
	}
	var claims jwt.RegisteredClaims
	_, err = jwt.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return public, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithAudience(w.URL), jwt.WithExpirationRequired(), jwt.WithTimeFunc(w.Now))
	if err != nil {
		return err
	}
	if left := claims.ExpiresAt.Sub(w.Now()); left > 24*time.Hour || claims.Subject != Subject {
		return fmt.Errorf("claims %+v", claims)
	}
	return nil
}

// unseal is RFC 8188 and 8291 from the receiver's side, with HKDF by hand.
func unseal(b browser, body []byte) ([]byte, error) {
	if len(body) < 86+17 || body[20] != 65 {
		return nil, errors.New("no header")
	}
	salt, size, theirs := body[:16], binary.BigEndian.Uint32(body[16:]), body[21:86]
	if int(size) < len(body)-86 {
		return nil, errors.New("more than one record")
	}
	public, err := ecdh.P256().NewPublicKey(theirs)
	if err != nil {
		return nil, err
	}
	shared, err := b.key.ECDH(public)
	if err != nil {
		return nil, err
	}
	mac := func(key []byte, parts ...[]byte) []byte {
		h := hmac.New(sha256.New, key)
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	one := []byte{1}
	ikm := mac(mac(b.auth, shared), []byte("WebPush: info\x00"), b.key.PublicKey().Bytes(), theirs, one)
	prk := mac(salt, ikm)
	block, err := aes.NewCipher(mac(prk, []byte("Content-Encoding: aes128gcm\x00"), one)[:16])
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, mac(prk, []byte("Content-Encoding: nonce\x00"), one)[:12], body[86:], nil)
	if err != nil {
		return nil, err
	}
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		return nil, errors.New("no end of the last record")
	}
	return plain[:len(plain)-1], nil
}
