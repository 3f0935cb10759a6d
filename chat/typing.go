package chat

import (
	"context"
	"slices"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

var typingStates = []string{"typing", "voice", "stop"}

// Typing tells the others of a conversation what u is doing there, if u could
// write there. It is lossy and kept nowhere. origin is the connection that needs no echo.
func (s *Service) Typing(ctx context.Context, u id.User, t wire.Typing, origin stream.Origin) error {
	a, err := s.typist(ctx, u, t)
	if err != nil {
		return err
	}
	m := bus.Message{Kind: bus.Frame, Origin: uint64(origin), Body: wire.Event("typing", wire.TypingEvent{
		Stream: a.stream.Name(), User: string(u), State: t.State,
	})}
	topic := bus.GroupTopic(a.stream)
	if a.stream.Kind() == id.Direct {
		topic = bus.UserTopic(a.peer)
	}
	s.bus.Publish(topic, m)
	return nil
}

// MayType tells what Typing would, and tells nobody.
func (s *Service) MayType(ctx context.Context, u id.User, t wire.Typing) error {
	_, err := s.typist(ctx, u, t)
	return err
}

// typist checks typing and finds where it is.
func (s *Service) typist(ctx context.Context, u id.User, t wire.Typing) (access, error) {
	if !slices.Contains(typingStates, t.State) {
		return access{}, fault.BadRequest.At("/state", "is none of typing, voice, stop")
	}
	if t.Stream == "" {
		return access{}, fault.BadRequest.At("/stream", "is missing")
	}
	a, err := s.member(ctx, u, t.Stream)
	if err == nil {
		err = s.mayWrite(ctx, a)
	}
	return a, err
}
