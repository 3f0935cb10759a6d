package node

import (
	"context"
	"errors"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// DemoPassword is the password of all demo people.
const DemoPassword = "teahouse-dev"

// demoGroup is the group of alice, bob and carol.
const demoGroup = "Tea at four"

var demoPeople = []struct {
	user, name string
	role       account.Role
	friends    []id.User // among those above
}{
	{"alice", "Alice", account.RoleNone, nil},
	{"bob", "Bob", account.RoleNone, []id.User{"alice"}},
	{"carol", "Carol", account.RoleNone, []id.User{"alice", "bob"}},
	{"dave", "Dave", account.RoleNone, []id.User{"alice"}},
	{"erin", "Erin", account.RoleNone, nil},
	{"dana", "Dana", account.RoleNone, nil},
	{"mo", "Mo", account.RoleModerator, nil},
}

// DemoPeople are the names of the demo people.
func DemoPeople() []string {
	all := make([]string, len(demoPeople))
	for i, p := range demoPeople {
		all[i] = p.user
	}
	return all
}

// Demo makes people to try the server with, their friendships and a group.
// Those that are there already stay as they are, and those that have left stay away.
func (n *Node) Demo(ctx context.Context) error {
	for _, p := range demoPeople {
		_, err := n.Accounts.Register(ctx, p.user, DemoPassword, p.name)
		if errors.Is(err, account.ErrTaken) {
			continue
		}
		if err != nil {
			return err
		}
		if p.role != account.RoleNone {
			if err := n.Accounts.SetRole(ctx, id.User(p.user), p.role); err != nil {
				return err
			}
		}
		for _, f := range p.friends {
			if _, err := n.Accounts.Profile(ctx, f); errors.Is(err, fault.NotFound) {
				continue
			}
			if _, err := n.Contacts.Request(ctx, f, p.user, ""); err != nil {
				return err
			}
			if err := n.Contacts.Accept(ctx, id.User(p.user), string(f)); err != nil {
				return err
			}
		}
	}
	return n.demoGroup(ctx)
}

func (n *Node) demoGroup(ctx context.Context) error {
	list, _, err := n.Chat.Conversations(ctx, "alice", "", 1)
	if err != nil || len(list) > 0 {
		return err
	}
	_, err = n.Chat.CreateGroup(ctx, "alice", demoGroup, []string{"bob", "carol"})
	if errors.Is(err, contact.ErrNotFriends) || errors.Is(err, fault.NotFound) { // one of them has left
		return nil
	}
	return err
}
