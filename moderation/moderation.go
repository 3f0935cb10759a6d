// Package moderation is what people do about what other people and apps do:
// cases, decisions on them, and the record of all of it. The audit is one
// append-only log, chained by hashes, so that a row that was changed or taken
// away shows.
package moderation

import (
	"context"
	"encoding/json"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// A Subject is what something is about.
type Subject struct {
	Kind string `json:"kind"` // user message moment comment app notice template
	ID   string `json:"id"`
}

// An Act is one row of the audit before it has a place in it.
type Act struct {
	Actor   string          `json:"actor"` // a user, an app, or "teahouse" for what the server does by itself
	Role    string          `json:"role"`  // moderator senior auditor operator app system
	Action  string          `json:"action"`
	Subject Subject         `json:"subject"`
	Reason  string          `json:"reason,omitempty"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
	At      time.Time       `json:"at"`
}

// A Row is an act in the audit. Hash is the hex SHA-256 of the row before and of
// this one: see Chain.
type Row struct {
	Seq id.Seq `json:"seq"`
	Act
	Hash string `json:"hash"`
}

// States of a case.
const (
	Open     = "open"
	Claimed  = "claimed"
	Awaiting = "awaiting_second"
	Decided  = "decided"
)

// A Case is something for moderators to decide.
type Case struct {
	ID        id.Case         `json:"case"`
	Kind      string          `json:"kind"` // flood, report
	State     string          `json:"state"`
	Severity  int             `json:"severity"` // 1 to 5
	Subject   Subject         `json:"subject"`  // of a flood: the template
	App       id.App          `json:"app,omitempty"`
	Reports   int             `json:"reports"`
	ClaimedBy id.User         `json:"claimed_by,omitempty"`
	OpenedAt  time.Time       `json:"opened_at"`
	Decision  *Decision       `json:"decision,omitempty"`
	First     *Decision       `json:"first,omitempty"` // of a heavy one, before the second
	Evidence  json.RawMessage `json:"evidence,omitempty"`
}

// A Decision is a moderator's.
type Decision struct {
	Decision string    `json:"decision"`
	Reason   string    `json:"reason"`
	Note     string    `json:"note,omitempty"`
	Hours    int       `json:"hours,omitempty"`
	Held     string    `json:"held,omitempty"` // release or drop
	By       id.User   `json:"by"`
	At       time.Time `json:"at"`
}

// Notices is what moderators can do about templates and held notices. *notify.Service fits.
type Notices interface {
	PauseTemplate(ctx context.Context, t id.Template, until time.Time, reason string) error
	ResumeTemplate(ctx context.Context, t id.Template) error
	// ReleaseHeld delivers, and DropHeld never delivers, all that is held of a template; they return how many.
	ReleaseHeld(ctx context.Context, t id.Template) (int, error)
	DropHeld(ctx context.Context, t id.Template) (int, error)
}

// Apps is what moderators can do about apps. *miniprogram.Service fits.
type Apps interface {
	Suspend(ctx context.Context, a id.App, until time.Time, reason string) error
	SuspendNotices(ctx context.Context, a id.App, until time.Time, reason string) error
	Resume(ctx context.Context, a id.App) error
}
