// Package miniprogram is who apps are: their developers, names and pages, how
// their servers sign in, and how an app knows a user without knowing who it is.
//
// An app learns of a user what the user's own act gives it: an openid that means
// nothing to any other app, and that the user can change at any time. It gets no
// list of followers, and following gives it nothing.
package miniprogram

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// An App is a mini-program.
type App struct {
	ID        id.App    `json:"app"`
	Name      string    `json:"name"`
	Category  string    `json:"category"`
	Summary   string    `json:"summary,omitempty"`
	Developer id.User   `json:"developer"`
	CreatedAt time.Time `json:"created_at"`
	Packaged  time.Time `json:"packaged,omitzero"` // when its pages were handed in; zero: it has none
	Tier      int       `json:"tier,omitempty"`    // of its developer: see Reach

	Suspension        *Suspension `json:"suspension,omitempty"`         // of the app: its tokens, pages and notices
	NoticesSuspension *Suspension `json:"notices_suspension,omitempty"` // of its notices alone
}

// A Suspension is a moderator's.
type Suspension struct {
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"` // zero: until lifted
}

// Holds tells whether it is in force at a time.
func (s *Suspension) Holds(now time.Time) bool {
	return s != nil && (s.Until.IsZero() || now.Before(s.Until))
}

// Reaches are how many people a developer's apps may reach in 24 hours, by tier.
var Reaches = []int{250, 2000, 10_000, 100_000}

// A Secret is a client credential, without itself.
type Secret struct {
	ID        string    `json:"id"`
	CreatedAt time.Time `json:"created_at"`
	EndsAt    time.Time `json:"ends_at,omitzero"` // zero: it does not
}

// Lifetimes.
const (
	TokenLives    = 2 * time.Hour
	CodeLives     = 5 * time.Minute
	SecretOverlap = 24 * time.Hour // how long the earlier secrets live after a new one
)

// Bounds.
const (
	NameRunes     = 64
	CategoryBytes = 32
	SummaryRunes  = 200
	AppsMost      = 50      // of one developer
	TokensMost    = 100     // live, of one app; a further one ends the oldest
	PackageBytes  = 2 << 20 // of the zip
	UnpackedBytes = 8 << 20
	PackageFiles  = 200
)

// Grants closes what a user granted an app, before the app meets that user as a stranger.
type Grants interface {
	CloseAll(ctx context.Context, u id.User, a id.App) error
}

// Errors of credentials, as OAuth 2.0 has them (RFC 6749, 5.2), are told by package api.
var (
	ErrCredentials = fault.New("unauthenticated", "The app's id or secret is wrong.")
	ErrCode        = fault.New("bad_request", "The code is used, too old, or not for this app.")
)
