package node

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/presence/redis"
)

// around puts together what knows who is around.
func (n *Node) around(c *Config) error {
	board, err := openBoard(c)
	if err != nil {
		return err
	}
	opt := presence.DefaultOptions()
	opt.Again, opt.Log, opt.Devices = n.gateway.LookAgain, n.log, c.SessionsPerUser
	n.Presence = presence.NewService(board, n.bus, presencePeople{n.Accounts}, presenceTies{n.Contacts}, opt)
	n.closers = append(n.closers, n.Presence.Close)
	n.gateway.ShowPresence(n.Presence)
	return nil
}

// openBoard opens the board that goes with the bus of a configuration.
func openBoard(c *Config) (presence.Board, error) {
	if schemeOf(c.Bus) == "memory" {
		return presence.NewMemory().Node(presence.Lease), nil
	}
	b, err := redis.New(c.Bus, presence.Lease)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// presencePeople are accounts as package presence has them.
type presencePeople struct{ accounts *account.Service }

func (p presencePeople) Showing(ctx context.Context, u id.User) (presence.Showing, error) {
	s, err := p.accounts.SettingsOf(ctx, u)
	return presence.Showing{Hidden: s.Invisible || s.VisibleTo == account.VisibleToNobody, Text: s.StatusText}, err
}

func (p presencePeople) LastSeen(ctx context.Context, u id.User) (time.Time, error) {
	return p.accounts.LastSeen(ctx, u)
}

func (p presencePeople) Choose(ctx context.Context, u id.User, invisible *bool, text *string) error {
	_, err := p.accounts.ChangePresence(ctx, u, account.PresenceChange{Invisible: invisible, Text: text})
	return err
}

func (p presencePeople) Used(ctx context.Context, u id.User, session id.Session) error {
	return p.accounts.Used(ctx, u, session)
}

// presenceTies are ties as package presence has them.
type presenceTies struct{ contacts *contact.Service }

func (t presenceTies) MayKnow(ctx context.Context, viewer id.User, others []id.User) ([]bool, error) {
	ties, err := t.contacts.Standings(ctx, viewer, others)
	out := make([]bool, len(ties))
	for i, tie := range ties {
		out[i] = tie.Friends && !tie.Blocks && !tie.Blocked
	}
	return out, err
}

// seenAnew has those who watch a user look again.
func seenAnew(b bus.Bus) func(id.User) {
	return func(u id.User) { b.Publish(bus.PresenceTopic(u), bus.Message{Kind: bus.Signal}) }
}
