package api

import (
	"context"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/miniprogram"
	"github.com/teahouse-im/teahouse/wire"
)

// MiniPrograms is who apps are. *miniprogram.Service fits.
type MiniPrograms interface {
	Create(ctx context.Context, developer id.User, name, category, summary string) (miniprogram.App, string, error)
	Mine(ctx context.Context, developer id.User, cursor string, limit int) ([]miniprogram.App, string, error)
	App(ctx context.Context, app string) (miniprogram.App, error)
	Find(ctx context.Context, q, cursor string, limit int) ([]miniprogram.App, string, error)

	Rotate(ctx context.Context, developer id.User, app string) (miniprogram.Secret, string, error)
	Secrets(ctx context.Context, developer id.User, app string) ([]miniprogram.Secret, error)
	DropSecret(ctx context.Context, developer id.User, app, secret string) error
	PutPackage(ctx context.Context, developer id.User, app string, zip []byte) error
	Page(ctx context.Context, app, path string) (miniprogram.Page, error)

	Token(ctx context.Context, app, secret string) (token string, lives time.Duration, err error)
	IsToken(token string) bool // by its form alone
	Authenticate(ctx context.Context, token string) (miniprogram.App, error)

	LoginCode(ctx context.Context, u id.User, app string) (code string, expires time.Time, err error)
	Login(ctx context.Context, a id.App, code string) (openid string, err error)
	ResetOpenID(ctx context.Context, u id.User, app string) error

	Follow(ctx context.Context, u id.User, app string) error
	Unfollow(ctx context.Context, u id.User, app string) error
	Following(ctx context.Context, u id.User, app string) (bool, error)
}

// What is asked.
type (
	newApp struct {
		Name     string `json:"name" minLength:"1" maxLength:"64"`
		Category string `json:"category" minLength:"1" maxLength:"32" doc:"What it is about, in one word. public_service, health, transport, finance and education may have standing templates."`
		Summary  string `json:"summary,omitempty" maxLength:"200"`
	}
	newPackage struct {
		File string `json:"file" format:"binary" doc:"The zip. The part may have any name."`
	}
)

// What is answered.
type (
	miniProgram struct {
		App       string   `json:"app"`
		Name      string   `json:"name"`
		Category  string   `json:"category"`
		Summary   string   `json:"summary"`
		Page      string   `json:"page,omitempty" doc:"Where its pages are, relative to the server; left out if it has none."`
		Connects  []string `json:"connects" doc:"The servers that its pages may talk to, as its package declares them."`
		Following bool     `json:"following" doc:"I have it in my list. It gives the app nothing, and the app is not told."`
		Muted     bool     `json:"muted" doc:"It can neither reach nor ask me."`
		Blocked   bool     `json:"blocked" doc:"The same, and I cannot write to it."`
	}
	ownApp struct {
		App        string     `json:"app"`
		Name       string     `json:"name"`
		Category   string     `json:"category"`
		Summary    string     `json:"summary"`
		Page       string     `json:"page,omitempty" doc:"Where its pages are, relative to the server; left out if it has none."`
		Connects   []string   `json:"connects" doc:"The origins that its pages may call: those in its package's teahouse.json."`
		Reach      int        `json:"reach" doc:"How many people my apps together may reach in 24 hours."`
		CreatedAt  wire.Time  `json:"created_at"`
		PackagedAt *wire.Time `json:"packaged_at,omitempty" doc:"When its pages were handed in."`
		Secret     string     `json:"secret,omitempty" doc:"For POST /v1/app/token. It is told once, when the app is made."`
		Suspended  string     `json:"suspended,omitempty" enum:"app,notices" doc:"What a moderator has stopped: all of it, or its notices."`
	}
	appSecret struct {
		ID        string     `json:"id"`
		CreatedAt wire.Time  `json:"created_at"`
		EndsAt    *wire.Time `json:"ends_at,omitempty" doc:"When it stops working, because there is a newer one."`
	}
	appSecrets struct {
		Items []appSecret `json:"items" doc:"The oldest first. None shows itself again."`
		Next  *string     `json:"next" doc:"null: these are all."`
	}
	newSecret struct {
		ID     string `json:"id"`
		Secret string `json:"secret" doc:"It is told this once. Earlier ones work for 24 hours more."`
	}
	loginCode struct {
		Code      string    `json:"code" doc:"For the app's page, which hands it to the app's server. It works once."`
		ExpiresAt wire.Time `json:"expires_at"`
	}
)

// pagesOf is where an app's pages are; "" if it has none.
func pagesOf(a miniprogram.App) string {
	if a.Packaged.IsZero() {
		return ""
	}
	return pagesPath + string(a.ID) + "/"
}

// connectsOf are the servers that an app's pages may talk to.
func connectsOf(a miniprogram.App) []string { return append([]string{}, a.Connects...) }

// own is an app as its developer sees it.
func (s *server) own(a miniprogram.App) ownApp {
	out := ownApp{
		App: string(a.ID), Name: a.Name, Category: a.Category, Summary: a.Summary, Page: pagesOf(a), Connects: connectsOf(a),
		Reach: miniprogram.Reaches[a.Tier], CreatedAt: wire.Time{Time: a.CreatedAt}, PackagedAt: timeOr(a.Packaged),
	}
	switch now := s.now(); {
	case a.Suspension.Holds(now):
		out.Suspended = "app"
	case a.NoticesSuspension.Holds(now):
		out.Suspended = "notices"
	}
	return out
}

// timeOr is a time as a client sees it, or nothing.
func timeOr(t time.Time) *wire.Time {
	if t.IsZero() {
		return nil
	}
	return &wire.Time{Time: t}
}

// face is a mini-program as its users see it.
func (s *server) face(ctx context.Context, u id.User, a miniprogram.App) (miniProgram, error) {
	out := miniProgram{App: string(a.ID), Name: a.Name, Category: a.Category, Summary: a.Summary, Page: pagesOf(a), Connects: connectsOf(a)}
	var err error
	if out.Following, err = s.programs.Following(ctx, u, string(a.ID)); err != nil {
		return out, err
	}
	out.Muted, out.Blocked, err = s.notices.Muted(ctx, u, a.ID)
	return out, err
}

func (s *server) findMiniPrograms(ctx context.Context, c *call, _ none) (list[miniProgram], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[miniProgram]{}, err
	}
	page, next, err := s.programs.Find(ctx, c.query.Get(programQuery.name), cursor, limit)
	if err != nil {
		return list[miniProgram]{}, err
	}
	items, faults := make([]miniProgram, len(page)), make([]error, len(page))
	var all sync.WaitGroup
	for i, a := range page {
		all.Go(func() { items[i], faults[i] = s.face(ctx, c.user, a) })
	}
	all.Wait()
	for _, err := range faults {
		if err != nil {
			return list[miniProgram]{}, err
		}
	}
	return listOf(items, next), nil
}

func (s *server) getMiniProgram(ctx context.Context, c *call, _ none) (miniProgram, error) {
	a, err := s.programs.App(ctx, c.named("app"))
	if err != nil {
		return miniProgram{}, err
	}
	return s.face(ctx, c.user, a)
}

func (s *server) followMiniProgram(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.programs.Follow(ctx, c.user, c.named("app"))
}

func (s *server) unfollowMiniProgram(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.programs.Unfollow(ctx, c.user, c.named("app"))
}

func (s *server) muteMiniProgram(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.notices.Mute(ctx, c.user, c.named("app"))
}

func (s *server) unmuteMiniProgram(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.notices.Unmute(ctx, c.user, c.named("app"))
}

func (s *server) createLoginCode(ctx context.Context, c *call, _ none) (loginCode, error) {
	code, expires, err := s.programs.LoginCode(ctx, c.user, c.named("app"))
	return loginCode{code, wire.Time{Time: expires}}, err
}

func (s *server) resetOpenID(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.programs.ResetOpenID(ctx, c.user, c.named("app"))
}

func (s *server) createApp(ctx context.Context, c *call, in newApp) (ownApp, error) {
	a, secret, err := s.programs.Create(ctx, c.user, in.Name, in.Category, in.Summary)
	if err != nil {
		return ownApp{}, err
	}
	out := s.own(a)
	out.Secret = secret
	return out, nil
}

func (s *server) listMyApps(ctx context.Context, c *call, _ none) (list[ownApp], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[ownApp]{}, err
	}
	page, next, err := s.programs.Mine(ctx, c.user, cursor, limit)
	if err != nil {
		return list[ownApp]{}, err
	}
	return listOf(each(page, s.own), next), nil
}

func (s *server) createSecret(ctx context.Context, c *call, _ none) (newSecret, error) {
	of, secret, err := s.programs.Rotate(ctx, c.user, c.named("app"))
	return newSecret{of.ID, secret}, err
}

func (s *server) listSecrets(ctx context.Context, c *call, _ none) (appSecrets, error) {
	all, err := s.programs.Secrets(ctx, c.user, c.named("app"))
	return appSecrets{Items: each(all, func(of miniprogram.Secret) appSecret {
		return appSecret{of.ID, wire.Time{Time: of.CreatedAt}, timeOr(of.EndsAt)}
	})}, err
}

func (s *server) dropSecret(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.programs.DropSecret(ctx, c.user, c.named("app"), c.named("secret"))
}

// putPackage takes the zip of an app's pages, as it is or as the one file of a form.
func (s *server) putPackage(ctx context.Context, c *call, x *exchange) (none, error) {
	zip, err := readPackage(x, c.r)
	if err != nil {
		return none{}, err
	}
	return none{}, s.programs.PutPackage(ctx, c.user, c.named("app"), zip)
}

var errPackage = fault.UnsupportedMediaType.Saying("Send a zip, as application/zip or as the one file of a form.")
