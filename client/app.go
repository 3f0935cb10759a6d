package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

type (
	// Values are the params of a template: key to type to value, such as
	// {"table": {"code": "A17"}}.
	Values map[string]map[string]string

	// TemplateParam is a variable of a template.
	TemplateParam struct {
		Key    string   `json:"key"`
		Label  string   `json:"label"`
		Type   string   `json:"type"` // text20 name number amount date time code phone_masked enum
		Role   string   `json:"role"` // "locked": the user sees it on the sheet; "free": said with each notice
		Max    int      `json:"max,omitzero"`
		Values []string `json:"values,omitzero"` // of an enum
	}
	// TemplateEdge is a step that a progress template may take.
	TemplateEdge struct {
		From  string `json:"from"`
		To    string `json:"to"`
		Alert bool   `json:"alert"`
	}
	// Cadence bounds a standing grant: so many in every "day", "week" or "month".
	Cadence struct {
		Uses int    `json:"uses"`
		Per  string `json:"per"`
	}
	// TemplateDraft is a template as its developer hands it in for review.
	TemplateDraft struct {
		Template    string            `json:"template,omitzero"` // of which it becomes the next version
		Title       string            `json:"title"`
		Category    string            `json:"category"`
		Scope       string            `json:"scope"` // once progress standing
		Params      []TemplateParam   `json:"params"`
		PagePattern string            `json:"page_pattern"`
		States      []string          `json:"states,omitzero"`
		StateLabels map[string]string `json:"state_labels,omitzero"` // how people read a state; one without is not shown
		Edges       []TemplateEdge    `json:"edges,omitzero"`
		Cadence     *Cadence          `json:"cadence,omitzero"`
		ExpiresDays int               `json:"expires_days,omitzero"`
		SubjectSize int               `json:"subject_size,omitzero"`
	}
	// Template is what became of one.
	Template struct {
		Template string `json:"template"`
		Version  int    `json:"version"`
		Status   string `json:"status"` // review approved rejected paused disabled
	}
	// HandedGrant is a grant as the app knows it: by a handle that tells nothing of the user.
	HandedGrant struct {
		Grant     string    `json:"grant"`
		Template  string    `json:"template"`
		Version   int       `json:"version"`
		Subject   string    `json:"subject"` // as the app gave it
		Scope     string    `json:"scope"`   // once progress window standing
		UsesLeft  int       `json:"uses_left"`
		ExpiresAt wire.Time `json:"expires_at"`
	}
	// NoticeDraft redeems a grant. The same Key and content again is the same notice.
	NoticeDraft struct {
		Grant    string `json:"grant"`
		Template string `json:"template"`
		Data     Values `json:"data"`
		Page     string `json:"page"`
		Key      string `json:"idempotency_key"`
		State    string `json:"state,omitzero"` // of a progress template
	}
	// SentNotice is what an app is told of a notice.
	SentNotice struct {
		Notice    string    `json:"notice"`
		Status    string    `json:"status"` // "accepted", or "held": its use is spent
		Alert     bool      `json:"alert"`
		UsesLeft  int       `json:"uses_left"`
		ExpiresAt wire.Time `json:"expires_at"`
		Replayed  bool      `json:"replayed"` // it was sent before
	}
	// Answer is what an app says to a user within a window. What it shows is an upload
	// that the app's developer made, with their own session.
	Answer struct {
		Window string `json:"window"`
		Kind   string `json:"kind"` // "text", "image" or "file"
		Body   any    `json:"body"` // Text, Image or File
		Key    string `json:"idempotency_key"`
	}
)

// An App is an app's server, signed in by client credentials. It may be used from
// any goroutine; it fetches a token when it needs one.
type App struct {
	api    *API
	id     string
	secret string

	mu    sync.Mutex
	token string
	until time.Time
}

// NewApp makes an App. Nothing is sent before it is used.
func NewApp(s Server, id, secret string) (*App, error) {
	api, err := NewAPI(s)
	return &App{api: api, id: id, secret: secret}, err
}

// tokenMargin is how long before its end a token is replaced.
const tokenMargin = 5 * time.Minute

// signedIn is the API with a token that is good for a while.
func (a *App) signedIn(ctx context.Context) (*API, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.until) {
		return a.api.As(a.token), nil
	}
	var got struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	req, err := http.NewRequestWithContext(ctx, "POST", a.api.base+"/v1/app/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(a.id, a.secret)
	if err := a.api.answer(req, &got); err != nil {
		return nil, err
	}
	a.token, a.until = got.Token, time.Now().Add(time.Duration(got.Seconds)*time.Second-tokenMargin)
	return a.api.As(a.token), nil
}

// do makes a request as the app. A token that has ended meanwhile is replaced once.
func (a *App) do(ctx context.Context, method, path string, in, out any) error {
	for try := 0; ; try++ {
		api, err := a.signedIn(ctx)
		if err != nil {
			return err
		}
		err = api.do(ctx, method, path, in, out)
		if code := CodeOf(err); try > 0 || code != fault.TokenExpired.Code && code != fault.Unauthenticated.Code {
			return err
		}
		a.mu.Lock()
		a.until = time.Time{}
		a.mu.Unlock()
	}
}

// Login swaps the code that a page got from its host for the app's own id of that user.
func (a *App) Login(ctx context.Context, code string) (openid string, err error) {
	var got struct {
		OpenID string `json:"openid"`
	}
	err = a.do(ctx, "POST", "/app/login", map[string]string{"code": code}, &got)
	return got.OpenID, err
}

// Submit hands a template in for review.
func (a *App) Submit(ctx context.Context, d TemplateDraft) (Template, error) {
	var t Template
	err := a.do(ctx, "POST", "/app/templates", d, &t)
	return t, err
}

// Template is how its latest version stands.
func (a *App) Template(ctx context.Context, template string) (Template, error) {
	var t Template
	err := a.do(ctx, "GET", "/app/templates"+seg(template), nil, &t)
	return t, err
}

// Grants are those handed over since a place, "" for the beginning, and the place
// to go on from.
func (a *App) Grants(ctx context.Context, after string) ([]HandedGrant, string, error) {
	var all []HandedGrant
	for {
		var page struct {
			Items []HandedGrant `json:"items"`
			Next  string        `json:"next"`
		}
		path := "/app/grants?limit=200"
		if after != "" {
			path += "&after=" + url.QueryEscape(after)
		}
		if err := a.do(ctx, "GET", path, nil, &page); err != nil {
			return all, after, err
		}
		all = append(all, page.Items...)
		if page.Next == after {
			return all, after, nil
		}
		after = page.Next
	}
}

// Notify redeems a grant: one notice to the user who gave it.
func (a *App) Notify(ctx context.Context, d NoticeDraft) (SentNotice, error) {
	if d.Data == nil {
		d.Data = Values{}
	}
	var s SentNotice
	err := a.do(ctx, "POST", "/app/notices", d, &s)
	return s, err
}

// Reply answers within a window that the user has opened by writing.
func (a *App) Reply(ctx context.Context, r Answer) (SentNotice, error) {
	var s SentNotice
	err := a.do(ctx, "POST", "/app/replies", r, &s)
	return s, err
}

// SetWebhook has events sent to a URL, and tells the secret they are signed with.
func (a *App) SetWebhook(ctx context.Context, to string) (secret string, err error) {
	var got struct {
		Secret string `json:"secret"`
	}
	err = a.do(ctx, "PUT", "/app/webhook", map[string]string{"url": to}, &got)
	return got.Secret, err
}

// Sent finds a notice of the app's own and how it stands.
func (a *App) Sent(ctx context.Context, notice string) (status string, err error) {
	var got struct {
		Status string `json:"status"`
	}
	err = a.do(ctx, "GET", "/app/notices"+seg(notice), nil, &got)
	return got.Status, err
}
