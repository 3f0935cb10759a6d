package grant

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// A Redemption is one use of a grant, spent, and the right to write the one entry
// it was spent on. The zero Redemption is of nothing.
type Redemption struct {
	n    Notice
	name string     // as app and user know it
	due  ledger.Due // which delivering it settles
}

func (b *Book) redemption(n Notice) Redemption { return Redemption{n, b.Name(n), deliverDue(&n)} }

// redeeming is one attempt to spend one use. Its notice's id is the attempt's:
// where it stands in the row of the key, it was this attempt that won.
type redeeming struct {
	*Book
	f    *Found
	s    Spend
	n    Notice
	due  ledger.Due // delivering it
	read id.Seq     // how far the user has read, of a standing grant
	now  time.Time

	was     answered // what is true now
	own     bool     // and it was this attempt that made it so
	refused error    // and the grant ended by it
	settled func() error
}

// Redeem spends one use of a grant that was found, or answers what was answered
// before for the same key: also where that was at the same moment, elsewhere.
// The caps on alerts make a notice silent; what is found wrong with the grant is
// refused as by Live, and with ErrMismatch, ErrState or ErrCadence. ErrBusy: the
// store did not say what became of it; the same again tells, and spends no second use.
//
// What is accepted is owed: it will be in the user's inbox even if nobody calls
// Deliver.
func (b *Book) Redeem(ctx context.Context, f *Found, s Spend) (Redemption, Answer, error) {
	if f.Answer != nil {
		return b.again(ctx, f.Grant.User, f.named), *f.Answer, nil
	}
	r, err := b.begin(ctx, f, s)
	if err == nil {
		err = r.settled()
	}
	if err != nil {
		return Redemption{}, Answer{}, fmt.Errorf("redeem: %w", busy(err))
	}
	redemption, answer := r.outcome(ctx)
	return redemption, answer, nil
}

// Send is Redeem and then Deliver, which wait for the disk together where the store
// keeps what it stores in order. If delivering fails it is still owed.
func (b *Book) Send(ctx context.Context, f *Found, s Spend) (Answer, error) {
	var redemption Redemption
	var answer Answer
	settled := func() error { return nil }
	if f.Answer != nil {
		redemption, answer = b.again(ctx, f.Grant.User, f.named), *f.Answer
	} else {
		r, err := b.begin(ctx, f, s)
		if err != nil {
			return Answer{}, fmt.Errorf("redeem: %w", busy(err))
		}
		settled = r.settled
		redemption, answer = r.outcome(ctx)
	}
	if err := b.Deliver(context.WithoutCancel(ctx), redemption); err != nil {
		b.opt.Failed(err)
	}
	if err := settled(); err != nil {
		return Answer{}, fmt.Errorf("redeem: %w", busy(err))
	}
	return answer, nil
}

// begin makes an attempt, which is decided when settled has returned nil.
func (b *Book) begin(ctx context.Context, f *Found, s Spend) (r *redeeming, err error) {
	g := &f.Grant
	r = b.redeeming(f, s)
	if g.Scope == Standing {
		if r.read, err = b.opt.ReadUpTo(ctx, g.User); err != nil {
			return nil, err
		}
	}
	var owed []ledger.Due
	if r.n.Status == Accepted {
		r.due = deliverDue(&r.n)
		owed = []ledger.Due{r.due}
	}
	r.settled, err = ledger.BeginPart(ctx, b.store, part(g.User), f.want, f.view, owed, r.decide)
	if errors.Is(err, errMoved) {
		var gone Grant
		if _, err = b.past(ctx, g.User, g.App, g.ID, &gone); err == nil {
			err = gone.over(r.now)
		}
	}
	if err == nil && r.refused != nil {
		if err = r.settled(); err == nil {
			err = r.refused
		}
	}
	return r, err
}

// outcome is what an attempt has come to.
func (r *redeeming) outcome(ctx context.Context) (Redemption, Answer) {
	answer := r.answer(&r.f.Grant, r.was, !r.own)
	switch {
	case !r.own:
		return r.again(ctx, r.n.User, r.was.Notice), answer
	case r.n.Status == Held:
		return Redemption{}, answer
	}
	return Redemption{r.n, answer.Notice, r.due}, answer
}

// redeeming begins an attempt.
func (b *Book) redeeming(f *Found, s Spend) *redeeming {
	g := &f.Grant
	r := &redeeming{Book: b, f: f, s: s, now: b.now()}
	r.n = Notice{
		ID: id.NewEntry(r.now), User: g.User, App: g.App, AppName: s.AppName, Grant: g.ID, Template: s.Template, Version: s.Version, Title: s.Title,
		Data: s.Data, Page: s.Page, State: s.State, At: r.now, Status: Accepted, Standing: g.Scope == Standing, Kind: s.Kind, Body: s.Body,
	}
	if s.Hold != "" {
		r.n.Status, r.n.Why = Held, s.Hold
	}
	return r
}

// again is the redemption of a notice that was accepted before, to make sure that
// it has arrived; of one that must have by now, and of what cannot be read at
// present, it is of nothing: delivering is owed in any case.
func (b *Book) again(ctx context.Context, u id.User, n uuid.UUID) Redemption {
	notice, found, err := b.notice(ctx, u, n)
	if err != nil {
		b.opt.Failed(fmt.Errorf("answer again: %w", err))
	}
	if !found || notice.Status != Accepted || b.now().Sub(notice.At) > day {
		return Redemption{}
	}
	return b.redemption(notice)
}

// errMoved is a grant that was put out of the way since it was found: it is over.
var errMoved = errors.New("the grant has moved")

// grant is the grant as it is now, which mostly is as it was found.
func (r *redeeming) grant(v ledger.View) (g Grant, err error) {
	was, now := r.f.view.Get(r.f.live), v.Get(r.f.live)
	switch {
	case now == nil && was != nil:
		return g, errMoved
	case now == nil:
		return g, r.f.Grant.over(r.now)
	case bytes.Equal(now, was):
		return r.f.Grant, nil
	}
	return g, decode(r.f.live, now, &g)
}

// over is usable of a grant that is out of the way, also by a clock that is behind.
func (g *Grant) over(now time.Time) error {
	if err := g.usable(now); err != nil {
		return err
	}
	return ErrExpired
}

func (r *redeeming) decide(v ledger.View) ([]ledger.Row, error) {
	if r.refused, r.own = nil, false; isGone(v) {
		return nil, ErrInvalid
	}
	if used, err := get(v, r.f.key, &r.was); err != nil || used {
		if r.own = r.was.Notice == r.n.ID; r.own {
			r.n.Alert = r.was.Alert
		}
		if err == nil && r.was.Hash != r.f.hash {
			return nil, ErrKeyMismatch
		}
		return nil, err
	}
	g, err := r.grant(v)
	if err != nil {
		return nil, err
	}
	var app appRow
	if _, err := get(v, r.f.app, &app); err != nil {
		return nil, err
	}
	var user userRow
	if _, err := get(v, userKey, &user); err != nil {
		return nil, err
	}
	p := pending{rows: make([]ledger.Row, 0, 5)}
	if err := r.use(&g); err != nil {
		return nil, err
	}
	if g.End == Closed && !r.s.Terminal { // too much of it stayed unread
		r.refused = ErrClosed
		p.put(r.f.live, &g)
		return p.done()
	}
	r.n.Turn, r.n.Stops = g.Turn, app.stops(g.Template)
	if r.n.Alert = r.s.Alert && r.ring(&app, &user); r.n.Alert {
		p.put(r.f.app, &app)
		p.put(userKey, &user)
	}
	r.was = answered{
		Hash: r.f.hash, Notice: r.n.ID, Status: r.n.Status, Alert: r.n.Alert, Left: g.Remaining(r.now), Expires: g.ExpiresAt,
	}
	r.own = true
	p.put(r.f.live, &g)
	p.put(r.f.key, &r.was)
	p.put(noticeKey(r.n.ID), &r.n)
	return p.done()
}
