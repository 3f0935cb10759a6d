// Package miniprogram is who apps are: their developers, names and pages, how
// their servers sign in, and how an app knows a user without knowing who it is.
//
// An app learns of a user what the user's own act gives it: an openid that means
// nothing to any other app, and that the user can change at any time. It gets no
// list of followers, and following gives it nothing.
//
// Everything an app has stands in one ledger part, and so does all that one user
// has: the openids and the apps they follow. Of secrets, tokens and codes the
// store knows hashes only. It does not know notices: what an app may send is
// package notify's, and who is told to be suspended is a moderator's.
package miniprogram

import (
	"context"
	"io"
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
	Packaged  time.Time `json:"packaged,omitzero"`  // when its pages were handed in; zero: it has none
	Connects  []string  `json:"connects,omitempty"` // the origins that its pages may call, as its package declares them
	Tier      int       `json:"tier,omitempty"`     // of its developer: see Reach

	Suspension        *Suspension `json:"suspension,omitempty"`         // of the app: its tokens, pages and notices
	NoticesSuspension *Suspension `json:"notices_suspension,omitempty"` // of its notices alone
}

// A Suspension is a moderator's, or comes of its developer's leaving.
type Suspension struct {
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"` // zero: until lifted
	Final  bool      `json:"final,omitzero"` // nobody can lift it
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
	TokenRemains  = 24 * time.Hour // how long a token that has ended is told from one that never was
)

// Bounds.
const (
	NameRunes     = 64
	CategoryBytes = 32
	SummaryRunes  = 200
	AppsMost      = 50      // of one developer
	TokensMost    = 100     // live, of one app; a further one ends the oldest
	SecretsMost   = 10      // of one app at a time
	FollowsMost   = 1000    // apps that one user follows
	PackageBytes  = 2 << 20 // of the zip
	UnpackedBytes = 8 << 20
	PackageFiles  = 200
	ConnectsMost  = 8 // origins that a package's pages may call
)

// Grants closes what a user granted an app, before the app meets that user as a stranger.
type Grants interface {
	CloseAll(ctx context.Context, u id.User, a id.App) error
}

// Files keeps the bytes of packages; every node sees the same ones.
type Files interface {
	// Put stores size bytes of r under a key, whole or not at all, replacing what is there.
	Put(ctx context.Context, key string, r io.Reader, size int64, mediaType string) error
	// Open reads n bytes from an offset on (n < 0: all the rest).
	Open(ctx context.Context, key string, offset, n int64) (io.ReadCloser, error)
	// Delete forgets one. It may be gone.
	Delete(ctx context.Context, key string) error
}

// Errors of credentials, as OAuth 2.0 has them (RFC 6749, 5.2), are told by package api.
var (
	ErrCredentials = fault.New("unauthenticated", "The app's id or secret is wrong.")
	ErrCode        = fault.New("bad_request", "The code is used, too old, or not for this app.")
	ErrSuspended   = fault.New("app_suspended", "This mini-program is suspended.")

	errApps     = fault.Conflict.Saying("You have as many mini-programs as a developer can have.")
	errSecrets  = fault.Conflict.Saying("This app has as many secrets as an app can have. Drop one first.")
	errFollows  = fault.Conflict.Saying("You follow as many mini-programs as one can.")
	errReserved = fault.Conflict.Saying("People would take a mini-program of this name for the server itself.")
	errFinal    = fault.Conflict.Saying("The developer of this mini-program has left. It stays suspended.")
	errName     = fault.Conflict.Saying("Another developer's mini-program has this name, or one that looks like it.")
)
