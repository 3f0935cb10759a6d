package feed

import (
	"context"
	"errors"
	"fmt"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Like likes a post. It may be liked. NotFound.
func (s *Service) Like(ctx context.Context, u id.User, post string) error {
	return s.turn(ctx, u, post, Like, true)
}

// Unlike takes a like back. There may be none. NotFound.
func (s *Service) Unlike(ctx context.Context, u id.User, post string) error {
	return s.turn(ctx, u, post, Like, false)
}

// MuteAbout keeps u from hearing of a post. NotFound.
func (s *Service) MuteAbout(ctx context.Context, u id.User, post string) error {
	return s.turn(ctx, u, post, Mute, true)
}

// UnmuteAbout lets u hear of a post again. NotFound.
func (s *Service) UnmuteAbout(ctx context.Context, u id.User, post string) error {
	return s.turn(ctx, u, post, Mute, false)
}

// turn turns a like or a mute on or off.
func (s *Service) turn(ctx context.Context, u id.User, post, kind string, on bool) error {
	t, err := s.seen(ctx, u, post)
	if err != nil {
		return err
	}
	k := ActKey{kind, string(u)}
	if (t.index()[k] != nil) == on {
		return nil
	}
	now := s.now()
	return s.do(ctx, t, k, func(a *Act) error {
		if a.On == on {
			return nil
		}
		a.On = on
		a.Owed = kind != Mute
		if on {
			a.From, a.At = u, now
			a.Turn++
		}
		return nil
	})
}

// Comment says something under a post, perhaps in reply to a comment there.
// NotFound: there is no such post, or comment, that u may see; BadRequest;
// Conflict: there are as many as there can be.
func (s *Service) Comment(ctx context.Context, u id.User, post, text, replyTo string) (Said, error) {
	if err := s.checkText(text, "/text"); err != nil {
		return Said{}, err
	}
	if blank(text) {
		return Said{}, fault.BadRequest.At("/text", "is empty")
	}
	t, err := s.seen(ctx, u, post)
	if err != nil {
		return Said{}, err
	}
	if t.comments() >= s.opt.Comments {
		return Said{}, fault.Conflict.Saying(fmt.Sprintf("There are %d comments, and no room for more.", s.opt.Comments))
	}
	now := s.opt.Now().UTC()
	said := Said{ID: id.NewComment(now), From: u, Text: text, At: precise(now)}
	if replyTo != "" {
		to, err := s.comment(ctx, u, t, replyTo)
		switch {
		case errors.Is(err, fault.NotFound):
			return Said{}, fault.NotFound.At("/reply_to", "is no comment here")
		case err != nil:
			return Said{}, err
		}
		said.ReplyTo = &Reply{to.ID, to.From}
	}
	return said, s.do(ctx, t, ActKey{Comment, string(said.ID)}, func(a *Act) error {
		a.From, a.At, a.Text, a.ReplyTo = u, said.At, text, said.ReplyTo
		a.On, a.Turn, a.Owed = true, 1, true
		return nil
	})
}

// DeleteComment takes a comment away: its writer may, and the author of the post.
// NotFound: there is none that u may see; Forbidden.
func (s *Service) DeleteComment(ctx context.Context, u id.User, post, comment string) error {
	t, err := s.seen(ctx, u, post)
	if err != nil {
		return err
	}
	said, err := s.comment(ctx, u, t, comment)
	switch {
	case err != nil:
		return err
	case said.From != u && t.Author != u:
		return fault.Forbidden.Saying("This is somebody else's comment.")
	}
	return s.do(ctx, t, ActKey{Comment, comment}, func(a *Act) error {
		if !a.On {
			return fault.NotFound
		}
		a.On, a.Owed, a.Text = false, true, ""
		return nil
	})
}

// comment finds a comment that u may see in a thread that u may see. NotFound.
func (s *Service) comment(ctx context.Context, u id.User, t *Thread, comment string) (Said, error) {
	m, err := s.view(ctx, u, t)
	if err != nil {
		return Said{}, err
	}
	for _, c := range m.Comments {
		if string(c.ID) == comment {
			return c, nil
		}
	}
	return Said{}, fault.NotFound
}

// do changes an act under a post that was seen, and has what follows done. Who
// hears of it is found out before it returns: what people may see after that is
// another matter.
func (s *Service) do(ctx context.Context, t *Thread, k ActKey, change func(*Act) error) error {
	m := s.mark(t.ID)
	a, err := s.store.ChangeAct(ctx, t.ID, k, m, change)
	if err != nil {
		return err
	}
	j := job{marks: []Mark{m}}
	if a.On && a.Owed {
		if to, err := s.hearers(ctx, t, &a); err == nil { // otherwise it is found out later
			j.hear = map[event][]id.User{eventOf(&a): to}
		}
	}
	s.attend(ctx, t.ID, j)
	return nil
}

func (t *Thread) comments() int {
	n := 0
	for i := range t.Acts {
		if a := &t.Acts[i]; a.Kind == Comment && a.On {
			n++
		}
	}
	return n
}
