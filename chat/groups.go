package chat

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
	"github.com/teahouse-im/teahouse/wire"
)

const (
	groupNameMost = 64  // code points
	requestMost   = 500 // people in one request
	adminsMost    = 20
)

// CreateGroup makes a group of u and others. not_friends: names those who are
// not u's friends, and makes nothing.
func (s *Service) CreateGroup(ctx context.Context, u id.User, name string, members []string) (wire.Group, error) {
	if err := checkName(name); err != nil {
		return wire.Group{}, err
	}
	others, err := s.guests(ctx, u, "/members", members)
	if err != nil {
		return wire.Group{}, err
	}
	users := append([]id.User{u}, others...)
	if len(users) > s.opt.GroupMembers {
		return wire.Group{}, ErrGroupFull
	}
	c := s.newChange(actCreate, u, users...)
	g := Group{
		Stream: id.NewGroup(), Version: 1, Name: name, Owner: u, Members: len(users), CreatedAt: c.At, Pending: c,
	}
	if err := s.store.PutGroup(ctx, g); err != nil {
		return wire.Group{}, err
	}
	if g, err = s.carryOut(ctx, g); err != nil {
		return wire.Group{}, err
	}
	return g.wire(Owner), nil
}

func checkName(name string) error {
	switch {
	case blank(name):
		return fault.BadRequest.At("/name", "is empty")
	case utf8.RuneCountInString(name) > groupNameMost:
		return fault.BadRequest.At("/name", fmt.Sprintf("has more than %d characters", groupNameMost))
	case strings.ContainsFunc(name, unicode.IsControl):
		return fault.BadRequest.At("/name", "contains control characters")
	}
	return nil
}

// guests checks people whom u wants in a group: they exist and are u's friends
// or, where strangers may be put together, not blocked. Each is named once, u not at all.
func (s *Service) guests(ctx context.Context, u id.User, pointer string, names []string) ([]id.User, error) {
	if len(names) > requestMost {
		return nil, fault.BadRequest.At(pointer, fmt.Sprintf("has more than %d people", requestMost))
	}
	var users []id.User
	seen := map[id.User]struct{}{u: {}}
	for i, name := range names {
		user, ok := id.ParseUser(name)
		if !ok {
			return nil, fault.BadRequest.At(fmt.Sprintf("%s/%d", pointer, i), "is no user id")
		}
		if _, twice := seen[user]; !twice {
			users = append(users, user)
			seen[user] = struct{}{}
		}
	}
	if s.opt.Strangers {
		return users, s.reachable(ctx, u, pointer, names, users)
	}
	strangers, err := s.rel.NotFriends(ctx, u, users)
	if err != nil || len(strangers) == 0 {
		return users, err
	}
	f := errNotFriends
	for i, name := range names {
		if slices.Contains(strangers, id.User(name)) {
			f = f.At(fmt.Sprintf("%s/%d", pointer, i), name+" is not your friend")
		}
	}
	return nil, f
}

// These are the codes of contact.ErrNotFriends and ErrBlocked; here they say who.
var (
	errNotFriends = fault.New("not_friends", "Only your friends can be added.")
	errBlocked    = fault.New("blocked", "You cannot add whom you block, or who blocks you.")
)

// reachable refuses, naming who, unless all of users exist (NotFound) and
// neither block u nor are blocked by u (blocked).
func (s *Service) reachable(ctx context.Context, u id.User, pointer string, names []string, users []id.User) error {
	missing, blocked := make([]bool, len(users)), make([]bool, len(users))
	err := each(ctx, len(users), func(ctx context.Context, i int) error {
		_, err := s.people.DisplayName(ctx, users[i])
		if missing[i] = errors.Is(err, fault.NotFound); err == nil {
			err = s.rel.Unblocked(ctx, u, users[i])
			blocked[i] = errors.Is(err, errBlocked)
		}
		if missing[i] || blocked[i] {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	those := func(f *fault.Fault, wrong []bool, why string) error {
		for i, u := range users {
			if wrong[i] {
				f = f.At(fmt.Sprintf("%s/%d", pointer, slices.Index(names, string(u))), why)
			}
		}
		return f
	}
	switch {
	case slices.Contains(missing, true):
		return those(fault.NotFound.Saying("Some of these people do not exist."), missing, "does not exist")
	case slices.Contains(blocked, true):
		return those(errBlocked, blocked, "is blocked by you, or blocks you")
	}
	return nil
}

// GroupChange is what owner and admins may change; nil stays as it is.
type GroupChange struct {
	Name    *string
	MuteAll *bool
}

// ChangeGroup renames a group or mutes everybody but those who lead it.
func (s *Service) ChangeGroup(ctx context.Context, u id.User, name string, to GroupChange) (wire.Group, error) {
	if to.Name != nil {
		if err := checkName(*to.Name); err != nil {
			return wire.Group{}, err
		}
	}
	g, err := s.changeAs(ctx, u, name, Admin, func(g *Group) (*Change, error) {
		c := s.newChange(actGroup, u)
		if to.Name != nil && *to.Name != g.Name {
			c.Name, g.Name = to.Name, *to.Name
		}
		if to.MuteAll != nil && *to.MuteAll != g.MuteAll {
			c.MuteAll, g.MuteAll = to.MuteAll, *to.MuteAll
		}
		if c.Name == nil && c.MuteAll == nil {
			return nil, nil
		}
		return c, nil
	})
	if err != nil {
		return wire.Group{}, err
	}
	return g.wire(g.roleOf(u)), nil
}

// Dissolve closes a group for writing; its history can still be read.
func (s *Service) Dissolve(ctx context.Context, u id.User, name string) error {
	_, err := s.changeAs(ctx, u, name, Owner, func(g *Group) (*Change, error) {
		g.Dissolved = true
		return s.newChange(actDissolve, u), nil
	})
	return err
}

// Transfer makes another member the owner; the earlier one becomes an admin if there is room for one more.
func (s *Service) Transfer(ctx context.Context, u id.User, name, to string) error {
	heir, ok := id.ParseUser(to)
	if !ok {
		return fault.BadRequest.At("/to", "is no user id")
	}
	_, err := s.changeAs(ctx, u, name, Owner, func(g *Group) (*Change, error) {
		if heir == g.Owner {
			return nil, nil
		}
		if _, err := s.lineOf(ctx, g.Stream, heir); err != nil {
			return nil, err
		}
		g.dropAdmin(heir)
		if len(g.Admins) < adminsMost {
			g.Admins = append(g.Admins, g.Owner)
		}
		g.Owner = heir
		c := s.newChange(actTransfer, u, heir)
		c.Owner = heir
		return c, nil
	})
	return err
}

// changeAs is change for a member of at least that role.
func (s *Service) changeAs(ctx context.Context, u id.User, name string, least Role, decide func(*Group) (*Change, error)) (Group, error) {
	a, err := s.groupMember(ctx, u, name)
	if err != nil {
		return Group{}, err
	}
	return s.change(ctx, a.stream, func(g *Group) (*Change, error) {
		if err := g.lead(u, least); err != nil {
			return nil, err
		}
		return decide(g)
	})
}

// groupMember is member for groups; other conversations are NotFound.
func (s *Service) groupMember(ctx context.Context, u id.User, name string) (access, error) {
	if id.Stream(name).Kind() != id.Group {
		return access{}, fault.NotFound
	}
	return s.member(ctx, u, name)
}

// lineOf is a member's line as it is now. NotFound: u is not in the group.
func (s *Service) lineOf(ctx context.Context, st id.Stream, u id.User) (Member, error) {
	m, err := s.store.Member(ctx, st, u)
	if errors.Is(err, ErrUnknown) {
		err = fault.NotFound.Saying("This person is not in the group.")
	}
	return m, err
}
