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
// those others' conversation as well. It goes as far as it can: what cannot be done
// at present keeps nothing else from being done.
func (s *Service) Erase(ctx context.Context, u id.User) error {
	all, err := s.conversations(ctx, u)
	if err != nil {
		return err
	}
	failed := make([]error, len(all))
	err = each(ctx, len(all), func(ctx context.Context, i int) error {
		failed[i] = s.erase(ctx, &all[i])
		return ctx.Err()
	})
	return errors.Join(append(failed, err)...)
}

// erase does to one conversation what Erase does.
func (s *Service) erase(ctx context.Context, a *access) error {
	switch {
	case a.stream.Kind() == id.Personal || a.stream.Kind() == id.Service:
		return s.empty(ctx, a.stream)
	case a.stream.Kind() != id.Group || a.left.Seq > 0:
		return nil
	}
	err := s.RemoveMember(ctx, a.user, string(a.stream), string(a.user))
	if errors.Is(err, fault.NotFound) || errors.Is(err, ErrNotMember) || errors.Is(err, ErrClosed) {
		return nil // somebody was faster, or nobody can write there any more
	}
	return err
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
			if m, ok := mediumOf(*e); ok && s.opt.Media != nil { // first, as in Recall
				if err := s.opt.Media.Doubt(ctx, m); err != nil {
					return fmt.Errorf("empty %s: %w", st, err)
				}
			}
			if err := s.log.Redact(ctx, st, e.Seq, stream.Recalled, stream.RedactedBody); err != nil {
				return fmt.Errorf("empty %s: %w", st, err)
			}
		}
	}
}
