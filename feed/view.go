package feed

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// A Moment is a post as one person sees it, with what they see of what was done
// to it. No list is nil.
type Moment struct {
	ID       id.Post
	Author   id.User
	At       time.Time
	Text     string
	Media    []Medium
	Location *Location
	Card     *Card
	Mentions []id.User
	Audience *Audience // for its author alone; without Frozen
	Likes    []Liked   // the earliest first
	Comments []Said    // the earliest first
}

// A Liked is one like.
type Liked struct {
	User id.User
	At   time.Time
}

// A Said is one comment.
type Said struct {
	ID      id.Comment
	From    id.User
	Text    string
	ReplyTo *Reply
	At      time.Time
}

func saidOf(a *Act) Said {
	return Said{ID: id.Comment(a.ID), From: a.From, Text: a.Text, ReplyTo: a.ReplyTo, At: a.At}
}

// An eye is one viewer looking at one thread: whose acts they see of those who
// may see the post at all.
type eye struct {
	viewer, author id.User
	ties           map[id.User]Tie // the viewer's with everybody who acts
	said           map[string]*Act // comments that were not taken back
	seen           map[string]bool // what was decided about them
}

// newEye makes an eye for a thread. of is the viewer's ties with all who act in it.
func newEye(viewer id.User, t *Thread, ties map[id.User]Tie) *eye {
	e := &eye{viewer: viewer, author: t.Author, ties: ties, said: map[string]*Act{}, seen: map[string]bool{}}
	for i := range t.Acts {
		if a := &t.Acts[i]; a.Kind == Comment && a.On {
			e.said[a.ID] = a
		}
	}
	return e
}

// somebody tells whether the viewer sees what somebody does: themselves and
// friends, and the author everybody; nobody where one blocks the other.
func (e *eye) somebody(u id.User) bool {
	if u == e.viewer {
		return true
	}
	tie := e.ties[u]
	return !tie.Blocks && !tie.Blocked && (tie.Friends || e.viewer == e.author)
}

// comment tells whether the viewer sees a comment. A reply needs the same of whom
// it answers, and goes where what it answers is gone or unseen; but its writer sees it.
func (e *eye) comment(a *Act) bool {
	if a.From == e.viewer {
		return true
	}
	if known, ok := e.seen[a.ID]; ok {
		return known
	}
	ok := e.somebody(a.From)
	if ok && a.ReplyTo != nil {
		parent := e.said[string(a.ReplyTo.ID)]
		ok = parent != nil && e.somebody(a.ReplyTo.User) && e.comment(parent)
	}
	e.seen[a.ID] = ok
	return ok
}

// view is a thread as somebody sees it who may see the post.
func (e *eye) view(t *Thread) Moment {
	m := Moment{
		ID: t.ID, Author: t.Author, At: t.At, Text: t.Text, Media: t.Media, Location: t.Location, Card: t.Card, Mentions: t.Mentions,
		Likes: []Liked{}, Comments: []Said{},
	}
	if m.Media == nil {
		m.Media = []Medium{}
	}
	if m.Mentions == nil {
		m.Mentions = []id.User{}
	}
	if e.viewer == t.Author {
		m.Audience = t.Audience.shown()
	}
	for i := range t.Acts {
		switch a := &t.Acts[i]; {
		case !a.On:
		case a.Kind == Like && e.somebody(a.From):
			m.Likes = append(m.Likes, Liked{a.From, a.At})
		case a.Kind == Comment && e.comment(a):
			m.Comments = append(m.Comments, saidOf(a))
		}
	}
	slices.SortStableFunc(m.Likes, func(a, b Liked) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.User, b.User)) })
	slices.SortStableFunc(m.Comments, func(a, b Said) int { return cmp.Compare(a.ID, b.ID) })
	return m
}

// actors adds everybody who acts in a thread and sees or is seen by it, but for
// the viewer, to a set.
func (t *Thread) actors(viewer id.User, set map[id.User]struct{}) {
	for i := range t.Acts {
		a := &t.Acts[i]
		if !a.On || a.Kind == Mute {
			continue
		}
		if a.From != viewer {
			set[a.From] = struct{}{}
		}
		if a.ReplyTo != nil && a.ReplyTo.User != viewer {
			set[a.ReplyTo.User] = struct{}{}
		}
	}
}

// index finds acts that are on.
func (t *Thread) index() map[ActKey]*Act {
	on := make(map[ActKey]*Act, len(t.Acts))
	for i := range t.Acts {
		if a := &t.Acts[i]; a.On {
			on[a.Key()] = a
		}
	}
	return on
}

// views are threads that the viewer may see, as they see them. known are ties
// that were read already.
func (s *Service) views(ctx context.Context, viewer id.User, threads []Thread, known map[id.User]Tie) ([]Moment, error) {
	set := map[id.User]struct{}{}
	for i := range threads {
		threads[i].actors(viewer, set)
	}
	var missing []id.User
	for u := range set {
		if _, ok := known[u]; !ok {
			missing = append(missing, u)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		standings, err := s.ties.Standings(ctx, viewer, missing)
		if err != nil {
			return nil, err
		}
		if known == nil {
			known = make(map[id.User]Tie, len(missing))
		}
		for i, u := range missing {
			known[u] = standings[i]
		}
	}
	out := make([]Moment, len(threads))
	for i := range threads {
		out[i] = newEye(viewer, &threads[i], known).view(&threads[i])
	}
	return out, nil
}
