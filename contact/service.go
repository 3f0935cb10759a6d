package contact

import (
	"context"
	"time"

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
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options { return Options{Now: time.Now, Friends: 5000} }

// Service is the one door to friendships and blocks.
type Service struct {
	store   Store
	entries Entries
	people  People
	opt     Options
}

// NewService puts the parts together.
func NewService(store Store, entries Entries, people People, opt Options) *Service {
	return &Service{store: store, entries: entries, people: people, opt: opt}
}

// Where a request stands when it was made.
const (
	Pending = "pending"
	Friends = "friends"
)

type (
	// Incoming is a request that waits for an answer.
	Incoming struct {
		From     id.User
		Greeting string
		At       time.Time
	}
	// Friend is one line of a contact list.
	Friend struct {
		User             id.User
		DisplayName      string
		Alias            string
		Tags             []string // never nil
		Starred          bool
		ChatOnly         bool
		HideMyMoments    bool
		HideTheirMoments bool
		Since            time.Time
	}
	// Increment is what changed in a contact list up to Version.
	Increment struct {
		Items   []Friend
		Removed []id.User
		Version string // opaque
	}
	// FriendChange changes what is set of it.
	FriendChange struct {
		Alias            *string
		Tags             *[]string
		Starred          *bool
		ChatOnly         *bool
		HideMyMoments    *bool
		HideTheirMoments *bool
	}
	// Blocked is one line of a list of blocks.
	Blocked struct {
		User id.User
		At   time.Time
	}
)

func (s *Service) Request(ctx context.Context, from id.User, to, greeting string) (state string, err error) {
	return "", fault.Internal
}

func (s *Service) Requests(ctx context.Context, u id.User, cursor string, limit int) (page []Incoming, next string, err error) {
	return nil, "", fault.Internal
}

func (s *Service) Accept(ctx context.Context, u id.User, from string) error { return fault.Internal }

func (s *Service) Decline(ctx context.Context, u id.User, from string) error { return fault.Internal }

func (s *Service) Contacts(ctx context.Context, u id.User, since string) (Increment, error) {
	return Increment{}, fault.Internal
}

func (s *Service) Change(ctx context.Context, u id.User, other string, c FriendChange) (Friend, error) {
	return Friend{}, fault.Internal
}

func (s *Service) Remove(ctx context.Context, u id.User, other string) error { return fault.Internal }

func (s *Service) Block(ctx context.Context, u id.User, other string) error { return fault.Internal }

func (s *Service) Unblock(ctx context.Context, u id.User, other string) error { return fault.Internal }

func (s *Service) Blocks(ctx context.Context, u id.User, cursor string, limit int) (page []Blocked, next string, err error) {
	return nil, "", fault.Internal
}

func (s *Service) MayWrite(ctx context.Context, from, to id.User) error { return fault.Internal }

func (s *Service) Unblocked(ctx context.Context, from, to id.User) error { return fault.Internal }

func (s *Service) NotFriends(ctx context.Context, u id.User, others []id.User) ([]id.User, error) {
	return nil, fault.Internal
}
