package notify

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/notify/shape"
)

// Redeem is the gate: it takes the body of POST /v1/app/notices as it came, and
// either one use of one grant is spent on one notice, or nothing has happened but
// a row in the audit. The checks come in this order, and the first that fails is
// told: form, handle, the same request before, app, template and version, params,
// page and state, what is said, whether the grant is alive, the shape of a
// broadcast, reach, the grant itself.
//
// A held notice is answered like an accepted one. grant.ErrBusy: the same again
// tells what became of it.
func (s *Service) Redeem(ctx context.Context, a id.App, raw []byte) (grant.Answer, error) {
	r, err := readNotice(raw)
	var answer grant.Answer
	if err == nil {
		answer, err = s.redeem(ctx, a, &r)
	}
	if err != nil {
		return grant.Answer{}, s.refused(ctx, a, r.named(), r.key, err)
	}
	return answer, nil
}

func (s *Service) redeem(ctx context.Context, a id.App, r *request) (grant.Answer, error) {
	named := s.named(ctx, r.template) // while the grant is looked for
	f, err := s.book.Find(ctx, a, r.handle, r.key, r.hash)
	h, wrong := named()
	if err != nil {
		return grant.Answer{}, err
	}
	if f.Answer != nil {
		return s.book.Send(ctx, f, grant.Spend{}) // as it was, and make sure that it has arrived
	}
	app, err := s.working(ctx, a)
	if err != nil {
		return grant.Answer{}, err
	}
	if wrong != nil {
		return grant.Answer{}, wrong
	}
	t, err := s.granted(ctx, a, r, &f.Grant, &h)
	if err != nil {
		return grant.Answer{}, err
	}
	spend, err := t.spend(r, &f.Grant)
	if err != nil {
		return grant.Answer{}, err
	}
	if err := screen(t.Params, spend.Data, "/data"); err != nil {
		return grant.Answer{}, err
	}
	spend.App, spend.AppName = a, app.Name
	if err := s.live(f); err != nil {
		return grant.Answer{}, err
	}
	said := t.says(spend.Data)
	return s.send(ctx, f, app, r, spend, said.parts, shape.Sighting{
		Template: t.ID, Texts: said.whole, Minted: s.available(&f.Grant), Joined: t.SubjectSize,
	})
}

// working is an app that may send. ErrSuspended.
func (s *Service) working(ctx context.Context, a id.App) (App, error) {
	app, err := s.apps.App(ctx, a)
	if err == nil && app.Suspended {
		err = ErrSuspended
	}
	return app, err
}

// named looks for the head of a template: while something else is done, where that
// takes a trip. What it returns waits for it.
func (s *Service) named(ctx context.Context, template string) func() (head, error) {
	if _, local := s.store.(ledger.Local); local {
		h, err := s.head(ctx, template)
		return func() (head, error) { return h, err }
	}
	var h head
	var err error
	found := make(chan struct{})
	go func() {
		defer close(found)
		h, err = s.head(ctx, template)
	}()
	return func() (head, error) { <-found; return h, err }
}

// granted is the version that a grant is of. ErrTemplate: what the request names,
// whose head is h, is no template of the app. grant.ErrMismatch: it is another one.
// ErrPaused.
func (s *Service) granted(ctx context.Context, a id.App, r *request, g *grant.Grant, h *head) (Template, error) {
	switch {
	case h.App != a:
		return Template{}, ErrTemplate
	case id.Template(r.template) != g.Template || g.Scope == grant.Window:
		return Template{}, grant.ErrMismatch
	}
	t, err := s.handedIn(ctx, g.Template, g.Version)
	if err == nil && h.stopped(s.now()) {
		err = ErrPaused
	}
	return t, err
}

// spend is what a request says, checked against the version and what was locked.
// ErrParam, ErrLocked, ErrPage, grant.ErrState.
func (t *Template) spend(r *request, g *grant.Grant) (grant.Spend, error) {
	data, err := said(t.Params, Free, r.data, orNone(g.Locked), "/data")
	if err != nil {
		return grant.Spend{}, err
	}
	for key, typed := range g.Locked {
		data[key] = typed
	}
	if !samePage(r.page, t.PagePattern) {
		return grant.Spend{}, ErrPage.At("/page", "is not the template's")
	}
	s := grant.Spend{Template: t.ID, Version: t.Version, Title: t.Title, Data: data, Page: r.page, Alert: true}
	if t.Scope != grant.Progress {
		if r.state != "" {
			return grant.Spend{}, grant.ErrState
		}
		return s, nil
	}
	from, ok := t.after(r.state)
	if !ok || !slices.Contains(from, g.State) {
		return grant.Spend{}, grant.ErrState
	}
	s.State, s.Allowed, s.Terminal, s.Alert = r.state, from, t.ends(r.state), t.alerts(g.State, r.state)
	return s, nil
}

func orNone(v grant.Values) grant.Values {
	if v == nil {
		return grant.Values{}
	}
	return v
}

// live tells whether anything could come of a grant, before anything is counted.
func (s *Service) live(f *grant.Found) error {
	now := s.now()
	if err := f.Live(now); err != nil {
		return err
	}
	if g := &f.Grant; g.Scope == grant.Standing && g.Remaining(now) == 0 {
		period := periods[g.Cadence.Per]
		for _, at := range g.Sent {
			if next := at.Add(period); next.After(now) {
				return grant.ErrCadence.After(next.Sub(now))
			}
		}
	}
	return nil
}

// send counts what was found good, and spends the grant on it. ErrReach, ErrShape,
// and what the book refuses.
func (s *Service) send(
	ctx context.Context, f *grant.Found, app App, r *request, spend grant.Spend, parts []string, seen shape.Sighting,
) (grant.Answer, error) {
	g := &f.Grant
	seen.Developer, seen.App, seen.Subject, seen.Reader = app.Developer, app.ID, matter(g.Subject), g.User
	seen.Notice, seen.At, seen.Reach = string(g.ID)+"/"+r.key, s.now(), app.Reach
	v, err := s.see(ctx, seen, parts)
	switch {
	case err != nil:
		return grant.Answer{}, err
	case v.TooFar:
		return grant.Answer{}, ErrReach
	case v.Hold != "" && v.Hold != shape.Pace && v.OfTempl > s.opt.HeldRefuses:
		return grant.Answer{}, ErrShape
	case v.Hold == shape.Pace && spend.Kind != "": // only templates are new
		v.Hold = ""
	}
	if err := s.carry(ctx, f, r.medium); err != nil {
		return grant.Answer{}, err
	}
	if v.Hold != "" {
		return s.hold(ctx, f, r, spend, seen.Template, v)
	}
	answer, err := s.book.Send(ctx, f, spend)
	if err != nil {
		return grant.Answer{}, err
	}
	if !answer.Replayed {
		s.counts.sent(app.ID, seen.Template, seen.At)
	}
	return answer, nil
}

// see shows the board the parts of a notice, and then all of it.
func (s *Service) see(ctx context.Context, seen shape.Sighting, parts []string) (shape.Verdict, error) {
	for _, text := range parts {
		part := seen
		part.Texts, part.Part = []string{text}, true
		v, err := s.board.See(ctx, part)
		if err != nil {
			return v, err
		}
		seen.Crowded = seen.Crowded || v.Hold == shape.Crowd
	}
	return s.board.See(ctx, seen)
}

// ended tells an outcome that is final from one that is not known.
func ended(err error) bool {
	_, is := errors.AsType[*fault.Fault](err)
	return is && !errors.Is(err, grant.ErrBusy) && !errors.Is(err, fault.Unavailable)
}

// available is since when the use has been there that is being spent. One of a
// standing grant is there when its turn comes: it cannot be hoarded.
func (s *Service) available(g *grant.Grant) time.Time {
	if g.Scope == grant.Standing {
		return s.now()
	}
	return g.MintedAt
}
