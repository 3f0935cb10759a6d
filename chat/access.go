package chat

import (
	"context"
	"errors"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

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

func accessOf(u id.User, m Membership) access {
	a := access{stream: m.Stream, user: u, floor: m.Floor, left: m.Left, read: m.Read, set: m.Settings, listed: true}
	if m.Stream.Kind() == id.Direct {
		a.peer, _ = m.Stream.Peer(u)
	}
	return a
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
		return accessOf(u, m), nil
	case !errors.Is(err, ErrUnknown):
		return access{}, err
	case st.Kind() == id.Group:
		return access{}, fault.NotFound
	case st.Kind() == id.Service:
		_, app, _ := st.Served()
		if _, err := s.opt.Apps.AppName(ctx, app); err != nil {
			return access{}, err
		}
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

// visible tells whether the user may read what stands at seq.
func (a *access) visible(seq id.Seq) bool {
	return seq > a.floor.Seq && (a.left.Seq == 0 || seq <= a.left.Seq)
}

// head is how far the stream has come, for this user.
func (s *Service) head(ctx context.Context, a *access) (stream.Head, error) {
	heads, err := s.log.Heads(ctx, []id.Stream{a.stream})
	if err != nil {
		return stream.Head{}, err
	}
	return a.clip(heads[0]), nil
}

// list puts a stream into the user's list if it does not stand there: a direct
// conversation before its first message, a personal stream before its first read.
func (s *Service) list(ctx context.Context, a *access) error {
	if a.listed {
		return nil
	}
	if err := s.store.Join(ctx, a.stream, []id.User{a.user}, stream.Head{}); err != nil {
		return err
	}
	a.listed = true
	return nil
}
