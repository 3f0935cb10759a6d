package grant

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	itemsMost = 3 // of a sheet
	tapsMost  = 16
)

// Tap notes a real tap of by on a page of an app. It can bring up one sheet,
// from the same session, for offers of the same page, until the time it gives.
func (b *Book) Tap(ctx context.Context, by By, a id.App, page string) (id.Activation, time.Time, error) {
	now := b.now()
	t := tap{Name: id.NewActivation(), Session: by.Session, Page: page, At: now}
	key := appKey(a)
	err := b.change(ctx, by.User, ledger.Want{Keys: []string{key}}, nil, func(v ledger.View) ([]ledger.Row, error) {
		var app appRow
		if _, err := get(v, key, &app); err != nil {
			return nil, err
		}
		app.Taps = append(b.young(app.Taps, now), t)
		app.Taps = app.Taps[max(0, len(app.Taps)-tapsMost):]
		var p pending
		p.put(key, &app)
		return p.done()
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("note a tap: %w", err)
	}
	return t.Name, now.Add(b.opt.Caps.TapLives), nil
}

// young are the taps that may still ask.
func (b *Book) young(taps []tap, now time.Time) []tap {
	return slices.DeleteFunc(taps, func(t tap) bool { return !now.Before(t.At.Add(b.opt.Caps.TapLives)) })
}

// asking is one question on its way through the caps.
type asking struct {
	*Book
	by      By
	app     id.App
	appName string
	tap     id.Activation
	offers  []Offer
	now     time.Time
	consent id.Consent

	sheet   Sheet
	refused error // the tap is spent all the same
}

// Ask spends a tap on a sheet of one to three offers. ErrActivation: there is no
// such tap, and none is spent; ErrSilenced, ErrOutstanding, ErrAskLimit: nothing
// is shown. fault.BadRequest: too many offers, or none.
func (b *Book) Ask(ctx context.Context, by By, a id.App, appName string, activation id.Activation, offers []Offer) (Sheet, error) {
	if len(offers) == 0 || len(offers) > itemsMost {
		return Sheet{}, fault.BadRequest.At("/items", "are one to three")
	}
	q := &asking{Book: b, by: by, app: a, appName: appName, tap: activation, offers: offers, now: b.now(), consent: id.NewConsent()}
	w := ledger.Want{Keys: []string{appKey(a), consentKey(q.consent)}, Prefixes: []string{liveOf(a)}}
	if err := b.change(ctx, by.User, w, nil, q.decide); err != nil {
		return Sheet{}, fmt.Errorf("ask: %w", err)
	}
	return q.sheet, q.refused
}

func (q *asking) decide(v ledger.View) ([]ledger.Row, error) {
	var app appRow
	if _, err := get(v, appKey(q.app), &app); err != nil {
		return nil, err
	}
	c := q.show()
	if v.Get(consentKey(q.consent)) != nil {
		return nil, nil // this question's own, stored before
	}
	app.Taps = q.young(app.Taps, q.now)
	t := q.spend(app.Taps)
	if t == nil {
		return nil, ErrActivation
	}
	c.Tap = *t
	var p pending
	grants, err := grantsUnder(v, liveOf(q.app))
	if err != nil {
		return nil, err
	}
	if q.refused = q.refuse(&app, grants); q.refused == nil {
		app.Sheets = q.dropOld(&p, app.Sheets)
		app.Sheets = append(app.Sheets, shown{q.consent, q.now})
		p.put(consentKey(q.consent), &c)
	}
	p.put(appKey(q.app), &app)
	return p.done()
}

// spend finds the tap, marks it spent and gives it; nil if it cannot be spent. One
// that this very question has spent before, with an outcome nobody knew, is its own.
func (q *asking) spend(taps []tap) *tap {
	i := slices.IndexFunc(taps, func(t tap) bool { return t.Name == q.tap })
	if i < 0 || taps[i].Session != q.by.Session || taps[i].Spent != "" && taps[i].Spent != q.consent {
		return nil
	}
	if slices.ContainsFunc(q.offers, func(o Offer) bool { return o.Page != taps[i].Page }) {
		return nil
	}
	taps[i].Spent = q.consent
	return &taps[i]
}

// refuse holds the caps on asking.
func (q *asking) refuse(app *appRow, grants []Grant) error {
	if app.shut() || q.now.Before(app.Silent) {
		return ErrSilenced
	}
	fresh := map[matter]bool{}
	for _, o := range q.offers {
		if slices.Contains(app.Never, o.Template) {
			return ErrSilenced
		}
		fresh[matter{o.Template, o.Subject}] = true
	}
	n := 0
	for _, g := range grants {
		if g.outstanding(q.now) {
			delete(fresh, g.matter())
			n++
		}
	}
	if n+len(fresh) > q.opt.Caps.Outstanding {
		return ErrOutstanding
	}
	today := 0
	for _, s := range app.Sheets {
		if s.At.After(q.now.Add(-day)) {
			today++
		}
	}
	if today >= q.opt.Caps.Sheets {
		return ErrAskLimit
	}
	return nil
}

// A matter is what a user can have one outstanding grant of.
type matter struct {
	template id.Template
	subject  string
}

func (g *Grant) matter() matter { return matter{g.Template, g.Subject} }

// outstanding tells whether a grant counts against the cap. Windows do not: it
// was the user who began.
func (g *Grant) outstanding(now time.Time) bool { return g.Scope != Window && g.live(now) }

// dropOld forgets the sheets of more than a day ago, which nobody asks for.
func (q *asking) dropOld(p *pending, sheets []shown) (rest []shown) {
	for _, s := range sheets {
		if s.At.After(q.now.Add(-day)) {
			rest = append(rest, s)
			continue
		}
		p.drop(consentKey(s.Consent))
	}
	return rest
}

// show draws the sheet, which is all made of what the server knows.
func (q *asking) show() consent {
	c := consent{
		App: q.app, AppName: q.appName, By: q.by, Asked: q.now, Expires: q.now.Add(q.opt.Caps.SheetLives), Items: make([]asked, len(q.offers)),
	}
	q.sheet = Sheet{Consent: q.consent, ExpiresAt: c.Expires, Items: make([]SheetItem, len(q.offers))}
	for i, o := range q.offers {
		until := q.now.Add(o.Lives)
		if o.Scope == Progress { // at the latest: decided, used for the first time, and lived through
			until = c.Expires.Add(o.Within + o.Lives)
		}
		item := SheetItem{
			Item: fmt.Sprintf("%s.%d", q.consent, i+1), AppName: q.appName, Title: o.Title, Locked: o.Locked, Uses: o.Uses,
			Until: until, Page: o.Page, Scope: o.Scope, Subject: o.Subject, Cadence: o.Cadence,
		}
		q.sheet.Items[i] = item
		c.Items[i] = asked{Shown: item, Template: o.Template, Version: o.Version, Lives: Span(o.Lives), Within: Span(o.Within)}
	}
	return c
}
