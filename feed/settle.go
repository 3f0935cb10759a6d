package feed

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

const (
	// settlersIdle bounds the goroutines that wait for a post to settle.
	settlersIdle = 16
	// spreadsMost bounds how many posts a node spreads at a time; each has all friends in memory.
	spreadsMost = 8
	// settleTimeout bounds one attempt at what follows from a post or an act.
	settleTimeout = 30 * time.Second
	// early is how old a mark is at least before one that leads to nothing is
	// dropped: the post may be on its way.
	early = 2 * time.Minute
)

// errEarly is a mark that leads to nothing yet.
var errEarly = errors.New("the post may be on its way")

// settle does all that is owed because of a post: references, notices, their
// withdrawal. Each step may be repeated, by anybody, at any time, also by several
// at once. What changes meanwhile has a mark of its own.
func (s *Service) settle(ctx context.Context, p id.Post, j job) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	t, err := s.thread(ctx, p)
	switch {
	case errors.Is(err, ErrUnknown):
		err = s.settleGone(ctx, p, j.marks)
	case err != nil:
	case t.Deleted:
		err = s.bury(ctx, t)
	default:
		err = s.settleThread(ctx, t, &j)
	}
	if err != nil {
		return err
	}
	return s.store.DropMarks(ctx, j.marks)
}

func (s *Service) settleThread(ctx context.Context, t *Thread, j *job) error {
	if t.Owed && t.Audience.Kind != Private {
		if err := s.spread(ctx, t, j.fresh); err != nil {
			return err
		}
	}
	notices, err := s.owed(ctx, t, j.hear)
	if err != nil {
		return err
	}
	gone, err := s.outlived(ctx, t)
	if err != nil {
		return err
	}
	late, err := s.tell(ctx, t.ID, notices)
	if err != nil {
		return err
	}
	if err := s.withdraw(ctx, t.ID, append(gone, late...)); err != nil {
		return err
	}
	j.tell()
	return s.paid(ctx, t)
}

// thread reads one post with its acts. ErrUnknown.
func (s *Service) thread(ctx context.Context, p id.Post) (*Thread, error) {
	threads, err := s.store.Threads(ctx, []id.Post{p})
	if err != nil {
		return nil, err
	}
	if len(threads) == 0 {
		return nil, ErrUnknown
	}
	return &threads[0], nil
}

// spread puts references into the timelines of all friends, whoever may see it
// now; then it hints those who do.
func (s *Service) spread(ctx context.Context, t *Thread, hint bool) error {
	select {
	case s.spreads <- struct{}{}:
		defer func() { <-s.spreads }()
	case <-ctx.Done():
		return ctx.Err()
	}
	friends, err := s.ties.Friends(ctx, t.Author)
	if err != nil || len(friends) == 0 {
		return err
	}
	viewers := make([]id.User, len(friends))
	for i := range friends {
		viewers[i] = friends[i].User
	}
	if err := s.store.Refer(ctx, t.ID, viewers); err != nil || !hint {
		return err
	}
	rules, err := s.rules(ctx, t, viewers)
	for i, rule := range rules {
		if rule.Sees() {
			s.hint(viewers[i], t.Author, t.ID)
		}
	}
	if err != nil {
		s.opt.Failed(fmt.Errorf("hint at %s: %w", t.ID, err)) // it may be lost
	}
	return nil
}

// owed are the notices that are still to be written, the earliest first. known is
// who hears of what, where that was found out before.
func (s *Service) owed(ctx context.Context, t *Thread, known map[event][]id.User) ([]notice, error) {
	var out []notice
	stands := t.standing()
	add := func(a *Act, to []id.User) error {
		for _, u := range to {
			n, err := t.notice(u, a)
			if err != nil {
				return err
			}
			if stands(&n.Told) {
				out = append(out, n)
			}
		}
		return nil
	}
	if t.Owed {
		to, ok := known[event{}]
		if !ok {
			rules, err := s.rules(ctx, t, t.Mentions)
			if err != nil {
				return nil, err
			}
			for i, rule := range rules {
				if rule.Sees() {
					to = append(to, t.Mentions[i])
				}
			}
		}
		if err := add(nil, to); err != nil {
			return nil, err
		}
	}
	var acts []*Act
	for i := range t.Acts {
		if a := &t.Acts[i]; a.Owed && a.On {
			acts = append(acts, a)
		}
	}
	slices.SortStableFunc(acts, func(a, b *Act) int { return a.At.Compare(b.At) })
	for _, a := range acts {
		to, ok := known[eventOf(a)]
		if !ok {
			var err error
			if to, err = s.hearers(ctx, t, a); err != nil {
				return nil, err
			}
		}
		if err := add(a, to); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// outlived are notices about what was undone. The thread is read once more, after
// them: what was noted since t was read may be about what t does not show yet.
func (s *Service) outlived(ctx context.Context, t *Thread) ([]Told, error) {
	if !slices.ContainsFunc(t.Acts, func(a Act) bool { return a.Owed && (!a.On || a.Turn > 1) }) {
		return nil, nil
	}
	told, err := s.store.ToldOf(ctx, t.ID)
	if err != nil || len(told) == 0 {
		return nil, err
	}
	now, err := s.thread(ctx, t.ID)
	if errors.Is(err, ErrUnknown) {
		return told, nil
	}
	if err != nil {
		return nil, err
	}
	stands := now.standing()
	return slices.DeleteFunc(told, func(n Told) bool { return stands(&n) }), nil
}

// paid notes that nothing is owed any more for a thread as it was read, and
// forgets comments that were taken back. Likes stay: they count their turns.
func (s *Service) paid(ctx context.Context, t *Thread) error {
	if t.Owed {
		_, err := s.store.ChangePost(ctx, t.ID, Mark{}, func(p *Post) error {
			if !p.Deleted && reflect.DeepEqual(p.Audience, t.Audience) {
				p.Owed = false
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrUnknown) {
			return err
		}
	}
	var forget []ActKey
	for i := range t.Acts {
		a := &t.Acts[i]
		switch {
		case !a.Owed:
		case a.Kind == Comment && !a.On:
			forget = append(forget, a.Key())
		default:
			_, err := s.store.ChangeAct(ctx, t.ID, a.Key(), Mark{}, func(b *Act) error {
				if a.Turn == b.Turn && a.On == b.On {
					b.Owed = false
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
	}
	if len(forget) == 0 {
		return nil
	}
	return s.store.DropActs(ctx, t.ID, forget)
}

// bury withdraws all that was told of a deleted post, and forgets it.
func (s *Service) bury(ctx context.Context, t *Thread) error {
	told, err := s.store.ToldOf(ctx, t.ID)
	if err != nil {
		return err
	}
	if err := s.withdraw(ctx, t.ID, told); err != nil {
		return err
	}
	if len(t.Media) > 0 {
		if err := s.library.Uncarry(ctx, t.ID, t.media()); err != nil {
			return err
		}
	}
	return s.store.DropPost(ctx, t.Author, t.ID)
}

// settleGone is for marks that lead to no post: it was forgotten, or is not there
// yet, or never came to be. What was noted of it meanwhile is withdrawn, and what
// was done to it forgotten. Other nodes' marks are as old as the wall clock says: a
// node whose own clock was moved must not bury what is being posted elsewhere.
func (s *Service) settleGone(ctx context.Context, p id.Post, marks []Mark) error {
	for _, m := range marks {
		if s.opt.Wall().Sub(m.at()) < early {
			return errEarly
		}
	}
	told, err := s.store.ToldOf(ctx, p)
	if err != nil {
		return err
	}
	if err := s.withdraw(ctx, p, told); err != nil {
		return err
	}
	return s.store.DropPost(ctx, "", p)
}

// at is when a mark was made.
func (m *Mark) at() time.Time {
	sec, nsec := m.ID.Time().UnixTime()
	return time.Unix(sec, nsec)
}

// Befriended gives two new friends references to each other's latest posts. Doing
// it again changes nothing.
func (s *Service) Befriended(ctx context.Context, a, b id.User) error {
	return errors.Join(s.backfill(ctx, a, b), s.backfill(ctx, b, a))
}

// backfill puts an author's latest posts, of those that are for others at all,
// into a timeline.
func (s *Service) backfill(ctx context.Context, viewer, author id.User) error {
	var fill []id.Post
	for before, more := id.Post(""), true; more && len(fill) < s.opt.BackFill; {
		posts, err := s.store.Profile(ctx, author, before, readMost)
		if err != nil {
			return err
		}
		threads, err := s.store.Threads(ctx, posts)
		if err != nil {
			return err
		}
		for i := range threads {
			if t := &threads[i]; t.Audience.Kind != Private && !t.Deleted && len(fill) < s.opt.BackFill {
				fill = append(fill, t.ID)
			}
		}
		if more = len(posts) == readMost; more {
			before = posts[len(posts)-1]
		}
	}
	if len(fill) == 0 {
		return nil
	}
	return s.store.Fill(ctx, viewer, fill)
}
