package grant

import (
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// use spends one use of g, or tells why there is none to be spent. A standing
// grant of which too much stayed unread comes back closed instead, and unspent.
func (r *redeeming) use(g *Grant) error {
	if err := g.usable(r.now); err != nil {
		return err
	}
	if g.Template != r.s.Template || g.Version != r.s.Version {
		return ErrMismatch
	}
	switch g.Scope {
	case Progress:
		return r.step(g)
	case Standing:
		return r.repeat(g)
	}
	g.Left--
	if g.Left == 0 && g.Scope != Window { // that can be opened again
		g.End = Consumed
	}
	return nil
}

// step goes along one edge. The grant's life begins with the first.
func (r *redeeming) step(g *Grant) error {
	if !slices.Contains(r.s.Allowed, g.State) {
		return ErrState
	}
	if g.First.IsZero() {
		g.First, g.ExpiresAt = r.now, r.now.Add(time.Duration(g.Lives))
	}
	g.State = r.s.State
	g.Left--
	switch {
	case r.s.Terminal:
		g.End = Closed
	case g.Left == 0:
		g.End = Consumed
	}
	return nil
}

// repeat is one more of a standing grant.
func (r *redeeming) repeat(g *Grant) error {
	g.Unread = unread(g.Unread, r.read)
	if len(g.Unread) >= r.opt.Caps.UnreadMost {
		g.End = Closed
		return nil
	}
	g.Sent = g.recent(r.now)
	if len(g.Sent) >= g.Cadence.Uses {
		return ErrCadence.After(g.Sent[0].Add(g.Cadence.period()).Sub(r.now))
	}
	g.Sent = append(g.Sent, r.now)
	if r.n.Status == Accepted {
		g.Unread = append(g.Unread, Place{Notice: r.n.ID})
	}
	return nil
}

// unread are those that a read position has not passed.
func unread(places []Place, read id.Seq) []Place {
	return slices.DeleteFunc(slices.Clone(places), func(p Place) bool { return p.Seq != 0 && p.Seq <= read })
}

// ring tells whether this notice may make a sound, and counts it.
func (r *redeeming) ring(app *appRow, user *userRow) bool {
	return ring(app, user, r.now, r.opt.Caps)
}

func ring(app *appRow, user *userRow, now time.Time, caps Caps) bool {
	app.Alerts, user.Alerts = app.Alerts.since(now, day), user.Alerts.since(now, day)
	if len(app.Alerts) >= caps.AppAlerts || len(user.Alerts) >= caps.UserAlerts {
		return false
	}
	app.Alerts, user.Alerts = append(app.Alerts, now.UnixMilli()), append(user.Alerts, now.UnixMilli())
	return true
}

// unring takes back what was counted at a time.
func unring(app *appRow, user *userRow, at time.Time) {
	for _, m := range []*millis{&app.Alerts, &user.Alerts} {
		if i := slices.Index(*m, at.UnixMilli()); i >= 0 {
			*m = slices.Delete(*m, i, i+1)
		}
	}
}
