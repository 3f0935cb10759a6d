package api

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/wire"
)

// What is asked.
type (
	newGroup struct {
		Name    string   `json:"name" minLength:"1" maxLength:"64"`
		Members []string `json:"members,omitempty" maxItems:"500" doc:"Friends who are in it from the start."`
	}
	groupChange struct {
		Name    *string `json:"name,omitempty" minLength:"1" maxLength:"64"`
		MuteAll *bool   `json:"mute_all,omitempty" doc:"Only owner and admins may write."`
	}
	newMembers struct {
		Users []string `json:"users" maxItems:"500" doc:"Friends of who asks."`
	}
	memberChange struct {
		Role       *string    `json:"role,omitempty" enum:"admin,member" doc:"Given and taken by the owner."`
		MutedUntil *time.Time `json:"muted_until,omitempty" nullable:"true" doc:"Until when the member may not write; null lifts it. By who leads the member."`
		Nickname   *string    `json:"nickname,omitempty" maxLength:"64" doc:"One's own name in this group."`

		lift bool // muted_until is null
	}
	newOwner struct {
		To string `json:"to" doc:"A member."`
	}
)

// What is answered.
type added struct {
	Added []string `json:"added" doc:"Who is new in the group."`
}

// read tells an absent muted_until from one that is null.
func (m *memberChange) read(raw []byte) error {
	rest, lift, err := withoutNull(raw, "muted_until")
	if err != nil {
		return err
	}
	*m, err = wire.Decode[memberChange](rest)
	m.lift = lift
	return err
}

// mute is what becomes of the member's mute; nil if it stays.
func (m *memberChange) mute() *chat.Mute {
	switch {
	case m.lift:
		return &chat.Mute{}
	case m.MutedUntil != nil:
		return &chat.Mute{Until: *m.MutedUntil}
	}
	return nil
}

func (s *server) createGroup(ctx context.Context, c *call, in newGroup) (wire.Group, error) {
	return s.groups.CreateGroup(ctx, c.user, in.Name, in.Members)
}

func (s *server) changeGroup(ctx context.Context, c *call, in groupChange) (wire.Group, error) {
	return s.groups.ChangeGroup(ctx, c.user, c.named("stream"), chat.GroupChange(in))
}

func (s *server) dissolveGroup(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.groups.Dissolve(ctx, c.user, c.named("stream"))
}

func (s *server) listMembers(ctx context.Context, c *call, _ none) (list[wire.Member], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[wire.Member]{}, err
	}
	items, next, err := s.groups.Members(ctx, c.user, c.named("stream"), cursor, limit)
	return listOf(items, next), err
}

func (s *server) addMembers(ctx context.Context, c *call, in newMembers) (added, error) {
	users, err := s.groups.AddMembers(ctx, c.user, c.named("stream"), in.Users)
	return added{texts(users)}, err
}

func (s *server) removeMember(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.groups.RemoveMember(ctx, c.user, c.named("stream"), c.named("user"))
}

func (s *server) changeMember(ctx context.Context, c *call, in memberChange) (none, error) {
	_, err := s.groups.ChangeMember(ctx, c.user, c.named("stream"), c.named("user"), chat.MemberChange{
		Role: in.Role, Mute: in.mute(), Nickname: in.Nickname,
	})
	return none{}, err
}

func (s *server) transferGroup(ctx context.Context, c *call, in newOwner) (none, error) {
	return none{}, s.groups.Transfer(ctx, c.user, c.named("stream"), in.To)
}
