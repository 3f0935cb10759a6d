package chat

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// A Draft is a message somebody wants to send.
type Draft struct {
	From   id.User
	Send   wire.Send     // Stream or To; the rest as it came
	Origin stream.Origin // the connection that gets the reply instead of the event
}

// Send checks, stores and announces a message, and tells where it is. repeat says
// that it had been sent before. Doing it again with the same id is harmless.
func (s *Service) Send(ctx context.Context, d Draft) (sent wire.Sent, repeat bool, err error) {
	to, draft, err := s.accept(ctx, d)
	if err != nil {
		return wire.Sent{}, false, err
	}
	r, err := s.seq.Append(ctx, to, draft)
	if err == nil {
		err = s.told(ctx, &r.Entry)
	}
	if err != nil {
		return wire.Sent{}, false, err
	}
	return wire.SentOf(r.Entry), r.Repeat, nil
}

// Begin is Send for who does not want to wait: what was begun in order is stored
// in order. then is told where the message is once it is durable, or why it is
// not stored; it must not block. An error means that then is never called.
func (s *Service) Begin(ctx context.Context, d Draft, then func(wire.Sent, error)) error {
	to, draft, err := s.accept(ctx, d)
	if err != nil {
		return err
	}
	s.seq.Begin(to, draft, func(r stream.Receipt, err error) {
		if err != nil {
			then(wire.Sent{}, err)
			return
		}
		if to.Kind() != id.Service {
			then(wire.SentOf(r.Entry), nil)
			return
		}
		s.telling.Go(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellWithin)
			defer cancel()
			then(wire.SentOf(r.Entry), s.told(ctx, &r.Entry))
		})
	})
	return nil
}

// tellWithin bounds how long the acknowledgement of a message to an app waits for the app to be told.
const tellWithin = 10 * time.Second

// accept checks everything there is to check about a message.
func (s *Service) accept(ctx context.Context, d Draft) (id.Stream, stream.Draft, error) {
	msg, ok := id.ParseMessage(d.Send.MessageID)
	if !ok {
		return "", stream.Draft{}, fault.BadRequest.At("/message_id", "is not a UUIDv7 in its canonical form")
	}
	a, err := s.target(ctx, d)
	if err != nil {
		return "", stream.Draft{}, err
	}
	kind := stream.Kind(d.Send.Kind)
	body, mentions, medium, err := s.body(ctx, d.From, kind, d.Send.Body)
	if err == errGone {
		body, err = s.sentBefore(ctx, d, a.stream, msg)
	}
	if err != nil {
		return "", stream.Draft{}, err
	}
	if err := s.mayWrite(ctx, a); err != nil {
		return "", stream.Draft{}, err
	}
	if err := s.mayMention(ctx, a, mentions); err != nil {
		return "", stream.Draft{}, err
	}
	switch a.stream.Kind() {
	case id.Direct:
		err = s.open(ctx, d.From, a.peer, a.stream)
	case id.Service:
		err = s.openService(ctx, &a)
	}
	if err != nil {
		return "", stream.Draft{}, err
	}
	if medium.ID != "" {
		err := s.carry(ctx, &medium, a.stream, msg)
		if err == errGone {
			body, err = s.sentBefore(ctx, d, a.stream, msg)
		}
		if err != nil {
			return "", stream.Draft{}, err
		}
	}
	return a.stream, stream.Draft{
		ID: msg, Kind: kind, From: id.Principal(d.From), Body: body, Countable: true, Origin: d.Origin,
	}, nil
}

// target finds where a draft goes: the stream it names, or the direct conversation with To.
func (s *Service) target(ctx context.Context, d Draft) (access, error) {
	if (d.Send.Stream == "") == (d.Send.To == "") {
		return access{}, fault.BadRequest.Saying("Name either a stream or a user to send to.")
	}
	name := d.Send.Stream
	if app, ok := id.ParseApp(d.Send.To); ok {
		name = string(id.ServiceStream(d.From, app))
	} else if d.Send.To != "" {
		to, ok := id.ParseUser(d.Send.To)
		if !ok {
			return access{}, fault.NotFound
		}
		if to == d.From {
			return access{}, fault.BadRequest.At("/to", "is yourself")
		}
		name = string(id.DirectStream(d.From, to))
	}
	// A direct conversation that is known to be open needs no look into the list,
	// and of a group the roster tells who is in it.
	st, ok := id.ParseStream(name, d.From)
	if !ok {
		return access{}, fault.NotFound
	}
	switch peer, ok := st.Peer(d.From); {
	case ok && s.opened.has(st):
		return access{stream: st, user: d.From, peer: peer, listed: true}, nil
	case st.Kind() == id.Group:
		if _, err := s.rosterLine(ctx, st, d.From); err == nil {
			return access{stream: st, user: d.From, listed: true}, nil
		}
	}
	return s.member(ctx, d.From, name)
}

// errLeft answers what is said to somebody who has left for good.
var errLeft = fault.New("not_friends", "They have left.")

// mayWrite is the rule of who may send: friends to each other, members who are
// not muted to their group, anybody to an app they have not blocked. Nobody writes
// into personal streams.
func (s *Service) mayWrite(ctx context.Context, a access) error {
	switch a.stream.Kind() {
	case id.Direct:
		if s.opt.Strangers {
			if _, err := s.people.DisplayName(ctx, a.peer); errors.Is(err, fault.NotFound) && a.listed {
				return errLeft
			}
			return s.rel.Unblocked(ctx, a.user, a.peer)
		}
		return s.rel.MayWrite(ctx, a.user, a.peer)
	case id.Service:
		_, app, _ := a.stream.Served()
		return s.opt.Apps.MayWrite(ctx, a.user, app)
	case id.Group:
		g, err := s.group(ctx, a.stream)
		if err != nil {
			return err
		}
		m, err := s.rosterLine(ctx, a.stream, a.user)
		switch {
		case errors.Is(err, ErrUnknown):
			return ErrNotMember
		case err != nil:
			return err
		case g.Dissolved:
			return ErrClosed
		case m.MutedUntil.After(s.opt.Now()), g.MuteAll && g.roleOf(a.user) == Plain:
			return ErrMuted
		}
		return nil
	}
	return fault.Forbidden
}

// mayMention refuses to mention people who are not there, and @all to those who do not lead.
func (s *Service) mayMention(ctx context.Context, a access, mentions []string) error {
	for _, name := range mentions {
		switch {
		case a.stream.Kind() != id.Group:
			if !slices.Contains([]id.User{a.user, a.peer}, id.User(name)) {
				return fault.BadRequest.At("/body/mentions", "names somebody who is not here")
			}
		case name == mentionAll:
			if g, err := s.group(ctx, a.stream); err != nil || g.roleOf(a.user) == Plain {
				return errors.Join(err, fault.Forbidden.Saying("Only owner and admins may mention everybody."))
			}
		default:
			_, err := s.rosterLine(ctx, a.stream, id.User(name))
			if errors.Is(err, ErrUnknown) {
				return fault.BadRequest.At("/body/mentions", "names somebody who is not here")
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}
