package client

import (
	"bytes"
	"context"
	"iter"
	"net/http"
	"net/url"

	"github.com/teahouse-im/teahouse/wire"
)

type (
	// MiniProgram is one as its users see it.
	MiniProgram struct {
		App       string   `json:"app"`
		Name      string   `json:"name"`
		Category  string   `json:"category"`
		Summary   string   `json:"summary"`
		Page      string   `json:"page"`     // where its pages are; "" if it has none
		Connects  []string `json:"connects"` // the origins that its pages may call
		Following bool     `json:"following"`
		Muted     bool     `json:"muted"`
	}
	// OwnApp is one as its developer sees it. Secret is told once, when it is made.
	OwnApp struct {
		App    string `json:"app"`
		Name   string `json:"name"`
		Secret string `json:"secret"`
	}
	// Wish is what a sheet asks the user to allow.
	Wish struct {
		Template string `json:"template"`
		Subject  string `json:"subject"`
		Locked   Values `json:"locked"`
	}
	// Sheet is what the host shows, drawn from this alone.
	Sheet struct {
		Consent   string      `json:"consent"`
		ExpiresAt wire.Time   `json:"expires_at"`
		Items     []SheetItem `json:"sheet"`
	}
	// SheetItem is one line of a sheet.
	SheetItem struct {
		Item    string    `json:"item"`
		AppName string    `json:"app_name"`
		Title   string    `json:"title"`
		Locked  Values    `json:"locked"`
		Params  []Param   `json:"params"` // the same as people read it
		Uses    int       `json:"uses"`
		Until   wire.Time `json:"until"`
		Page    string    `json:"page"`
	}
	// Param is one of Values as people read it. Lists of them have the order of the template.
	Param struct {
		Key   string `json:"key"`
		Label string `json:"label"`
		Type  string `json:"type"`
		Value string `json:"value"`
	}
	// Notice is one in the user's inbox.
	Notice struct {
		Notice     string    `json:"notice"`
		App        string    `json:"app"`
		AppName    string    `json:"app_name"`
		Template   string    `json:"template"`
		Title      string    `json:"title"`
		Data       Values    `json:"data"`
		Params     []Param   `json:"params"` // the same as people read it
		Page       string    `json:"page"`
		State      string    `json:"state"`
		StateLabel string    `json:"state_label"` // the state in words; "" if there are none for it
		Alert      bool      `json:"alert"`
		At         wire.Time `json:"at"`
		Seq        int64     `json:"seq"`
	}
	// Grant is what an app may still do, as the user who gave it sees it.
	Grant struct {
		ID        string    `json:"id"`
		App       string    `json:"app"`
		AppName   string    `json:"app_name"`
		Title     string    `json:"title"`
		Scope     string    `json:"scope"`
		Subject   string    `json:"subject"`
		Params    []Param   `json:"params"` // what is locked
		UsesLeft  int       `json:"uses_left"`
		ExpiresAt wire.Time `json:"expires_at"`
	}
)

// CreateApp makes a mini-program of the caller's own.
func (a *API) CreateApp(ctx context.Context, name, category, summary string) (OwnApp, error) {
	in := map[string]string{"name": name, "category": category}
	if summary != "" {
		in["summary"] = summary
	}
	var app OwnApp
	err := a.do(ctx, "POST", "/developer/apps", in, &app)
	return app, err
}

// OwnApps are the caller's own, the newest first, without their secrets.
func (a *API) OwnApps(ctx context.Context) iter.Seq2[OwnApp, error] {
	return all[OwnApp](ctx, a, "/developer/apps")
}

// NewSecret makes a further secret of an app. Earlier ones work for 24 hours more.
func (a *API) NewSecret(ctx context.Context, app string) (secret string, err error) {
	var got struct {
		Secret string `json:"secret"`
	}
	err = a.do(ctx, "POST", "/developer/apps"+seg(app)+"/secrets", nil, &got)
	return got.Secret, err
}

// PutPackage hands in the pages of an app, as a zip with index.html at its root. A
// teahouse.json in it names the origins that they may call.
func (a *API) PutPackage(ctx context.Context, app string, zip []byte) error {
	req, err := http.NewRequestWithContext(ctx, "PUT", a.base+"/v1/developer/apps"+seg(app)+"/package", bytes.NewReader(zip))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/zip")
	req.Header.Set("Authorization", "Bearer "+a.token)
	return a.answer(req, nil)
}

// MiniPrograms are those whose names contain q.
func (a *API) MiniPrograms(ctx context.Context, q string) iter.Seq2[MiniProgram, error] {
	return pages[MiniProgram](ctx, a, "/mini-programs?limit=200&q="+url.QueryEscape(q), "cursor")
}

// MiniProgram is one of them.
func (a *API) MiniProgram(ctx context.Context, app string) (MiniProgram, error) {
	var m MiniProgram
	err := a.do(ctx, "GET", "/mini-programs"+seg(app), nil, &m)
	return m, err
}

// FollowApp puts an app into the user's list. It gives the app nothing, and the app is not told.
func (a *API) FollowApp(ctx context.Context, app string) error {
	return a.do(ctx, "PUT", "/mini-programs"+seg(app)+"/follow", nil, nil)
}

// UnfollowApp takes an app off the user's list.
func (a *API) UnfollowApp(ctx context.Context, app string) error {
	return a.do(ctx, "DELETE", "/mini-programs"+seg(app)+"/follow", nil, nil)
}

// LoginCode makes the code that a page gives to its app's server.
func (a *API) LoginCode(ctx context.Context, app string) (code string, err error) {
	var got struct {
		Code string `json:"code"`
	}
	err = a.do(ctx, "POST", "/mini-programs"+seg(app)+"/login-codes", nil, &got)
	return got.Code, err
}

// Tap says that the user has just tapped on a page of an app. It is good for one
// sheet, for a few seconds.
func (a *API) Tap(ctx context.Context, app, page string) (activation string, err error) {
	var got struct {
		Activation string `json:"activation"`
	}
	err = a.do(ctx, "POST", "/activations", map[string]string{"app": app, "kind": "tap", "page": page}, &got)
	return got.Activation, err
}

// Ask spends a tap on a sheet of one to three wishes.
func (a *API) Ask(ctx context.Context, app, activation string, wishes ...Wish) (Sheet, error) {
	in := struct {
		App        string `json:"app"`
		Activation string `json:"activation"`
		Items      []Wish `json:"items"`
	}{app, activation, wishes}
	var s Sheet
	err := a.do(ctx, "POST", "/consents", in, &s)
	return s, err
}

// Decide answers a sheet: accept for the items named, reject for all others.
func (a *API) Decide(ctx context.Context, s Sheet, accepted ...string) error {
	type decision struct {
		Item     string `json:"item"`
		Decision string `json:"decision"`
	}
	in := struct {
		Items []decision `json:"items"`
	}{}
	yes := map[string]string{}
	for _, item := range accepted {
		yes[item] = "accept"
	}
	for _, item := range s.Items {
		d := decision{item.Item, "reject"}
		if yes[item.Item] != "" {
			d.Decision = yes[item.Item]
		}
		in.Items = append(in.Items, d)
	}
	return a.do(ctx, "POST", "/consents"+seg(s.Consent)+"/decision", in, nil)
}

// Notices are those in the user's inbox, the newest first.
func (a *API) Notices(ctx context.Context) iter.Seq2[Notice, error] {
	return all[Notice](ctx, a, "/me/notices")
}

// StopNotices ends what the template of a notice may still send.
func (a *API) StopNotices(ctx context.Context, notice string) error {
	return a.do(ctx, "POST", "/me/notices"+seg(notice)+"/stop", nil, nil)
}

// ReportNotice tells moderators of a notice: "spam", "fraud", "harassment",
// "sexual", "violence" or "other".
func (a *API) ReportNotice(ctx context.Context, notice, reason string) error {
	return a.do(ctx, "POST", "/me/notices"+seg(notice)+"/report", map[string]string{"reason": reason}, nil)
}

// Grants are what apps may still send to the user.
func (a *API) Grants(ctx context.Context) iter.Seq2[Grant, error] {
	return all[Grant](ctx, a, "/me/grants")
}

// RevokeGrant takes a grant back.
func (a *API) RevokeGrant(ctx context.Context, grant string) error {
	return a.do(ctx, "DELETE", "/me/grants"+seg(grant), nil, nil)
}

// MuteApp closes all that an app may send, and keeps it from asking.
func (a *API) MuteApp(ctx context.Context, app string) error {
	return a.do(ctx, "PUT", "/mini-programs"+seg(app)+"/mute", nil, nil)
}

// UnmuteApp lets an app ask again. It revives nothing.
func (a *API) UnmuteApp(ctx context.Context, app string) error {
	return a.do(ctx, "DELETE", "/mini-programs"+seg(app)+"/mute", nil, nil)
}

// ReviewTemplate approves or rejects a version of a template; for moderators.
func (a *API) ReviewTemplate(ctx context.Context, template string, version int, approve bool, reason string) (Template, error) {
	decision := "reject"
	if approve {
		decision = "approve"
	}
	in := struct {
		Version  int    `json:"version"`
		Decision string `json:"decision"`
		Reason   string `json:"reason"`
	}{version, decision, reason}
	var t Template
	err := a.do(ctx, "POST", "/moderation/templates"+seg(template)+"/review", in, &t)
	return t, err
}
