package chat

import (
	"context"
	"errors"
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
	Strangers        bool          // people who are not friends may write to each other and be put into groups
	TextBytes        int           // bytes of UTF-8 in one text
	GroupMembers     int           // people in one group
	RecallWindow     time.Duration // how long a sender may take a message back
	RecallFileWindow time.Duration // the same for files
	Now              func() time.Time
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options {
	return Options{
		TextBytes:        8 << 10,
		GroupMembers:     500,
		RecallWindow:     2 * time.Minute,
		RecallFileWindow: 3 * time.Hour,
		Now:              time.Now,
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
}

// NewService puts the parts together.
func NewService(store Store, log stream.Log, seq *stream.Sequencer, b bus.Bus, people People, rel Relations, opt Options) *Service {
	return &Service{store: store, log: log, seq: seq, bus: b, people: people, rel: rel, opt: opt}
}

// An access is what one user may do with one stream, looked up once per operation.
type access struct {
	stream id.Stream
	user   id.User
	peer   id.User // of a direct conversation
	floor  stream.Head
	left   stream.Head // not zero: a former member, who reads up to here
	read   stream.Head // as stored; own messages move it further
	listed bool        // it stands in the user's list
	set    Settings
}

// access is the only way to a stream for a user. NotFound: there is no such
// stream, or none the user may know of; the two look alike.
func (s *Service) access(ctx context.Context, u id.User, name string) (access, error) {
	st, ok := id.ParseStream(name, u)
	if !ok {
		return access{}, fault.NotFound
	}
	a := access{stream: st, user: u}
	if st.Kind() == id.Direct {
		if a.peer, ok = st.Peer(u); !ok {
			return access{}, fault.NotFound
		}
	}
	m, err := s.store.Membership(ctx, u, st)
	switch {
	case err == nil:
		a.floor, a.left, a.read, a.set, a.listed = m.Floor, m.Left, m.Read, m.Settings, true
		return a, nil
	case !errors.Is(err, ErrUnknown):
		return access{}, err
	case st.Kind() == id.Group:
		return access{}, fault.NotFound
	case st.Kind() == id.Direct: // nobody has written yet; it exists if the other does
		if _, err := s.people.DisplayName(ctx, a.peer); err != nil {
			return access{}, err
		}
	}
	return a, nil
}

// member is access for somebody who is in the conversation now. ErrNotMember: no longer.
func (s *Service) member(ctx context.Context, u id.User, name string) (access, error) {
	a, err := s.access(ctx, u, name)
	if err == nil && a.left.Seq > 0 {
		err = ErrNotMember
	}
	return a, err
}

// clip bounds a head by what the user may see: a former member sees none of what came later.
func (a *access) clip(head stream.Head) stream.Head {
	if a.left.Seq > 0 && head.Seq > a.left.Seq {
		return a.left
	}
	return head
}
