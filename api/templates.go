package api

import (
	"context"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/wire"
)

type (
	newTemplate struct {
		Template    string             `json:"template,omitempty" doc:"An earlier one, of which this becomes the next version."`
		Title       string             `json:"title"`
		Category    string             `json:"category"`
		Scope       string             `json:"scope" enum:"once,progress,standing"`
		Params      []newTemplateParam `json:"params"`
		PagePattern string             `json:"page_pattern" doc:"An exact path of the app."`
		States      []string           `json:"states,omitempty" doc:"Of a progress template; the first is where it begins."`
		StateLabels map[string]string  `json:"state_labels,omitempty" doc:"How people read a state: state to words. One without is not shown."`
		Edges       []newTemplateEdge  `json:"edges,omitempty" doc:"Of a progress template; a state that none leaves is the end."`
		Cadence     *newCadence        `json:"cadence,omitempty" nullable:"false" doc:"Of a standing template."`
		ExpiresDays *int               `json:"expires_days,omitzero" minimum:"1" maximum:"30" nullable:"false" doc:"How long its grants live; as the scope has it if left out."`
		SubjectSize *int               `json:"subject_size,omitzero" minimum:"1" nullable:"false" doc:"How many people may share a subject, such as a flight."`
	}
	newTemplateParam templateParam
	newTemplateEdge  templateEdge
	newCadence       cadence

	templateParam struct {
		Key    string   `json:"key"`
		Label  string   `json:"label" doc:"What it is called where it is shown."`
		Type   string   `json:"type" enum:"text20,name,number,amount,date,time,code,phone_masked,enum"`
		Role   string   `json:"role" enum:"locked,free" doc:"locked: shown when the user consents, and fixed from then on."`
		Max    int      `json:"max,omitzero" minimum:"1" doc:"Characters, if fewer than the type may have."`
		Values []string `json:"values,omitempty" doc:"Of an enum."`
	}
	templateEdge struct {
		From  string `json:"from" doc:"A state."`
		To    string `json:"to" doc:"The state that may follow it."`
		Alert bool   `json:"alert,omitempty" doc:"It is worth a sound."`
	}
	cadence struct {
		Uses int    `json:"uses" minimum:"1" doc:"How many notices in every such time."`
		Per  string `json:"per" enum:"day,week,month"`
	}
	appTemplate struct {
		Template    string            `json:"template"`
		App         string            `json:"app"`
		Version     int               `json:"version" doc:"It never changes; a change is a new version."`
		Status      string            `json:"status" enum:"review,approved,rejected,paused,disabled"`
		Title       string            `json:"title"`
		Category    string            `json:"category"`
		Scope       string            `json:"scope" enum:"once,progress,standing"`
		Params      []templateParam   `json:"params"`
		PagePattern string            `json:"page_pattern"`
		States      []string          `json:"states,omitempty"`
		StateLabels map[string]string `json:"state_labels,omitempty"`
		Edges       []templateEdge    `json:"edges,omitempty"`
		Cadence     *cadence          `json:"cadence,omitempty"`
		ExpiresDays int               `json:"expires_days,omitzero" doc:"How long its grants live; as the scope has it if left out."`
		SubjectSize int               `json:"subject_size,omitzero" doc:"How many people may share a subject."`
		Reason      string            `json:"reason,omitempty" doc:"What the moderator said."`
		CreatedAt   wire.Time         `json:"created_at"`
		ReviewedAt  *wire.Time        `json:"reviewed_at,omitempty"`
		InForce     int               `json:"in_force,omitzero" doc:"The version that is asked with; left out if none was approved."`
		PausedUntil *wire.Time        `json:"paused_until,omitempty" doc:"Of a paused one; left out if a moderator has to lift it."`
	}
	templateReview struct {
		Version  int    `json:"version" minimum:"1" doc:"The one that was read."`
		Decision string `json:"decision" enum:"approve,reject"`
		Reason   string `json:"reason" maxLength:"500"`
	}
	templateReviewed struct {
		Template string `json:"template"`
		Version  int    `json:"version"`
		Status   string `json:"status" enum:"review,approved,rejected,paused,disabled"`
	}
)

func cadenceOf(c *grant.Cadence) *cadence {
	if c == nil {
		return nil
	}
	return &cadence{c.Uses, c.Per}
}

func (t *newTemplate) read() (notify.Draft, error) {
	d := notify.Draft{
		Template: id.Template(t.Template), Title: t.Title, Category: t.Category, Scope: grant.Scope(t.Scope),
		PagePattern: t.PagePattern, States: t.States, StateLabels: t.StateLabels,
		Params: each(t.Params, func(p newTemplateParam) notify.Param { return notify.Param(p) }),
		Edges:  each(t.Edges, func(e newTemplateEdge) notify.Edge { return notify.Edge(e) }),
	}
	if t.Cadence != nil {
		d.Cadence = &grant.Cadence{Uses: t.Cadence.Uses, Per: t.Cadence.Per}
	}
	for _, n := range []struct {
		at   string
		from *int
		to   *int
	}{{"/expires_days", t.ExpiresDays, &d.ExpiresDays}, {"/subject_size", t.SubjectSize, &d.SubjectSize}} {
		switch {
		case n.from == nil: // the domain knows what is usual, and takes 0 for it
		case *n.from < 1:
			return d, fault.BadRequest.At(n.at, "is less than 1")
		default:
			*n.to = *n.from
		}
	}
	return d, nil
}

func templateOf(t notify.Template) appTemplate {
	return appTemplate{
		Template: string(t.ID), App: string(t.App), Version: t.Version, Status: t.Status, Title: t.Title, Category: t.Category, Scope: string(t.Scope),
		Params:      each(t.Params, func(p notify.Param) templateParam { return templateParam(p) }),
		PagePattern: t.PagePattern, States: t.States, StateLabels: t.StateLabels,
		Edges:   each(t.Edges, func(e notify.Edge) templateEdge { return templateEdge(e) }),
		Cadence: cadenceOf(t.Cadence), ExpiresDays: t.ExpiresDays, SubjectSize: t.SubjectSize, Reason: t.Reason,
		CreatedAt: wire.Time{Time: t.CreatedAt}, ReviewedAt: timeOr(t.ReviewedAt), PausedUntil: timeOr(t.PausedUntil), InForce: t.InForce,
	}
}

func (s *server) submitTemplate(ctx context.Context, c *call, in newTemplate) (appTemplate, error) {
	d, err := in.read()
	if err != nil {
		return appTemplate{}, err
	}
	t, err := s.notices.Submit(ctx, c.app.ID, d)
	return templateOf(t), err
}

func (s *server) listTemplates(ctx context.Context, c *call, _ none) (list[appTemplate], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[appTemplate]{}, err
	}
	page, next, err := s.notices.Templates(ctx, c.app.ID, cursor, limit)
	return listOf(each(page, templateOf), next), err
}

func (s *server) getTemplate(ctx context.Context, c *call, _ none) (appTemplate, error) {
	t, err := s.notices.Template(ctx, c.app.ID, c.named("template"))
	return templateOf(t), err
}

func (s *server) listReviews(ctx context.Context, c *call, _ none) (list[appTemplate], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[appTemplate]{}, err
	}
	page, next, err := s.notices.Reviews(ctx, cursor, limit)
	return listOf(each(page, templateOf), next), err
}

func (s *server) reviewTemplate(ctx context.Context, c *call, in templateReview) (templateReviewed, error) {
	if in.Decision != "approve" && in.Decision != "reject" {
		return templateReviewed{}, fault.BadRequest.At("/decision", "is neither approve nor reject")
	}
	t, err := s.notices.ReviewTemplate(ctx, c.user, c.named("template"), in.Version, in.Decision == "approve", in.Reason)
	return templateReviewed{string(t.ID), t.Version, t.Status}, err
}
