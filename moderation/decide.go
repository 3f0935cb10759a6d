package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const (
	// hoursMost is ten years. What is longer than hoursAlone, a year, is as good as
	// without an end.
	hoursMost  = 10 * 365 * 24
	hoursAlone = 365 * 24
	// noteMost bounds a note, in bytes.
	noteMost = 4000
)

// Claim takes a case for one moderator, who alone can decide it then, for as long as
// they moderate. Doing it again changes nothing. fault.Conflict: another has it, or it is decided; fault.Forbidden: who
// made the first of two decisions cannot make the second.
func (s *Service) Claim(ctx context.Context, by Moderator, c string) (Case, error) {
	if !by.Moderates() {
		return Case{}, fault.Forbidden
	}
	f, before, holder, err := s.claim(ctx, by, c, "")
	if holder != "" {
		var still bool
		if still, err = s.opt.Moderates(ctx, holder); err == nil {
			err = errClaimed
			if !still {
				f, before, _, err = s.claim(ctx, by, c, holder)
			}
		}
	}
	if err != nil {
		return Case{}, err
	}
	if err := s.opened(ctx, f); err != nil { // the node that opened it may have died too soon
		return Case{}, err
	}
	if before == "" { // it was claimed before
		before = Open
		if f.State == Awaiting {
			before = Awaiting
		}
	}
	err = s.Record(ctx, Act{
		ID: f.ClaimID, Actor: string(by.User), Role: by.Role, Action: "case_claimed", Subject: f.Subject,
		Before: object(map[string]any{"state": before}), After: object(map[string]any{"case": f.ID, "state": f.State}),
	})
	if err != nil {
		return Case{}, err
	}
	return f.shown(true)
}

// claim notes in a case who has claimed it, nobody or over having it so far. holder is
// who has it instead, with errClaimed; before is the state in which it was, "" if by
// had claimed it.
func (s *Service) claim(ctx context.Context, by Moderator, c string, over id.User) (f *file, before string, holder id.User, err error) {
	turn := id.NewEntry(s.now())
	f, err = s.change(ctx, id.Case(c), func(f *file) (bool, error) {
		before, holder = "", ""
		switch {
		case f.State == Decided:
			return false, errDecided
		case f.ClaimedBy == by.User:
			return false, nil
		case f.ClaimedBy != "" && f.ClaimedBy != over:
			holder = f.ClaimedBy
			return false, errClaimed
		case f.State == Awaiting && (f.First.By == by.User || !by.Seconds()):
			return false, errSecond
		}
		before = f.State
		if f.State == Open {
			f.State = Claimed
		}
		f.ClaimedBy, f.ClaimID = by.User, turn
		return true, nil
	})
	return f, before, holder, err
}

// Decide makes a decision on a case that by has claimed, and carries it out; By and At of
// d are not looked at. Of a heavy one, what comes back is Awaiting: a second moderator has to claim the
// case and decide the same; if they decide something else that is not heavy, that holds.
// A decision that could not be carried out to its end is finished when it is posted again,
// by whoever has claimed the case then; until then no other can be made.
//
// fault.Conflict: the case is not claimed, or by another, or decided; fault.BadRequest:
// nothing of the kind can be decided about its subject.
func (s *Service) Decide(ctx context.Context, by Moderator, c string, d Decision) (Case, error) {
	if !by.Moderates() {
		return Case{}, fault.Forbidden
	}
	if err := d.check(); err != nil {
		return Case{}, err
	}
	d.By, d.At = by.User, s.now()
	attempt := attempt{id.NewEntry(d.At), by.Role, d}
	f, err := s.change(ctx, id.Case(c), func(f *file) (bool, error) { return f.begin(by, attempt) })
	if err != nil {
		return Case{}, err
	}
	switch {
	case f.State == Decided:
	case f.First != nil && f.First.By == by.User: // the first of two
		err = s.proposed(ctx, by, f)
	default:
		f, err = s.carryOut(ctx, f)
	}
	if err != nil {
		return Case{}, err
	}
	return f.shown(true)
}

func (d *Decision) check() error {
	switch {
	case !Reasoned(d.Reason):
		return errReason
	case d.Hours < 0 || d.Hours > hoursMost:
		return fault.BadRequest.At("/hours", fmt.Sprintf("is not between 0 and %d", hoursMost))
	case d.Held != "" && d.Held != Release && d.Held != Drop:
		return fault.BadRequest.At("/held", "is neither release nor drop")
	case len(d.Note) > noteMost:
		return fault.TooLarge.At("/note", fmt.Sprintf("has more than %d bytes", noteMost))
	}
	return nil
}

// heavy tells whether a second moderator has to agree.
func heavy(decision string, hours int) bool {
	return (hours == 0 || hours > hoursAlone) && (decision == SuspendApp || decision == SuspendNotices)
}

// until is when something ends that began at a time; zero if it has no end.
func until(at time.Time, hours int) time.Time {
	if hours == 0 {
		return time.Time{}
	}
	return at.Add(time.Duration(hours) * time.Hour)
}

// begin notes in a case that a decision is made. false: that one was noted before.
func (f *file) begin(by Moderator, a attempt) (bool, error) {
	d := &a.Decision
	switch {
	case f.State == Decided:
		if f.Decision.By == d.By && f.Decision.same(d) {
			return false, nil
		}
		return false, errDecided
	case f.First != nil && f.First.By == d.By:
		if f.First.same(d) {
			return false, nil
		}
		return false, errSecond
	case f.ClaimedBy == "":
		return false, errUnowned
	case f.ClaimedBy != d.By:
		return false, errClaimed
	case f.Attempt != nil:
		if f.Attempt.ID != a.ID && !f.Attempt.Decision.same(d) {
			return false, errHalfway
		}
		return false, nil
	case f.First != nil && !by.Seconds():
		return false, errSecond
	}
	if err := f.suits(d); err != nil {
		return false, err
	}
	if heavy(d.Decision, d.Hours) && (f.First == nil || !f.First.same(d)) {
		f.State, f.First, f.FirstID, f.ClaimedBy = Awaiting, d, a.ID, ""
		return true, nil
	}
	f.Attempt = &a
	return true, nil
}

// suits tells why a decision cannot be made about a case's subject.
func (f *file) suits(d *Decision) error {
	switch d.Decision {
	case NoAction, Warn, PauseTemplate:
	case SuspendNotices, SuspendApp:
		if f.App == "" {
			return fault.BadRequest.At("/decision", "needs an app, and this case is about none")
		}
	default:
		return fault.BadRequest.At("/decision", "is no decision on a case like this")
	}
	return nil
}

// template is what a case's notices are of: a template, or the app's answers, which are
// paused, held and released under its own id.
func (f *file) template() id.Template { return id.Template(f.Subject.ID) }

// proposed leaves the audit row of the first of two decisions.
func (s *Service) proposed(ctx context.Context, by Moderator, f *file) error {
	return s.Record(ctx, Act{
		ID: f.FirstID, Actor: string(by.User), Role: by.Role, Action: "case_first_decision", Subject: f.Subject, Reason: f.First.Reason, At: f.First.At,
		Before: object(map[string]any{"state": Claimed}), After: f.told(Awaiting, f.First),
	})
}

// told is what the audit says of a case after a decision.
func (f *file) told(state string, d *Decision) []byte {
	members := map[string]any{"case": f.ID, "app": string(f.App), "state": state, "decision": d.Decision, "held": d.Held, "note": d.Note}
	if end := until(d.At, d.Hours); !end.IsZero() {
		members["until"] = end
	}
	return object(members)
}

// carryOut does what was decided: first the audit row, then all effects, each of which can
// be repeated, then the case is closed.
func (s *Service) carryOut(ctx context.Context, f *file) (*file, error) {
	a := *f.Attempt
	d := &a.Decision
	if err := s.Record(ctx, Act{
		ID: id.Derive(a.ID, "decided"), Actor: string(d.By), Role: a.Role, Action: d.Decision, Subject: f.Subject, Reason: d.Reason, At: d.At,
		Before: object(map[string]any{"state": f.State}), After: f.told(Decided, d),
	}); err != nil {
		return nil, err
	}
	err := s.effect(ctx, d.Decision, f, d)
	if err == nil {
		err = s.held(ctx, f, &a)
	}
	if err != nil {
		err = fmt.Errorf("carry out %s on %s: %w", d.Decision, f.ID, err)
		if final(err) { // let something else be decided
			return nil, errors.Join(err, s.giveUp(ctx, f, &a))
		}
		return nil, err
	}
	return s.change(ctx, f.ID, func(f *file) (bool, error) {
		if f.Attempt == nil || f.Attempt.ID != a.ID {
			return false, nil
		}
		f.State, f.Decision, f.Attempt = Decided, d, nil
		return true, nil
	})
}

// final tells whether trying again makes no sense: it was refused, such as because its
// subject is gone, and not for a while.
func final(err error) bool {
	why := fault.From(err)
	return why.Retry == 0 && !errors.Is(why, fault.Internal) && !errors.Is(why, fault.Conflict)
}

// effect does to an app or a template what a decision says.
func (s *Service) effect(ctx context.Context, decision string, f *file, d *Decision) error {
	end := until(d.At, d.Hours)
	switch decision {
	case PauseTemplate:
		return s.opt.Notices.PauseTemplate(ctx, f.template(), end, d.Reason)
	case SuspendNotices:
		return s.opt.Apps.SuspendNotices(ctx, f.App, end, d.Reason)
	case SuspendApp:
		return s.opt.Apps.Suspend(ctx, f.App, end, d.Reason)
	}
	return nil
}

// held delivers or drops what is held. A flood that was found fine is no reason for a pause any more.
func (s *Service) held(ctx context.Context, f *file, a *attempt) error {
	d, t := &a.Decision, f.template()
	n, err := 0, error(nil)
	switch d.Held {
	case "":
		return nil
	case Release:
		n, err = s.opt.Notices.ReleaseHeld(ctx, t)
		if err == nil && f.Kind == Flood && d.Decision == NoAction {
			err = s.opt.Notices.ResumeTemplate(ctx, t)
		}
	case Drop:
		n, err = s.opt.Notices.DropHeld(ctx, t)
	}
	if err != nil {
		return err
	}
	return s.Record(ctx, Act{
		ID: id.Derive(a.ID, "held"), Actor: string(d.By), Role: a.Role, Action: d.Held, Subject: f.Subject, Reason: d.Reason,
		After: object(map[string]any{"case": f.ID, "app": string(f.App), "notices": n}),
	})
}

// giveUp takes back a decision that cannot be carried out.
func (s *Service) giveUp(ctx context.Context, f *file, a *attempt) error {
	if err := s.Record(ctx, Act{
		ID: id.Derive(a.ID, "failed"), Actor: string(a.Decision.By), Role: a.Role, Action: a.Decision.Decision + failed, Subject: f.Subject,
		Reason: a.Decision.Reason, After: object(map[string]any{"case": f.ID, "state": f.State}),
	}); err != nil {
		return err
	}
	_, err := s.change(ctx, f.ID, func(f *file) (bool, error) {
		if f.Attempt == nil || f.Attempt.ID != a.ID {
			return false, nil
		}
		f.Attempt = nil
		return true, nil
	})
	return err
}
