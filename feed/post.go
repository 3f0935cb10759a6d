package feed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const (
	placeRunes = 200 // of a location's name
	cardRunes  = 64  // of a card's title
)

// A Draft is what somebody wants to post. Mentions of people outside the audience
// are dropped.
type Draft struct {
	Text     string
	Media    []string
	Location *Location
	Card     *Card
	Mentions []string
	Audience Audience
}

// Post shares a moment. When it returns, the post is durable and its author and
// whoever may see it can read it; timelines of friends have it soon after.
// BadRequest, ErrNotFriends.
func (s *Service) Post(ctx context.Context, author id.User, d Draft) (Moment, error) {
	now := s.opt.Now().UTC()
	p := Post{ID: id.NewPost(now), Author: author, At: precise(now), Text: d.Text, Location: d.Location, Card: d.Card, Owed: true}
	if err := errors.Join(s.checkDraft(&d), s.checkCard(ctx, d.Card)); err != nil {
		return Moment{}, err
	}
	var err error
	if p.Audience, err = s.audience(ctx, author, d.Audience, "/audience"); err != nil {
		return Moment{}, err
	}
	if p.Media, err = s.media(ctx, author, d.Media); err != nil {
		return Moment{}, err
	}
	hear, err := s.mention(ctx, &p, d.Mentions)
	if err != nil {
		return Moment{}, err
	}
	if err := s.carry(ctx, &p); err != nil {
		return Moment{}, err
	}
	m := s.mark(p.ID)
	if err := s.store.CreatePost(ctx, p, m); err != nil {
		return Moment{}, err
	}
	s.soon(p.ID, job{marks: []Mark{m}, fresh: true, hear: map[event][]id.User{{}: hear}})
	return newEye(author, &Thread{Post: p}, nil).view(&Thread{Post: p}), nil
}

func (s *Service) checkDraft(d *Draft) error {
	if err := s.checkText(d.Text, "/text"); err != nil {
		return err
	}
	if blank(d.Text) && len(d.Media) == 0 && d.Location == nil && d.Card == nil {
		return fault.BadRequest.At("/text", "is empty, and there is nothing else")
	}
	if l := d.Location; l != nil {
		switch {
		case !(l.Lat >= -90 && l.Lat <= 90):
			return fault.BadRequest.At("/location/lat", "is not a latitude in degrees")
		case !(l.Lng >= -180 && l.Lng <= 180):
			return fault.BadRequest.At("/location/lng", "is not a longitude in degrees")
		case utf8.RuneCountInString(l.Name) > placeRunes:
			return fault.BadRequest.At("/location/name", fmt.Sprintf("has more than %d characters", placeRunes))
		case !isText(l.Name):
			return fault.BadRequest.At("/location/name", "is no text")
		}
	}
	if len(d.Mentions) > s.opt.Mentions {
		return fault.BadRequest.At("/mentions", fmt.Sprintf("has more than %d people", s.opt.Mentions))
	}
	for i, m := range d.Mentions {
		if _, ok := id.ParseUser(m); !ok {
			return fault.BadRequest.At(fmt.Sprintf("/mentions/%d", i), "is no user id")
		}
	}
	return nil
}

// checkCard checks that a card shows a page of an app that there is.
func (s *Service) checkCard(ctx context.Context, c *Card) error {
	if c == nil {
		return nil
	}
	switch {
	case blank(c.Title) || !isText(c.Title):
		return fault.BadRequest.At("/app_card/title", "is no title")
	case utf8.RuneCountInString(c.Title) > cardRunes:
		return fault.BadRequest.At("/app_card/title", fmt.Sprintf("has more than %d characters", cardRunes))
	case !id.IsPage(c.Page):
		return fault.BadRequest.At("/app_card/page", "is no page of a mini-program, such as /queue?no=17")
	}
	err := s.opt.Apps(ctx, c.App)
	if errors.Is(err, fault.NotFound) {
		err = fault.BadRequest.At("/app_card/app", "is no app")
	}
	return err
}

// checkText checks what people write; at points into the request.
func (s *Service) checkText(text, at string) error {
	if !isText(text) {
		return fault.BadRequest.At(at, "is no text")
	}
	if utf8.RuneCountInString(text) > s.opt.TextRunes {
		return fault.BadRequest.At(at, fmt.Sprintf("has more than %d characters", s.opt.TextRunes))
	}
	return nil
}

func isText(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

// blank tells whether a text has nothing to see in it.
func blank(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) }) < 0
}

// media finds what a post is to show: some pictures, or one film.
func (s *Service) media(ctx context.Context, author id.User, named []string) ([]Medium, error) {
	if len(named) == 0 {
		return nil, nil
	}
	if len(named) > s.opt.Images {
		return nil, fault.BadRequest.At("/media", fmt.Sprintf("has more than %d images", s.opt.Images))
	}
	ids := make([]id.Media, len(named))
	for i, name := range named {
		m, ok := id.ParseMedia(name)
		switch at := fmt.Sprintf("/media/%d", i); {
		case !ok:
			return nil, fault.BadRequest.At(at, "is no upload of yours")
		case slices.Contains(ids[:i], m):
			return nil, fault.BadRequest.At(at, "is there twice")
		}
		ids[i] = m
	}
	found, err := s.library.Media(ctx, author, ids)
	if err != nil {
		return nil, err
	}
	for i := range found {
		image, film := strings.HasPrefix(found[i].Type, "image/"), strings.HasPrefix(found[i].Type, "video/")
		switch at := fmt.Sprintf("/media/%d", i); {
		case found[i].ID != ids[i]:
			return nil, fault.BadRequest.At(at, "is no upload of yours")
		case !image && !film:
			return nil, fault.BadRequest.At(at, "is neither an image nor a video")
		case film && len(found) > 1:
			return nil, fault.BadRequest.At(at, "is a video, which goes alone")
		}
	}
	return found, nil
}

// carry notes what a post shows, before it does.
func (s *Service) carry(ctx context.Context, p *Post) error {
	if len(p.Media) == 0 {
		return nil
	}
	return s.library.Carry(ctx, p.ID, p.media())
}

func (p *Post) media() []id.Media {
	ids := make([]id.Media, len(p.Media))
	for i := range p.Media {
		ids[i] = p.Media[i].ID
	}
	return ids
}

// mention notes who of those named is in the audience, by the rules the author is
// told of, and returns who may hear of it, by all rules.
func (s *Service) mention(ctx context.Context, p *Post, named []string) (hear []id.User, err error) {
	var others []id.User
	for _, name := range named {
		if u := id.User(name); u != p.Author && !slices.Contains(others, u) {
			others = append(others, u)
		}
	}
	if len(others) == 0 {
		return nil, nil
	}
	rules, err := s.rules(ctx, &Thread{Post: *p}, others)
	if err != nil {
		return nil, err
	}
	for i, u := range others {
		switch rules[i] {
		case ViewerBlocks, ViewerHides, ViewerChats:
			p.Mentions = append(p.Mentions, u)
		default:
			if rules[i].Sees() {
				p.Mentions, hear = append(p.Mentions, u), append(hear, u)
			}
		}
	}
	return hear, nil
}

// rules are by which each of some people sees a post, or does not.
func (s *Service) rules(ctx context.Context, t *Thread, viewers []id.User) ([]Rule, error) {
	if len(viewers) == 0 {
		return nil, nil
	}
	ties, err := s.ties.Ties(ctx, t.Author, viewers)
	if err != nil {
		return nil, err
	}
	authors, err := s.authors.Authors(ctx, []id.User{t.Author})
	if err != nil {
		return nil, err
	}
	now := s.now()
	out := make([]Rule, len(viewers))
	for i, u := range viewers {
		out[i] = Visible(u, &t.Post, ties[i].turned(), authors[0], now)
	}
	return out, nil
}

// Delete takes a post away from everybody at once; what was told of it is
// withdrawn, and then it is forgotten. NotFound; Forbidden: it is somebody else's.
func (s *Service) Delete(ctx context.Context, author id.User, post string) error {
	t, err := s.own(ctx, author, post)
	if err != nil {
		return err
	}
	m, _, err := s.changePost(ctx, t.ID, func(p *Post) { p.Deleted, p.Owed = true, true })
	if err != nil {
		return err
	}
	s.attend(ctx, t.ID, job{marks: []Mark{m}})
	return nil
}

// SetAudience changes for whom a post is, at once. NotFound; Forbidden: it is
// somebody else's; BadRequest, ErrNotFriends.
func (s *Service) SetAudience(ctx context.Context, author id.User, post string, a Audience) (Moment, error) {
	t, err := s.own(ctx, author, post)
	if err != nil {
		return Moment{}, err
	}
	if a, err = s.audience(ctx, author, a, "/audience"); err != nil {
		return Moment{}, err
	}
	m, changed, err := s.changePost(ctx, t.ID, func(p *Post) { p.Audience, p.Owed = a, true })
	if err != nil {
		return Moment{}, err
	}
	s.soon(t.ID, job{marks: []Mark{m}})
	t.Post = changed
	return s.view(ctx, author, t)
}

// changePost changes a post that is not deleted. What follows is to be done, and
// then the mark is to go.
func (s *Service) changePost(ctx context.Context, p id.Post, change func(*Post)) (m Mark, changed Post, err error) {
	m = s.mark(p)
	changed, err = s.store.ChangePost(ctx, p, m, func(p *Post) error {
		if p.Deleted {
			return fault.NotFound
		}
		change(p)
		return nil
	})
	if errors.Is(err, ErrUnknown) {
		err = fault.NotFound // the mark leads to nothing that is owed
	}
	return m, changed, err
}

func (s *Service) mark(p id.Post) Mark { return Mark{ID: id.NewEntry(s.now()), Post: p} }
