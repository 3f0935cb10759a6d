package notify

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

const (
	subjectRunes = 32
	askedMost    = 3 // items of a sheet
	tapKind      = "tap"
)

// An Item is what an app's page wants the user asked for.
type Item struct {
	Template string
	Subject  string // what it is about, in the app's own words
	Locked   grant.Values
}

// Tap notes a real tap of by on a page of an app, which can bring up one sheet
// until the time it gives. fault.NotFound: there is no such app. fault.BadRequest:
// it was no tap, or the page is none.
func (s *Service) Tap(ctx context.Context, by grant.By, app, kind, page string) (id.Activation, time.Time, error) {
	a, err := s.app(ctx, app)
	switch path, _, _ := strings.Cut(page, "?"); {
	case err != nil:
		return "", time.Time{}, err
	case kind != tapKind:
		return "", time.Time{}, fault.BadRequest.At("/kind", "is not tap")
	case wrongPath(path) != "":
		return "", time.Time{}, fault.BadRequest.At("/page", wrongPath(path))
	case !samePage(page, path):
		return "", time.Time{}, fault.BadRequest.At("/page", "has a query that is none, or too long")
	default:
		return s.book.Tap(ctx, by, a.ID, path)
	}
}

// Ask spends a tap on a sheet of one to three items, drawn from what the server
// knows. fault.NotFound: there is no such app. fault.BadRequest, ErrTemplate,
// ErrParam, ErrContent: what is asked for is not fit to be shown. ErrMintPaused: the
// app or a template is stopped. And what the book refuses: see grant.Book.Ask.
func (s *Service) Ask(ctx context.Context, by grant.By, app, activation string, items []Item) (grant.Sheet, error) {
	a, err := s.app(ctx, app)
	if err != nil {
		return grant.Sheet{}, err
	}
	if len(items) == 0 || len(items) > askedMost {
		return grant.Sheet{}, fault.BadRequest.At("/items", "are one to three")
	}
	offers, params := make([]grant.Offer, len(items)), make([][]grant.Param, len(items))
	stopped := a.Suspended
	for i, item := range items {
		h, t, err := s.inForce(ctx, a.ID, item.Template)
		if err != nil {
			return grant.Sheet{}, err
		}
		if t.Version == 0 { // nobody has approved it yet
			return grant.Sheet{}, ErrTemplate
		}
		if offers[i], err = s.offer(t, item, fmt.Sprintf("/items/%d", i)); err != nil {
			return grant.Sheet{}, err
		}
		params[i] = t.read(offers[i].Locked)
		stopped = stopped || h.stopped(s.now())
	}
	if stopped {
		return grant.Sheet{}, ErrMintPaused
	}
	if err := s.spell(ctx, by.User, a.ID, offers); err != nil {
		return grant.Sheet{}, err
	}
	sheet, err := s.book.Ask(ctx, by, a.ID, a.Name, id.Activation(activation), offers)
	for i := range sheet.Items {
		sheet.Items[i].Params = params[i]
	}
	return sheet, err
}

// offer is what an item would grant.
func (s *Service) offer(t Template, item Item, at string) (grant.Offer, error) {
	if wrong := wrongSubject(item.Subject); wrong != "" {
		return grant.Offer{}, fault.BadRequest.At(at+"/subject", wrong)
	}
	if what := find(item.Subject); what == address || what == advert {
		return grant.Offer{}, ErrContent.At(at+"/subject", string(what))
	}
	locked, err := said(t.Params, Locked, item.Locked, nil, at+"/locked")
	if err == nil {
		err = screen(t.Params, locked, at+"/locked")
	}
	if err != nil {
		return grant.Offer{}, err
	}
	o := grant.Offer{
		Template: t.ID, Version: t.Version, Title: t.Title, Page: t.PagePattern, Scope: t.Scope, Subject: strings.TrimSpace(item.Subject), Locked: locked,
		Cadence: t.Cadence,
	}
	expires := time.Duration(t.ExpiresDays) * 24 * time.Hour
	switch t.Scope {
	case grant.Progress:
		o.Uses, o.Within, o.Lives = s.opt.Steps, s.opt.FirstWithin, s.opt.FollowLives
	case grant.Standing:
		o.Uses, o.Lives = t.Cadence.Uses, s.opt.LineLives
	default:
		o.Uses, o.Lives = 1, s.opt.OnceLives
	}
	if expires > 0 {
		o.Lives = expires
	}
	return o, nil
}

// spell has offers say a subject as an earlier one does that looks the same: of a
// grant that the user has given, or of the same sheet. So nothing is granted twice
// by padding it, while an app finds its subjects as it wrote them.
func (s *Service) spell(ctx context.Context, u id.User, a id.App, offers []grant.Offer) error {
	type of struct {
		template id.Template
		matter   string
	}
	spelled := map[of]string{}
	for cursor := "grant/" + string(a) + "/"; cursor != ""; {
		grants, next, err := s.book.Grants(ctx, u, cursor, limitUsual)
		if err != nil {
			return err
		}
		for _, g := range grants {
			if cursor = next; g.App != a {
				cursor = ""
				break
			}
			spelled[of{g.Template, matter(g.Subject)}] = g.Subject
		}
		if len(grants) == 0 {
			cursor = ""
		}
	}
	for i := range offers {
		key := of{offers[i].Template, matter(offers[i].Subject)}
		if _, there := spelled[key]; !there {
			spelled[key] = offers[i].Subject
		}
		offers[i].Subject = spelled[key]
	}
	return nil
}

func wrongSubject(subject string) string {
	switch wrong := unfit(subject); {
	case wrong != "":
		return wrong
	case matter(subject) == "":
		return "is empty"
	case runes(subject) > subjectRunes:
		return fmt.Sprintf("has more than %d characters", subjectRunes)
	}
	return ""
}

// Decide stores the user's answer. It looks the same whatever the answer is. For
// errors see grant.Book.Decide.
func (s *Service) Decide(ctx context.Context, by grant.By, consent string, decisions []grant.Decision, dontAsk bool) error {
	return s.book.Decide(ctx, by, consent, decisions, dontAsk)
}
