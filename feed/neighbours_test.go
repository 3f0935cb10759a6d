package feed_test

import (
	"context"
	"sync"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

type everybody struct{}

func (everybody) DisplayName(_ context.Context, u id.User) (string, error) { return string(u), nil }

// ties are contact's, in the words of feed.
type ties struct{ *contact.Service }

func (t ties) Ties(ctx context.Context, u id.User, others []id.User) ([]feed.Tie, error) {
	found, err := t.Service.Ties(ctx, u, others)
	return tiesOf(found), err
}

func (t ties) Standings(ctx context.Context, u id.User, others []id.User) ([]feed.Tie, error) {
	found, err := t.Service.Standings(ctx, u, others)
	return tiesOf(found), err
}

func (t ties) Friends(ctx context.Context, u id.User) ([]feed.Friend, error) {
	found, err := t.Service.Friends(ctx, u)
	out := make([]feed.Friend, len(found))
	for i, f := range found {
		out[i] = feed.Friend{User: f.User, Tie: tieOf(f.Tie)}
	}
	return out, err
}

func tiesOf(found []contact.Tie) []feed.Tie {
	out := make([]feed.Tie, len(found))
	for i := range found {
		out[i] = tieOf(found[i])
	}
	return out
}

func tieOf(t contact.Tie) feed.Tie {
	return feed.Tie{Friends: t.Friends, Blocks: t.Blocks, Blocked: t.Blocked, Mine: feed.Switches(t.Mine), Theirs: feed.Switches(t.Theirs)}
}

// uploads are a library.
type uploads struct {
	mu      sync.Mutex
	media   map[id.Media]upload
	carried map[string]bool // "post medium"
}

type upload struct {
	owner id.User
	feed.Medium
}

func (l *uploads) add(owner id.User, kind string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := id.NewMedia()
	l.media[m] = upload{owner, feed.Medium{ID: m, Type: kind, Width: 32, Height: 24, Placeholder: "LEHV6n"}}
	return string(m)
}

func (l *uploads) Media(_ context.Context, u id.User, media []id.Media) ([]feed.Medium, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]feed.Medium, len(media))
	for i, m := range media {
		if up := l.media[m]; up.owner == u {
			out[i] = up.Medium
		}
	}
	return out, nil
}

func (l *uploads) Carry(_ context.Context, p id.Post, media []id.Media) error {
	return l.note(p, media, true)
}

func (l *uploads) Uncarry(_ context.Context, p id.Post, media []id.Media) error {
	return l.note(p, media, false)
}

func (l *uploads) note(p id.Post, media []id.Media, carried bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range media {
		if key := string(p) + " " + string(m); carried {
			l.carried[key] = true
		} else {
			delete(l.carried, key)
		}
	}
	return nil
}
