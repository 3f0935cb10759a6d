package grant_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// seed is a walk's, which TEAHOUSE_TEST_SEED repeats.
func seed(t *testing.T) *rand.Rand {
	n := rand.Uint64()
	if s := os.Getenv("TEAHOUSE_TEST_SEED"); s != "" {
		var err error
		n, err = strconv.ParseUint(s, 10, 64)
		good(t, err)
	}
	t.Logf("TEAHOUSE_TEST_SEED=%d", n)
	return rand.New(rand.NewPCG(n, n))
}

// Whatever people and apps do, in whatever order, on two nodes and a store that
// now and then does not say what it did: every answer is that of a model, which
// is the law in plain words.
func TestWalk(t *testing.T) {
	steps := 20_000
	if testing.Short() {
		steps = 4_000
	}
	t.Run("embedded", func(t *testing.T) { walk(t, open(t, embedded(t)), steps) })
	if server() != "" {
		t.Run("cluster", func(t *testing.T) { walk(t, open(t, cluster(t)), 600) })
	}
}

func walk(t *testing.T, h *house, steps int) {
	w := newWalk(h, seed(t))
	for i := range steps {
		step := w.pick()
		w.log = append(w.log, fmt.Sprintf("%d %s", i, step.name))
		step.do(w)
		if t.Failed() {
			t.Fatal(w.log[max(0, len(w.log)-30):])
		}
	}
	h.advance(2 * time.Minute)
	r := h.lawful()
	w.compareAll()
	if r.Notices != w.accepted+w.heldEver || r.Entries != w.accepted {
		t.Fatalf("%d notices and %d entries, the model has %d and %d", r.Notices, r.Entries, w.accepted+w.heldEver, w.accepted)
	}
	t.Logf("%d users, %d grants, %d notices; outcomes %v", r.Users, r.Grants, r.Notices, w.outcomes)
	for _, c := range []string{
		"accepted", "held", "replayed", "grant_consumed", "grant_closed", "grant_expired", "grant_not_activated", "state_illegal", "cadence", "window_closed", "window_spent",
		"idempotency_mismatch", "ask_silenced", "ask_limit", "outstanding_limit", "busy_retry",
	} {
		if steps > 10_000 && w.outcomes[c] == 0 {
			t.Errorf("the walk never came to %s", c)
		}
	}
}

type walker struct {
	*house
	rnd      *rand.Rand
	nodes    []*grant.Book
	moody    *moody
	pairs    []*pair
	cursors  map[id.App]string
	requests []*request
	accepted int
	heldEver int // and not released
	outcomes map[string]int
	log      []string
	subjects int
}

func newWalk(h *house, rnd *rand.Rand) *walker {
	m := &moody{backend: h.store, rnd: rnd}
	w := &walker{
		house: h, rnd: rnd, moody: m, cursors: map[id.App]string{}, outcomes: map[string]int{},
		nodes: []*grant.Book{h.node(m, h.store), h.node(m, h.store)},
	}
	var apps []id.App
	offers := map[id.App][]grant.Offer{}
	for range 3 {
		a := id.NewApp()
		apps = append(apps, a)
		offers[a] = []grant.Offer{queue(id.NewTemplate(), ""), ride(id.NewTemplate(), ""), bus(id.NewTemplate(), "")}
	}
	for range 8 {
		by, u := h.guest(), &mUser{}
		for _, a := range apps {
			w.pairs = append(w.pairs, &pair{by: by, app: a, user: u, offers: offers[a], never: map[id.Template]bool{}})
		}
	}
	return w
}

type deed struct {
	name   string
	weight int
	do     func(*walker)
}

var deeds = []deed{
	{"ask", 20, (*walker).walkAsk},
	{"send", 50, (*walker).walkSend},
	{"again", 8, (*walker).walkAgain},
	{"write", 6, (*walker).walkWrite},
	{"read", 6, (*walker).walkRead},
	{"end", 1, (*walker).walkEnd},
	{"lift", 4, (*walker).walkLift},
	{"revoke", 2, (*walker).walkRevoke},
	{"stop", 1, (*walker).walkStop},
	{"held", 4, (*walker).walkHeld},
	{"sweep", 3, (*walker).walkSweep},
	{"wait", 10, (*walker).walkWait},
}

func (w *walker) pick() deed {
	n := 0
	for _, d := range deeds {
		n += d.weight
	}
	n = w.rnd.IntN(n)
	for _, d := range deeds {
		if n -= d.weight; n < 0 {
			return d
		}
	}
	panic("no deed")
}

func (w *walker) node() *grant.Book { return w.nodes[w.rnd.IntN(len(w.nodes))] }
func (w *walker) pair() *pair       { return w.pairs[w.rnd.IntN(len(w.pairs))] }

// surely does something until the store says what became of it.
func (w *walker) surely(do func() error) error {
	for {
		err := do()
		if !errors.Is(err, fault.Unavailable) && !errors.Is(err, grant.ErrBusy) {
			return err
		}
		w.outcomes[string(codeOf(err))]++
	}
}

// expect compares a refusal with the model's.
func (w *walker) expect(code string, err error) {
	w.t.Helper()
	got := string(codeOf(err))
	w.outcomes[got]++
	if got != code {
		w.t.Errorf("got %q (%v), the model says %q", got, err, code)
	}
}

func (w *walker) walkAsk() {
	p, now := w.pair(), w.clock()
	var offers []grant.Offer
	fresh, never := map[string]bool{}, false
	for range 1 + w.rnd.IntN(3) {
		o := p.offers[w.rnd.IntN(len(p.offers))]
		w.subjects++
		o.Subject = fmt.Sprint(p.by.User, w.subjects)
		if live := p.outstanding(now); len(live) > 0 && w.rnd.IntN(3) == 0 {
			o = live[w.rnd.IntN(len(live))].offer
		}
		never = never || p.never[o.Template]
		if !slices.ContainsFunc(p.outstanding(now), func(g *mGrant) bool { return g.offer.Subject == o.Subject }) {
			fresh[o.Subject] = true
		}
		offers = append(offers, o)
	}
	code := ""
	switch {
	case p.muted || p.blocked || never || now.Before(p.silent):
		code = "ask_silenced"
	case len(p.outstanding(now))+len(fresh) > 5:
		code = "outstanding_limit"
	case len(within(p.sheets, now, day)) >= 3:
		code = "ask_limit"
	}
	w.moody.calm = true // a tap is spent in any case: asking again would say that
	tap, _, err := w.node().Tap(w.ctx(), p.by, p.app, "/queue")
	good(w.t, err)
	s, err := w.node().Ask(w.ctx(), p.by, p.app, appName, tap, offers)
	w.moody.calm = false
	w.expect(code, err)
	if err != nil {
		return
	}
	p.sheets = append(p.sheets, now)
	w.walkDecide(p, s, offers)
}

func (w *walker) walkDecide(p *pair, s grant.Sheet, offers []grant.Offer) {
	dwell := time.Second
	if w.rnd.IntN(5) == 0 {
		dwell = []time.Duration{400 * time.Millisecond, time.Minute - time.Millisecond, 399 * time.Millisecond, time.Minute}[w.rnd.IntN(4)]
	}
	fast, late := dwell < 400*time.Millisecond, dwell >= time.Minute
	w.advance(dwell)
	now := w.clock()
	ds, any := decisions(s, true), false
	for i := range ds {
		ds[i].Accept = w.rnd.IntN(8) > 0
		any = any || ds[i].Accept && !fast
	}
	dontAsk := w.rnd.IntN(150) == 0
	first := true
	err := w.surely(func() error {
		err := w.node().Decide(w.ctx(), p.by, string(s.Consent), ds, dontAsk)
		if !first && errors.Is(err, grant.ErrDecided) { // by the one before, which did not say so
			err = nil
		}
		first = false
		return err
	})
	if late {
		w.expect("consent_expired", err)
		return
	}
	w.expect("", err)
	for _, o := range offers {
		p.never[o.Template] = p.never[o.Template] || dontAsk
	}
	if !any {
		p.rejects = append(within(p.rejects, now, 7*day), now)
		if len(p.rejects) == 2 {
			p.rejects, p.silent = nil, now.Add(7*day)
		}
		return
	}
	p.rejects = nil
	var minted []*mGrant
	for i, o := range offers {
		if !ds[i].Accept || slices.ContainsFunc(p.outstanding(now), func(g *mGrant) bool { return g.offer.Subject == o.Subject }) || len(p.outstanding(now)) >= 5 {
			continue
		}
		g := &mGrant{offer: o, left: o.Uses, until: s.Items[i].Until}
		if o.Scope == grant.Progress {
			g.until = now.Add(5 * time.Minute)
		}
		p.grants = append(p.grants, g)
		minted = append(minted, g)
	}
	w.learn(p, minted)
}

// learn finds what was minted where the user and the app find it.
func (w *walker) learn(p *pair, minted []*mGrant) {
	w.walkSweep()
	all := w.grants(p.by.User)
	for {
		items, next, err := w.Handed(w.ctx(), p.app, w.cursors[p.app], 50)
		good(w.t, err)
		for _, x := range items {
			for _, g := range minted {
				if g.offer.Template == x.Template && (g.window || g.offer.Subject == x.Subject) {
					g.handle = x.Handle
				}
			}
		}
		if next == w.cursors[p.app] {
			break
		}
		w.cursors[p.app] = next
	}
	for _, g := range minted {
		i := slices.IndexFunc(all, func(x grant.Grant) bool {
			return x.App == p.app && x.Template == g.offer.Template && x.Subject == g.offer.Subject && (x.Scope == grant.Window) == g.window
		})
		if i < 0 || g.handle == "" {
			w.t.Fatalf("minted %+v; the user has %+v", g, all)
		}
		g.name = all[i].ID
	}
}

func (w *walker) walkSweep() {
	w.t.Helper()
	w.advance(grant.Grace)
	w.moody.calm = true
	defer func() { w.moody.calm = false }()
	for _, b := range w.nodes {
		good(w.t, b.Sweep(w.ctx()))
	}
}

func (w *walker) walkSend() {
	p := w.pair()
	if len(p.grants) == 0 {
		return
	}
	g := p.grants[max(0, len(p.grants)-1-w.rnd.IntN(8))]
	most := 3
	if g.window {
		most = 7
	}
	for range 1 + w.rnd.IntN(most) {
		w.sendOnce(p, g)
	}
}

func (w *walker) sendOnce(p *pair, g *mGrant) {
	r := &request{p: p, g: g, key: uuid.NewString(), s: spend(g.offer)}
	r.s.Alert = w.rnd.IntN(4) > 0
	legal := true
	switch {
	case g.window:
		r.s = answer("hello")
	case g.offer.Scope == grant.Progress:
		if legal = w.rnd.IntN(4) > 0; legal {
			r.s.State, r.s.Allowed = strconv.Itoa(g.state+1), []string{""}
			if g.state > 0 {
				r.s.Allowed = []string{strconv.Itoa(g.state)}
			}
			r.s.Terminal = w.rnd.IntN(8) == 0
		} else {
			r.s.State, r.s.Allowed = "back", []string{"nowhere"}
		}
	}
	if r.held = w.rnd.IntN(12) == 0; r.held {
		r.s.Hold = "shape"
	}
	now := w.clock()
	code := g.refusal(now, legal)
	var err error
	tries := 0
	err = w.surely(func() error {
		tries++
		r.answer, err = sendOn(w.ctx(), w.node(), p.app, g.handle, r.key, r.s)
		return err
	})
	if code == "unread" {
		code, g.ended = "grant_closed", "closed"
	}
	if code == "grant_closed" && tries > 1 && g.ended == "" {
		g.ended = "closed"
	}
	w.expect(code, err)
	if err != nil {
		return
	}
	w.spent(r, now)
	if r.answer.Left != g.left && !g.standing() || r.answer.Alert != r.alert || r.answer.Replayed && tries == 1 {
		w.t.Errorf("answer %+v, the model has %+v, alert %v", r.answer, g, r.alert)
	}
	w.requests = append(w.requests, r)
	if len(w.requests) > 200 {
		w.requests = slices.DeleteFunc(w.requests, func(x *request) bool { return !x.undone && w.rnd.IntN(2) == 0 })
	}
}

// spent counts what was accepted.
func (w *walker) spent(r *request, now time.Time) {
	g := r.g
	r.at = now
	if g.offer.Scope == grant.Progress {
		if !g.first {
			g.first, g.until = true, now.Add(day)
		}
		g.state++
	}
	if g.standing() {
		g.sent = append(within(g.sent, now, day), now)
	} else if g.left--; g.left == 0 && !g.window {
		g.ended = "consumed"
	}
	if r.s.Terminal {
		g.ended = "closed"
	}
	r.alert = r.s.Alert && r.p.ring(now)
	if r.held {
		w.outcomes["held"]++
		w.heldEver++
		r.undone = true
		return
	}
	w.outcomes["accepted"]++
	w.arrived(r)
}

func (w *walker) arrived(r *request) {
	w.accepted++
	if r.g.window {
		return
	}
	r.p.user.entries++
	if r.g.standing() {
		r.g.unread = append(r.g.unread, r.p.user.entries)
	}
}
