package grant_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// A tap brings up one sheet, for who made it, where and when it was made.
func TestTap(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		ask := func(by grant.By, a id.App, tap id.Activation, o grant.Offer) error {
			_, err := h.second.Ask(h.ctx(), by, a, appName, tap, []grant.Offer{o})
			return err
		}
		tap := func() id.Activation {
			tap, until, err := h.Tap(h.ctx(), by, app, "/queue")
			good(t, err)
			if until.Sub(h.clock()) != 5*time.Second {
				t.Fatal("a tap lives until", until)
			}
			return tap
		}
		first := tap()
		other := by
		other.Session = id.NewSession()
		elsewhere := o
		elsewhere.Page = "/other"
		want(t, "activation_invalid", ask(by, app, "", o))
		want(t, "activation_invalid", ask(by, app, "made-up", o))
		want(t, "activation_invalid", ask(by, id.NewApp(), first, o))
		want(t, "activation_invalid", ask(h.guest(), app, first, o))
		want(t, "activation_invalid", ask(other, app, first, o))
		want(t, "activation_invalid", ask(by, app, first, elsewhere))
		want(t, "", ask(by, app, first, o)) // none of that has spent it
		want(t, "activation_invalid", ask(by, app, first, o))
		old, late := tap(), tap()
		h.advance(5*time.Second - time.Millisecond)
		want(t, "", ask(by, app, old, o))
		h.advance(time.Millisecond)
		want(t, "activation_invalid", ask(by, app, late, o))
	})
}

// A refused ask shows nothing and does not count, but it has spent the tap.
func TestRefusedAskSpendsItsTap(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, template := h.guest(), id.NewApp(), id.NewTemplate()
		for i := range 5 {
			h.mint(by, app, queue(template, fmt.Sprint(i)))
			h.advance(day)
		}
		for range 4 {
			tap, _, err := h.Tap(h.ctx(), by, app, "/queue")
			good(t, err)
			_, err = h.Ask(h.ctx(), by, app, appName, tap, []grant.Offer{queue(template, "one more")})
			want(t, "outstanding_limit", err)
			_, err = h.Ask(h.ctx(), by, app, appName, tap, []grant.Offer{queue(template, "1")})
			want(t, "activation_invalid", err)
		}
		for range 3 {
			_, err := h.ask(by, app, queue(template, "1")) // outstanding already: it adds nothing
			good(t, err)
		}
		_, err := h.ask(by, app, queue(template, "1"))
		want(t, "ask_limit", err)
		_, err = h.ask(by, app, queue(template, "one more"))
		want(t, "outstanding_limit", err)
		good(t, h.Mute(h.ctx(), by.User, app))
		_, err = h.ask(by, app, queue(template, "one more"))
		want(t, "ask_silenced", err)
	})
}

func TestItemsOfASheet(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, template := h.guest(), id.NewApp(), id.NewTemplate()
		tap, _, err := h.Tap(h.ctx(), by, app, "/queue")
		good(t, err)
		four := []grant.Offer{queue(template, "1"), queue(template, "2"), queue(template, "3"), queue(template, "4")}
		for _, offers := range [][]grant.Offer{nil, four} {
			_, err := h.Ask(h.ctx(), by, app, appName, tap, offers)
			want(t, "bad_request", err)
		}
		s, err := h.Ask(h.ctx(), by, app, appName, tap, four[:3])
		good(t, err)
		if s.ExpiresAt.Sub(h.clock()) != time.Minute || len(s.Items) != 3 || s.Items[1].Subject != "2" || s.Items[1].AppName != appName || s.Items[0].Until.Sub(h.clock()) != 7*day {
			t.Fatalf("sheet %+v", s)
		}
		h.advance(time.Second)
		ds := decisions(s, true)
		for _, bad := range [][]grant.Decision{nil, ds[:2], {ds[0], ds[1], ds[1]}, {ds[0], ds[1], {Item: "nothere", Accept: true}}, append(decisions(s, true), ds[0])} {
			want(t, "bad_request", h.Decide(h.ctx(), by, string(s.Consent), bad, false))
		}
		ds[1].Accept = false
		ds[0], ds[2] = ds[2], ds[0] // their order does not matter
		good(t, h.Decide(h.ctx(), by, string(s.Consent), ds, false))
		if got := h.grants(by.User); len(got) != 2 || got[0].Subject == "2" || got[1].Subject == "2" {
			t.Fatalf("granted %+v", got)
		}
		if got := h.handed(app); len(got) != 2 {
			t.Fatalf("handed %+v", got)
		}
		h.lawful()
	})
}

func TestDecideOnceAndInTime(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		app, o := id.NewApp(), queue(id.NewTemplate(), "a17")
		for _, accept := range []bool{true, false} {
			by := h.guest()
			s := h.sheet(by, app, o)
			good(t, h.decide(by, s, accept))
			for range 2 {
				want(t, "consent_decided", h.decide(by, s, !accept))
			}
			if got := len(h.grants(by.User)) == 1; got != accept {
				t.Fatalf("accepted %v, granted %v", accept, got)
			}
			h.advance(time.Hour)
			want(t, "consent_decided", h.decide(by, s, accept))
		}
		by := h.guest()
		s := h.sheet(by, app, o)
		h.advance(time.Minute - 501*time.Millisecond)
		good(t, h.decide(by, s, true))
		by = h.guest()
		s = h.sheet(by, app, o)
		h.advance(time.Minute - 500*time.Millisecond)
		want(t, "consent_expired", h.decide(by, s, true))
		if len(h.grants(by.User)) != 0 {
			t.Fatal("granted too late")
		}
		h.lawful()
	})
}

// An accept faster than anybody reads is a reject, and the sheet is spent.
func TestFalseTap(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		app, o := id.NewApp(), queue(id.NewTemplate(), "a17")
		by := h.guest()
		s := h.sheet(by, app, o)
		h.advance(399 * time.Millisecond)
		good(t, h.Decide(h.ctx(), by, string(s.Consent), decisions(s, true), false))
		want(t, "consent_decided", h.decide(by, s, true))
		if len(h.grants(by.User)) != 0 || len(h.handed(app)) != 0 {
			t.Fatal("granted by a false tap")
		}
		by = h.guest()
		s = h.sheet(by, app, o)
		h.advance(400 * time.Millisecond)
		good(t, h.Decide(h.ctx(), by, string(s.Consent), decisions(s, true), false))
		if len(h.grants(by.User)) != 1 {
			t.Fatal("not granted")
		}
	})
}

// Somebody else's sheet is as good as none, also on one's own other device.
func TestWhoseConsent(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		tablet := by
		tablet.Session = id.NewSession()
		s := h.sheet(by, app, o)
		h.advance(time.Second)
		unknown := h.Decide(h.ctx(), h.guest(), string(id.NewConsent()), decisions(s, true), false)
		foreign := h.Decide(h.ctx(), h.guest(), string(s.Consent), decisions(s, true), false)
		second := h.Decide(h.ctx(), tablet, string(s.Consent), decisions(s, true), false)
		garbage := h.Decide(h.ctx(), by, "c-1", decisions(s, true), false)
		for _, err := range []error{unknown, foreign, second, garbage} {
			if !errors.Is(err, grant.ErrSheetGone) || err.Error() != unknown.Error() {
				t.Fatalf("%v, %v", err, unknown)
			}
		}
		good(t, h.decide(by, s, true))
	})
}

func TestSilenceAfterTwoRejects(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		reject := func() {
			t.Helper()
			good(t, h.decide(by, h.sheet(by, app, o), false))
		}
		reject()
		good(t, h.decide(by, h.sheet(by, app, o), true)) // so it is not two in a row
		reject()
		h.advance(6 * day)
		reject()
		_, err := h.ask(by, app, o)
		want(t, "ask_silenced", err)
		if _, err := h.ask(by, id.NewApp(), o); err != nil {
			t.Fatal("another app is silenced:", err)
		}
		h.advance(7*day - time.Millisecond)
		_, err = h.ask(by, app, o)
		want(t, "ask_silenced", err)
		h.advance(time.Millisecond)
		reject()
		h.advance(7 * day)
		reject() // the earlier one is too long ago
		_, err = h.ask(by, app, o)
		good(t, err)
	})
}

func TestDontAskAgain(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		s := h.sheet(by, app, o)
		h.advance(time.Second)
		good(t, h.Decide(h.ctx(), by, string(s.Consent), decisions(s, false), true))
		for range 2 {
			_, err := h.ask(by, app, o)
			want(t, "ask_silenced", err)
			_, err = h.ask(by, app, queue(id.NewTemplate(), "a17"), o)
			want(t, "ask_silenced", err)
			h.advance(400 * day)
		}
		_, err := h.ask(by, app, queue(id.NewTemplate(), "a17"))
		good(t, err)
	})
}

func TestThreeSheetsADay(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		for range 3 {
			h.sheet(by, app, o)
			h.advance(time.Hour)
		}
		_, err := h.ask(by, app, o)
		want(t, "ask_limit", err)
		_, err = h.ask(by, id.NewApp(), o)
		good(t, err)
		h.advance(21*time.Hour - time.Millisecond)
		_, err = h.ask(by, app, o)
		want(t, "ask_limit", err)
		h.advance(time.Millisecond) // the first is a day old
		h.sheet(by, app, o)
		_, err = h.ask(by, app, o)
		want(t, "ask_limit", err)
	})
}

// Accepting again what is outstanding adds nothing, also on one sheet.
func TestAcceptsDoNotPileUp(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "same")
		for range 6 {
			good(t, h.decide(by, h.sheet(by, app, o, o, o), true))
			h.advance(day)
		}
		if got := h.grants(by.User); len(got) != 1 || got[0].Left != 1 {
			t.Fatalf("granted %+v", got)
		}
		handles := h.handed(app)
		if len(handles) != 1 {
			t.Fatalf("handed %+v", handles)
		}
		_, err := h.send(app, handles[0].Handle, spend(o))
		good(t, err)
		_, err = h.send(app, h.mint(by, app, o)[0], spend(o)) // now it can be asked for anew
		good(t, err)
		h.lawful()
	})
}

// Two sheets that are open at the same time do not grant more than the cap together.
func TestTwoOpenSheets(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, template := h.guest(), id.NewApp(), id.NewTemplate()
		one := h.sheet(by, app, queue(template, "1"), queue(template, "2"), queue(template, "3"))
		two := h.sheet(by, app, queue(template, "4"), queue(template, "5"), queue(template, "6"))
		good(t, h.decide(by, one, true))
		good(t, h.decide(by, two, true))
		if got := h.grants(by.User); len(got) != 5 {
			t.Fatalf("%d outstanding", len(got))
		}
		if _, err := h.ask(by, app, queue(template, "7")); codeOf(err) != "outstanding_limit" {
			t.Fatal(err)
		}
		_, err := h.send(app, h.handle(app, template, "1"), spend(queue(template, "1")))
		good(t, err)
		h.mint(by, app, queue(template, "7")) // using one makes room
		h.lawful()
	})
}

// A sheet that was open when its user muted the app grants nothing.
func TestMuteWhileASheetIsOpen(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		for _, shut := range []func(context.Context, id.User, id.App) error{h.Mute, h.Block} {
			by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
			s := h.sheet(by, app, o)
			good(t, shut(h.ctx(), by.User, app))
			good(t, h.decide(by, s, true))
			if len(h.grants(by.User)) != 0 || len(h.handed(app)) != 0 {
				t.Fatal("granted to an app that was muted")
			}
		}
	})
}

// Accept and reject cost the same: the page learns nothing from the time.
func TestAcceptAndRejectCostTheSame(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		count := &counting{Store: h.store}
		book := h.node(count, h.store)
		cost := map[bool]counting{}
		for _, accept := range []bool{true, false} {
			by, app, template := h.guest(), id.NewApp(), id.NewTemplate()
			s := h.sheet(by, app, queue(template, "1"), ride(template, "2"))
			h.advance(time.Second)
			*count = counting{Store: h.store}
			good(t, book.Decide(h.ctx(), by, string(s.Consent), decisions(s, accept), false))
			cost[accept] = *count
		}
		a, r := cost[true], cost[false]
		if a.reads != r.reads || a.changes != r.changes || a.rows != r.rows || a.dues != r.dues {
			t.Fatalf("accept %+v, reject %+v", a, r)
		}
		if diff := a.bytes - r.bytes; diff < -200 || diff > 200 {
			t.Fatalf("accept stores %d bytes, reject %d", a.bytes, r.bytes)
		}
	})
}

// counting is a store that tells what was asked of it.
type counting struct {
	ledger.Store
	reads, changes, rows, dues, bytes int
}

func (c *counting) ReadPart(ctx context.Context, p ledger.Part, w ledger.Want) (ledger.View, error) {
	c.reads++
	return c.Store.ReadPart(ctx, p, w)
}

func (c *counting) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	c.changes++
	c.dues += len(owed)
	return c.Store.ChangePart(ctx, p, w, have, owed, func(v ledger.View) ([]ledger.Row, error) {
		rows, err := change(v)
		c.rows, c.bytes = 0, 0
		for _, r := range rows {
			c.rows++
			c.bytes += len(r.Value)
		}
		return rows, err
	})
}
