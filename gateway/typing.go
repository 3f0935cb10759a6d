package gateway

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

const (
	// typingEvery is how often a client's typing in one conversation is passed on at most.
	typingEvery = 2 * time.Second
	// typedMost bounds the conversations of one client in which it was passed on lately.
	typedMost = 8
)

// typed remembers where a client's typing was passed on lately, and when.
type typed map[string]moment

// again tells whether it is too early for more, and forgets what is long ago.
func (t typed) again(stream string, now moment) bool {
	for name, at := range t {
		if now >= at.add(typingEvery) {
			delete(t, name)
		}
	}
	_, lately := t[stream]
	return lately || len(t) >= typedMost
}

// typing is dropped when it comes too often; whether it is right is told all the same.
func (s *session) typing(ctx context.Context, t wire.Typing) (any, error) {
	now := s.gw.wheel.now()
	if s.typed.again(t.Stream, now) {
		return wire.Empty{}, s.gw.chat.MayType(ctx, s.user, t)
	}
	if err := s.gw.chat.Typing(ctx, s.user, t, stream.Origin(s.number)); err != nil {
		return nil, err
	}
	if s.typed == nil {
		s.typed = typed{}
	}
	s.typed[t.Stream] = now
	return wire.Empty{}, nil
}
