package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/moderation"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/wire"
)

// Moderation is what moderators decide, and the record of it. *moderation.Service fits.
type Moderation interface {
	Record(ctx context.Context, a moderation.Act) error
	Audit(ctx context.Context, q moderation.AuditQuery, cursor string, limit int) ([]moderation.Row, string, error)
	Cases(ctx context.Context, state, kind, cursor string, limit int) ([]moderation.Case, string, error)
	Case(ctx context.Context, name string) (moderation.Case, error)
	Claim(ctx context.Context, by moderation.Moderator, name string) (moderation.Case, error)
	Decide(ctx context.Context, by moderation.Moderator, name string, d moderation.Decision) (moderation.Case, error)
	Do(ctx context.Context, by moderation.Moderator, a moderation.Action) (action string, err error)
}

// What a moderator asks.
type (
	caseDecision struct {
		Decision string `json:"decision" enum:"no_action,warn,pause_template,suspend_notices,suspend_app"`
		Reason   string `json:"reason" enum:"spam,fraud,harassment,sexual,violence,other"`
		Note     string `json:"note,omitempty" maxLength:"2000" doc:"For other moderators."`
		Hours    *int   `json:"hours,omitzero" minimum:"1" nullable:"false" doc:"For how long; until lifted if left out."`
		Held     string `json:"held,omitempty" enum:"release,drop" doc:"What becomes of the notices that are held."`
	}
	newAction struct {
		Action  string     `json:"action" enum:"pause_template,suspend_notices,suspend_app,resume"`
		Subject newSubject `json:"subject"`
		Reason  string     `json:"reason" enum:"spam,fraud,harassment,sexual,violence,other"`
		Hours   *int       `json:"hours,omitzero" minimum:"1" nullable:"false" doc:"For how long; until lifted if left out."`
	}
	newSubject subject
)

// What a moderator is told.
type (
	subject struct {
		Kind string `json:"kind" doc:"What kind of thing it is, such as app or template."`
		ID   string `json:"id" doc:"Its id."`
	}
	moderationCase struct {
		Case      string          `json:"case"`
		Kind      string          `json:"kind" doc:"flood: notices were held because they look like a broadcast. report: users reported something."`
		State     string          `json:"state" enum:"open,claimed,awaiting_second,decided"`
		Severity  int             `json:"severity" doc:"1 to 5."`
		Subject   subject         `json:"subject"`
		App       string          `json:"app,omitempty" doc:"Whose it is."`
		Reports   int             `json:"reports" doc:"How many users reported it."`
		ClaimedBy string          `json:"claimed_by,omitempty"`
		OpenedAt  wire.Time       `json:"opened_at"`
		Decision  *caseDecided    `json:"decision,omitempty"`
		First     *caseDecided    `json:"first,omitempty" doc:"The decision that waits for a second."`
		Evidence  json.RawMessage `json:"evidence,omitempty" doc:"What was reported, or found. Lists leave it out."`
	}
	caseDecided struct {
		Decision string    `json:"decision"`
		Reason   string    `json:"reason"`
		Note     string    `json:"note,omitempty"`
		Hours    int       `json:"hours,omitzero"`
		Held     string    `json:"held,omitempty"`
		By       string    `json:"by"`
		At       wire.Time `json:"at"`
	}
	actionTaken struct {
		ActionID string `json:"action_id"`
		Action   string `json:"action"`
	}
	auditRow struct {
		Seq     int64           `json:"seq" doc:"1, 2, 3 … without holes."`
		At      wire.Time       `json:"at"`
		Actor   string          `json:"actor" doc:"A user, an app, or teahouse."`
		Role    string          `json:"role" doc:"In which they acted."`
		Action  string          `json:"action"`
		Subject subject         `json:"subject"`
		Reason  string          `json:"reason,omitempty"`
		Before  json.RawMessage `json:"before,omitempty" doc:"What it was."`
		After   json.RawMessage `json:"after,omitempty" doc:"What it is now."`
		Hash    string          `json:"hash" doc:"Hex SHA-256 of the row before and of this one."`
	}
	heldNotice struct {
		Notice   string    `json:"notice"`
		App      string    `json:"app"`
		Template string    `json:"template" doc:"Of which it is; of an answer in a window the app's own id."`
		Reason   string    `json:"reason" enum:"shape,pace,hoard" doc:"shape: too many got the same. pace: its template is new. hoard: too many old grants at once."`
		At       wire.Time `json:"at"`
	}
)

// acting is who moderates.
func acting(c *call) moderation.Moderator {
	return moderation.Moderator{User: c.user, Role: string(c.account.Role)}
}

func caseOf(of moderation.Case) moderationCase {
	return moderationCase{
		string(of.ID), of.Kind, of.State, of.Severity,
		subject{of.Subject.Kind, of.Subject.ID},
		string(of.App), of.Reports,
		string(of.ClaimedBy),
		wire.Time{Time: of.OpenedAt},
		caseDecidedOf(of.Decision), caseDecidedOf(of.First), of.Evidence,
	}
}

func caseDecidedOf(d *moderation.Decision) *caseDecided {
	if d == nil {
		return nil
	}
	return &caseDecided{d.Decision, d.Reason, d.Note, d.Hours, d.Held, string(d.By), wire.Time{Time: d.At}}
}

// hoursOf reads for how many hours something holds; 0 is without end.
func hoursOf(hours *int) (int, error) {
	switch {
	case hours == nil:
		return 0, nil
	case *hours < 1 || *hours > hoursMost:
		return 0, fault.BadRequest.At("/hours", "is not from 1 to 87600, which is ten years")
	}
	return *hours, nil
}

const hoursMost = 10 * 365 * 24

func (s *server) listCases(ctx context.Context, c *call, _ none) (list[moderationCase], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[moderationCase]{}, err
	}
	page, next, err := s.moderation.Cases(ctx, c.query.Get(caseState.name), c.query.Get(caseKind.name), cursor, limit)
	return listOf(each(page, caseOf), next), err
}

func (s *server) getCase(ctx context.Context, c *call, _ none) (moderationCase, error) {
	of, err := s.moderation.Case(ctx, c.named("case"))
	return caseOf(of), err
}

func (s *server) claimCase(ctx context.Context, c *call, _ none) (moderationCase, error) {
	of, err := s.moderation.Claim(ctx, acting(c), c.named("case"))
	return caseOf(of), err
}

func (s *server) decideCase(ctx context.Context, c *call, in caseDecision) (moderationCase, error) {
	hours, err := hoursOf(in.Hours)
	if err != nil {
		return moderationCase{}, err
	}
	of, err := s.moderation.Decide(ctx, acting(c), c.named("case"), moderation.Decision{
		Decision: in.Decision, Reason: in.Reason, Note: in.Note, Hours: hours, Held: in.Held,
	})
	if of.State == moderation.Awaiting {
		c.status = http.StatusAccepted
	}
	return caseOf(of), err
}

func (s *server) createAction(ctx context.Context, c *call, in newAction) (actionTaken, error) {
	hours, err := hoursOf(in.Hours)
	if err != nil {
		return actionTaken{}, err
	}
	done, err := s.moderation.Do(ctx, acting(c), moderation.Action{
		Action: in.Action, Subject: moderation.Subject(in.Subject), Reason: in.Reason, Hours: hours,
	})
	return actionTaken{done, in.Action}, err
}

func (s *server) listAudit(ctx context.Context, c *call, _ none) (list[auditRow], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[auditRow]{}, err
	}
	page, next, err := s.moderation.Audit(ctx, moderation.AuditQuery{
		Actor: c.query.Get(auditActor.name), Action: c.query.Get(auditAction.name),
		SubjectKind: c.query.Get(auditKind.name), SubjectID: c.query.Get(auditSubject.name),
	}, cursor, limit)
	return listOf(each(page, func(r moderation.Row) auditRow {
		return auditRow{
			int64(r.Seq), wire.Time{Time: r.At}, r.Actor, r.Role, r.Action, subject{r.Subject.Kind, r.Subject.ID}, r.Reason, r.Before, r.After, r.Hash,
		}
	}), next), err
}

func (s *server) listHeld(ctx context.Context, c *call, _ none) (list[heldNotice], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[heldNotice]{}, err
	}
	page, next, err := s.notices.HeldNotices(ctx, cursor, limit)
	return listOf(each(page, func(h notify.HeldNotice) heldNotice {
		return heldNotice{h.Notice, string(h.App), string(h.Template), h.Reason, wire.Time{Time: h.At}}
	}), next), err
}

// noted leaves a row of what an app's server was refused, unless the gate has done
// so itself, or it is no refusal.
func (s *server) noted(ctx context.Context, c *call, op *operation, why error) error {
	if c.app.ID == "" || op.does.gate || errors.Is(why, fault.Unavailable) || errors.Is(fault.From(why), fault.Internal) {
		return why
	}
	return s.refused(ctx, c, &op.route, why)
}

// refused leaves a row of what an app's server was refused, such as before the operation
// that it asked for began, and then refuses it. Rows of notices are called as the gate's.
func (s *server) refused(ctx context.Context, c *call, op *route, why error) error {
	if s.moderation == nil {
		return why
	}
	about, err := json.Marshal(map[string]string{"operation": op.id})
	if err != nil {
		return err
	}
	action := "refused"
	if op.does.gate {
		action = "notice_refused"
	}
	err = s.moderation.Record(ctx, moderation.Act{
		Actor: string(c.app.ID), Role: "app", Action: action, Reason: string(fault.From(why).Code), After: about,
		Subject: moderation.Subject{Kind: "app", ID: string(c.app.ID)},
	})
	if err != nil {
		return err
	}
	return why
}
