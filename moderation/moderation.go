// Package moderation is what people do about what other people and apps do:
// cases, decisions on them, and the record of all of it.
//
// The audit is one append-only log, chained by hashes, so that a row that was
// changed, moved or taken away shows (see Chain). What is done to an app or a
// template is in it, durably, before it takes effect. Cases are rows of the
// ledger: of one kind about one subject at most one is undecided, and what comes
// in about it joins that one.
//
// It knows neither notices nor apps: it asks for what was decided to be done.
package moderation

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
)

// A Subject is what something is about.
type Subject struct {
	Kind string `json:"kind"` // user message moment comment app notice template
	ID   string `json:"id"`
}

// An Act is one row of the audit before it has a place in it.
type Act struct {
	// ID makes recording the same act again harmless; it is not part of the row. It
	// begins with its time, as id.NewEntry and id.Derive make them; the zero ID stands for a new one.
	ID uuid.UUID `json:"-"`

	Actor   string          `json:"actor"` // a user, an app, or "teahouse" for what the server does by itself
	Role    string          `json:"role"`  // moderator senior operator developer app system
	Action  string          `json:"action"`
	Subject Subject         `json:"subject"`
	Reason  string          `json:"reason,omitempty"`
	Before  json.RawMessage `json:"before,omitempty"` // JSON; one without content is left out
	After   json.RawMessage `json:"after,omitempty"`
	At      time.Time       `json:"at"` // zero: now. UTC, whole milliseconds
}

// A Row is an act in the audit. Hash is the hex SHA-256 of the row before and of
// this one: see Chain.
type Row struct {
	Seq id.Seq `json:"seq"` // 1, 2, 3 … without holes
	Act
	Hash string `json:"hash"`
}

// Kinds of cases.
const (
	Flood  = "flood"  // a template's notices were held because they look like a broadcast
	Report = "report" // users reported something
)

// States of a case.
const (
	Open     = "open"
	Claimed  = "claimed"
	Awaiting = "awaiting_second" // somebody else has to claim it and decide the same; ClaimedBy is who did
	Decided  = "decided"
)

// Decisions on apps and their templates, and actions without a case.
const (
	NoAction       = "no_action"
	Warn           = "warn" // leaves its rows in the audit and does nothing else
	PauseTemplate  = "pause_template"
	SuspendNotices = "suspend_notices"
	SuspendApp     = "suspend_app"
	Resume         = "resume" // takes a pause or a suspension back; without a case only
)

// What becomes of the held notices of a case's template.
const (
	Release = "release"
	Drop    = "drop"
)

// A Case is something for moderators to decide.
type Case struct {
	ID        id.Case         `json:"case"`
	Kind      string          `json:"kind"`
	State     string          `json:"state"`
	Severity  int             `json:"severity"` // 1 to 5; it only grows
	Subject   Subject         `json:"subject"`  // the template; of what an app wrote without one, the app
	App       id.App          `json:"app,omitempty"`
	Reports   int             `json:"reports"` // how many users; 0 of a flood
	ClaimedBy id.User         `json:"claimed_by,omitempty"`
	OpenedAt  time.Time       `json:"opened_at"`
	Decision  *Decision       `json:"decision,omitempty"`
	First     *Decision       `json:"first,omitempty"`    // of a heavy one, before the second
	Evidence  json.RawMessage `json:"evidence,omitempty"` // an object; lists leave it out
}

// A Decision is a moderator's.
type Decision struct {
	Decision string    `json:"decision"`
	Reason   string    `json:"reason"` // spam fraud harassment sexual violence other
	Note     string    `json:"note,omitempty"`
	Hours    int       `json:"hours,omitempty"` // for how long; 0 has no end
	Held     string    `json:"held,omitempty"`  // release or drop
	By       id.User   `json:"by"`
	At       time.Time `json:"at"`
}

// same tells whether two decisions do the same, whoever made them and whatever they note.
func (d *Decision) same(other *Decision) bool {
	return d.Decision == other.Decision && d.Reason == other.Reason && d.Hours == other.Hours && d.Held == other.Held
}

// An Action is something that is done without a case.
type Action struct {
	Action  string  `json:"action"` // suspend_app, suspend_notices, pause_template or resume
	Subject Subject `json:"subject"`
	Reason  string  `json:"reason"`
	Hours   int     `json:"hours,omitempty"`
}

// Notices is what moderators can do about templates and held notices. *notify.Service
// fits. Doing any of it again does no harm. A template is named by its id; what an app
// answers in windows, by the app's. fault.NotFound: there is no such template.
type Notices interface {
	// PauseTemplate lets nothing of a template pass until a time; the zero time is until it is resumed.
	PauseTemplate(ctx context.Context, t id.Template, until time.Time, reason string) error
	ResumeTemplate(ctx context.Context, t id.Template) error
	// ReleaseHeld delivers, and DropHeld never delivers, all that is held of a template; they return how many.
	ReleaseHeld(ctx context.Context, t id.Template) (int, error)
	DropHeld(ctx context.Context, t id.Template) (int, error)
}

// Apps is what moderators can do about apps. *miniprogram.Service fits. Doing any of it
// again does no harm. fault.NotFound: there is no such app.
type Apps interface {
	Suspend(ctx context.Context, a id.App, until time.Time, reason string) error
	SuspendNotices(ctx context.Context, a id.App, until time.Time, reason string) error
	Resume(ctx context.Context, a id.App) error
}
