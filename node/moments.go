package node

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// lookups bounds how many people are looked up at a time for one answer.
const lookups = 16

// feedTies are ties as package feed has them.
type feedTies struct{ *contact.Service }

func (t feedTies) Ties(ctx context.Context, u id.User, others []id.User) ([]feed.Tie, error) {
	ties, err := t.Service.Ties(ctx, u, others)
	return feedTiesOf(ties), err
}

func (t feedTies) Standings(ctx context.Context, u id.User, others []id.User) ([]feed.Tie, error) {
	ties, err := t.Service.Standings(ctx, u, others)
	return feedTiesOf(ties), err
}

func (t feedTies) Friends(ctx context.Context, u id.User) ([]feed.Friend, error) {
	friends, err := t.Service.Friends(ctx, u)
	out := make([]feed.Friend, len(friends))
	for i, f := range friends {
		out[i] = feed.Friend{User: f.User, Tie: feedTieOf(f.Tie)}
	}
	return out, err
}

func feedTiesOf(ties []contact.Tie) []feed.Tie {
	out := make([]feed.Tie, len(ties))
	for i, t := range ties {
		out[i] = feedTieOf(t)
	}
	return out
}

func feedTieOf(t contact.Tie) feed.Tie {
	return feed.Tie{
		Friends: t.Friends, Blocks: t.Blocks, Blocked: t.Blocked,
		Mine: feed.Switches(t.Mine), Theirs: feed.Switches(t.Theirs),
	}
}

// feedAuthors are accounts as package feed has them.
type feedAuthors struct {
	accounts *account.Service
}

func (a feedAuthors) Authors(ctx context.Context, users []id.User) ([]feed.Author, error) {
	out := make([]feed.Author, len(users))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(lookups)
	for i, u := range users {
		g.Go(func() error {
			back, shown, err := a.accounts.Moments(ctx, u)
			out[i] = feed.Author{LookBack: back, Suspended: !shown}
			return err
		})
	}
	return out, g.Wait()
}

// timelines puts the domain of moments together.
func (n *Node) timelines(now func() time.Time) {
	opt := feed.DefaultOptions()
	opt.Now, opt.Apps = now, n.exists
	opt.Failed = n.failed("moments")
	n.Moments = feed.NewService(n.store, n.seq, n.store, feedTies{n.Contacts}, feedAuthors{n.Accounts}, feedMedia{n.Media}, hint(n.bus), opt)
	n.closers = append(n.closers, closing(n.Moments.Close))
}

// hint tells a user's devices that a moment is waiting.
func hint(b bus.Bus) feed.Hint {
	return func(to, author id.User, p id.Post) {
		b.Publish(bus.UserTopic(to), bus.Message{
			Kind: bus.Frame, Body: wire.Event("feed", wire.FeedEvent{Author: string(author), Post: string(p)}),
		})
	}
}

// tied tells every node that two people stand to each other in another way.
func tied(b bus.Bus) func(x, y id.User) {
	return func(x, y id.User) {
		b.Publish(bus.UserTopic(x), bus.Message{Kind: bus.Signal, Body: wire.Signal{Tie: y}.Encode()})
		b.Publish(bus.UserTopic(y), bus.Message{Kind: bus.Signal, Body: wire.Signal{Tie: x}.Encode()})
	}
}
