package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
)

// vapidLives is how long a token for a push service is good; RFC 8292 allows 24 hours.
const vapidLives = 12 * time.Hour

// A webSender speaks Web Push: RFC 8030, sealed by RFC 8291, signed by RFC 8292.
type webSender struct {
	keys    *keyring
	client  *http.Client
	subject string
	wall    func() time.Time
}

func newWebSender(keys *keyring, opt *Options) *webSender {
	transport := opt.Web
	if transport == nil {
		transport = newGuarded(opt.Allow)
	}
	return &webSender{keys, directly(transport), opt.Subject, opt.Wall}
}

// directly is a client that is sent nowhere else.
func directly(t http.RoundTripper) *http.Client {
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (w *webSender) close() { w.client.CloseIdleConnections() }

func (w *webSender) send(ctx context.Context, l *letter) error {
	r, err := w.request(ctx, l)
	if err != nil {
		return err
	}
	answer, err := w.client.Do(r)
	if err != nil {
		return unreached("a web push service", err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, answerMost)) // so that the connection can be used again
	switch {
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return nil
	case answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusGone:
		return errGone
	}
	return answered("the web push service "+r.URL.Host, answer, "")
}

func (w *webSender) request(ctx context.Context, l *letter) (*http.Request, error) {
	keys, err := w.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(l.Message)
	if err != nil {
		return nil, err
	}
	body, err := seal(l.Keys, plain)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.Endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the endpoint cannot be called")
	}
	token, err := w.token(keys, r.URL)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", fmt.Sprintf("vapid t=%s, k=%s", token, keys.public))
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("Content-Encoding", "aes128gcm")
	r.Header.Set("TTL", strconv.Itoa(int(l.lives/time.Second)))
	r.Header.Set("Topic", l.Tag)
	r.Header.Set("Urgency", string(l.urgent))
	return r, nil
}

// vapidClaims are RFC 8292's.
type vapidClaims struct {
	Aud string `json:"aud"`
	Exp int64  `json:"exp"`
	Sub string `json:"sub,omitempty"`
}

func (w *webSender) token(keys *vapid, to *url.URL) (string, error) {
	return es256(keys.private, "JWT", "").token(vapidClaims{
		Aud: to.Scheme + "://" + to.Host, Exp: w.wall().Add(vapidLives).Unix(), Sub: w.subject,
	})
}
