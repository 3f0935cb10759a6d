package gateway

import (
	"context"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/id"
)

// due is what has to be found out again about those who are watched.
type due struct {
	all   bool                             // how everybody is seen
	seen  map[id.User]struct{}             // how these are seen
	every bool                             // who may know, of everybody
	ties  map[id.User]map[id.User]struct{} // whether a viewer may know of others
}

func (d *due) look(u id.User) {
	if d.seen == nil {
		d.seen = map[id.User]struct{}{}
	}
	d.seen[u] = struct{}{}
}

func (d *due) tie(viewer id.User, others ...*sight) {
	if d.ties == nil {
		d.ties = map[id.User]map[id.User]struct{}{}
	}
	if d.ties[viewer] == nil {
		d.ties[viewer] = map[id.User]struct{}{}
	}
	for _, p := range others {
		d.ties[viewer][p.user] = struct{}{}
	}
}

var presenceTopics = string(bus.PresenceTopic(""))

// heard notes a ring, if t is a topic of presence.
func (w *watches) heard(t bus.Topic) bool {
	u, ok := strings.CutPrefix(string(t), presenceTopics)
	if !ok {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.people[id.User(u)]; p != nil {
		w.due.look(p.user)
		w.ring()
	}
	return true
}

// listened tells whether t is the topic of somebody who is watched here.
func (w *watches) listened(t bus.Topic) bool {
	u, ok := strings.CutPrefix(string(t), presenceTopics)
	if !ok {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.people[id.User(u)] != nil
}

// tied notes that viewer and other stand to each other anew.
func (w *watches) tied(viewer, other id.User) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spoken++
	if p := w.people[other]; p != nil {
		w.due.tie(viewer, p)
		w.ring()
	}
}

// missed notes that the bus may have lost rings and signals.
func (w *watches) missed() {
	if w.gw.presence == nil {
		return
	}
	w.mu.Lock()
	w.spoken++
	w.due.every = true
	w.ring()
	w.mu.Unlock()
	w.gw.presence.Missed()
}

// LookAgain has everybody looked at who is watched here, for instance because
// another node is gone. It is presence.Options.Again.
func (g *Gateway) LookAgain() {
	w := g.watches
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due.all = true
	w.ring()
}

func (w *watches) ring() {
	select {
	case w.news <- struct{}{}:
	default:
	}
}

const (
	// lookMost is how many users are looked at in one step.
	lookMost = 200
	// lookAgain is when something is tried again that could not be found out.
	lookAgain = time.Second
)

// run finds out what is due, until ctx ends.
func (w *watches) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.news:
		}
		users, ties := w.take()
		for len(users) > 0 {
			n := min(lookMost, len(users))
			w.try(ctx, func(ctx context.Context) error { return w.look(ctx, users[:n]) }, func(d *due) {
				for _, u := range users[:n] {
					d.look(u)
				}
			})
			users = users[n:]
		}
		for viewer, others := range ties {
			w.try(ctx, func(ctx context.Context) error { return w.judge(ctx, viewer, others) }, func(d *due) { d.tie(viewer, others...) })
		}
	}
}

// try does something, now or later: again makes it due once more.
func (w *watches) try(ctx context.Context, do func(context.Context) error, again func(*due)) {
	within, cancel := context.WithTimeout(ctx, opWithin)
	defer cancel()
	err := do(within)
	if err == nil || ctx.Err() != nil {
		return
	}
	w.gw.opt.Log.Warn().Err(err).Msg("cannot look who is around yet")
	w.mu.Lock()
	again(&w.due)
	w.mu.Unlock()
	time.AfterFunc(lookAgain, w.ring)
}

// take is what is due, as far as anybody watches.
func (w *watches) take() (users []id.User, ties map[id.User][]*sight) {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.due
	w.due = due{}
	ties = map[id.User][]*sight{}
	if !d.all {
		users = w.rung(&d)
	}
	if d.all || d.every {
		users = w.everybody(&d, users)
	}
	for viewer, others := range d.ties {
		for o := range others {
			if p := w.people[o]; p != nil {
				ties[viewer] = append(ties[viewer], p)
			}
		}
	}
	return users, ties
}

// rung are those whose topics rang. Who changes too often stays due.
func (w *watches) rung(d *due) (users []id.User) {
	now, later := w.gw.wheel.now(), moment(0)
	for u := range d.seen {
		p := w.people[u]
		if p == nil {
			continue
		}
		if until := p.busy(now); until > 0 {
			w.due.look(u)
			later = max(later, until)
			continue
		}
		users = append(users, u)
	}
	if later > 0 {
		time.AfterFunc(time.Duration(later-now)*time.Millisecond, w.ring)
	}
	return users
}

// everybody adds all who are watched, and those who watch them, as far as they are due.
func (w *watches) everybody(d *due, users []id.User) []id.User {
	for u, p := range w.people {
		if d.all {
			users = append(users, u)
		}
		if d.every {
			for i := range p.by {
				d.tie(p.by[i].of.s.user, p)
			}
		}
	}
	return users
}

// look looks at users once, and tells who watches them.
func (w *watches) look(ctx context.Context, users []id.User) error {
	views, err := w.gw.presence.Views(ctx, users)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, u := range users {
		if p := w.people[u]; p != nil {
			w.saw(p, views[i])
		}
	}
	return nil
}

// judge finds out whether viewer may know of those who are watched, and tells
// their sessions what that changes.
func (w *watches) judge(ctx context.Context, viewer id.User, others []*sight) error {
	users := make([]id.User, len(others))
	for i, p := range others {
		users[i] = p.user
	}
	may, err := w.gw.presence.MayKnow(ctx, viewer, users)
	if err != nil {
		return err
	}
	found := make(map[*sight]bool, len(others))
	for i, p := range others {
		found[p] = may[i]
	}
	sessions := w.gw.hub.sessions(viewer)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range sessions {
		if x := s.watching; x != nil {
			for at, p := range x.people {
				if m, found := found[p.sight]; found && m != p.by[p.at].may {
					w.turned(x, uint8(at), m)
				}
			}
		}
	}
	return nil
}
