package grant

import (
	"context"
	"fmt"
	"strings"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Grants are those of u that something may still come of, by app. fault.BadRequest:
// the cursor is none of this list's.
func (b *Book) Grants(ctx context.Context, u id.User, cursor string, limit int) ([]Grant, string, error) {
	if cursor != "" {
		rest, ok := strings.CutPrefix(cursor, liveKeys)
		if a, _, two := strings.Cut(rest, "/"); !ok || !two || len(cursor) > 200 || a == "" {
			return nil, "", fault.BadRequest.At("cursor", "is none of this list's")
		}
	}
	var all []Grant
	now := b.now()
	for {
		rows, err := b.store.ListPart(ctx, part(u), liveKeys, cursor, limit)
		if err != nil {
			return nil, "", fmt.Errorf("list grants: %w", err)
		}
		for _, r := range rows {
			cursor = r.Key
			var g Grant
			if err := decode(r.Key, r.Value, &g); err != nil {
				return nil, "", err
			}
			if g.live(now) && (g.Scope != Window || g.Left > 0) {
				all = append(all, g)
			}
			if len(all) == limit {
				return all, cursor, nil
			}
		}
		if len(rows) < limit {
			return all, "", nil
		}
	}
}

// Revoke closes a grant of u. When it returns, nothing comes of it any more but
// what was accepted before. One that was closed before stays so. fault.NotFound:
// u has no such grant.
func (b *Book) Revoke(ctx context.Context, u id.User, name string) error {
	key := ""
	for after := ""; key == ""; {
		rows, err := b.store.ListPart(ctx, part(u), liveKeys, after, pageOf)
		if err != nil {
			return fmt.Errorf("revoke: %w", err)
		}
		if len(rows) == 0 {
			return fault.NotFound
		}
		for _, r := range rows {
			after = r.Key
			if strings.HasSuffix(r.Key, "/"+name) && r.Key == liveKey(appOf(r.Key), id.Grant(name)) {
				key = r.Key
			}
		}
	}
	now := b.now()
	err := b.change(ctx, u, ledger.Want{Keys: []string{key}}, nil, func(v ledger.View) ([]ledger.Row, error) {
		var g Grant
		found, err := get(v, key, &g)
		if err != nil || g.Stopped {
			return nil, err
		}
		if !found || !g.live(now) {
			return nil, fault.NotFound
		}
		g.End, g.Stopped = Closed, true
		var p pending
		p.put(key, &g)
		return p.done()
	})
	if err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	return nil
}

// pageOf is how many rows are read at a time where all are.
const pageOf = 200

// Why tells where a notice of u's comes from. fault.NotFound: u was never shown it.
func (b *Book) Why(ctx context.Context, u id.User, name string) (Notice, Grant, error) {
	n, ok := uuidOf(name)
	if !ok {
		return Notice{}, Grant{}, fault.NotFound
	}
	notice, found, err := b.notice(ctx, u, n)
	if err != nil {
		return Notice{}, Grant{}, err
	}
	if !found || notice.Status != Accepted || b.Name(notice) != name {
		return Notice{}, Grant{}, fault.NotFound
	}
	v, err := b.store.ReadPart(ctx, part(u), ledger.Want{Keys: grantKeys(notice.App, notice.Grant)})
	if err != nil {
		return Notice{}, Grant{}, fmt.Errorf("read a grant: %w", err)
	}
	g, found, err := grantIn(v, notice.App, notice.Grant)
	if err == nil && !found {
		err = fmt.Errorf("notice %s has no grant", notice.ID)
	}
	g.Sheet = g.shown()
	return notice, g, err
}

// Notice finds a notice of an app by its name, whatever became of it.
// fault.NotFound, which takes as long whatever is wrong.
func (b *Book) Notice(ctx context.Context, a id.App, name string) (Notice, error) {
	u, n, ok := b.seal.openName(a, name)
	if !ok {
		u = "-"
	}
	notice, found, err := b.notice(ctx, u, n)
	if err != nil {
		return Notice{}, err
	}
	if !found || notice.App != a {
		return Notice{}, fault.NotFound
	}
	return notice, nil
}

// Stop closes all grants of the template that a notice of u's is of, and what is
// held of it. fault.NotFound: u was never shown such a notice.
func (b *Book) Stop(ctx context.Context, u id.User, name string) error {
	n, _, err := b.Why(ctx, u, name)
	if err != nil {
		return err
	}
	return b.shut(ctx, u, n.App, func(app *appRow) {
		if app.Stops == nil {
			app.Stops = map[id.Template]int{}
		}
		app.Stops[n.Template]++
	}, func(g *Grant) bool { return g.Template == n.Template })
}

// Mute closes all that u has granted an app, and has it ask no more. To the app
// that looks like any other end.
func (b *Book) Mute(ctx context.Context, u id.User, a id.App) error {
	return b.shut(ctx, u, a, func(app *appRow) { app.Shut++; app.Muted = true }, every)
}

// Unmute lets an app ask again. It revives nothing.
func (b *Book) Unmute(ctx context.Context, u id.User, a id.App) error {
	return b.shut(ctx, u, a, func(app *appRow) { app.Muted = false }, none)
}

// Block is Mute, and the app cannot be written to, nor answer.
func (b *Book) Block(ctx context.Context, u id.User, a id.App) error {
	return b.shut(ctx, u, a, func(app *appRow) { app.Shut++; app.Blocked = true }, every)
}

// Unblock takes a block back. It revives nothing, and leaves a mute.
func (b *Book) Unblock(ctx context.Context, u id.User, a id.App) error {
	return b.shut(ctx, u, a, func(app *appRow) { app.Blocked = false }, none)
}

// CloseAll closes all that u has granted an app, such as for a new openid. The app
// may ask again.
func (b *Book) CloseAll(ctx context.Context, u id.User, a id.App) error {
	return b.shut(ctx, u, a, func(app *appRow) { app.Shut++ }, every)
}

func every(*Grant) bool { return true }
func none(*Grant) bool  { return false }

// shut changes how an app stands with u and closes some of its grants, in one step.
func (b *Book) shut(ctx context.Context, u id.User, a id.App, note func(*appRow), which func(*Grant) bool) error {
	w := ledger.Want{Keys: []string{appKey(a)}, Prefixes: []string{liveOf(a)}}
	now := b.now()
	err := b.change(ctx, u, w, nil, func(v ledger.View) ([]ledger.Row, error) {
		var app appRow
		if _, err := get(v, appKey(a), &app); err != nil {
			return nil, err
		}
		grants, err := grantsUnder(v, liveOf(a))
		if err != nil {
			return nil, err
		}
		var p pending
		note(&app)
		p.put(appKey(a), &app)
		for _, g := range grants {
			if g.open(now) && which(&g) {
				g.End, g.Stopped = Closed, true
				p.put(liveKey(a, g.ID), &g)
			}
		}
		return p.done()
	})
	if err != nil {
		return fmt.Errorf("close grants: %w", err)
	}
	return nil
}

// Muted tells how u has set an app.
func (b *Book) Muted(ctx context.Context, u id.User, a id.App) (muted, blocked bool, err error) {
	v, err := b.store.ReadPart(ctx, part(u), ledger.Want{Keys: []string{appKey(a)}})
	if err != nil {
		return false, false, fmt.Errorf("read an app's standing: %w", err)
	}
	var app appRow
	_, err = get(v, appKey(a), &app)
	return app.Muted, app.Blocked, err
}
