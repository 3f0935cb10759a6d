package feed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const (
	limitUsual = 50
	limitMost  = 200
	// readMost bounds how many references are looked up at a time.
	readMost = 200
	// unborn is how long a reference may point to nothing before it is taken for
	// one to a post that is gone: those in the author's own lists may be there first.
	unborn = time.Hour
)

var errCursor = fault.BadRequest.Saying("This is no cursor of this list.")

func pageLimit(limit int) (int, error) {
	if limit < 0 || limit > limitMost {
		return 0, fault.BadRequest.Saying(fmt.Sprintf("limit is from 1 to %d.", limitMost))
	}
	if limit == 0 {
		limit = limitUsual
	}
	return limit, nil
}

func compare(a, b id.User) int { return cmp.Compare(a, b) }

// Get is one moment. NotFound: there is none that viewer may see.
func (s *Service) Get(ctx context.Context, viewer id.User, post string) (Moment, error) {
	t, err := s.seen(ctx, viewer, post)
	if err != nil {
		return Moment{}, err
	}
	return s.view(ctx, viewer, t)
}

func (s *Service) view(ctx context.Context, viewer id.User, t *Thread) (Moment, error) {
	moments, err := s.views(ctx, viewer, []Thread{*t}, nil)
	if err != nil {
		return Moment{}, err
	}
	return moments[0], nil
}

// Shows tells whether viewer may see a post that shows a medium.
func (s *Service) Shows(ctx context.Context, viewer id.User, post id.Post, m id.Media) (bool, error) {
	t, err := s.seen(ctx, viewer, string(post))
	switch {
	case errors.Is(err, fault.NotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	return slices.ContainsFunc(t.Media, func(shown Medium) bool { return shown.ID == m }), nil
}

// Carries tells whether a post shows a medium to anybody.
func (s *Service) Carries(ctx context.Context, post id.Post, m id.Media) (bool, error) {
	p, ok := id.ParsePost(string(post))
	if !ok {
		return false, nil
	}
	threads, err := s.store.Threads(ctx, []id.Post{p})
	if err != nil || len(threads) == 0 || threads[0].Deleted {
		return false, err
	}
	return slices.ContainsFunc(threads[0].Media, func(shown Medium) bool { return shown.ID == m }), nil
}

// seen is the one door to a post: NotFound, alike, if there is none or viewer may
// not see it.
func (s *Service) seen(ctx context.Context, viewer id.User, post string) (*Thread, error) {
	p, ok := id.ParsePost(post)
	if !ok {
		return nil, fault.NotFound
	}
	threads, err := s.store.Threads(ctx, []id.Post{p})
	if err != nil {
		return nil, err
	}
	ties := map[id.User]Tie{}
	threads, err = s.visible(ctx, viewer, threads, ties)
	switch {
	case err != nil:
		return nil, err
	case len(threads) == 0:
		return nil, fault.NotFound
	}
	return &threads[0], nil
}

// visible are those of threads that viewer may see, in their order. It adds what
// it reads to ties. Threads are read first and ties after them, always: whoever is
// blocked before something is posted does not see it, however slow they read.
func (s *Service) visible(ctx context.Context, viewer id.User, threads []Thread, ties map[id.User]Tie) ([]Thread, error) {
	var others []id.User
	for i := range threads {
		if a := threads[i].Author; a != viewer && !slices.Contains(others, a) {
			others = append(others, a)
		}
	}
	settings := map[id.User]Author{}
	if len(others) > 0 {
		found, err := s.ties.Ties(ctx, viewer, others)
		if err != nil {
			return nil, err
		}
		authors, err := s.authors.Authors(ctx, others)
		if err != nil {
			return nil, err
		}
		for i, u := range others {
			ties[u], settings[u] = found[i], authors[i]
		}
	}
	now := s.now()
	return slices.DeleteFunc(threads, func(t Thread) bool {
		return !Visible(viewer, &t.Post, ties[t.Author], settings[t.Author], now).Sees()
	}), nil
}

// A shelf is a list of references, the newest first.
type shelf func(ctx context.Context, before id.Post, limit int) ([]id.Post, error)

func empty(context.Context, id.Post, int) ([]id.Post, error) { return nil, nil }

// Timeline are the moments of viewer and their friends, the newest first, a page
// at a time: those before a cursor, or from the newest on. next is "" when there
// are no more that viewer sees; limit 0 is the usual one. BadRequest.
func (s *Service) Timeline(ctx context.Context, viewer id.User, before string, limit int) (page []Moment, next string, err error) {
	refs := func(ctx context.Context, before id.Post, limit int) ([]id.Post, error) {
		return s.store.Timeline(ctx, viewer, before, limit)
	}
	ties := map[id.User]Tie{}
	threads, next, err := s.leaf(ctx, refs, before, limit, func(t []Thread, asked []id.Post) ([]Thread, error) {
		s.clean(viewer, t, asked)
		clear(ties) // what is kept was read after all threads
		return s.visible(ctx, viewer, t, ties)
	})
	if err != nil {
		return nil, "", err
	}
	page, err = s.views(ctx, viewer, threads, ties)
	return page, next, err
}

// Profile are the moments of one author, as Timeline. Of somebody who shows
// viewer nothing, or does not exist, there are none.
func (s *Service) Profile(ctx context.Context, viewer id.User, author, before string, limit int) (page []Moment, next string, err error) {
	a, ok := id.ParseUser(author)
	if !ok {
		return nil, "", fault.NotFound
	}
	ties := map[id.User]Tie{}
	newest := Thread{Post: Post{Author: a, At: s.now(), Audience: Audience{Kind: Friends, Mode: Live}}}
	if any, err := s.visible(ctx, viewer, []Thread{newest}, ties); err != nil {
		return nil, "", err
	} else if len(any) == 0 { // whoever sees nothing that is new and for all friends sees nothing
		_, _, err = s.leaf(ctx, empty, before, limit, nil)
		return []Moment{}, "", err
	}
	threads, next, err := s.profile(ctx, a, before, limit, func(t []Thread) ([]Thread, error) {
		clear(ties) // what is kept was read after all threads
		return s.visible(ctx, viewer, t, ties)
	})
	if err != nil {
		return nil, "", err
	}
	page, err = s.views(ctx, viewer, threads, ties)
	return page, next, err
}

// As shows the author how somebody sees their moments, as far as the author may
// know: by the rules Why tells of, whatever the other chose, and of what was done
// to them only what the author and that one did themselves: the rest depends on
// who else is whose friend. BadRequest.
func (s *Service) As(ctx context.Context, author id.User, as, before string, limit int) (page []Moment, next string, err error) {
	viewer, ok := id.ParseUser(as)
	if !ok {
		return nil, "", fault.BadRequest.Saying("as is no user id.")
	}
	if viewer == author {
		return s.Profile(ctx, author, string(author), before, limit)
	}
	found, err := s.ties.Ties(ctx, author, []id.User{viewer})
	if err != nil {
		return nil, "", err
	}
	authors, err := s.authors.Authors(ctx, []id.User{author})
	if err != nil {
		return nil, "", err
	}
	tie, now := found[0].turned().told(), s.now()
	threads, next, err := s.profile(ctx, author, before, limit, func(t []Thread) ([]Thread, error) {
		return slices.DeleteFunc(t, func(t Thread) bool { return !Visible(viewer, &t.Post, tie, authors[0], now).Sees() }), nil
	})
	page = make([]Moment, len(threads))
	for i := range threads {
		page[i] = newEye(viewer, &threads[i], map[id.User]Tie{author: tie}).view(&threads[i])
	}
	return page, next, err
}

func (s *Service) profile(ctx context.Context, author id.User, before string, limit int, visible func([]Thread) ([]Thread, error)) ([]Thread, string, error) {
	refs := func(ctx context.Context, before id.Post, limit int) ([]id.Post, error) {
		return s.store.Profile(ctx, author, before, limit)
	}
	return s.leaf(ctx, refs, before, limit, func(t []Thread, _ []id.Post) ([]Thread, error) { return visible(t) })
}

// leaf reads references until a page is full of what is visible and one more is
// seen to follow, or there are none left. A cursor is the last post of a page,
// there or not; it tells nothing of what the viewer does not see.
func (s *Service) leaf(ctx context.Context, refs shelf, before string, limit int, visible func(found []Thread, asked []id.Post) ([]Thread, error)) ([]Thread, string, error) {
	limit, err := pageLimit(limit)
	if err != nil {
		return nil, "", err
	}
	at, ok := id.ParsePost(before)
	if before != "" && !ok {
		return nil, "", errCursor
	}
	if before == "" {
		at = ""
	}
	var page []Thread
	for ask := limit + 1; ; ask = min(2*ask, readMost) {
		posts, err := refs(ctx, at, ask)
		if err != nil {
			return nil, "", err
		}
		if len(posts) > 0 {
			threads, err := s.store.Threads(ctx, posts)
			if err != nil {
				return nil, "", err
			}
			if threads, err = visible(threads, posts); err != nil {
				return nil, "", err
			}
			page = append(page, threads...)
			at = posts[len(posts)-1]
		}
		switch {
		case len(page) > limit:
			return page[:limit], string(page[limit-1].ID), nil
		case len(posts) < ask:
			return page, "", nil
		}
	}
}

// clean takes references out of a timeline that have pointed to nothing for long.
func (s *Service) clean(viewer id.User, found []Thread, asked []id.Post) {
	if len(found) == len(asked) {
		return
	}
	var gone []id.Post
	for _, p := range asked {
		if !slices.ContainsFunc(found, func(t Thread) bool { return t.ID == p }) && s.now().Sub(timeOf(p)) > unborn {
			gone = append(gone, p)
		}
	}
	if len(gone) > 0 {
		s.desk.hands.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), settleTimeout)
			defer cancel()
			if err := s.store.Unrefer(ctx, viewer, gone); err != nil {
				s.opt.Failed(fmt.Errorf("clean a timeline: %w", err))
			}
		})
	}
}

// timeOf is when a post was made, as its id says.
func timeOf(p id.Post) time.Time {
	u := p.UUID()
	sec, nsec := u.Time().UnixTime()
	return time.Unix(sec, nsec).UTC()
}
