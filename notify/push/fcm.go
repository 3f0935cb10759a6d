package push

import (
	"bytes"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// FCMOptions are what Google knows this server by.
type FCMOptions struct {
	Credentials []byte // the JSON file of a service account
	URL         string // "": Google's
	Transport   http.RoundTripper
}

const (
	fcmURL        = "https://fcm.googleapis.com"
	fcmScope      = "https://www.googleapis.com/auth/firebase.messaging"
	fcmGrant      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	fcmTokenLives = time.Hour
	fcmTokenEarly = 5 * time.Minute // before its end a token is renewed
)

// An fcm sends over FCM's HTTP v1, with tokens by RFC 7523.
type fcm struct {
	account fcmAccount
	url     string
	signer  signer
	client  *http.Client
	wall    func() time.Time

	renewing chan struct{} // holds one: who renews the token
	mu       sync.Mutex
	token    string
	until    time.Time
}

// fcmAccount is a service account's file.
type fcmAccount struct {
	Type    string `json:"type"`
	Project string `json:"project_id"`
	KeyID   string `json:"private_key_id"`
	Key     string `json:"private_key"`
	Email   string `json:"client_email"`
	Token   string `json:"token_uri"`
}

func newFCM(opt FCMOptions, wall func() time.Time) (*fcm, error) {
	var a fcmAccount
	if json.Unmarshal(opt.Credentials, &a) != nil || a.Type != "service_account" || a.Project == "" || a.Email == "" {
		return nil, errors.New("the credentials of FCM are no service account's")
	}
	key, err := pkcs8[*rsa.PrivateKey]([]byte(a.Key))
	if err != nil {
		return nil, fmt.Errorf("the private key of FCM: %w", err)
	}
	if u, err := url.Parse(a.Token); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, errors.New("the token_uri of FCM is no address")
	}
	if opt.URL == "" {
		opt.URL = fcmURL
	}
	if opt.Transport == nil {
		opt.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	return &fcm{
		account: a, url: opt.URL, signer: rs256(key, "JWT", a.KeyID), client: directly(opt.Transport), wall: wall,
		renewing: make(chan struct{}, 1),
	}, nil
}

func (f *fcm) close() { f.client.CloseIdleConnections() }

func (f *fcm) send(ctx context.Context, l *letter) error {
	token, err := f.access(ctx)
	if err != nil {
		return err
	}
	err = f.post(ctx, l, token)
	if errors.Is(err, errAccess) { // it was taken back early
		f.refused(token)
		if token, err = f.access(ctx); err == nil {
			err = f.post(ctx, l, token)
		}
	}
	return err
}

var errAccess = errors.New("FCM does not take the access token")

// have is the token if it is good for a while.
func (f *fcm) have() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wall().Before(f.until.Add(-fcmTokenEarly)) {
		return f.token
	}
	return ""
}

func (f *fcm) refused(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.token == token {
		f.token = ""
	}
}

// access is a token to send with. One asks for it, others wait.
func (f *fcm) access(ctx context.Context) (string, error) {
	if token := f.have(); token != "" {
		return token, nil
	}
	select {
	case f.renewing <- struct{}{}:
		defer func() { <-f.renewing }()
	case <-ctx.Done():
		return "", unreached("FCM", ctx.Err())
	}
	if token := f.have(); token != "" {
		return token, nil
	}
	token, lives, err := f.ask(ctx)
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.token, f.until = token, f.wall().Add(lives)
	return token, nil
}

// ask swaps an assertion for a token.
func (f *fcm) ask(ctx context.Context) (string, time.Duration, error) {
	now := f.wall()
	assertion, err := f.signer.token(struct {
		Iss   string `json:"iss"`
		Scope string `json:"scope"`
		Aud   string `json:"aud"`
		Iat   int64  `json:"iat"`
		Exp   int64  `json:"exp"`
	}{f.account.Email, fcmScope, f.account.Token, now.Unix(), now.Add(fcmTokenLives).Unix()})
	if err != nil {
		return "", 0, err
	}
	form := url.Values{"grant_type": {fcmGrant}, "assertion": {assertion}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.account.Token, strings.NewReader(form.Encode()))
	if err != nil {
		return "", 0, errors.New("the token_uri of FCM cannot be called")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := f.client.Do(r)
	if err != nil {
		return "", 0, unreached("the token service of FCM", err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err != nil {
		return "", 0, unreached("the token service of FCM", err)
	}
	var said struct {
		Token string `json:"access_token"`
		Lives int64  `json:"expires_in"` // seconds
		Error string `json:"error"`
	}
	bad := json.Unmarshal(raw, &said)
	if answer.StatusCode != http.StatusOK || bad != nil || said.Token == "" {
		return "", 0, answered("the token service of FCM", answer, strings.Map(plainASCII, said.Error))
	}
	return said.Token, time.Duration(said.Lives) * time.Second, nil
}

// fcmMessage is data alone: the app draws it, and so can take it away again.
type fcmMessage struct {
	Token   string            `json:"token"`
	Data    map[string]string `json:"data"`
	Android struct {
		CollapseKey string `json:"collapse_key"`
		Priority    string `json:"priority"`
		TTL         string `json:"ttl"`
	} `json:"android"`
}

func fcmMessageOf(l *letter) (m fcmMessage) {
	m.Token = l.Token
	m.Data = map[string]string{"type": l.Type, "tag": l.Tag, "seq": strconv.FormatInt(int64(l.Seq), 10)}
	for key, value := range map[string]string{"stream": l.Stream, "title": l.Title, "text": l.Text, "url": l.URL} {
		if value != "" {
			m.Data[key] = value
		}
	}
	if l.Count > 0 {
		m.Data["count"] = strconv.FormatInt(l.Count, 10)
	}
	m.Android.CollapseKey = l.Tag
	m.Android.TTL = fmt.Sprintf("%ds", int(l.lives/time.Second))
	m.Android.Priority = "NORMAL"
	if l.urgent == high {
		m.Android.Priority = "HIGH"
	}
	return m
}

func (f *fcm) post(ctx context.Context, l *letter, token string) error {
	body, err := json.Marshal(map[string]fcmMessage{"message": fcmMessageOf(l)})
	if err != nil {
		return err
	}
	to := f.url + "/v1/projects/" + url.PathEscape(f.account.Project) + "/messages:send"
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return errors.New("FCM cannot be called")
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := f.client.Do(r)
	if err != nil {
		return unreached("FCM", err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, answerMost))
	if err != nil {
		return unreached("FCM", err)
	}
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return fcmError(answer, raw)
}

// fcmError reads an error as FCM's REST reference has them.
func fcmError(answer *http.Response, raw []byte) error {
	var said struct {
		Error struct {
			Status  string `json:"status"`
			Details []struct {
				Type string `json:"@type"`
				Code string `json:"errorCode"`
			} `json:"details"`
		} `json:"error"`
	}
	_ = json.Unmarshal(raw, &said) // a proxy may answer anything
	why := said.Error.Status
	for _, d := range said.Error.Details {
		if strings.HasSuffix(d.Type, "google.firebase.fcm.v1.FcmError") {
			why = d.Code
		}
	}
	switch {
	case why == "UNREGISTERED" || why == "SENDER_ID_MISMATCH":
		return errGone
	case answer.StatusCode == http.StatusUnauthorized:
		return errAccess
	}
	return answered("FCM", answer, strings.Map(plainASCII, why))
}
