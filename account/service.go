package account

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// End closes live connections of a user whose sign-ins ended.
type End struct {
	Sessions []id.Session // none: all of them …
	Except   id.Session   // … but this one
	Code     int          // close code
}

// Close codes of connections whose sign-in is no longer good.
const (
	closeSignedOut = 4401
	closeSuspended = 4403
)

// Options of a Service.
type Options struct {
	Now             func() time.Time
	SessionsPerUser int           // devices signed in at a time; one more ends the one unused for longest
	SessionLife     time.Duration // a sign-in ends when it was not used for that long
	Throttle        bool          // limit how often passwords may be guessed
	Provider        *Provider     // whose assertions sign people in; nil: nobody's
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options {
	return Options{Now: time.Now, SessionsPerUser: 10, SessionLife: 90 * 24 * time.Hour, Throttle: true}
}

// Service is the one door to accounts and sign-ins.
type Service struct {
	store Store
	end   func(id.User, End)
	opt   Options
}

// NewService puts the parts together. end is told whose connections must close,
// on whichever node, after the store has forgotten their sign-ins.
func NewService(store Store, end func(u id.User, e End), opt Options) *Service {
	return &Service{store: store, end: end, opt: opt}
}

// SignIn is what somebody shows to be let in.
type SignIn struct {
	User, Password, Device string
	From                   string // the client's address; guesses are counted by it
}

// SignedIn is a new sign-in. Token is told this once and kept nowhere.
type SignedIn struct {
	Token   string
	Session Session
}

// ProfileChange changes what is set of it.
type ProfileChange struct{ DisplayName *string }

func (s *Service) Register(ctx context.Context, user, password, displayName string) (Account, error) {
	return Account{}, fault.Internal
}

func (s *Service) SignIn(ctx context.Context, in SignIn) (SignedIn, error) {
	return SignedIn{}, fault.Internal
}

func (s *Service) SignInByAssertion(ctx context.Context, assertion, device string) (SignedIn, error) {
	return SignedIn{}, fault.Internal
}

func (s *Service) Authenticate(ctx context.Context, token string) (Session, Account, error) {
	return Session{}, Account{}, fault.Internal
}

func (s *Service) Sessions(ctx context.Context, u id.User) ([]Session, error) {
	return nil, fault.Internal
}

func (s *Service) EndSession(ctx context.Context, u id.User, session id.Session) error {
	return fault.Internal
}

func (s *Service) ChangePassword(ctx context.Context, by Session, old, new string) error {
	return fault.Internal
}

func (s *Service) Profile(ctx context.Context, u id.User) (Account, error) {
	return Account{}, fault.Internal
}

func (s *Service) Change(ctx context.Context, u id.User, c ProfileChange) (Account, error) {
	return Account{}, fault.Internal
}

func (s *Service) DisplayName(ctx context.Context, u id.User) (string, error) {
	return "", fault.Internal
}

func (s *Service) SetPassword(ctx context.Context, u id.User, password string) error {
	return fault.Internal
}

func (s *Service) SetRole(ctx context.Context, u id.User, r Role) error { return fault.Internal }

func (s *Service) Suspend(ctx context.Context, u id.User, sus Suspension) error {
	return fault.Internal
}

func (s *Service) Unsuspend(ctx context.Context, u id.User) error { return fault.Internal }

// Close waits for what is still being written.
func (s *Service) Close() {}

// A Provider vouches for people by signed assertions.
type Provider struct{}

// NewProvider trusts the keys of a JWKS file or URL.
func NewProvider(jwks, issuer, audience string) (*Provider, error) { return nil, fault.Internal }
