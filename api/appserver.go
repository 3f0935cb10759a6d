package api

import (
	"context"
	"mime"
	"net/http"
	"net/url"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/miniprogram"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/wire"
)

// What an app's server asks. Nothing here names a recipient.
type (
	tokenRequest struct {
		GrantType string `json:"grant_type" enum:"client_credentials"`
	}
	appLogin struct {
		Code string `json:"code" doc:"What the host client gave the app's page."`
	}
	newNotice struct {
		Grant          string       `json:"grant" doc:"A handle, gh1_…"`
		Template       string       `json:"template" doc:"The one the grant is for."`
		Data           grant.Values `json:"data,omitempty" doc:"The free params: key to type to value. Locked ones may be repeated unchanged."`
		Page           string       `json:"page" maxLength:"512" doc:"Of the app, to open: the template's path; a query of at most 256 bytes is free."`
		IdempotencyKey string       `json:"idempotency_key" minLength:"1" maxLength:"64" doc:"The same key and body again is the same notice: repeat as often as you like."`
		State          string       `json:"state,omitempty" doc:"Of a progress template."`
	}
	newReply struct {
		Window         string    `json:"window" doc:"A handle, gh1_…, of scope window."`
		Kind           string    `json:"kind" enum:"text,image,file"`
		Body           replyBody `json:"body"`
		IdempotencyKey string    `json:"idempotency_key" minLength:"1" maxLength:"64" doc:"The same key and body again is the same answer: repeat as often as you like."`
	}
)

// replyBody is the body of an answer, of which each kind has its own members.
type replyBody struct {
	Text    string `json:"text,omitempty" minLength:"1" doc:"Of a text: not blank."`
	Media   string `json:"media,omitempty" doc:"Of a picture or file: an upload of the app's developer, made with a session of their own."`
	Width   int64  `json:"width,omitzero" minimum:"0" doc:"Of a picture, in pixels."`
	Height  int64  `json:"height,omitzero" minimum:"0" doc:"Of a picture, in pixels."`
	Caption string `json:"caption,omitempty" doc:"Of a picture, if it has one: as a text."`
	Name    string `json:"name,omitempty" minLength:"1" maxLength:"255" doc:"Of a file: what to call it."`
	Size    int64  `json:"size,omitzero" minimum:"0" doc:"Of a file, in bytes."`
}

// What it is told.
type (
	appToken struct {
		AccessToken string `json:"access_token" doc:"Opaque. Earlier tokens stay good."`
		TokenType   string `json:"token_type" enum:"Bearer"`
		ExpiresIn   int64  `json:"expires_in" doc:"Seconds."`
	}
	appUser struct {
		OpenID string `json:"openid" doc:"This user, for this app alone. The user can change it."`
	}
	handedGrant struct {
		Grant     string    `json:"grant" doc:"The handle. It is worth nothing to another app, and tells nothing of the user."`
		Template  string    `json:"template" doc:"Empty for a window."`
		Version   int       `json:"version"`
		Subject   string    `json:"subject" doc:"As the app gave it."`
		Scope     string    `json:"scope" enum:"once,progress,window,standing"`
		UsesLeft  int       `json:"uses_left"`
		ExpiresAt wire.Time `json:"expires_at"`
	}
	handedGrants struct {
		Items []handedGrant `json:"items" doc:"In the order in which they were handed over, without those that are spent."`
		Next  string        `json:"next" doc:"Goes back as after. It keeps its place, also when nothing is new."`
	}
	noticeSent struct {
		Notice    string    `json:"notice"`
		Status    string    `json:"status" enum:"accepted,held" doc:"held: a moderator or a wait comes before it is delivered. The use is spent."`
		Alert     bool      `json:"alert" doc:"It makes a sound; the user has not had too many today."`
		UsesLeft  int       `json:"uses_left"`
		ExpiresAt wire.Time `json:"expires_at" doc:"Of the grant."`
		Replayed  bool      `json:"replayed" doc:"It was sent before, with this key."`
	}
	replySent struct {
		Status    string    `json:"status" enum:"accepted,held"`
		UsesLeft  int       `json:"uses_left"`
		ExpiresAt wire.Time `json:"expires_at" doc:"Of the window."`
		Replayed  bool      `json:"replayed" doc:"It was sent before, with this key."`
	}
	appStats struct {
		Days []dayStats `json:"days" doc:"Those of the last seven that had any, the latest first."`
	}
	dayStats struct {
		Day      string         `json:"day" format:"date" doc:"In UTC."`
		Accepted int            `json:"accepted" doc:"How many notices were."`
		Held     int            `json:"held" doc:"How many were."`
		Refused  map[string]int `json:"refused" doc:"How many were, by code."`
	}
	sentNotice struct {
		Notice   string    `json:"notice"`
		Template string    `json:"template"`
		Version  int       `json:"version"`
		Status   string    `json:"status" enum:"accepted,held" doc:"As it was answered. What became of it later is not told."`
		State    string    `json:"state,omitempty"`
		Alert    bool      `json:"alert"`
		At       wire.Time `json:"at"`
	}
)

const (
	noticeMost = 4 << 10 // bytes of a notice
	replyMost  = 16 << 10
	urlType    = "application/x-www-form-urlencoded"
)

// createAppToken answers client credentials with a token (RFC 6749, 4.4). An app
// that does not exist and a wrong secret look alike.
func (s *server) createAppToken(ctx context.Context, c *call, x *exchange) (appToken, error) {
	form, err := readForm(x, c.r)
	if err != nil {
		return appToken{}, err
	}
	name, secret, ok := c.r.BasicAuth()
	if !ok || len(c.r.Header.Values("Authorization")) != 1 {
		return appToken{}, unknownClient(x, miniprogram.ErrCredentials)
	}
	switch {
	case form.Has("client_secret"):
		return appToken{}, fault.BadRequest.Saying("Send the secret in the Authorization header and nowhere else.")
	case form.Get("grant_type") != "client_credentials":
		return appToken{}, fault.BadRequest.At("/grant_type", "is not client_credentials")
	}
	pair := c.from + " " + name
	if len(name) > nameMost {
		return appToken{}, unknownClient(x, miniprogram.ErrCredentials)
	}
	if err := s.limits.appGuess.check(pair); err != nil {
		return appToken{}, err
	}
	token, lives, err := s.programs.Token(ctx, name, secret)
	if fault.From(err) == miniprogram.ErrCredentials {
		_ = s.limits.appGuess.take(pair)
		return appToken{}, unknownClient(x, err)
	}
	return appToken{token, "Bearer", int64(lives.Seconds())}, err
}

// unknownClient tells how an app is to sign in.
func unknownClient(x *exchange, err error) error {
	x.Header().Set("WWW-Authenticate", `Basic realm="teahouse", charset="UTF-8"`)
	return err
}

// readForm reads the body of a form without files.
func readForm(x *exchange, r *http.Request) (url.Values, error) {
	raw, err := readBytes(x, r, formBytes)
	if err != nil {
		return nil, err
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != urlType {
		return nil, fault.UnsupportedMediaType.Saying("Send a form, as " + urlType + ".")
	}
	if len(raw) > formBytes {
		return nil, fault.TooLarge
	}
	form, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, fault.BadRequest.Saying("The form is not well-formed.")
	}
	for _, values := range form {
		if len(values) > 1 {
			return nil, fault.BadRequest.Saying("The form has a parameter twice.")
		}
	}
	return form, nil
}

func (s *server) loginToApp(ctx context.Context, c *call, in appLogin) (appUser, error) {
	openid, err := s.programs.Login(ctx, c.app.ID, in.Code)
	return appUser{openid}, err
}

func (s *server) listHanded(ctx context.Context, c *call, _ none) (handedGrants, error) {
	_, limit, err := c.page()
	if err != nil {
		return handedGrants{}, err
	}
	page, next, err := s.notices.Handed(ctx, c.app.ID, c.query.Get(handedAfter.name), limit)
	return handedGrants{each(page, func(of grant.Handed) handedGrant {
		return handedGrant{
			of.Handle, string(of.Template), of.Version, of.Subject, string(of.Scope), of.Left, wire.Time{Time: of.ExpiresAt},
		}
	}), next}, err
}

func (s *server) sendNotice(ctx context.Context, c *call, raw []byte) (noticeSent, error) {
	a, err := s.notices.Redeem(ctx, c.app.ID, raw)
	c.repeats(a.Replayed)
	return noticeSent{a.Notice, a.Status, a.Alert, a.Left, wire.Time{Time: a.ExpiresAt}, a.Replayed}, err
}

func (s *server) sendReply(ctx context.Context, c *call, raw []byte) (replySent, error) {
	a, err := s.notices.Reply(ctx, c.app.ID, raw)
	c.repeats(a.Replayed)
	return replySent{a.Status, a.Left, wire.Time{Time: a.ExpiresAt}, a.Replayed}, err
}

// repeats makes the answer one to something that was done before.
func (c *call) repeats(so bool) {
	if so {
		c.status = http.StatusOK
	}
}

func (s *server) getSentNotice(ctx context.Context, c *call, _ none) (sentNotice, error) {
	n, err := s.notices.Notice(ctx, c.app.ID, c.named("notice"))
	return sentNotice{n.Notice, string(n.Template), n.Version, n.Status, n.State, n.Alert, wire.Time{Time: n.At}}, err
}

func (s *server) getStats(ctx context.Context, c *call, _ none) (appStats, error) {
	of, err := s.notices.Stats(ctx, c.app.ID)
	return appStats{each(of.Days, func(d notify.Day) dayStats {
		refused := map[string]int{}
		for code, n := range d.Refused {
			refused[string(code)] = n
		}
		return dayStats{d.Day, d.Accepted, d.Held, refused}
	})}, err
}
