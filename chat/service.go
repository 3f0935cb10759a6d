package chat

import (
	"context"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// What chat refuses.
var (
	ErrNotMember     = fault.New("not_member", "You are not in this conversation.")
	ErrMuted         = fault.New("muted", "You may not write here at the moment.")
	ErrGroupFull     = fault.New("group_full", "The group has as many members as it can.")
	ErrRecallExpired = fault.New("recall_expired", "It is too late to take this message back.")
	ErrClosed        = fault.New("stream_closed", "This group was dissolved. It can be read, but not written.")
)

// People tells who exists and what they are called.
type People interface {
	// DisplayName finds a user's name. fault.NotFound: there is no such user.
	DisplayName(ctx context.Context, u id.User) (string, error)
}

// Relations tells who may write to whom.
type Relations interface {
	// MayWrite is nil if the two are friends and neither blocks the other. not_friends, blocked.
	MayWrite(ctx context.Context, from, to id.User) error
	// Unblocked is nil if neither blocks the other, friends or not. blocked.
	Unblocked(ctx context.Context, from, to id.User) error
	// NotFriends are those of others who are not u's friends.
	NotFriends(ctx context.Context, u id.User, others []id.User) ([]id.User, error)
}

// Options of a Service.
type Options struct {
	Strangers    bool          // people who are not friends may write to each other and be put into groups
	TextBytes    int           // bytes of UTF-8 in one text
	GroupMembers int           // people in one group
	RecallWindow time.Duration // how long a sender may take a message back
	Now          func() time.Time

	RecallWindowFiles time.Duration // the same, for files
	Media             Library       // what messages show; nil: they cannot
	Apps              Apps          // who can be written to beside people; nil: nobody

	HasRead func(u id.User, s id.Stream, upTo id.Seq) // hears how far somebody has read, on this node; must not block
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options {
	return Options{
		TextBytes:    8 << 10,
		GroupMembers: 500,
		RecallWindow: 2 * time.Minute, RecallWindowFiles: 3 * time.Hour,
		Now: time.Now,
	}
}

// Service is the one door to conversations, for WebSocket and HTTP alike.
type Service struct {
	store  Store
	log    stream.Log
	seq    *stream.Sequencer
	bus    bus.Bus
	people People
	rel    Relations
	opt    Options
	opened opened
	recent *recent

	telling sync.WaitGroup // apps of messages to them
}

// NewService puts the parts together.
func NewService(store Store, log stream.Log, seq *stream.Sequencer, b bus.Bus, people People, rel Relations, opt Options) *Service {
	if opt.Apps == nil {
		opt.Apps = noApps{}
	}
	if opt.HasRead == nil {
		opt.HasRead = func(id.User, id.Stream, id.Seq) {}
	}
	return &Service{store: store, log: log, seq: seq, bus: b, people: people, rel: rel, opt: opt, recent: newRecent()}
}

// Close ends what keeps the caches. Nothing may be asked of the service any more.
func (s *Service) Close() {
	s.telling.Wait()
	s.recent.close()
}
