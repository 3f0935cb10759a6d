package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// What a change of a group can be; the words stand in its entry.
const (
	actCreate   = "create"
	actAdd      = "add"
	actLeave    = "leave"
	actRemove   = "remove"
	actRole     = "role"
	actMute     = "mute"
	actUnmute   = "unmute"
	actNickname = "nickname"
	actTransfer = "transfer"
	actDissolve = "dissolve"
	actGroup    = "group" // a change of the group itself: an entry of kind Changed
)

const (
	// carryOutWithin is how long whoever decided a change has for carrying it out before others help.
	carryOutWithin = 3 * time.Second
	// decideTries bounds how often a decision is taken again because somebody else was faster.
	decideTries = 20
)

// change decides a change of a group and carries it out. decide looks at the
// group, alters it and returns what is to be done, or refuses; it is called
// again when somebody else was faster. A nil change does nothing.
func (s *Service) change(ctx context.Context, st id.Stream, decide func(*Group) (*Change, error)) (Group, error) {
	for range decideTries {
		g, err := s.store.Group(ctx, st)
		if errors.Is(err, ErrUnknown) {
			return Group{}, fault.NotFound
		}
		if err == nil && g.Pending != nil {
			g, err = s.carryOut(ctx, g)
		}
		if err != nil {
			return Group{}, err
		}
		if g.Dissolved {
			return Group{}, ErrClosed
		}
		c, err := decide(&g)
		if err != nil || c == nil {
			return g, err
		}
		g.Version++
		g.Pending = c
		switch err = s.store.PutGroup(ctx, g); {
		case err == nil:
			return s.carryOut(ctx, g)
		case !errors.Is(err, ErrConflict):
			return Group{}, err
		}
	}
	return Group{}, fault.Unavailable.Saying("Too many changes of this group at once. Try again soon.")
}

// newChange is a change by somebody, now.
func (s *Service) newChange(action string, by id.User, users ...id.User) *Change {
	now := s.opt.Now().UTC().Truncate(time.Millisecond)
	return &Change{ID: id.NewEntry(now), Action: action, By: by, Users: users, At: now}
}

// carryOut does everything that follows from a group's pending change: the entry,
// the roster, the people's own lists, and word to their devices. Every step may
// have been done before, by this node or another; those that a later change
// could have undone are as of the entry.
func (s *Service) carryOut(ctx context.Context, g Group) (Group, error) {
	c := g.Pending
	defer s.recent.forget(g.Stream, c.Users)
	kind, body := c.entry()
	r, err := s.seq.Append(ctx, g.Stream, stream.Draft{ID: c.ID, Kind: kind, From: id.Principal(c.By), Body: body})
	if err != nil {
		return Group{}, fmt.Errorf("carry out %q in %s: %w", c.Action, g.Stream, err)
	}
	if err := s.seat(ctx, g.Stream, c, r.Entry); err != nil {
		return Group{}, fmt.Errorf("carry out %q in %s: %w", c.Action, g.Stream, err)
	}
	g.Pending = nil
	g.Version++
	if err := s.store.PutGroup(ctx, g); err != nil && !errors.Is(err, ErrConflict) {
		return Group{}, err
	}
	return g, nil
}

// seat brings roster and lists in line with a change that stands at entry e.
func (s *Service) seat(ctx context.Context, st id.Stream, c *Change, e stream.Entry) error {
	switch c.Action {
	case actCreate, actAdd:
		lines := make([]Member, len(c.Users))
		for i, u := range c.Users {
			lines[i] = Member{User: u, JoinedAt: c.At}
		}
		if err := s.store.PutMembers(ctx, st, e.Seq, lines); err != nil {
			return err
		}
		if err := s.store.Join(ctx, st, c.Users, stream.Head{Seq: e.Seq - 1, Count: e.Count}); err != nil {
			return err
		}
		return s.tell(ctx, c, e, "joined", wire.Signal{Join: st})
	case actLeave, actRemove:
		if err := s.store.DropMembers(ctx, st, e.Seq, c.Users); err != nil {
			return err
		}
		if err := s.store.Leave(ctx, st, c.Users, stream.HeadOf(e)); err != nil {
			return err
		}
		return s.tell(ctx, c, e, "left", wire.Signal{Leave: st, Last: wire.EntryEvent(e)})
	case actMute, actUnmute, actNickname:
		m, err := s.store.Member(ctx, st, c.Users[0])
		if errors.Is(err, ErrUnknown) { // has left since
			return nil
		}
		if err != nil {
			return err
		}
		if c.Action == actNickname {
			m.Nickname = *c.Nickname
		} else {
			m.MutedUntil = c.Until
		}
		return s.store.PutMembers(ctx, st, e.Seq, []Member{m})
	}
	return nil
}

// tell lets the people whom a change puts in or out know: an entry in @contacts,
// and to their live devices the group's entry and whether to listen from now on.
// Who goes may have heard the entry in the group; it travels in the signal, so that
// they get it once.
func (s *Service) tell(ctx context.Context, c *Change, e stream.Entry, kind stream.Kind, sig wire.Signal) error {
	body, err := json.Marshal(map[string]string{"stream": string(e.Stream)})
	if err != nil {
		return err
	}
	done := make(chan error, len(c.Users))
	for _, u := range c.Users {
		s.seq.Begin(id.PersonalStream(id.Contacts, u), stream.Draft{
			ID: id.Derive(c.ID, string(kind), string(u)), Kind: kind, From: id.Principal(c.By), Body: body,
		}, func(_ stream.Receipt, err error) { done <- err })
	}
	frame, signal := wire.EntryEvent(e), sig.Encode()
	var failed error
	for range c.Users {
		select {
		case err := <-done:
			failed = errors.Join(failed, err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, u := range c.Users {
		if sig.Last == nil {
			s.bus.Publish(bus.UserTopic(u), bus.Message{Kind: bus.Frame, Body: frame})
		}
		s.bus.Publish(bus.UserTopic(u), bus.Message{Kind: bus.Signal, Body: signal})
	}
	return failed
}

// memberBody is the body of a Members entry, changedBody that of a Changed one.
type (
	memberBody struct {
		Action   string     `json:"action"`
		Users    []id.User  `json:"users"`
		By       id.User    `json:"by"`
		Role     Role       `json:"role,omitzero"`
		Until    *wire.Time `json:"until,omitzero"`
		Nickname *string    `json:"nickname,omitzero"`
		Owner    id.User    `json:"owner,omitzero"`
	}
	changedBody struct {
		Name    *string `json:"name,omitzero"`
		MuteAll *bool   `json:"mute_all,omitzero"`
	}
)

// entry is what a change says in the group's stream.
func (c *Change) entry() (stream.Kind, []byte) {
	if c.Action == actGroup {
		body, _ := json.Marshal(changedBody{c.Name, c.MuteAll}) // strings and booleans only
		return Changed, body
	}
	b := memberBody{Action: c.Action, Users: c.Users, By: c.By, Role: c.Role, Nickname: c.Nickname, Owner: c.Owner}
	if b.Users == nil {
		b.Users = []id.User{}
	}
	if !c.Until.IsZero() {
		b.Until = &wire.Time{Time: c.Until}
	}
	body, _ := json.Marshal(b)
	return Members, body
}

// lead is who may change a group: refuses those below the least role.
func (g *Group) lead(u id.User, least Role) error {
	role := g.roleOf(u)
	if role == Owner || role == least || least == Plain {
		return nil
	}
	return fault.Forbidden.Saying("Only those who lead this group may do this.")
}

func (g *Group) dropAdmin(u id.User) {
	g.Admins = slices.DeleteFunc(slices.Clone(g.Admins), func(a id.User) bool { return a == u })
}
