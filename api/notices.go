package api

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/wire"
)

// Notices is the gate between apps and people. *notify.Service fits.
type Notices interface {
	Tap(ctx context.Context, by grant.By, app, kind, page string) (id.Activation, time.Time, error)
	Ask(ctx context.Context, by grant.By, app, activation string, items []notify.Item) (grant.Sheet, error)
	Decide(ctx context.Context, by grant.By, consent string, decisions []grant.Decision, dontAsk bool) error

	MyGrants(ctx context.Context, u id.User, cursor string, limit int) ([]notify.Granted, string, error)
	RevokeGrant(ctx context.Context, u id.User, grant string) error
	MyNotices(ctx context.Context, u id.User, cursor string, limit int) ([]notify.Shown, string, error)
	Why(ctx context.Context, u id.User, notice string) (notify.Reason, error)
	Stop(ctx context.Context, u id.User, notice string) error
	Report(ctx context.Context, u id.User, notice, reason string) error
	Mute(ctx context.Context, u id.User, app string) error
	Unmute(ctx context.Context, u id.User, app string) error
	Block(ctx context.Context, u id.User, app string) error
	Unblock(ctx context.Context, u id.User, app string) error
	Muted(ctx context.Context, u id.User, a id.App) (muted, blocked bool, err error)

	Redeem(ctx context.Context, app id.App, raw []byte) (grant.Answer, error)
	Reply(ctx context.Context, app id.App, raw []byte) (grant.Answer, error)
	Handed(ctx context.Context, app id.App, after string, limit int) ([]grant.Handed, string, error)
	Notice(ctx context.Context, app id.App, name string) (notify.Sent, error)
	Stats(ctx context.Context, app id.App) (notify.Stats, error)

	Submit(ctx context.Context, app id.App, d notify.Draft) (notify.Template, error)
	Templates(ctx context.Context, app id.App, cursor string, limit int) ([]notify.Template, string, error)
	Template(ctx context.Context, app id.App, template string) (notify.Template, error)
	ReviewTemplate(ctx context.Context, by id.User, template string, version int, approve bool, reason string) (notify.Template, error)
	Reviews(ctx context.Context, cursor string, limit int) ([]notify.Template, string, error)
	HeldNotices(ctx context.Context, cursor string, limit int) ([]notify.HeldNotice, string, error)
}

// What a user's client asks.
type (
	newActivation struct {
		App  string `json:"app"`
		Kind string `json:"kind" enum:"tap" doc:"What the user did, on the device itself."`
		Page string `json:"page" doc:"The page of the app that was open."`
	}
	newConsent struct {
		App        string           `json:"app"`
		Activation string           `json:"activation" doc:"The tap that asks. It is used up."`
		Items      []newConsentItem `json:"items" minItems:"1" maxItems:"3"`
	}
	newConsentItem struct {
		Template string       `json:"template"`
		Subject  string       `json:"subject" minLength:"1" maxLength:"32" doc:"What it is about, by which the app knows the grant: an order, a flight."`
		Locked   grant.Values `json:"locked" doc:"The locked params: key to type to value. They are shown, and cannot change."`
	}
	newDecision struct {
		Items        []newDecisionItem `json:"items" doc:"One for each item of the sheet."`
		DontAskAgain bool              `json:"dont_ask_again,omitempty" doc:"This app may not ask any more, until it is unmuted."`
	}
	newDecisionItem struct {
		Item     string `json:"item"`
		Decision string `json:"decision" enum:"accept,reject"`
	}
	newReport struct {
		Reason string `json:"reason" enum:"spam,fraud,harassment,sexual,violence,other"`
	}
)

// What a user's client is told.
type (
	activation struct {
		Activation string    `json:"activation"`
		ExpiresAt  wire.Time `json:"expires_at" doc:"It is good for moments only."`
	}
	consent struct {
		Consent   string      `json:"consent"`
		ExpiresAt wire.Time   `json:"expires_at"`
		Sheet     []sheetItem `json:"sheet" doc:"What to show. Draw the sheet from this alone, with equal buttons and No preselected."`
	}
	sheetItem struct {
		Item    string       `json:"item"`
		AppName string       `json:"app_name"`
		Title   string       `json:"title"`
		Locked  grant.Values `json:"locked" doc:"Key to type to value."`
		Params  []shownParam `json:"params" doc:"The same as people read it, in the order of the template."`
		Scope   string       `json:"scope" enum:"once,progress,standing"`
		Subject string       `json:"subject"`
		Uses    int          `json:"uses" doc:"How many notices; 0: by cadence."`
		Cadence *cadence     `json:"cadence,omitempty" doc:"Of a standing one."`
		Until   wire.Time    `json:"until"`
		Page    string       `json:"page"`
	}
	shownParam struct {
		Key   string `json:"key"`
		Label string `json:"label" doc:"What it is called."`
		Type  string `json:"type" enum:"text20,name,number,amount,date,time,code,phone_masked,enum"`
		Value string `json:"value"`
	}
	decided struct {
		Items []decidedItem `json:"items" doc:"The same for accept and reject."`
	}
	decidedItem struct {
		Item     string `json:"item"`
		Decision string `json:"decision" enum:"recorded"`
	}
	myGrant struct {
		ID        string       `json:"id"`
		App       string       `json:"app"`
		AppName   string       `json:"app_name"`
		Title     string       `json:"title" doc:"Of the template; empty for a window."`
		Scope     string       `json:"scope" enum:"once,progress,window,standing"`
		Subject   string       `json:"subject"`
		Params    []shownParam `json:"params" doc:"What I was shown and cannot change, in the order of the template."`
		UsesLeft  int          `json:"uses_left" doc:"How often this app can still reach me by it."`
		ExpiresAt wire.Time    `json:"expires_at"`
	}
	myNotice struct {
		Notice     string       `json:"notice"`
		App        string       `json:"app"`
		AppName    string       `json:"app_name"`
		Template   string       `json:"template"`
		Title      string       `json:"title"`
		Data       grant.Values `json:"data" doc:"All params: key to type to value."`
		Params     []shownParam `json:"params" doc:"The same as people read it, in the order of the template."`
		Page       string       `json:"page" doc:"Of the app, to open."`
		State      string       `json:"state,omitempty" doc:"Of a progress template."`
		StateLabel string       `json:"state_label,omitempty" doc:"The state in words; left out if the template has none for it."`
		Alert      bool         `json:"alert" doc:"It was worth a sound."`
		At         wire.Time    `json:"at"`
		Seq        int64        `json:"seq" doc:"Where it is in @notices."`
	}
	whyNotice struct {
		Notice     string       `json:"notice"`
		App        string       `json:"app"`
		Act        string       `json:"act" enum:"tap,message" doc:"What I did."`
		Page       string       `json:"page" doc:"Where I did it."`
		ActedAt    wire.Time    `json:"acted_at"`
		Device     string       `json:"device" doc:"On which device."`
		Sheet      *sheetItem   `json:"sheet,omitempty" doc:"What I was shown and allowed."`
		Params     []shownParam `json:"params" doc:"What it says, in the order of the template."`
		State      string       `json:"state,omitempty" doc:"Of a progress template."`
		StateLabel string       `json:"state_label,omitempty" doc:"The state in words; left out if the template has none for it."`
		Uses       int          `json:"uses" doc:"How many notices I granted; 0: by cadence."`
		UsesLeft   int          `json:"uses_left"`
		Template   string       `json:"template"`
		Version    int          `json:"version"`
		ExpiresAt  wire.Time    `json:"expires_at"`
	}
)

func by(c *call) grant.By {
	return grant.By{User: c.user, Session: c.session.ID, Device: c.session.Device}
}

func sheetItemOf(of grant.SheetItem) sheetItem {
	return sheetItem{
		of.Item, of.AppName, of.Title, values(of.Locked), shownParams(of.Params), string(of.Scope), of.Subject, of.Uses, cadenceOf(of.Cadence),
		wire.Time{Time: of.Until},
		of.Page,
	}
}

func shownParams(of []grant.Param) []shownParam {
	return each(of, func(p grant.Param) shownParam { return shownParam(p) })
}

// values are never null.
func values(v grant.Values) grant.Values {
	if v == nil {
		return grant.Values{}
	}
	return v
}

func (s *server) createActivation(ctx context.Context, c *call, in newActivation) (activation, error) {
	tap, expires, err := s.notices.Tap(ctx, by(c), in.App, in.Kind, in.Page)
	return activation{string(tap), wire.Time{Time: expires}}, err
}

func (s *server) createConsent(ctx context.Context, c *call, in newConsent) (consent, error) {
	sheet, err := s.notices.Ask(ctx, by(c), in.App, in.Activation, each(in.Items, func(of newConsentItem) notify.Item {
		return notify.Item{Template: of.Template, Subject: of.Subject, Locked: of.Locked}
	}))
	return consent{string(sheet.Consent), wire.Time{Time: sheet.ExpiresAt}, each(sheet.Items, sheetItemOf)}, err
}

func (s *server) decideConsent(ctx context.Context, c *call, in newDecision) (decided, error) {
	decisions, told := make([]grant.Decision, len(in.Items)), make([]decidedItem, len(in.Items))
	for i, of := range in.Items {
		if of.Decision != "accept" && of.Decision != "reject" {
			return decided{}, fault.BadRequest.At("/items", "a decision is neither accept nor reject")
		}
		decisions[i] = grant.Decision{Item: of.Item, Accept: of.Decision == "accept"}
		told[i] = decidedItem{of.Item, "recorded"}
	}
	return decided{told}, s.notices.Decide(ctx, by(c), c.named("consent"), decisions, in.DontAskAgain)
}

func (s *server) listMyGrants(ctx context.Context, c *call, _ none) (list[myGrant], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[myGrant]{}, err
	}
	page, next, err := s.notices.MyGrants(ctx, c.user, cursor, limit)
	return listOf(each(page, func(g notify.Granted) myGrant {
		return myGrant{
			string(g.ID), string(g.App), g.AppName, g.Title, string(g.Scope), g.Subject, shownParams(g.Params), g.Left, wire.Time{Time: g.ExpiresAt},
		}
	}), next), err
}

func (s *server) revokeGrant(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.notices.RevokeGrant(ctx, c.user, c.named("grant"))
}

func (s *server) listMyNotices(ctx context.Context, c *call, _ none) (list[myNotice], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[myNotice]{}, err
	}
	page, next, err := s.notices.MyNotices(ctx, c.user, cursor, limit)
	return listOf(each(page, myNoticeOf), next), err
}

func myNoticeOf(of notify.Shown) myNotice {
	return myNotice{
		of.Notice, string(of.App), of.AppName, string(of.Template), of.Title, values(of.Data), shownParams(of.Params), of.Page,
		of.State, of.StateLabel, of.Alert,
		wire.Time{Time: of.At},
		int64(of.Seq),
	}
}

func (s *server) explainNotice(ctx context.Context, c *call, _ none) (whyNotice, error) {
	why, err := s.notices.Why(ctx, c.user, c.named("notice"))
	if err != nil {
		return whyNotice{}, err
	}
	n, g := &why.Notice, &why.Grant
	out := whyNotice{
		Notice: c.named("notice"), App: string(n.App), Act: g.Act.Kind, Page: g.Act.Page,
		ActedAt: wire.Time{Time: g.Act.At}, Device: string(g.Act.Device), Uses: g.Uses, UsesLeft: g.Left,
		Template: string(n.Template), Version: n.Version, ExpiresAt: wire.Time{Time: g.ExpiresAt},
		Params: shownParams(why.Words.Params), State: n.State, StateLabel: why.Words.State,
	}
	if g.Sheet != nil {
		sheet := sheetItemOf(*g.Sheet)
		out.Sheet = &sheet
	}
	return out, nil
}

func (s *server) stopNotice(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.notices.Stop(ctx, c.user, c.named("notice"))
}

func (s *server) reportNotice(ctx context.Context, c *call, in newReport) (none, error) {
	return none{}, s.notices.Report(ctx, c.user, c.named("notice"), in.Reason)
}
