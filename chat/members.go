package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

const nicknameMost = 64 // code points

// Members lists a group's roster by user id. next goes back as cursor; "" ends the list.
func (s *Service) Members(ctx context.Context, u id.User, name, cursor string, limit int) (items []wire.Member, next string, err error) {
	a, err := s.groupMember(ctx, u, name)
	if err != nil {
		return nil, "", err
	}
	after := id.User("")
	if cursor != "" {
		var ok bool
		if after, ok = id.ParseUser(cursor); !ok {
			return nil, "", fault.BadRequest.Saying("The cursor is not one of this list.")
		}
	}
	g, err := s.settled(ctx, a.stream)
	if err != nil {
		return nil, "", err
	}
	lines, err := s.store.Members(ctx, a.stream, after, limit+1)
	if err != nil {
		return nil, "", err
	}
	if len(lines) > limit {
		lines = lines[:limit]
		next = string(lines[limit-1].User)
	}
	items, err = s.shown(ctx, &g, lines)
	return items, next, err
}

// shown gives lines of a roster their names.
func (s *Service) shown(ctx context.Context, g *Group, lines []Member) ([]wire.Member, error) {
	out := make([]wire.Member, len(lines))
	return out, each(ctx, len(lines), func(ctx context.Context, i int) error {
		m := &lines[i]
		name, err := s.people.DisplayName(ctx, m.User)
		nickname := m.Nickname
		if errors.Is(err, fault.NotFound) { // has left for good, and nobody can leave what is closed
			name, nickname, err = string(m.User), "", nil
		}
		out[i] = wire.Member{
			User: string(m.User), DisplayName: name, Role: string(g.roleOf(m.User)),
			Nickname: nickname, JoinedAt: wire.Time{Time: m.JoinedAt},
		}
		if m.MutedUntil.After(s.opt.Now()) {
			out[i].MutedUntil = &wire.Time{Time: m.MutedUntil}
		}
		return err
	})
}

// AddMembers puts friends of u into a group and tells who is new in it.
// not_friends: names those who are not u's friends, and adds nobody.
func (s *Service) AddMembers(ctx context.Context, u id.User, name string, users []string) ([]id.User, error) {
	a, err := s.groupMember(ctx, u, name)
	if err != nil {
		return nil, err
	}
	guests, err := s.guests(ctx, u, "/users", users)
	if err != nil {
		return nil, err
	}
	added := []id.User{}
	_, err = s.change(ctx, a.stream, func(g *Group) (*Change, error) {
		if added, err = s.missing(ctx, a.stream, guests); err != nil || len(added) == 0 {
			return nil, err
		}
		if g.Members+len(added) > s.opt.GroupMembers {
			return nil, ErrGroupFull
		}
		g.Members += len(added)
		return s.newChange(actAdd, u, added...), nil
	})
	return added, err
}

// missing are those of users who are not in the group.
func (s *Service) missing(ctx context.Context, st id.Stream, users []id.User) ([]id.User, error) {
	in := make([]bool, len(users))
	err := each(ctx, len(users), func(ctx context.Context, i int) error {
		_, err := s.store.Member(ctx, st, users[i])
		if in[i] = err == nil; errors.Is(err, ErrUnknown) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := []id.User{}
	for i, u := range users {
		if !in[i] {
			out = append(out, u)
		}
	}
	return out, nil
}

// RemoveMember takes somebody out of a group: oneself, or whom one leads. When
// the owner leaves, the admin appointed first becomes owner, else the member
// who has been there for longest; with the last one the group is dissolved.
func (s *Service) RemoveMember(ctx context.Context, u id.User, name, whom string) error {
	a, err := s.groupMember(ctx, u, name)
	if err != nil {
		return err
	}
	user, ok := id.ParseUser(whom)
	if !ok {
		return fault.NotFound
	}
	_, err = s.change(ctx, a.stream, func(g *Group) (*Change, error) {
		if _, err := s.lineOf(ctx, a.stream, user); err != nil {
			return nil, err
		}
		if user == u {
			return s.leave(ctx, g, u)
		}
		if err := g.outranks(u, user); err != nil {
			return nil, err
		}
		g.Members--
		g.dropAdmin(user)
		return s.newChange(actRemove, u, user), nil
	})
	return err
}

// outranks refuses unless u leads other: the owner everybody, an admin the members.
func (g *Group) outranks(u, other id.User) error {
	if u == g.Owner && other != u || g.roleOf(u) == Admin && g.roleOf(other) == Plain {
		return nil
	}
	return fault.Forbidden.Saying("Only those who lead this person may do this.")
}

func (s *Service) leave(ctx context.Context, g *Group, u id.User) (*Change, error) {
	c := s.newChange(actLeave, u, u)
	g.Members--
	g.dropAdmin(u)
	switch {
	case u != g.Owner:
	case g.Members == 0:
		g.Dissolved = true
	default:
		heir, err := s.heir(ctx, g)
		if err != nil {
			return nil, err
		}
		g.dropAdmin(heir)
		g.Owner, c.Owner = heir, heir
	}
	return c, nil
}

// heir finds who is owner next.
func (s *Service) heir(ctx context.Context, g *Group) (id.User, error) {
	if len(g.Admins) > 0 {
		return g.Admins[0], nil
	}
	var heir Member
	for after := id.User(""); ; {
		page, err := s.store.Members(ctx, g.Stream, after, 1000)
		if err != nil {
			return "", err
		}
		for _, m := range page {
			if m.User != g.Owner && (heir.User == "" || m.JoinedAt.Before(heir.JoinedAt)) {
				heir = m
			}
		}
		if len(page) < 1000 {
			break
		}
		after = page[len(page)-1].User
	}
	if heir.User == "" {
		return "", fmt.Errorf("nobody is left in %s to own it", g.Stream)
	}
	return heir.User, nil
}

// MemberChange is what may change in one line of the roster; nil stays as it is.
type MemberChange struct {
	Role     *string
	Mute     *Mute
	Nickname *string
}

// Mute keeps a member from writing until then; the zero Mute lets them write again.
type Mute struct{ Until time.Time }

// ChangeMember gives or takes a role (the owner), mutes (who leads the person)
// or sets one's own nickname. Each is a change of its own, in this order.
func (s *Service) ChangeMember(ctx context.Context, u id.User, name, whom string, to MemberChange) (wire.Member, error) {
	a, err := s.groupMember(ctx, u, name)
	if err != nil {
		return wire.Member{}, err
	}
	user, ok := id.ParseUser(whom)
	if !ok {
		return wire.Member{}, fault.NotFound
	}
	if to.Role != nil {
		err = s.setRole(ctx, a, user, Role(*to.Role))
	}
	if err == nil && to.Mute != nil {
		err = s.setMute(ctx, a, user, to.Mute.Until)
	}
	if err == nil && to.Nickname != nil {
		err = s.setNickname(ctx, a, user, *to.Nickname)
	}
	if err != nil {
		return wire.Member{}, err
	}
	m, err := s.lineOf(ctx, a.stream, user)
	if err != nil {
		return wire.Member{}, err
	}
	g, err := s.settled(ctx, a.stream)
	if err != nil {
		return wire.Member{}, err
	}
	shown, err := s.shown(ctx, &g, []Member{m})
	return shown[0], err
}

func (s *Service) setRole(ctx context.Context, a access, user id.User, role Role) error {
	if role != Admin && role != Plain {
		return fault.BadRequest.At("/role", `is neither "admin" nor "member"; a new owner is made by a transfer`)
	}
	_, err := s.change(ctx, a.stream, func(g *Group) (*Change, error) {
		if err := g.lead(a.user, Owner); err != nil {
			return nil, err
		}
		if _, err := s.lineOf(ctx, a.stream, user); err != nil {
			return nil, err
		}
		switch {
		case user == g.Owner:
			return nil, fault.Conflict.Saying("The owner's role changes by a transfer.")
		case role == g.roleOf(user):
			return nil, nil
		case role == Plain:
			g.dropAdmin(user)
		case len(g.Admins) >= adminsMost:
			return nil, fault.Conflict.Saying(fmt.Sprintf("A group has at most %d admins.", adminsMost))
		default:
			g.Admins = append(slices.Clone(g.Admins), user)
		}
		c := s.newChange(actRole, a.user, user)
		c.Role = role
		return c, nil
	})
	return err
}

func (s *Service) setMute(ctx context.Context, a access, user id.User, until time.Time) error {
	_, err := s.change(ctx, a.stream, func(g *Group) (*Change, error) {
		m, err := s.lineOf(ctx, a.stream, user)
		if err != nil {
			return nil, err
		}
		if err := g.outranks(a.user, user); err != nil {
			return nil, err
		}
		now := s.opt.Now()
		if until.After(now) {
			c := s.newChange(actMute, a.user, user)
			c.Until = until.UTC().Truncate(time.Millisecond)
			return c, nil
		}
		if !m.MutedUntil.After(now) {
			return nil, nil
		}
		return s.newChange(actUnmute, a.user, user), nil
	})
	return err
}

func (s *Service) setNickname(ctx context.Context, a access, user id.User, nickname string) error {
	if user != a.user {
		return fault.Forbidden.Saying("A nickname is set by whom it names.")
	}
	if utf8.RuneCountInString(nickname) > nicknameMost {
		return fault.BadRequest.At("/nickname", fmt.Sprintf("has more than %d characters", nicknameMost))
	}
	_, err := s.change(ctx, a.stream, func(*Group) (*Change, error) {
		m, err := s.lineOf(ctx, a.stream, user)
		if err != nil || m.Nickname == nickname {
			return nil, err
		}
		c := s.newChange(actNickname, a.user, user)
		c.Nickname = &nickname
		return c, nil
	})
	return err
}
