// Package notify is the gate: what an app has to pass for one notice to reach one
// user. Templates that a moderator has read, sheets that the host draws from them,
// the checks of what is said, the shape of what is said to many, and the order in
// which refusals come. What a user granted, and the one step that spends it, is
// package grant's; this package never writes to anybody's @notices.
//
// The law: an app can never broadcast. It redeems a grant that one user's own act
// minted, for that user, and nothing else. No request here names a recipient.
package notify

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// What the gate does by itself, as audit and cases name it.
const (
	DidPause   = "pause_template"
	DidDisable = "disable_template"
	DidSuspend = "suspend_app"
)

// Statuses of a template's version.
const (
	Review   = "review"
	Approved = "approved"
	Rejected = "rejected"
	Paused   = "paused"
	Disabled = "disabled"
)

// Roles of params.
const (
	Locked = "locked" // shown when the user consents, and fixed from then on
	Free   = "free"   // said with each notice
)

// A Param is a variable of a template.
type Param struct {
	Key    string   `json:"key"`
	Label  string   `json:"label"`
	Type   string   `json:"type"` // text20 name number amount date time code phone_masked enum
	Role   string   `json:"role"`
	Max    int      `json:"max,omitempty"` // code points; 0: as the type has it
	Values []string `json:"values,omitempty"`
}

// An Edge is a step of a progress template.
type Edge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Alert bool   `json:"alert"`
}

// A Draft is a template as its developer hands it in. Template names an earlier
// one, of which this becomes the next version.
type Draft struct {
	Template    id.Template       `json:"template,omitempty"`
	Title       string            `json:"title"`
	Category    string            `json:"category"`
	Scope       grant.Scope       `json:"scope"` // once, progress or standing
	Params      []Param           `json:"params"`
	PagePattern string            `json:"page_pattern"` // an exact path
	States      []string          `json:"states,omitempty"`
	StateLabels map[string]string `json:"state_labels,omitempty"` // how people read states; those without are not shown
	Edges       []Edge            `json:"edges,omitempty"`
	Cadence     *grant.Cadence    `json:"cadence,omitempty"`
	ExpiresDays int               `json:"expires_days,omitempty"` // ≤ 30; 0: 7
	SubjectSize int               `json:"subject_size,omitempty"` // people who may share a subject
}

// A Template is one version, as it was handed in, and what became of it. Only
// its status changes.
type Template struct {
	Draft
	ID          id.Template `json:"id"`
	Version     int         `json:"version"`
	App         id.App      `json:"app"`
	Status      string      `json:"status"`
	Reason      string      `json:"reason,omitempty"` // of the review
	CreatedAt   time.Time   `json:"created_at"`
	ReviewedAt  time.Time   `json:"reviewed_at,omitzero"`
	PausedUntil time.Time   `json:"paused_until,omitzero"` // zero while paused: until a moderator lifts it
	Pauses      int         `json:"pauses,omitempty"`      // so far by the gate; the third disables
	InForce     int         `json:"in_force,omitempty"`    // the version that is asked with now; 0: none is
}

// An App is what the gate has to know of one.
type App struct {
	ID        id.App
	Name      string
	Category  string
	Developer id.User
	Reach     int  // people the developer may reach in 24 hours
	Suspended bool // the app, or its notices
}

// Apps knows the apps. What was answered before is seen within a second on every node.
type Apps interface {
	// App finds one. fault.NotFound.
	App(ctx context.Context, a id.App) (App, error)
}

// A Refusal is a notice that did not pass. Nothing in it is what the notice said.
type Refusal struct {
	App      id.App
	Template id.Template // as named, if it was named
	Code     fault.Code
	Key      string // the idempotency key, if there was one
	At       time.Time
}

// Moderators hear of what the gate does on its own. Package moderation is behind it.
type Moderators interface {
	// Refused leaves an audit row. When it returns, it is durable.
	Refused(ctx context.Context, r Refusal) error
	// Flooded opens the case about held notices of a template, or adds to it. did is
	// what the gate did about it, one of the actions below, or "". What an app holds
	// of its answers in windows goes under its own id.
	Flooded(ctx context.Context, app id.App, t id.Template, held int, did string) error
	// Reported files a user's report of a notice. It may be told again.
	Reported(ctx context.Context, by id.User, app id.App, t id.Template, notice, reason string, did string) error
	// Reviewed leaves the audit row of a moderator's review of a template's version.
	Reviewed(ctx context.Context, by id.User, t Template) error
	// Did leaves an audit row of something that the gate itself decided, such as a pause.
	Did(ctx context.Context, action string, app id.App, t id.Template, reason string) error
}

// Suspender stops an app that broke the law.
type Suspender interface {
	Suspend(ctx context.Context, a id.App, until time.Time, reason string) error
}

// The gate's own refusals. The grant's are in package grant.
var (
	ErrRecipient   = fault.New("recipient_not_accepted", "A notice names no recipient: its grant does. Remove the field.")
	ErrTemplate    = fault.New("template_unknown", "There is no such template of this app.")
	ErrPaused      = fault.New("template_paused", "This template is paused.")
	ErrScopeDenied = fault.New("template_scope_denied", "This category may not have standing templates.")
	ErrParam       = fault.New("param_invalid", "A param is missing, unknown or not of its type.")
	ErrLocked      = fault.New("param_locked", "A locked param cannot change after the user saw it.")
	ErrPage        = fault.New("page_invalid", "The page is not the template's.")
	ErrKeyRequired = fault.New("idempotency_required", "Give an idempotency_key of 1 to 64 bytes.")
	ErrContent     = fault.New("content_blocked", "The text has what no notice may have: an address, a number to call, or an advert.")
	ErrShape       = fault.New("broadcast_shape", "This looks like a broadcast.")
	ErrSuspended   = fault.New("app_suspended", "This app, or its notices, are suspended.")
	ErrReach       = fault.New("app_reach_limit", "This developer has reached as many people as it may today.").After(time.Hour)
	ErrMintPaused  = fault.New("mint_paused", "This app cannot ask at the moment.")
	ErrReason      = fault.BadRequest.At("/reason", "is none of spam, fraud, harassment, sexual, violence, other")
)
