package account

import (
	"context"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// What account refuses, beside ErrTaken.
var (
	ErrWeakPassword = fault.New("weak_password", "A password needs at least 8 characters and must not be the user id.")
	ErrSuspended    = fault.Forbidden.Saying("This account is suspended.")

	// ErrNoPicture is a picture of a profile that is no upload of its owner's, or no picture.
	ErrNoPicture = fault.BadRequest.At("/avatar", "is no picture of yours")

	// errWrong is the one answer to a sign-in that fails, whatever the reason.
	errWrong = fault.Unauthenticated.Saying("The user or the password is wrong.")
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

// Pictures knows what people have uploaded.
type Pictures interface {
	// Show notes that u's profile is about to show a medium of u's own. ErrNoPicture.
	Show(ctx context.Context, u id.User, media string) error
	// Leave notes that a profile is about to show a medium no more.
	Leave(ctx context.Context, media string) error
}

// Options of a Service.
type Options struct {
	Now             func() time.Time
	SessionsPerUser int           // devices signed in at a time; one more ends the one unused for longest
	SessionLife     time.Duration // a sign-in ends when it was not used for that long
	Throttle        bool          // limit how often passwords may be guessed
	Provider        *Provider     // whose assertions sign people in; nil: nobody's
	// Changed rings when it was stored that somebody is to be seen by others in
	// another way. It must not block, and may be lost in a crash. nil: nobody listens.
	Changed func(u id.User)
	// Pictures has the pictures that people can show with their profiles; nil: nobody can.
	Pictures Pictures
	// Erasure is what deleting an account needs; without its Ledger, none can be.
	Erasure Erasure
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options {
	return Options{Now: time.Now, SessionsPerUser: 10, SessionLife: 90 * 24 * time.Hour, Throttle: true}
}

const (
	// A name is asked for with every conversation that is listed, and may be that
	// much out of date on nodes other than the one that changed it.
	nameFresh = time.Second
	namesMost = 32 << 10
)

// Service is the one door to accounts and sign-ins.
type Service struct {
	store   Store
	end     func(id.User, End)
	opt     Options
	hash    *hasher
	guesses *guesses // nil: not limited
	names   *otter.Cache[id.User, string]

	leaving chan ledger.Due // accounts that were just deleted here

	touching sync.WaitGroup
	touches  chan struct{} // one slot per note of a use that is being written
}

// NewService puts the parts together. end is told whose connections must close,
// on whichever node, after the store has forgotten their sign-ins.
func NewService(store Store, end func(u id.User, e End), opt Options) *Service {
	if opt.Changed == nil {
		opt.Changed = func(id.User) {}
	}
	s := &Service{
		store: store, end: end, opt: opt,
		hash: newHasher(usual),
		names: otter.Must(&otter.Options[id.User, string]{
			MaximumSize:      namesMost,
			ExpiryCalculator: otter.ExpiryWriting[id.User, string](nameFresh),
		}),
		touches: make(chan struct{}, touchesMost), leaving: make(chan ledger.Due, leavingMost),
	}
	if opt.Throttle {
		s.guesses = newGuesses(opt.Now)
	}
	return s
}

// Close waits for what is still being noted. Nothing may use the service any more.
func (s *Service) Close() {
	s.touching.Wait()
	s.names.StopAllGoroutines()
	s.guesses.close()
}

// now is the service's clock in the precision in which times are kept.
func (s *Service) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }
