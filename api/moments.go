package api

import (
	"context"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// Moments is what friends share. *feed.Service fits.
type Moments interface {
	Post(ctx context.Context, author id.User, d feed.Draft) (feed.Moment, error)
	Get(ctx context.Context, viewer id.User, post string) (feed.Moment, error)
	Delete(ctx context.Context, u id.User, post string) error
	SetAudience(ctx context.Context, u id.User, post string, a feed.Audience) (feed.Moment, error)
	Timeline(ctx context.Context, viewer id.User, before string, limit int) ([]feed.Moment, string, error)
	Profile(ctx context.Context, viewer id.User, author, before string, limit int) ([]feed.Moment, string, error)
	As(ctx context.Context, author id.User, friend, before string, limit int) ([]feed.Moment, string, error)
	Like(ctx context.Context, u id.User, post string) error
	Unlike(ctx context.Context, u id.User, post string) error
	Comment(ctx context.Context, u id.User, post, text, replyTo string) (feed.Said, error)
	DeleteComment(ctx context.Context, u id.User, post, comment string) error
	MuteAbout(ctx context.Context, u id.User, post string) error
	UnmuteAbout(ctx context.Context, u id.User, post string) error
	Why(ctx context.Context, author id.User, post, cursor string, limit int) ([]feed.Verdict, string, error)
	Preview(ctx context.Context, author id.User, a feed.Audience) ([]id.User, error)
}

func (s *server) createMoment(ctx context.Context, c *call, in newMoment) (moment, error) {
	d, err := in.read()
	if err != nil {
		return moment{}, err
	}
	m, err := s.moments.Post(ctx, c.user, d)
	return momentOf(m), err
}

func (s *server) getMoment(ctx context.Context, c *call, _ none) (moment, error) {
	m, err := s.moments.Get(ctx, c.user, c.named("post"))
	return momentOf(m), err
}

func (s *server) changeMoment(ctx context.Context, c *call, in momentChange) (moment, error) {
	m, err := s.moments.SetAudience(ctx, c.user, c.named("post"), in.Audience.read())
	return momentOf(m), err
}

func (s *server) deleteMoment(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.moments.Delete(ctx, c.user, c.named("post"))
}

// momentPage reads a page of moments.
func momentPage(c *call, read func(before string, limit int) ([]feed.Moment, string, error)) (list[moment], error) {
	_, limit, err := c.page()
	if err != nil {
		return list[moment]{}, err
	}
	page, next, err := read(c.query.Get(momentBefore.name), limit)
	return listOf(each(page, momentOf), next), err
}

func (s *server) listMoments(ctx context.Context, c *call, _ none) (list[moment], error) {
	return momentPage(c, func(before string, limit int) ([]feed.Moment, string, error) {
		return s.moments.Timeline(ctx, c.user, before, limit)
	})
}

func (s *server) listUserMoments(ctx context.Context, c *call, _ none) (list[moment], error) {
	return momentPage(c, func(before string, limit int) ([]feed.Moment, string, error) {
		return s.moments.Profile(ctx, c.user, c.named("user"), before, limit)
	})
}

// listMyMoments shows me my own moments, or what a friend sees of them.
func (s *server) listMyMoments(ctx context.Context, c *call, _ none) (list[moment], error) {
	return momentPage(c, func(before string, limit int) ([]feed.Moment, string, error) {
		if c.query.Has(momentsAs.name) {
			return s.moments.As(ctx, c.user, c.query.Get(momentsAs.name), before, limit)
		}
		return s.moments.Profile(ctx, c.user, string(c.user), before, limit)
	})
}

func (s *server) likeMoment(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.moments.Like(ctx, c.user, c.named("post"))
}

func (s *server) unlikeMoment(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.moments.Unlike(ctx, c.user, c.named("post"))
}

func (s *server) createComment(ctx context.Context, c *call, in newComment) (comment, error) {
	said, err := s.moments.Comment(ctx, c.user, c.named("post"), in.Text, in.ReplyTo)
	return commentOf(said), err
}

func (s *server) deleteComment(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.moments.DeleteComment(ctx, c.user, c.named("post"), c.named("comment"))
}

func (s *server) muteMoment(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.moments.MuteAbout(ctx, c.user, c.named("post"))
}

func (s *server) unmuteMoment(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.moments.UnmuteAbout(ctx, c.user, c.named("post"))
}

func (s *server) explainMoment(ctx context.Context, c *call, _ none) (list[verdict], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[verdict]{}, err
	}
	page, next, err := s.moments.Why(ctx, c.user, c.named("post"), cursor, limit)
	return listOf(each(page, verdictOf), next), err
}

func (s *server) previewAudience(ctx context.Context, c *call, in audiencePreview) (previewed, error) {
	users, err := s.moments.Preview(ctx, c.user, in.Audience.read())
	return previewed{texts(users), len(users)}, err
}
