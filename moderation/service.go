package moderation

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/stream"
)

// Options of a Service. Apps and Notices are needed to decide anything.
type Options struct {
	Now     func() time.Time // default time.Now
	Notices Notices
	Apps    Apps
	// Moderates tells whether somebody who has claimed a case can decide it still; if
	// not, others can claim it. nil: everybody can.
	Moderates func(ctx context.Context, u id.User) (bool, error)
	Patience  time.Duration // how long audit rows are tried before Record fails with Unavailable; default 10 s
}

// Service is the one door to cases and to the audit.
type Service struct {
	store  ledger.Store
	log    stream.Log
	opt    Options
	scribe *scribe
	month  atomic.Value // string: the latest month that is known to have a shelf
}

// NewService puts the parts together. Any number of them, on any nodes, may share a store.
func NewService(store ledger.Store, log stream.Log, opt Options) *Service {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Moderates == nil {
		opt.Moderates = func(context.Context, id.User) (bool, error) { return true, nil }
	}
	if opt.Patience == 0 {
		opt.Patience = 10 * time.Second
	}
	return &Service{store: store, log: log, opt: opt, scribe: newScribe(log, opt.Patience)}
}

// Close waits until all that was to be recorded is settled. Nothing may be called any more.
func (s *Service) Close() { s.scribe.close() }

// now is the time as it is stored.
func (s *Service) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// Roles that an account can have.
const (
	RoleModerator = "moderator"
	RoleSenior    = "senior"   // makes second decisions as well
	RoleAuditor   = "auditor"  // reads the audit and nothing else
	RoleOperator  = "operator" // whoever runs the server
)

// Who acts when nobody does: the server by itself, and apps.
const (
	system     = "teahouse"
	roleSystem = "system"
	roleApp    = "app"
)

// A Moderator is who acts, in which role.
type Moderator struct {
	User id.User
	Role string
}

// Moderates tells whether somebody may see and decide cases, and act without one.
func (m Moderator) Moderates() bool {
	return m.Role == RoleModerator || m.Role == RoleSenior || m.Role == RoleOperator
}

// Seconds tells whether somebody may make the second decision of a heavy one.
func (m Moderator) Seconds() bool { return m.Role == RoleSenior || m.Role == RoleOperator }

// Audits tells whether somebody may read the audit.
func (m Moderator) Audits() bool { return m.Moderates() || m.Role == RoleAuditor }

var reasons = []string{"spam", "fraud", "harassment", "sexual", "violence", "other"}

// Reasoned tells whether a reason is one that may be given.
func Reasoned(reason string) bool { return slices.Contains(reasons, reason) }

// What moderation refuses.
var (
	errReason  = fault.BadRequest.At("/reason", "is none of spam, fraud, harassment, sexual, violence, other")
	errCursor  = fault.BadRequest.Saying("This is no cursor of this list.")
	errClaimed = fault.Conflict.Saying("Another moderator has claimed this case.")
	errUnowned = fault.Conflict.Saying("Claim the case before you decide it.")
	errDecided = fault.Conflict.Saying("This case is decided.")
	errHalfway = fault.Conflict.Saying("Another decision on this case is being carried out. Post that one again.")
	errSecond  = fault.Forbidden.Saying("A second moderator, of role senior, has to decide this as well.")
)
