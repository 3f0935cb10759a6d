package feed

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

const (
	audienceTags = 50
	tagRunes     = 64
)

// audience checks what an author asks for and brings it into its stored form:
// people and tags in order and each once, and for a snapshot the friends it holds
// now. A tag that no friend has is fine: nobody has it yet. at points to the
// audience in the request. BadRequest; ErrNotFriends: only somebody who is none.
func (s *Service) audience(ctx context.Context, author id.User, a Audience, at string) (Audience, error) {
	if err := s.checkAudience(&a, author, at); err != nil {
		return Audience{}, err
	}
	if a.Kind == Only && len(a.Users) > 0 {
		if err := s.allFriends(ctx, author, a.Users, at); err != nil {
			return Audience{}, err
		}
	}
	slices.Sort(a.Users)
	a.Users = slices.Compact(a.Users)
	slices.Sort(a.Tags)
	a.Tags = slices.Compact(a.Tags)
	a.Frozen = nil
	switch {
	case a.Kind == Private:
		a.Mode = Live // there is nothing to freeze
	case a.Mode == Snapshot:
		friends, err := s.ties.Friends(ctx, author)
		if err != nil {
			return Audience{}, err
		}
		now := a
		now.Mode = Live
		for i := range friends {
			if f := &friends[i]; now.admits(f.User, f.Mine.Tags).Sees() {
				a.Frozen = append(a.Frozen, f.User)
			}
		}
		slices.Sort(a.Frozen)
	}
	return a, nil
}

func (s *Service) checkAudience(a *Audience, author id.User, at string) error {
	if a.Mode == "" {
		a.Mode = Live
	}
	switch {
	case a.Kind != Friends && a.Kind != Private && a.Kind != Only && a.Kind != Except:
		return fault.BadRequest.At(at+"/kind", "is none of friends, private, only, except")
	case a.Mode != Live && a.Mode != Snapshot:
		return fault.BadRequest.At(at+"/mode", "is neither live nor snapshot")
	case a.Kind != Only && a.Kind != Except && len(a.Users) > 0:
		return fault.BadRequest.At(at+"/users", "is for only and except")
	case a.Kind != Only && a.Kind != Except && len(a.Tags) > 0:
		return fault.BadRequest.At(at+"/tags", "is for only and except")
	case len(a.Users) > s.opt.AudienceUsers:
		return fault.BadRequest.At(at+"/users", fmt.Sprintf("has more than %d people", s.opt.AudienceUsers))
	case len(a.Tags) > audienceTags:
		return fault.BadRequest.At(at+"/tags", fmt.Sprintf("has more than %d tags", audienceTags))
	}
	users := make([]id.User, 0, len(a.Users))
	for i, u := range a.Users {
		if _, ok := id.ParseUser(string(u)); !ok {
			return fault.BadRequest.At(fmt.Sprintf("%s/users/%d", at, i), "is no user id")
		}
		users = append(users, u)
	}
	for i, tag := range a.Tags {
		if strings.TrimSpace(tag) == "" || utf8.RuneCountInString(tag) > tagRunes || !utf8.ValidString(tag) || strings.ContainsFunc(tag, unicode.IsControl) {
			return fault.BadRequest.At(fmt.Sprintf("%s/tags/%d", at, i), "is no tag")
		}
	}
	a.Users, a.Tags = users, slices.Clone(a.Tags)
	return nil
}

// allFriends fails with ErrNotFriends, pointing at those of users who are no friends of u.
func (s *Service) allFriends(ctx context.Context, u id.User, users []id.User, at string) error {
	ties, err := s.ties.Standings(ctx, u, users)
	if err != nil {
		return err
	}
	refused := ErrNotFriends
	for i, tie := range ties {
		if !tie.Friends && users[i] != u {
			refused = refused.At(fmt.Sprintf("%s/users/%d", at, i), "is no friend")
		}
	}
	if refused != ErrNotFriends {
		return refused
	}
	return nil
}

// shown is an audience as its author reads it. No list is nil.
func (a *Audience) shown() *Audience {
	b := *a
	b.Frozen = nil
	if b.Users == nil {
		b.Users = []id.User{}
	}
	if b.Tags == nil {
		b.Tags = []string{}
	}
	return &b
}

// Preview are the friends who would see a moment for that audience, in order, by
// the rules the author is told of (see Why). BadRequest, ErrNotFriends.
func (s *Service) Preview(ctx context.Context, author id.User, a Audience) ([]id.User, error) {
	a, err := s.audience(ctx, author, a, "/audience")
	if err != nil {
		return nil, err
	}
	now := s.now()
	verdicts, err := s.verdicts(ctx, &Post{Author: author, At: now, Audience: a}, now)
	users := []id.User{}
	for _, v := range verdicts {
		if v.Sees {
			users = append(users, v.User)
		}
	}
	return users, err
}
