package push

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/id"
)

// Addresses of APNs.
const (
	APNsProduction  = "https://api.push.apple.com"
	APNsDevelopment = "https://api.sandbox.push.apple.com"
)

// APNsOptions are what Apple knows this server by. All but URL and Transport are needed.
type APNsOptions struct {
	Key       []byte // the .p8 file
	KeyID     string // of 10 characters
	Team      string // of 10 characters
	Topic     string // the app's bundle id
	URL       string // "": APNsProduction
	Transport http.RoundTripper
}

const (
	// A provider token is good for an hour, and must not change more often than every 20 minutes.
	apnsTokenLives = 45 * time.Minute
	apnsTokenRests = 20 * time.Minute
)

// An apns sends over HTTP/2, as in "Sending notification requests to APNs".
type apns struct {
	opt    APNsOptions
	signer signer
	client *http.Client
	wall   func() time.Time

	mu    sync.Mutex
	token string
	made  time.Time
}

func newAPNs(opt APNsOptions, wall func() time.Time) (*apns, error) {
	key, err := pkcs8[*ecdsa.PrivateKey](opt.Key)
	if err == nil && key.Curve != elliptic.P256() {
		err = errors.New("it holds a key of another curve than P-256")
	}
	if err != nil {
		return nil, fmt.Errorf("the key of APNs: %w", err)
	}
	if opt.KeyID == "" || opt.Team == "" || opt.Topic == "" {
		return nil, errors.New("APNs needs a key, its id, a team and a topic")
	}
	if opt.URL == "" {
		opt.URL = APNsProduction
	}
	if opt.Transport == nil {
		opt.Transport = http2Only()
	}
	return &apns{opt: opt, signer: es256(key, "", opt.KeyID), client: directly(opt.Transport), wall: wall}, nil
}

// http2Only is a transport that speaks nothing else, and notices dead connections.
func http2Only() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP2(true)
	t.HTTP2 = &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second}
	return t
}

func (a *apns) close() { a.client.CloseIdleConnections() }

func (a *apns) send(ctx context.Context, l *letter) error {
	token, err := a.provider()
	if err != nil {
		return err
	}
	err = a.post(ctx, l, token)
	if errors.Is(err, errToken) && a.renew(token) {
		if token, err = a.provider(); err == nil {
			err = a.post(ctx, l, token)
		}
	}
	return err
}

var errToken = errors.New("APNs does not take the provider token: look at its key, id and team, and at the clock")

// provider is the token this server is known by.
func (a *apns) provider() (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.wall()
	if age := now.Sub(a.made); a.token != "" && age >= 0 && age < apnsTokenLives {
		return a.token, nil
	}
	token, err := a.signer.token(struct {
		Iss string `json:"iss"`
		Iat int64  `json:"iat"`
	}{a.opt.Team, now.Unix()})
	if err == nil {
		a.token, a.made = token, now
	}
	return token, err
}

// renew lets go of a token that was refused, unless that is too soon, and tells
// whether another try makes sense.
func (a *apns) renew(refused string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token != refused {
		return true
	}
	if a.wall().Sub(a.made) < apnsTokenRests {
		return false
	}
	a.token = ""
	return true
}

func (a *apns) post(ctx context.Context, l *letter, token string) error {
	body, err := json.Marshal(apnsBodyOf(&l.Message))
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.opt.URL+"/3/device/"+l.Token, bytes.NewReader(body))
	if err != nil {
		return errors.New("APNs cannot be called")
	}
	now := a.wall()
	set := r.Header.Set
	set("authorization", "bearer "+token)
	set("content-type", "application/json")
	set("apns-topic", a.opt.Topic)
	set("apns-collapse-id", l.Tag)
	set("apns-expiration", strconv.FormatInt(now.Add(l.lives).Unix(), 10))
	set("apns-push-type", "alert")
	set("apns-priority", "10")
	if l.urgent != high {
		set("apns-priority", "5")
	}
	if l.Type == TypeWithdraw {
		set("apns-push-type", "background")
		set("apns-priority", "5")
	}
	answer, err := a.client.Do(r)
	if err != nil {
		return unreached("APNs", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, answerMost))
		return nil
	}
	return apnsError(answer, l)
}

func apnsError(answer *http.Response, l *letter) error {
	var said struct {
		Reason    string `json:"reason"`
		Timestamp int64  `json:"timestamp"` // milliseconds; of 410: when the token was found to be dead
	}
	raw, err := io.ReadAll(io.LimitReader(answer.Body, answerMost))
	if err != nil {
		return unreached("APNs", err)
	}
	_ = json.Unmarshal(raw, &said) // a proxy may answer anything
	switch said.Reason {
	case "BadDeviceToken", "DeviceTokenNotForTopic":
		return errGone
	case "Unregistered", "ExpiredToken":
		if answer.StatusCode == http.StatusGone && said.Timestamp > 0 && time.UnixMilli(said.Timestamp).Before(l.Created) {
			return errors.New("APNs: the token was dead once, before it was subscribed again")
		}
		return errGone
	case "ExpiredProviderToken", "InvalidProviderToken":
		return errToken
	}
	return answered("APNs", answer, strings.Map(plainASCII, said.Reason))
}

// plainASCII keeps what can go into a log as it is.
func plainASCII(r rune) rune {
	if r < ' ' || r > '~' {
		return -1
	}
	return r
}

type apnsAlert struct {
	Title string `json:"title"`
	Body  string `json:"body"`
}

// apnsAps is Apple's part of a payload.
type apnsAps struct {
	Alert     *apnsAlert `json:"alert,omitempty"`
	Sound     string     `json:"sound,omitempty"`
	Thread    string     `json:"thread-id,omitempty"`
	Available int        `json:"content-available,omitzero"` // 1: only the app hears of it
}

// apnsBody is a payload: the app's part is a Message without what Apple shows.
type apnsBody struct {
	Aps    apnsAps `json:"aps"`
	Type   string  `json:"type"`
	Tag    string  `json:"tag"`
	Stream string  `json:"stream,omitempty"`
	Seq    id.Seq  `json:"seq"`
	Count  int64   `json:"count,omitzero"`
	URL    string  `json:"url,omitempty"`
}

func apnsBodyOf(m *Message) apnsBody {
	b := apnsBody{Type: m.Type, Tag: m.Tag, Stream: m.Stream, Seq: m.Seq, Count: m.Count, URL: m.URL}
	if m.Type == TypeWithdraw {
		b.Aps.Available = 1
		return b
	}
	b.Aps = apnsAps{Alert: &apnsAlert{m.Title, m.Text}, Sound: "default", Thread: m.Tag}
	return b
}
