package contact

import (
	"context"
	"errors"

	"github.com/maypok86/otter/v2"
	"golang.org/x/sync/errgroup"

	"github.com/teahouse-im/teahouse/id"
)

// A pass is what two people may do to each other; it is the same for both.
type pass struct{ friends, blocked bool }

// write is the rule of who may write to whom: friends, while neither blocks the other.
func (p pass) write() error {
	if p.blocked {
		return ErrBlocked
	}
	if !p.friends {
		return ErrNotFriends
	}
	return nil
}

// unblocked is the rule where friendship is not needed.
func (p pass) unblocked() error {
	if p.blocked {
		return ErrBlocked
	}
	return nil
}

// MayWrite is nil if the two are friends and neither blocks the other. ErrNotFriends, ErrBlocked.
func (s *Service) MayWrite(ctx context.Context, from, to id.User) error {
	return s.pass(ctx, from, to, pass.write)
}

// Unblocked is nil if neither blocks the other, friends or not. ErrBlocked.
func (s *Service) Unblocked(ctx context.Context, from, to id.User) error {
	return s.pass(ctx, from, to, pass.unblocked)
}

// pass asks a rule about two people. A permission is remembered for a moment and
// forgotten at once by every change on this node; a load that a change overtakes
// is not remembered, see otter's Get.
func (s *Service) pass(ctx context.Context, a, b id.User, rule func(pass) error) error {
	p := lead(a, b)
	if known, ok := s.passes.GetIfPresent(p); ok {
		if rule(known) == nil {
			return nil
		}
		s.passes.Invalidate(p) // a refusal may have ended on another node
	}
	found, err := s.passes.Get(ctx, p, otter.LoaderFunc[pair, pass](s.readPass))
	if err != nil {
		return err
	}
	return rule(found)
}

func (s *Service) readPass(ctx context.Context, p pair) (pass, error) {
	page, err := s.store.Relation(ctx, p.owner, p.other)
	if err != nil {
		return pass{}, err
	}
	s.finish(ctx, p.owner, &page)
	return pass{friends: page.Friend, blocked: page.Blocked()}, nil
}

// NotFriends are those of others who are not u's friends, or whom u may not
// write to, in the order given.
func (s *Service) NotFriends(ctx context.Context, u id.User, others []id.User) ([]id.User, error) {
	refused := make([]bool, len(others))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(lookups)
	for i, o := range others {
		if o == u {
			continue
		}
		g.Go(func() error {
			err := s.MayWrite(ctx, u, o)
			if refused[i] = errors.Is(err, ErrNotFriends) || errors.Is(err, ErrBlocked); refused[i] {
				return nil
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	var out []id.User
	for i, o := range others {
		if refused[i] {
			out = append(out, o)
		}
	}
	return out, nil
}
