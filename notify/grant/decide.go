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

// deciding is one answer to a sheet. Whatever it says, it reads, owes and stores
// as many records: who looks at the time learns nothing.
type deciding struct {
	*Book
	by      By
	id      id.Consent
	accept  []bool // by item
	dontAsk bool
	now     time.Time
	name    id.Grant   // of this decision
	mints   []id.Grant // by item, also where nothing is minted
	handed  []time.Time
}

// Decide answers a sheet: once, from the session that it was shown to, every item
// exactly once. ErrSheetGone: it is not there, not for by, or too old; ErrDecided;
// fault.BadRequest: the decisions are not about its items, and it stays open.
//
// A sheet on which nothing is accepted counts as a reject, and so does one with
// an accept that came too fast to be a decision. dontAsk silences its templates
// for good.
func (b *Book) Decide(ctx context.Context, by By, sheet string, decisions []Decision, dontAsk bool) error {
	c, ok := id.ParseConsent(sheet)
	if !ok {
		return ErrSheetGone
	}
	// The sheet says which app it is of, and so where the rest stands.
	v, err := b.store.ReadPart(ctx, part(by.User), ledger.Want{Keys: []string{consentKey(c)}})
	if err != nil {
		return fmt.Errorf("decide: %w", err)
	}
	d := &deciding{Book: b, by: by, id: c, dontAsk: dontAsk, now: b.now(), name: id.NewGrant()}
	seen, err := d.open(v)
	if err != nil {
		return err
	}
	if err := d.match(seen, decisions); err != nil {
		return err
	}
	w := ledger.Want{Keys: []string{consentKey(c), appKey(seen.App)}, Prefixes: []string{liveOf(seen.App)}}
	owed := d.owed(seen)
	if err := b.change(ctx, by.User, w, owed, d.decide); err != nil {
		return fmt.Errorf("decide: %w", err)
	}
	for _, due := range owed {
		b.hurry(due)
	}
	return nil
}

// open reads the sheet and tells whether it can be answered.
func (d *deciding) open(v ledger.View) (consent, error) {
	var c consent
	ok, err := get(v, consentKey(d.id), &c)
	switch {
	case err != nil:
		return c, err
	case !ok || c.By.Session != d.by.Session:
		return c, ErrSheetGone
	case c.Decided != "":
		return c, ErrDecided
	case !d.now.Before(c.Expires):
		return c, ErrSheetGone
	}
	return c, nil
}

// match brings the decisions into the order of the items.
func (d *deciding) match(c consent, decisions []Decision) error {
	wrong := fault.BadRequest.At("/items", "name each item of the sheet once")
	if len(decisions) != len(c.Items) {
		return wrong
	}
	d.accept = make([]bool, len(c.Items))
	for i, item := range c.Items {
		at := slices.IndexFunc(decisions, func(x Decision) bool { return x.Item == item.Shown.Item })
		if at < 0 {
			return wrong
		}
		d.accept[i] = decisions[at].Accept
	}
	if d.now.Sub(c.Asked) < d.opt.Caps.FalseTap {
		clear(d.accept)
	}
	return nil
}

// owed is the handing over of each grant there may be.
func (d *deciding) owed(c consent) []ledger.Due {
	owed := make([]ledger.Due, len(c.Items))
	d.mints, d.handed = make([]id.Grant, len(c.Items)), make([]time.Time, len(c.Items))
	for i, item := range c.Items {
		d.mints[i], d.handed[i] = id.NewGrant(), d.now
		delay := d.opt.Delay()
		if item.Shown.Scope != Progress {
			d.handed[i] = d.now.Add(delay)
		}
		h := handing{User: d.by.User, App: c.App, Grant: d.mints[i], At: d.handed[i], Declined: !d.accept[i]}
		owed[i] = handDue(h, string(d.mints[i]), d.now)
	}
	return owed
}

func (d *deciding) decide(v ledger.View) ([]ledger.Row, error) {
	var c consent
	if _, err := get(v, consentKey(d.id), &c); err != nil {
		return nil, err
	}
	if c.Decided == d.name {
		return nil, nil // this very decision, stored before
	}
	c, err := d.open(v)
	if err != nil {
		return nil, err
	}
	var app appRow
	if _, err := get(v, appKey(c.App), &app); err != nil {
		return nil, err
	}
	grants, err := grantsUnder(v, liveOf(c.App))
	if err != nil {
		return nil, err
	}
	d.count(&app, c)
	c.Decided, c.At, c.Took = d.name, d.now, d.accept
	var p pending
	p.put(consentKey(d.id), &c)
	p.put(appKey(c.App), &app)
	grants = p.retire(grants, d.now)
	for i, item := range c.Items {
		g := d.mint(c, item, i)
		if d.accept[i] && !app.shut() && d.room(grants, g) {
			grants = append(grants, g)
			p.put(liveKey(g.App, g.ID), &g)
			continue
		}
		// What was declined last stands there in the same size, and is over.
		g.End = Closed
		p.put(declinedKey(c.App, i), &g)
	}
	return p.done()
}

// count notes what the decision says about being asked.
func (d *deciding) count(app *appRow, c consent) {
	switch {
	case slices.Contains(d.accept, true):
		app.Rejects = nil
	default:
		app.Rejects = append(app.Rejects.since(d.now, d.opt.Caps.Silence), d.now.UnixMilli())
		if len(app.Rejects) >= d.opt.Caps.Rejects {
			app.Rejects, app.Silent = nil, d.now.Add(d.opt.Caps.Silence)
		}
	}
	for _, item := range c.Items {
		if d.dontAsk && !slices.Contains(app.Never, item.Template) {
			app.Never = append(app.Never, item.Template)
		}
	}
}

// room tells whether a grant adds something: not where its matter has one already,
// and not beyond the cap, which two open sheets can exceed together.
func (d *deciding) room(grants []Grant, g Grant) bool {
	n := 0
	for i := range grants {
		if !grants[i].outstanding(d.now) {
			continue
		}
		if grants[i].matter() == g.matter() {
			return false
		}
		n++
	}
	return n < d.opt.Caps.Outstanding
}

func (d *deciding) mint(c consent, item asked, i int) Grant {
	shown := item.Shown
	g := Grant{
		ID: d.mints[i], User: d.by.User, App: c.App, AppName: c.AppName, Template: item.Template, Version: item.Version, Title: shown.Title,
		Scope: shown.Scope, Subject: shown.Subject, Locked: shown.Locked, Cadence: shown.Cadence,
		Act:  Act{Kind: "tap", Page: c.Tap.Page, At: c.Tap.At, Device: c.By.Device, Name: string(c.Tap.Name)},
		Item: shown.Item, Until: shown.Until, Uses: shown.Uses, Left: shown.Uses, MintedAt: d.now, ExpiresAt: shown.Until, HandedAt: d.handed[i],
	}
	if g.Scope == Progress {
		g.ExpiresAt, g.Lives = d.now.Add(time.Duration(item.Within)), item.Lives
	}
	return g
}
