package contact

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const (
	labelRunes = 64 // of an alias or a tag
	tagsMost   = 20
	// lookups bounds how many people are looked up at a time for one answer.
	lookups = 16
)

type (
	// Friend is one line of a contact list.
	Friend struct {
		User             id.User
		DisplayName      string
		Alias            string
		Tags             []string // never nil
		Starred          bool
		ChatOnly         bool
		HideMyMoments    bool
		HideTheirMoments bool
		Since            time.Time
	}
	// Increment is what changed in a contact list up to Version. Neither list is nil.
	Increment struct {
		Items   []Friend
		Removed []id.User
		Version string // opaque
	}
	// FriendChange changes what is set of it.
	FriendChange struct {
		Alias            *string
		Tags             *[]string
		Starred          *bool
		ChatOnly         *bool
		HideMyMoments    *bool
		HideTheirMoments *bool
	}
)

// Contacts are u's friends as far as they have changed since a version; "" asks
// for all. BadRequest: that was never a version.
func (s *Service) Contacts(ctx context.Context, u id.User, since string) (Increment, error) {
	after, err := s.versions.parse(u, since)
	if err != nil {
		return Increment{}, err
	}
	read := s.book
	if after > 0 {
		read = func(ctx context.Context, u id.User) ([]Relation, int64, error) { return s.store.Book(ctx, u, after) }
	}
	pages, version, err := read(ctx, u)
	if err != nil {
		return Increment{}, err
	}
	if after > version {
		return Increment{}, errVersion
	}
	// The version told is that of the list, not of the book: whoever was blocked,
	// or asked for something, would see it move.
	inc, latest := Increment{Items: []Friend{}, Removed: []id.User{}}, after
	for i := range pages {
		p := &pages[i]
		s.finish(ctx, u, p)
		if !p.Friend && !p.Removed || p.listed() <= after {
			continue
		}
		latest = max(latest, p.listed())
		if p.Friend {
			inc.Items = append(inc.Items, friendOf(p))
		} else if since != "" {
			inc.Removed = append(inc.Removed, p.Other)
		}
	}
	inc.Version = s.versions.format(u, latest)
	return inc, s.name(ctx, inc.Items)
}

func friendOf(r *Relation) Friend {
	tags := r.Tags
	if tags == nil {
		tags = []string{}
	}
	return Friend{
		User: r.Other, Alias: r.Alias, Tags: tags, Since: r.Since,
		Starred: r.Starred, ChatOnly: r.ChatOnly, HideMyMoments: r.HideMyMoments, HideTheirMoments: r.HideTheirMoments,
	}
}

// name fills in what friends are called.
func (s *Service) name(ctx context.Context, friends []Friend) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(lookups)
	for i := range friends {
		f := &friends[i]
		g.Go(func() error {
			name, err := s.people.DisplayName(ctx, f.User)
			if errors.Is(err, fault.NotFound) { // gone, and still in a list
				name, err = string(f.User), nil
			}
			f.DisplayName = name
			return err
		})
	}
	return g.Wait()
}

// Change changes what u has written about a friend. NotFound: other is none; BadRequest.
func (s *Service) Change(ctx context.Context, u id.User, other string, c FriendChange) (Friend, error) {
	if err := c.check(); err != nil {
		return Friend{}, err
	}
	o, ok := id.ParseUser(other)
	if !ok {
		return Friend{}, fault.NotFound
	}
	page, err := s.store.ChangeRelation(ctx, u, o, func(r *Relation) error {
		if !r.Friend {
			return fault.NotFound
		}
		before := *r
		if c.apply(r); !reflect.DeepEqual(*r, before) {
			r.Quiet = 0
		}
		return nil
	})
	if c.decides() {
		s.opt.Changed(u, o) // whatever came of it: an error may hide that it was stored
	}
	if err != nil {
		return Friend{}, err
	}
	friend := []Friend{friendOf(&page)}
	err = s.name(ctx, friend)
	return friend[0], err
}

// decides tells whether a change may concern what either sees of the other.
func (c *FriendChange) decides() bool {
	return c.Tags != nil || c.ChatOnly != nil || c.HideMyMoments != nil || c.HideTheirMoments != nil
}

func (c *FriendChange) check() error {
	if c.Alias != nil {
		if err := checkLabel(*c.Alias, "/alias"); err != nil {
			return err
		}
	}
	if c.Tags == nil {
		return nil
	}
	if len(*c.Tags) > tagsMost {
		return fault.BadRequest.At("/tags", fmt.Sprintf("has more than %d tags", tagsMost))
	}
	for i, tag := range *c.Tags {
		at := fmt.Sprintf("/tags/%d", i)
		if strings.TrimSpace(tag) == "" {
			return fault.BadRequest.At(at, "is empty")
		}
		if err := checkLabel(tag, at); err != nil {
			return err
		}
	}
	return nil
}

func checkLabel(s, at string) error {
	if utf8.RuneCountInString(s) > labelRunes {
		return fault.BadRequest.At(at, fmt.Sprintf("has more than %d characters", labelRunes))
	}
	if !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return fault.BadRequest.At(at, "has characters that cannot be shown")
	}
	return nil
}

func (c *FriendChange) apply(r *Relation) {
	set(&r.Alias, c.Alias)
	set(&r.Starred, c.Starred)
	set(&r.ChatOnly, c.ChatOnly)
	set(&r.HideMyMoments, c.HideMyMoments)
	set(&r.HideTheirMoments, c.HideTheirMoments)
	if c.Tags != nil {
		r.Tags = nil
		for _, tag := range *c.Tags { // each once, in the order given
			if !slices.Contains(r.Tags, tag) {
				r.Tags = append(r.Tags, tag)
			}
		}
	}
}

func set[T any](field, to *T) {
	if to != nil {
		*field = *to
	}
}

// Remove ends a friendship. Only u is told; the other finds u gone from the
// list. It may have ended, or never been.
func (s *Service) Remove(ctx context.Context, u id.User, other string) error {
	o, ok := id.ParseUser(other)
	if !ok || o == u {
		return nil
	}
	_, err := s.decide(ctx, u, o, func(st *Standing) error {
		if !st.Friend {
			return nil
		}
		st.Owed = append(st.Owed, Notice{ID: id.Derive(st.Bond, KindRemoved), Kind: KindRemoved, To: u, About: o})
		st.Friend, st.Bond, st.Since = false, uuid.Nil, time.Time{}
		return nil
	})
	return err
}
