package grant_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// walkAgain sends something once more, or something else under its key.
func (w *walker) walkAgain() {
	if len(w.requests) == 0 {
		return
	}
	r := w.requests[w.rnd.IntN(len(w.requests))]
	s, code := r.s, ""
	if w.rnd.IntN(3) == 0 {
		s.Page, code = "/other", "idempotency_mismatch"
	}
	var answer grant.Answer
	err := w.surely(func() (err error) {
		answer, err = sendOn(w.ctx(), w.node(), r.p.app, r.g.handle, r.key, s)
		return err
	})
	w.expect(code, err)
	if err != nil {
		return
	}
	w.outcomes["replayed"]++
	first := r.answer
	first.Replayed = true
	if !answer.ExpiresAt.Equal(first.ExpiresAt) {
		w.t.Errorf("first until %v, again until %v", first.ExpiresAt, answer.ExpiresAt)
	}
	answer.ExpiresAt = first.ExpiresAt
	if answer != first {
		w.t.Errorf("first %+v, again %+v", first, answer)
	}
}

func (w *walker) walkWrite() {
	p, now := w.pair(), w.clock()
	m := id.NewEntry(now)
	for range 1 + w.rnd.IntN(2) { // perhaps told twice
		good(w.t, w.surely(func() error { return w.node().Wrote(w.ctx(), p.by, p.app, appName, m, now) }))
	}
	if p.blocked {
		return
	}
	for _, g := range p.grants {
		if g.window && g.ended == "" {
			g.left, g.until = 5, now.Add(2*day)
			w.learn(p, nil) // it is listed again
			return
		}
	}
	g := &mGrant{window: true, left: 5, until: now.Add(2 * day)}
	p.grants = append(p.grants, g)
	w.learn(p, []*mGrant{g})
}

func (w *walker) walkRead() {
	p := w.pair()
	p.user.read = p.user.entries
	w.mu.Lock()
	w.read[p.by.User] = id.Seq(p.user.read)
	w.mu.Unlock()
	for _, q := range w.pairs {
		if q.user == p.user {
			for _, g := range q.grants {
				g.unread = nil
			}
		}
	}
}

func (w *walker) walkEnd() {
	p := w.pair()
	ways := []func(*grant.Book, context.Context, id.User, id.App) error{(*grant.Book).Mute, (*grant.Book).Block, (*grant.Book).CloseAll}
	way := w.rnd.IntN(len(ways))
	good(w.t, w.surely(func() error { return ways[way](w.node(), w.ctx(), p.by.User, p.app) }))
	p.muted, p.blocked = p.muted || way == 0, p.blocked || way == 1
	p.close(w.clock(), func(*mGrant) bool { return true })
	w.drop(func(r *request) bool { return r.p == p })
}

// drop notes that what is held will not come.
func (w *walker) drop(which func(*request) bool) {
	for _, r := range w.requests {
		if r.undone && which(r) {
			r.g.stopped = true
			r.s.Hold = "gone"
		}
	}
}

func (w *walker) walkLift() {
	p := w.pair()
	good(w.t, w.surely(func() error { return w.node().Unmute(w.ctx(), p.by.User, p.app) }))
	good(w.t, w.surely(func() error { return w.node().Unblock(w.ctx(), p.by.User, p.app) }))
	p.muted, p.blocked = false, false
}

func (w *walker) walkRevoke() {
	p, now := w.pair(), w.clock()
	for _, g := range p.grants {
		if g.live(now) {
			good(w.t, w.surely(func() error { return w.node().Revoke(w.ctx(), p.by.User, string(g.name)) }))
			g.ended = "closed"
			w.drop(func(r *request) bool { return r.g == g })
			return
		}
	}
}

func (w *walker) walkStop() {
	for _, r := range w.requests {
		if !r.held && !r.g.window {
			good(w.t, w.surely(func() error { return w.node().Stop(w.ctx(), r.p.by.User, r.answer.Notice) }))
			r.p.close(w.clock(), func(g *mGrant) bool { return !g.window && g.offer.Template == r.g.offer.Template })
			w.drop(func(x *request) bool { return x.p == r.p && !x.g.window && x.g.offer.Template == r.g.offer.Template })
			return
		}
	}
}

func (w *walker) walkHeld() {
	for _, r := range w.requests {
		if !r.undone {
			continue
		}
		n, ok := grant.UUIDOf(r.answer.Notice)
		if !ok {
			w.t.Fatal(r.answer)
		}
		now, u := w.clock(), r.p.by.User
		for _, list := range []*[]time.Time{&r.p.alerts, &r.p.user.alerts} {
			if i := slices.Index(*list, r.at); r.alert && i >= 0 {
				*list = slices.Delete(slices.Clone(*list), i, i+1)
			}
		}
		r.undone = false
		if w.rnd.IntN(3) == 0 {
			good(w.t, w.surely(func() error { return w.node().Drop(w.ctx(), u, n) }))
			return
		}
		good(w.t, w.surely(func() error { return w.node().Release(w.ctx(), u, n) }))
		if r.s.Hold == "gone" || r.p.muted || r.p.blocked {
			return
		}
		if r.alert {
			r.p.ring(now)
		}
		w.heldEver--
		w.arrived(r)
		return
	}
}

func (w *walker) walkWait() {
	w.advance([]time.Duration{time.Second, time.Second, time.Minute, time.Minute, 10 * time.Minute, time.Hour, 7 * time.Hour, day}[w.rnd.IntN(8)])
	if w.rnd.IntN(60) == 0 {
		w.advance(30 * day)
	}
	w.compare(w.pair())
}

func (w *walker) compareAll() {
	for _, p := range w.pairs {
		w.compare(p)
	}
}

// compare holds what a user sees against the model.
func (w *walker) compare(p *pair) {
	now := w.clock()
	var got, want []string
	for _, g := range w.grants(p.by.User) {
		if g.App == p.app {
			got = append(got, fmt.Sprint(g.ID, g.Left))
		}
	}
	for _, g := range p.grants {
		if g.live(now) && (!g.window || g.left > 0) {
			want = append(want, fmt.Sprint(g.name, g.left))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		w.t.Errorf("%s has granted %v, the model says %v", p.by.User, got, want)
	}
}
