package grant

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	// messagesKept is how many of the latest messages to an app are known, and
	// messageLate how much older another one may be than the latest: so telling of
	// one again neither resets a window nor opens one that was closed since.
	messagesKept = 16
	messageLate  = time.Minute
)

// Wrote opens the window of an app that by has written to, or resets it. The same
// message again changes nothing. An app that by has blocked gets none.
func (b *Book) Wrote(ctx context.Context, by By, a id.App, appName string, message uuid.UUID, at time.Time) error {
	now := b.now()
	fresh := Grant{ID: id.NewGrant(), User: by.User, App: a, Scope: Window, MintedAt: now}
	due := handDue(handing{User: by.User, App: a, At: now}, message.String(), now)
	w := ledger.Want{Keys: []string{appKey(a)}, Prefixes: []string{liveOf(a)}}
	err := b.change(ctx, by.User, w, []ledger.Due{due}, func(v ledger.View) ([]ledger.Row, error) {
		var app appRow
		if _, err := get(v, appKey(a), &app); err != nil || app.Blocked || !app.hear(message, at) {
			return nil, err
		}
		grants, err := grantsUnder(v, liveOf(a))
		if err != nil {
			return nil, err
		}
		var p pending
		g := fresh
		if was := windowIn(grants); was != nil {
			g = *was
		}
		p.retire(slices.DeleteFunc(grants, func(x Grant) bool { return x.ID == g.ID }), now)
		g.Turn++
		g.AppName, g.Title = appName, appName
		g.Act = Act{Kind: "message", At: at.UTC(), Device: by.Device, Name: message.String()}
		g.Uses, g.Left = b.opt.Caps.Replies, b.opt.Caps.Replies
		g.ExpiresAt, g.HandedAt = now.Add(b.opt.Caps.WindowLives), now
		p.put(liveKey(a, g.ID), &g)
		p.put(appKey(a), &app)
		return p.done()
	})
	if err != nil {
		return fmt.Errorf("open a window: %w", err)
	}
	b.hurry(due)
	return nil
}

// hear notes a message, and tells whether it is new.
func (a *appRow) hear(message uuid.UUID, at time.Time) bool {
	if slices.Contains(a.Messages, message) || at.Before(a.Wrote.Add(-messageLate)) {
		return false
	}
	a.Messages = append(a.Messages, message)
	a.Messages = a.Messages[max(0, len(a.Messages)-messagesKept):]
	if at.After(a.Wrote) {
		a.Wrote = at.UTC()
	}
	return true
}

// windowIn is the window that a message resets; nil if there is none.
func windowIn(grants []Grant) *Grant {
	if i := slices.IndexFunc(grants, func(g Grant) bool { return g.Scope == Window && g.End == "" }); i >= 0 {
		return &grants[i]
	}
	return nil
}
