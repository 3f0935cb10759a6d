package feed

import (
	"context"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// A Verdict is whether a friend sees a moment, and why, as its author is told:
// as if the friend had chosen nothing.
type Verdict struct {
	User id.User
	Sees bool
	Rule Rule
}

// Why tells the author which friends see a post and by which rule, a page at a
// time, by User. next is "" on the last page; limit 0 is the usual one. NotFound;
// Forbidden: it is somebody else's; BadRequest.
func (s *Service) Why(ctx context.Context, author id.User, post, cursor string, limit int) (page []Verdict, next string, err error) {
	if limit, err = pageLimit(limit); err != nil {
		return nil, "", err
	}
	after, ok := id.ParseUser(cursor)
	if cursor != "" && !ok {
		return nil, "", errCursor
	}
	t, err := s.own(ctx, author, post)
	if err != nil {
		return nil, "", err
	}
	page, err = s.verdicts(ctx, &t.Post, s.now())
	if err != nil {
		return nil, "", err
	}
	if cursor != "" {
		from, there := slices.BinarySearchFunc(page, after, func(v Verdict, u id.User) int { return compare(v.User, u) })
		if there {
			from++
		}
		page = page[from:]
	}
	if len(page) > limit {
		page, next = page[:limit], string(page[limit-1].User)
	}
	return page, next, nil
}

// verdicts are what the author is told of all friends, by User.
func (s *Service) verdicts(ctx context.Context, p *Post, now time.Time) ([]Verdict, error) {
	friends, err := s.ties.Friends(ctx, p.Author)
	if err != nil {
		return nil, err
	}
	authors, err := s.authors.Authors(ctx, []id.User{p.Author})
	if err != nil {
		return nil, err
	}
	out := make([]Verdict, len(friends))
	for i := range friends {
		f := &friends[i]
		rule := Visible(f.User, p, f.turned().told(), authors[0], now)
		out[i] = Verdict{f.User, rule.Sees(), rule}
	}
	slices.SortFunc(out, func(a, b Verdict) int { return compare(a.User, b.User) })
	return out, nil
}

// own finds a post of the author's. NotFound; Forbidden: it is somebody else's.
func (s *Service) own(ctx context.Context, author id.User, post string) (*Thread, error) {
	t, err := s.seen(ctx, author, post)
	if err == nil && t.Author != author {
		err = fault.Forbidden.Saying("This is somebody else's moment.")
	}
	return t, err
}
