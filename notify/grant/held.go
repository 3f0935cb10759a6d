package grant

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Release delivers a notice that was held, unless its user has meanwhile stopped,
// muted or blocked what it is of: then it is dropped. A notice that is not held is
// left as it is. fault.NotFound: there is no such notice.
func (b *Book) Release(ctx context.Context, u id.User, notice uuid.UUID) error {
	n, err := b.unhold(ctx, u, notice, true)
	if err != nil || n.Status != Accepted {
		return err
	}
	return b.Deliver(ctx, b.redemption(n))
}

// Drop sees to it that a notice that was held never comes. One that is not held
// is left as it is. fault.NotFound: there is no such notice.
func (b *Book) Drop(ctx context.Context, u id.User, notice uuid.UUID) error {
	_, err := b.unhold(ctx, u, notice, false)
	return err
}

// unhold decides a held notice. The notice it gives is one that is to be delivered
// or none: its status tells.
func (b *Book) unhold(ctx context.Context, u id.User, notice uuid.UUID, release bool) (Notice, error) {
	n, found, err := b.notice(ctx, u, notice)
	switch {
	case err != nil:
		return Notice{}, err
	case !found:
		return Notice{}, fault.NotFound
	case n.Status != Held && (n.Released.IsZero() || !release):
		return Notice{}, nil
	case n.Status == Accepted:
		return n, nil // released before; it may not have arrived
	}
	now := b.now()
	n.Released = now
	var owed []ledger.Due
	if release {
		owed = append(owed, deliverDue(&n))
	}
	key := noticeKey(notice)
	w := ledger.Want{Keys: append(grantKeys(n.App, n.Grant), key, appKey(n.App), userKey)}
	err = b.change(ctx, u, w, owed, func(v ledger.View) ([]ledger.Row, error) {
		if n = (Notice{}); isGone(v) {
			return nil, fault.NotFound
		}
		if _, err := get(v, key, &n); err != nil || n.Status != Held {
			return nil, err
		}
		var app appRow
		if _, err := get(v, appKey(n.App), &app); err != nil {
			return nil, err
		}
		var user userRow
		if _, err := get(v, userKey, &user); err != nil {
			return nil, err
		}
		g, found, err := grantIn(v, n.App, n.Grant)
		if err != nil {
			return nil, err
		}
		if n.Alert { // it was counted when it was held
			unring(&app, &user, n.At)
		}
		var p pending
		n.Released = now
		if !release || !found || g.Stopped || app.shut() || app.stops(n.Template) != n.Stops {
			n.Status, n.Alert = Dropped, false
		} else {
			n.Status, n.Alert = Accepted, n.Alert && ring(&app, &user, now, b.opt.Caps)
			if g.Scope == Standing && g.End == "" {
				g.Unread = append(g.Unread, Place{Notice: n.ID})
				p.put(liveKey(g.App, g.ID), &g)
			}
		}
		p.put(appKey(n.App), &app)
		p.put(userKey, &user)
		p.put(key, &n)
		return p.done()
	})
	if err != nil {
		return Notice{}, fmt.Errorf("decide a held notice: %w", err)
	}
	return n, nil
}
