package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// failed is what the audit adds to the name of what could not be done.
const failed = "_failed"

// Do does something without a case: it suspends an app or its notices, pauses a template,
// or resumes what was. It is in the audit before it takes effect; if it then fails, that is
// in it too. It returns the action's id, which the audit row carries.
//
// fault.Forbidden: it has no end, and so takes two moderators and a case, or an operator.
// fault.NotFound: there is no such app or template.
func (s *Service) Do(ctx context.Context, by Moderator, a Action) (string, error) {
	if !by.Moderates() {
		return "", fault.Forbidden
	}
	if err := a.check(by); err != nil {
		return "", err
	}
	at := s.now()
	entry := id.NewEntry(at)
	name := "act-" + entry.String()
	after := map[string]any{"action_id": name}
	if end := until(at, a.Hours); !end.IsZero() {
		after["until"] = end
	}
	row := Act{
		ID: entry, Actor: string(by.User), Role: by.Role, Action: a.Action, Subject: a.Subject, Reason: a.Reason, At: at, After: object(after),
	}
	if err := s.Record(ctx, row); err != nil {
		return "", err
	}
	if err := s.act(ctx, &a, at); err != nil {
		row.ID, row.Action, row.At = uuid.Nil, a.Action+failed, s.now()
		return "", errors.Join(fmt.Errorf("%s %s: %w", a.Action, a.Subject.ID, err), s.Record(ctx, row))
	}
	return name, nil
}

func (a *Action) check(by Moderator) error {
	kind := "app"
	switch a.Action {
	case SuspendApp, SuspendNotices:
	case PauseTemplate:
		kind = "template"
	case Resume:
		if a.Subject.Kind == "template" {
			kind = "template"
		}
	default:
		return fault.BadRequest.At("/action", "is none of suspend_app, suspend_notices, pause_template, resume")
	}
	_, app := id.ParseApp(a.Subject.ID)
	_, template := id.ParseTemplate(a.Subject.ID)
	template = template || app // the app's answers
	switch {
	case a.Subject.Kind != kind:
		return fault.BadRequest.At("/subject/kind", "is not what this is done to")
	case kind == "app" && !app, kind == "template" && !template:
		return fault.NotFound
	case !Reasoned(a.Reason):
		return errReason
	case a.Hours < 0 || a.Hours > hoursMost:
		return fault.BadRequest.At("/hours", fmt.Sprintf("is not between 0 and %d", hoursMost))
	case heavy(a.Action, a.Hours) && by.Role != RoleOperator:
		return fault.Forbidden.Saying("Without an end, or for more than a year, this takes two moderators and a case.")
	}
	return nil
}

// act does it.
func (s *Service) act(ctx context.Context, a *Action, at time.Time) error {
	app, t, end := id.App(a.Subject.ID), id.Template(a.Subject.ID), until(at, a.Hours)
	switch a.Action {
	case SuspendApp:
		return s.opt.Apps.Suspend(ctx, app, end, a.Reason)
	case SuspendNotices:
		return s.opt.Apps.SuspendNotices(ctx, app, end, a.Reason)
	case PauseTemplate:
		return s.opt.Notices.PauseTemplate(ctx, t, end, a.Reason)
	}
	if a.Subject.Kind == "template" {
		return s.opt.Notices.ResumeTemplate(ctx, t)
	}
	return s.opt.Apps.Resume(ctx, app)
}
