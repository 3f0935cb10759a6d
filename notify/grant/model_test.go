package grant_test

import (
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// A pair is one app as one user has it.
type pair struct {
	by     grant.By
	app    id.App
	user   *mUser
	offers []grant.Offer

	muted, blocked bool
	silent         time.Time
	rejects        []time.Time
	sheets         []time.Time
	alerts         []time.Time
	never          map[id.Template]bool
	grants         []*mGrant
}

type mUser struct {
	alerts  []time.Time
	entries int // in @notices
	read    int
}

type mGrant struct {
	name    id.Grant
	handle  string
	offer   grant.Offer // of a window none
	window  bool
	left    int
	until   time.Time
	first   bool // was used
	state   int
	sent    []time.Time
	unread  []int // places in @notices
	ended   string
	stopped bool
}

func (g *mGrant) live(now time.Time) bool { return g.ended == "" && now.Before(g.until) }

// A request is one that was sent, to be sent again.
type request struct {
	p      *pair
	g      *mGrant
	key    string
	s      grant.Spend
	answer grant.Answer
	held   bool
	undone bool // held, and not decided yet
	alert  bool
	at     time.Time
}

func (g *mGrant) standing() bool { return g.offer.Scope == grant.Standing }

// refusal is the law about one use.
func (g *mGrant) refusal(now time.Time, legal bool) string {
	over := !now.Before(g.until)
	switch {
	case g.window && (g.ended != "" || over):
		return "window_closed"
	case g.window && g.left == 0:
		return "window_spent"
	case g.ended != "":
		return "grant_" + g.ended
	case over && g.offer.Scope == grant.Progress && !g.first:
		return "grant_not_activated"
	case over:
		return "grant_expired"
	case !legal:
		return "state_illegal"
	case g.standing() && len(g.unread) >= 5:
		return "unread"
	case g.standing() && len(within(g.sent, now, day)) >= 1:
		return "cadence"
	}
	return ""
}

func (p *pair) outstanding(now time.Time) (live []*mGrant) {
	for _, g := range p.grants {
		if !g.window && g.live(now) {
			live = append(live, g)
		}
	}
	return live
}

func (p *pair) ring(now time.Time) bool {
	p.alerts, p.user.alerts = within(p.alerts, now, day), within(p.user.alerts, now, day)
	if len(p.alerts) >= 3 || len(p.user.alerts) >= 20 {
		return false
	}
	p.alerts, p.user.alerts = append(p.alerts, now), append(p.user.alerts, now)
	return true
}

func (p *pair) close(now time.Time, which func(*mGrant) bool) {
	for _, g := range p.grants {
		if (g.live(now) || g.window && g.ended == "") && which(g) {
			g.ended = "closed"
		}
	}
}

func within(times []time.Time, now time.Time, d time.Duration) []time.Time {
	return slices.DeleteFunc(slices.Clone(times), func(at time.Time) bool { return !at.After(now.Add(-d)) })
}
