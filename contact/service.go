package contact

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// What contact refuses.
var (
	ErrNotFriends = fault.New("not_friends", "You are not friends.")
	ErrBlocked    = fault.New("blocked", "One of you blocks the other.")
)

// Entries appends to streams; the sequencer is one.
type Entries interface {
	Append(ctx context.Context, s id.Stream, d stream.Draft) (stream.Receipt, error)
}

// People tells who exists and what they are called.
type People interface {
	// DisplayName finds a user's name. fault.NotFound: there is no such user.
	DisplayName(ctx context.Context, u id.User) (string, error)
}

// Options of a Service.
type Options struct {
	Now     func() time.Time
	Friends int // friends one person can have
	// Secret hides what versions of contact lists count; the same on every node, and
	// kept, or else clients have to ask for whole lists again. Empty: versions are
	// good for as long as the Service.
	Secret []byte
	// Befriended is called while a friendship is carried out, before its people are
	// told, and again until it succeeds. It must not act on the two here.
	Befriended func(ctx context.Context, a, b id.User) error
	// Changed rings whenever it was stored that two people stand to each other in
	// another way, or that one changed a switch or tag about the other. It must not
	// block, may ring for nothing, and may be lost in a crash.
	Changed func(a, b id.User)
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options { return Options{Now: time.Now, Friends: 5000} }

const (
	// Who may write to whom is asked for every message. A permission may be that
	// old on nodes other than the one that took it back; a refusal is never told
	// from memory.
	passFresh = time.Second
	passMost  = 64 << 10
)

// Service is the one door to friendships and blocks.
type Service struct {
	store   Store
	entries Entries
	people  People
	opt     Options
	passes  *otter.Cache[pair, pass]

	versions versions
}

// NewService puts the parts together.
func NewService(store Store, entries Entries, people People, opt Options) *Service {
	if opt.Befriended == nil {
		opt.Befriended = func(context.Context, id.User, id.User) error { return nil }
	}
	if opt.Changed == nil {
		opt.Changed = func(id.User, id.User) {}
	}
	if len(opt.Secret) == 0 {
		opt.Secret = make([]byte, 32)
		rand.Read(opt.Secret)
	}
	return &Service{
		store: store, entries: entries, people: people, opt: opt, versions: newVersions(opt.Secret),
		passes: otter.Must(&otter.Options[pair, pass]{
			MaximumSize:      passMost,
			ExpiryCalculator: otter.ExpiryWriting[pair, pass](passFresh),
		}),
	}
}

// Close ends what runs in the background. Nothing may use the service any more.
func (s *Service) Close() { s.passes.StopAllGoroutines() }

// now is the service's clock in the precision in which times are kept.
func (s *Service) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// somebodyElse reads the id of another user who exists. NotFound, BadRequest: it
// is u's own; at points into the request.
func (s *Service) somebodyElse(ctx context.Context, u id.User, other, at string) (id.User, error) {
	o, ok := id.ParseUser(other)
	switch {
	case !ok:
		return "", fault.NotFound
	case o == u:
		return "", fault.BadRequest.At(at, "is yourself")
	}
	_, err := s.people.DisplayName(ctx, o)
	return o, err
}
