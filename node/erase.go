package node

import (
	"context"
	"errors"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// erasure is what happens elsewhere when somebody's account ends: handles of theirs
// are good for nothing before they are told; the rest follows.
func (n *Node) erasure() account.Erasure {
	return account.Erasure{
		Ledger: n.store,
		Failed: n.failed("leaving"),
		Leave:  func(ctx context.Context, u id.User) error { return n.grants.End(ctx, u) },
		Traces: []account.Trace{
			{Name: "contacts", Erase: func(ctx context.Context, u id.User) error { return n.Contacts.Erase(ctx, u) }},
			{Name: "conversations", Erase: func(ctx context.Context, u id.User) error { return n.Chat.Erase(ctx, u) }},
			{Name: "moments", Erase: n.eraseMoments},
			{Name: "grants", Erase: func(ctx context.Context, u id.User) error { return n.grants.Forget(ctx, u) }},
			{Name: "mini-programs", Erase: func(ctx context.Context, u id.User) error { return n.Programs.Erase(ctx, u) }},
			{Name: "push", Erase: func(ctx context.Context, u id.User) error { return n.Push.Erase(ctx, u) }},
		},
	}
}

func (n *Node) eraseMoments(ctx context.Context, u id.User) error {
	known, err := n.Contacts.Known(ctx, u)
	if err != nil {
		return err
	}
	return n.Moments.Erase(ctx, u, known)
}

// called is what people are called, who may have left since they wrote something.
type called struct{ *account.Service }

func (c called) DisplayName(ctx context.Context, u id.User) (string, error) {
	name, err := c.Service.DisplayName(ctx, u)
	if errors.Is(err, fault.NotFound) {
		name, err = string(u), nil
	}
	return name, err
}
