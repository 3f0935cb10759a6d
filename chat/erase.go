package chat

import (
	"context"
	"errors"
	"fmt"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// erasePage is how many entries are looked at at a time.
const erasePage = 200

// Erase is for somebody who has left for good. They leave all groups, as anybody
// leaves one; of what only they could read, their own events and conversations
// with apps, nothing is left but the places. What they wrote to others stays: it is
// those others' conversation as well.
func (s *Service) Erase(ctx context.Context, u id.User) error {
	all, err := s.conversations(ctx, u)
	if err != nil {
		return err
	}
	return each(ctx, len(all), func(ctx context.Context, i int) error {
		a := &all[i]
		switch {
		case a.stream.Kind() == id.Personal || a.stream.Kind() == id.Service:
			return s.empty(ctx, a.stream)
		case a.stream.Kind() != id.Group || a.left.Seq > 0:
			return nil
		}
		err := s.RemoveMember(ctx, u, string(a.stream), string(u))
		if errors.Is(err, fault.NotFound) || errors.Is(err, ErrNotMember) || errors.Is(err, ErrClosed) {
			return nil // somebody was faster, or nobody can write there any more
		}
		return err
	})
}

// empty takes the content out of all entries of a stream.
func (s *Service) empty(ctx context.Context, st id.Stream) error {
	for at := id.Seq(1); ; {
		entries, err := s.log.Range(ctx, st, at, at+erasePage-1)
		if err != nil {
			return fmt.Errorf("empty %s: %w", st, err)
		}
		if len(entries) == 0 {
			return nil
		}
		for i := range entries {
			e := &entries[i]
			if at = e.Seq + 1; e.Kind.Redacted() {
				continue
			}
			if err := s.log.Redact(ctx, st, e.Seq, stream.Recalled, stream.RedactedBody); err != nil {
				return fmt.Errorf("empty %s: %w", st, err)
			}
		}
	}
}
