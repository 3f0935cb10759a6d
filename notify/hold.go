package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/notify/shape"
)

// Work that is owed.
const (
	holdQueue    = "hold"    // a notice is being held: list it, and act on it
	paceQueue    = "pace"    // a new template's notice is let go
	verdictQueue = "verdict" // a moderator has decided what is held of a template
)

// What is held of a template is a part, by notice, which is by time. Another part
// names all templates of which something may be held.
const heldIndex ledger.Part = "held"

func heldPart(t id.Template) ledger.Part { return ledger.Part("held/" + string(t)) }

// A HeldNotice waits for a moderator, or for a while.
type HeldNotice struct {
	Notice   string      `json:"notice"` // its name
	App      id.App      `json:"app"`
	Template id.Template `json:"template"` // the app's own id: an answer in a window
	Reason   string      `json:"reason"`   // shape.Crowd, Pace or Hoard
	At       time.Time   `json:"at"`
}

type heldRow struct {
	HeldNotice
	User id.User `json:"user"`
}

// A holding is one redemption that is to be held, and what has to follow.
type holding struct {
	App      id.App      `json:"app"`
	Template id.Template `json:"template"`
	Handle   string      `json:"handle"`
	Key      string      `json:"key"`
	Hash     [32]byte    `json:"hash"`
	Hold     string      `json:"hold"`
	Until    time.Time   `json:"until,omitzero"`
	OfTempl  int         `json:"of_template"`
	OfApp    int         `json:"of_app"`
}

// hold spends a grant on a notice that is held. What follows is owed before, so
// that no crash loses a held notice, or the case about it.
func (s *Service) hold(ctx context.Context, f *grant.Found, r *request, spend grant.Spend, t id.Template, v shape.Verdict) (grant.Answer, error) {
	h := holding{
		App: f.Grant.App, Template: t, Handle: r.handle, Key: r.key, Hash: r.hash, Hold: v.Hold, Until: v.Until, OfTempl: v.OfTempl, OfApp: v.OfApp,
	}
	due := ledger.Due{Queue: holdQueue, At: s.now().Add(s.opt.SweepAfter), ID: uuid.NewString(), Body: encode(h)}
	if err := s.store.Owe(ctx, due); err != nil {
		return grant.Answer{}, fmt.Errorf("hold a notice: %w", err)
	}
	spend.Hold = v.Hold
	answer, err := s.book.Send(ctx, f, spend) // it arrives if the same was accepted at the same time
	ctx = context.WithoutCancel(ctx)
	if err != nil {
		if ended(err) {
			s.settle(ctx, due)
		}
		return grant.Answer{}, err
	}
	if answer.Status == grant.Held && !answer.Replayed {
		s.counts.held(h.App, t, s.now())
	}
	if err := s.held(ctx, h, answer); err != nil {
		s.opt.Failed(err) // it is owed
		return answer, nil
	}
	s.settle(ctx, due)
	return answer, nil
}

func (s *Service) settle(ctx context.Context, due ledger.Due) {
	if err := s.store.Settled(ctx, due); err != nil {
		s.opt.Failed(fmt.Errorf("settle %s: %w", due.Queue, err)) // doing it again does no harm
	}
}

// held lists a notice that is held, and does what so many of them ask for.
func (s *Service) held(ctx context.Context, h holding, answer grant.Answer) error {
	if answer.Status != grant.Held {
		return nil
	}
	n, err := s.book.Notice(ctx, h.App, answer.Notice)
	if err != nil || n.Status != grant.Held {
		return err
	}
	row := heldRow{HeldNotice{answer.Notice, h.App, h.Template, n.Why, n.At}, n.User}
	if n.Why == shape.Pace {
		body := encode(pacing{h.Template, n.ID})
		if err := s.store.Owe(ctx, ledger.Due{Queue: paceQueue, At: h.Until.UTC().Truncate(time.Millisecond), ID: n.ID.String(), Body: body}); err != nil {
			return fmt.Errorf("hold a notice: %w", err)
		}
	}
	// The index is there before and after: somebody who empties the list may take it away in between.
	index := ledger.Row{Key: string(h.Template), Value: []byte("{}")}
	for _, put := range []struct {
		p ledger.Part
		r ledger.Row
	}{{heldIndex, index}, {heldPart(h.Template), ledger.Row{Key: n.ID.String(), Value: encode(row)}}, {heldIndex, index}} {
		if err := s.put(ctx, put.p, put.r); err != nil {
			return fmt.Errorf("hold a notice: %w", err)
		}
	}
	if n.Why == shape.Pace {
		return nil
	}
	return s.flooded(ctx, h)
}

// flooded opens a case at the first held notice, pauses a template of which too
// many are held, and suspends an app.
func (s *Service) flooded(ctx context.Context, h holding) error {
	did := ""
	if h.OfTempl > s.opt.HeldPauses {
		var err error
		if did, err = s.stop(ctx, h.App, h.Template, "broadcast shape"); err != nil {
			return err
		}
	}
	if h.OfApp > s.opt.HeldStops {
		if err := s.suspend(ctx, h.App, "broadcast shape"); err != nil {
			return err
		}
		did = DidSuspend
	}
	return s.moderators.Flooded(ctx, h.App, h.Template, h.OfTempl, did)
}

// suspend stops an app until a moderator lifts it.
func (s *Service) suspend(ctx context.Context, a id.App, reason string) error {
	app, err := s.apps.App(ctx, a)
	if err != nil || app.Suspended {
		return err
	}
	if err := s.suspender.Suspend(ctx, a, time.Time{}, reason); err != nil {
		return err
	}
	return s.moderators.Did(ctx, DidSuspend, a, "", reason)
}

// HeldNotices are those that are held, by template and time. next is "" on the
// last page; limit 0 is the usual one. fault.BadRequest.
func (s *Service) HeldNotices(ctx context.Context, cursor string, limit int) (page []HeldNotice, next string, err error) {
	if limit, err = bounded(limit); err != nil {
		return nil, "", err
	}
	at, after, _ := strings.Cut(cursor, "/")
	if cursor != "" {
		_, ok := pausable(id.Template(at))
		if u, err := uuid.Parse(after); !ok || err != nil || u.String() != after {
			return nil, "", errCursor
		}
	}
	page = []HeldNotice{}
	for more := cursor != ""; ; more = true {
		for more && len(page) <= limit {
			rows, err := s.store.ListPart(ctx, heldPart(id.Template(at)), "", after, limit+1-len(page))
			if err != nil {
				return nil, "", fmt.Errorf("list held notices: %w", err)
			}
			for _, r := range rows {
				var h heldRow
				if err := json.Unmarshal(r.Value, &h); err != nil {
					return nil, "", fmt.Errorf("read a held notice: %w", err)
				}
				if len(page) == limit {
					return page, next, nil
				}
				page, after, next = append(page, h.HeldNotice), r.Key, at+"/"+r.Key
			}
			more = len(rows) > 0
		}
		indexed, err := s.store.ListPart(ctx, heldIndex, "", at, 1)
		if err != nil {
			return nil, "", fmt.Errorf("list held notices: %w", err)
		}
		if len(indexed) == 0 {
			return page, "", nil
		}
		at, after = indexed[0].Key, ""
	}
}

// A pacing is a notice of a new template that is let go when its time comes.
type pacing struct {
	Template id.Template `json:"template"`
	Notice   uuid.UUID   `json:"notice"`
}

// letGo delivers a notice that was held for its template's being new, unless
// somebody has reported the template, or it or its app is stopped: then moderators
// decide.
func (s *Service) letGo(ctx context.Context, p pacing) error {
	v, err := s.store.ReadPart(ctx, heldPart(p.Template), ledger.Want{Keys: []string{p.Notice.String()}})
	if err != nil {
		return err
	}
	var row heldRow
	if found, err := decodeRow(v, p.Notice.String(), &row); err != nil || !found {
		return err
	}
	h, reports, err := s.reports(ctx, p.Template)
	if err != nil || reports > 0 || h.stopped(s.now()) {
		return err
	}
	switch _, err := s.working(ctx, row.App); {
	case errors.Is(err, ErrSuspended):
		return nil
	case err != nil:
		return err
	}
	return s.unhold(ctx, p.Template, p.Notice, row, true)
}

// unhold decides one held notice for good, and takes it off the list.
func (s *Service) unhold(ctx context.Context, t id.Template, n uuid.UUID, row heldRow, release bool) error {
	decide := s.book.Drop
	if release {
		decide = s.book.Release
	}
	if err := decide(ctx, row.User, n); err != nil && !errors.Is(err, fault.NotFound) {
		return err
	}
	if err := s.unsaid(ctx, row.App, row.Notice); err != nil {
		return err
	}
	if err := s.put(ctx, heldPart(t), ledger.Row{Key: n.String()}); err != nil {
		return err
	}
	if release {
		s.counts.sent(row.App, t, s.now())
	}
	return nil
}
