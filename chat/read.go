package chat

import (
	"context"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// Read moves how far u has read, forward only and never beyond the head, and
// tells u's devices and, in a direct conversation, the other.
func (s *Service) Read(ctx context.Context, u id.User, r wire.Read) (wire.Position, error) {
	if r.Seq == nil || *r.Seq < 0 || *r.Seq > int64(id.MaxSeq) {
		return wire.Position{}, fault.BadRequest.At("/seq", "is no position")
	}
	a, err := s.access(ctx, u, r.Stream)
	if err != nil {
		return wire.Position{}, err
	}
	head, err := s.head(ctx, &a)
	if err != nil {
		return wire.Position{}, err
	}
	if err := s.ownRead(ctx, &a, head); err != nil {
		return wire.Position{}, err
	}
	if to := min(id.Seq(*r.Seq), head.Seq); to > a.readHead().Seq {
		if err := s.moveRead(ctx, &a, to); err != nil {
			return wire.Position{}, err
		}
		s.tellRead(a, to)
		s.opt.HasRead(u, a.stream, to)
	}
	return wire.Position{Seq: int64(a.readHead().Seq), Unread: a.unread(head)}, nil
}

func (s *Service) moveRead(ctx context.Context, a *access, to id.Seq) error {
	found, err := s.log.Range(ctx, a.stream, to, to)
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return stream.ErrNoEntry
	}
	if err := s.list(ctx, a); err != nil {
		return err
	}
	a.read = stream.HeadOf(found[0])
	return s.store.MoveRead(ctx, a.user, a.stream, a.read)
}

func (s *Service) tellRead(a access, to id.Seq) {
	m := bus.Message{Kind: bus.Frame, Body: wire.Event("read", wire.ReadEvent{
		Stream: a.stream.Name(), User: string(a.user), Seq: int64(to),
	})}
	s.bus.Publish(bus.UserTopic(a.user), m)
	if a.stream.Kind() == id.Direct {
		s.bus.Publish(bus.UserTopic(a.peer), m)
	}
}

// ownRead moves the read position in a to the user's own last message, which
// says that everything before it was seen. It looks only if that can matter.
func (s *Service) ownRead(ctx context.Context, a *access, head stream.Head) error {
	if a.unread(head) == 0 && a.readHead().Seq >= head.Seq || a.stream.Kind() == id.Personal {
		return nil
	}
	own, err := s.log.Authored(ctx, a.stream, id.Principal(a.user))
	if err != nil {
		return err
	}
	if own = a.clip(own); own.Seq > a.read.Seq {
		a.read = own
	}
	return nil
}

// readHead is how far the user has read: what lies before the floor does not count.
func (a *access) readHead() stream.Head {
	if a.floor.Seq > a.read.Seq {
		return a.floor
	}
	return a.read
}

// unread is how many countable entries stand behind the read position.
func (a *access) unread(head stream.Head) int64 { return max(0, head.Count-a.readHead().Count) }
