package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Erase is for somebody who has left for good. Their moments are deleted; what they
// did to those of others, known being all who ever were their friends, is undone and
// forgotten; and so is their timeline. Notices that tell of any of it are withdrawn.
// Called again, it goes on where it was interrupted.
func (s *Service) Erase(ctx context.Context, u id.User, known []id.User) error {
	if err := s.eraseOwn(ctx, u); err != nil {
		return fmt.Errorf("erase moments: %w", err)
	}
	err := each(ctx, len(known), func(ctx context.Context, i int) error { return s.eraseActs(ctx, u, known[i]) })
	if err != nil {
		return fmt.Errorf("erase likes and comments: %w", err)
	}
	if err := s.eraseTimeline(ctx, u); err != nil {
		return fmt.Errorf("erase a timeline: %w", err)
	}
	return nil
}

// every calls do with all references of a shelf, some at a time.
func (s *Service) every(ctx context.Context, refs shelf, do func(posts []id.Post) error) error {
	for before := id.Post(""); ; {
		posts, err := refs(ctx, before, readMost)
		if err != nil || len(posts) == 0 {
			return err
		}
		if err := do(posts); err != nil {
			return err
		}
		before = posts[len(posts)-1]
	}
}

func (s *Service) profileOf(author id.User) shelf {
	return func(ctx context.Context, before id.Post, limit int) ([]id.Post, error) {
		return s.store.Profile(ctx, author, before, limit)
	}
}

// eraseOwn deletes all moments of an author, as Delete does one.
func (s *Service) eraseOwn(ctx context.Context, u id.User) error {
	return s.every(ctx, s.profileOf(u), func(posts []id.Post) error {
		return each(ctx, len(posts), func(ctx context.Context, i int) error {
			m, _, err := s.changePost(ctx, posts[i], func(p *Post) { p.Deleted, p.Owed = true, true })
			switch {
			case errors.Is(err, fault.NotFound): // deleted before, which has a mark; or it never came to be
				return nil
			case err != nil:
				return err
			}
			return s.settle(ctx, posts[i], job{marks: []Mark{m}})
		})
	})
}

// eraseActs undoes what u did to an author's moments.
func (s *Service) eraseActs(ctx context.Context, u, author id.User) error {
	return s.every(ctx, s.profileOf(author), func(posts []id.Post) error {
		threads, err := s.store.Threads(ctx, posts)
		if err != nil {
			return err
		}
		for i := range threads {
			if err := s.eraseIn(ctx, u, &threads[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// eraseIn undoes what u did in a thread, as u could have, and forgets that it was.
func (s *Service) eraseIn(ctx context.Context, u id.User, t *Thread) error {
	var marks []Mark
	var forget []ActKey
	for i := range t.Acts {
		a := &t.Acts[i]
		if a.From != u {
			continue
		}
		if forget = append(forget, a.Key()); a.Kind == Mute || !a.On && !a.Owed { // nobody hears of it
			continue
		}
		m := s.mark(t.ID)
		if _, err := s.store.ChangeAct(ctx, t.ID, a.Key(), m, func(a *Act) error {
			a.On, a.Owed, a.Text = false, true, ""
			return nil
		}); err != nil {
			return err
		}
		marks = append(marks, m)
	}
	if len(forget) == 0 {
		return nil
	}
	if len(marks) > 0 {
		if err := s.settle(ctx, t.ID, job{marks: marks}); err != nil {
			return err
		}
	}
	return s.store.DropActs(ctx, t.ID, forget)
}

// eraseTimeline forgets which moments somebody could find.
func (s *Service) eraseTimeline(ctx context.Context, u id.User) error {
	refs := func(ctx context.Context, before id.Post, limit int) ([]id.Post, error) {
		return s.store.Timeline(ctx, u, before, limit)
	}
	return s.every(ctx, refs, func(posts []id.Post) error { return s.store.Unrefer(ctx, u, posts) })
}
