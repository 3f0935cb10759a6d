package chat

import (
	"context"
	"errors"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// A View is how somebody stands to a stream that they may read.
type View struct {
	Title  string // of a direct conversation: the other's name
	Read   id.Seq // everything up to here was seen
	Unread int64  // of a conversation
	Muted  bool   // by the user, for themselves
}

// View tells how u stands to a stream, personal ones included. NotFound: it is not
// u's, or u may not know of it. ErrNotMember: u is in it no more.
func (s *Service) View(ctx context.Context, u id.User, st id.Stream) (View, error) {
	if owner, personal := st.Owner(); personal && owner != u {
		return View{}, fault.NotFound
	}
	a, err := s.member(ctx, u, st.Name())
	if err != nil {
		return View{}, err
	}
	head, err := s.head(ctx, &a)
	if err != nil {
		return View{}, err
	}
	if err := s.ownRead(ctx, &a, head); err != nil {
		return View{}, err
	}
	v := View{Read: a.readHead().Seq, Unread: a.unread(head), Muted: a.set.Muted}
	v.Title, err = s.titleOf(ctx, &a)
	return v, err
}

// titleOf is what a stream is called for its reader.
func (s *Service) titleOf(ctx context.Context, a *access) (string, error) {
	if a.stream.Kind() == id.Group { // who is told of a message may be told the name of a moment ago
		g, err := s.group(ctx, a.stream)
		return g.Name, err
	}
	var st wire.Stream
	err := s.entitle(ctx, a, &st)
	return st.Title, err
}

// called is what somebody is called, who may have left for good: what they said and
// where they were stays, under their user id.
func (s *Service) called(ctx context.Context, u id.User) (string, error) {
	name, err := s.people.DisplayName(ctx, u)
	if errors.Is(err, fault.NotFound) {
		name, err = string(u), nil
	}
	return name, err
}

// Roster are up to limit members of a group after a user ("" is before the first), in order.
func (s *Service) Roster(ctx context.Context, st id.Stream, after id.User, limit int) ([]id.User, error) {
	lines, err := s.store.Members(ctx, st, after, limit)
	if err != nil {
		return nil, err
	}
	users := make([]id.User, len(lines))
	for i, m := range lines {
		users[i] = m.User
	}
	return users, nil
}
