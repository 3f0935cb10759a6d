package feed

import (
	"context"
	"slices"

	"github.com/teahouse-im/teahouse/id"
)

// An event is what somebody hears of: one time that an act was done. The zero
// event is a mention in the post itself.
type event struct {
	about ActKey
	turn  int64
}

func eventOf(a *Act) event { return event{a.Key(), a.Turn} }

// hearers are who is told of an act that was just done: the author of everything;
// of a comment also those who liked or commented before, if they see the post and
// the comment. Nobody hears of what they do themselves, or of a post they mute.
func (s *Service) hearers(ctx context.Context, t *Thread, a *Act) ([]id.User, error) {
	others, err := s.seers(ctx, t, a, t.concerned(a))
	if err != nil {
		return nil, err
	}
	rules, err := s.rules(ctx, t, others)
	if err != nil {
		return nil, err
	}
	var out []id.User
	for i, u := range others {
		if rules[i].Sees() {
			out = append(out, u)
		}
	}
	return out, nil
}

// concerned are whom an act may concern: the author and, if it is a comment, who
// liked or commented before; but not who did it, nor who mutes the post.
func (t *Thread) concerned(a *Act) []id.User {
	out := []id.User{t.Author}
	for i := range t.Acts {
		b := &t.Acts[i]
		before := b.Kind == Like && !b.At.After(a.At) || b.Kind == Comment && b.ID < a.ID
		if b.On && before && a.Kind == Comment {
			out = append(out, b.From)
		}
	}
	slices.Sort(out)
	on := t.index()
	return slices.DeleteFunc(slices.Compact(out), func(u id.User) bool {
		return u == a.From || on[ActKey{Mute, string(u)}] != nil
	})
}

// seers are those of viewers, who see the post, that see an act under it.
func (s *Service) seers(ctx context.Context, t *Thread, a *Act, viewers []id.User) ([]id.User, error) {
	if len(viewers) == 0 {
		return nil, nil
	}
	said := newEye("", t, nil).said
	if a.Kind == Comment {
		said[a.ID] = a
	}
	ties := make(map[id.User]map[id.User]Tie, len(viewers)) // of each viewer with each writer
	for _, u := range viewers {
		ties[u] = map[id.User]Tie{}
	}
	for _, writer := range writers(said, a) {
		standings, err := s.ties.Standings(ctx, writer, viewers)
		if err != nil {
			return nil, err
		}
		for i, u := range viewers {
			ties[u][writer] = standings[i].turned()
		}
	}
	return slices.DeleteFunc(viewers, func(u id.User) bool {
		e := eye{viewer: u, author: t.Author, ties: ties[u], said: said, seen: map[string]bool{}}
		if a.Kind == Comment {
			return !e.comment(a)
		}
		return !e.somebody(a.From)
	}), nil
}

// writers are who wrote an act and what it answers, up to the first.
func writers(said map[string]*Act, a *Act) []id.User {
	out := []id.User{a.From}
	for a.ReplyTo != nil {
		if !slices.Contains(out, a.ReplyTo.User) {
			out = append(out, a.ReplyTo.User)
		}
		if a = said[string(a.ReplyTo.ID)]; a == nil {
			break
		}
	}
	return out
}
