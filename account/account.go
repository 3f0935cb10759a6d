// Package account knows who somebody is: users, their passwords, the devices
// they are signed in on, and who vouches for them. A sign-in gives an opaque
// token, which is kept as a hash; ending it is felt at once by every node.
//
// It does not know what anybody may do elsewhere, nor their friends.
package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Role is what a person may do beyond using the product.
type Role string

const (
	RoleNone      Role = ""
	RoleModerator Role = "moderator"
	RoleSenior    Role = "senior"
	RoleAuditor   Role = "auditor"
)

// An Account is a person as the server knows them.
type Account struct {
	User        id.User     `json:"user"`
	DisplayName string      `json:"display_name"`
	Avatar      string      `json:"avatar,omitempty"`   // a medium's id; "" for none
	Password    string      `json:"password,omitempty"` // argon2id in PHC form; "" for people who sign in by assertion only
	Role        Role        `json:"role,omitempty"`
	Suspension  *Suspension `json:"suspension,omitzero"`
	CreatedAt   time.Time   `json:"created_at,omitzero"`
	Settings

	// Gone is when the account was deleted; zero: it was not. Only this and User are
	// kept of one that was, so that nobody else is ever called so.
	Gone time.Time `json:"gone,omitzero"`
}

// Settings are what somebody has chosen about what others see.
type Settings struct {
	LookBack   string `json:"moments_look_back,omitempty"`   // how far back their moments are seen by others; "" is LookBackAll
	VisibleTo  string `json:"presence_visible_to,omitempty"` // who sees whether they are around; "" is VisibleToFriends
	Invisible  bool   `json:"invisible,omitempty"`           // seen as offline for now, on whichever device
	StatusText string `json:"status_text,omitempty"`
}

// A Suspension keeps somebody out.
type Suspension struct {
	Reason string    `json:"reason,omitempty"`
	Until  time.Time `json:"until,omitzero"` // zero: until lifted
}

// How far back moments can be seen.
const (
	LookBackAll      = "all"
	LookBackSixMonth = "6m"
	LookBackMonth    = "1m"
	LookBackDays     = "3d"
)

var lookBacks = map[string]time.Duration{
	LookBackAll: 0, LookBackSixMonth: 182 * day, LookBackMonth: 30 * day, LookBackDays: 3 * day,
}

const day = 24 * time.Hour

// LookBackWindow is how old moments may be that others see; 0 is as old as they are.
func (s *Settings) LookBackWindow() time.Duration { return lookBacks[s.LookBack] }

// Who sees whether somebody is around.
const (
	VisibleToFriends = "friends"
	VisibleToNobody  = "nobody"
)

// SuspendedAt tells whether the account is kept out at that time.
func (a *Account) SuspendedAt(now time.Time) bool {
	return a.Suspension != nil && (a.Suspension.Until.IsZero() || now.Before(a.Suspension.Until))
}

// TokenHash is what is kept of a token.
type TokenHash [sha256.Size]byte

// A Session is one sign-in of one device.
type Session struct {
	ID         id.Session `json:"session"`
	User       id.User    `json:"user"`
	Device     id.Device  `json:"device"`
	Hash       TokenHash  `json:"-"`
	CreatedAt  time.Time  `json:"created_at"`
	LastSeenAt time.Time  `json:"last_seen_at"` // to the minute or so; not every request is written down
	ExpiresAt  time.Time  `json:"expires_at"`
}

// Store keeps accounts and sessions; everything of one user is one partition.
type Store interface {
	// CreateAccount stores a new account. ErrTaken: there is one of that name. Of parallel calls one wins.
	CreateAccount(ctx context.Context, a Account) error
	// Account finds a user. ErrUnknown.
	Account(ctx context.Context, u id.User) (Account, error)
	// Users are the names of accounts, each once, in an order of the store's own:
	// those behind after ("" is before the first), at most limit. Who is made or gone
	// meanwhile may be among them or not.
	Users(ctx context.Context, after id.User, limit int) ([]id.User, error)
	// ChangeAccount reads, changes and stores an account as one step; change may be
	// called more than once, and its error ends it with nothing stored. ErrUnknown.
	ChangeAccount(ctx context.Context, u id.User, change func(*Account) error) (Account, error)

	// PutSession stores a session under its hash, new or changed.
	PutSession(ctx context.Context, s Session) error
	// Session finds a session and its account in one look-up. ErrUnknown.
	Session(ctx context.Context, u id.User, h TokenHash) (Session, Account, error)
	// Sessions are all of a user's, in no order; at most a few dozen.
	Sessions(ctx context.Context, u id.User) ([]Session, error)
	// DropSession forgets one; it may be gone already.
	DropSession(ctx context.Context, u id.User, h TokenHash) error
	// TouchSession notes when a session was last seen, if it is still there; it may be lost in a crash.
	TouchSession(ctx context.Context, u id.User, h TokenHash, at time.Time) error
}

// What a Store answers.
var (
	ErrTaken   = fault.New("user_taken", "This user id is taken.")
	ErrUnknown = errors.New("no such account or session")
)
