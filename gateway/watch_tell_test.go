package gateway

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
)

// drowsy opens a village in which whoever was told of somebody rests until the test
// ends the rest. Ann's friends ben, cat and dan are online.
func drowsy(t testing.TB, change ...func(*village)) (n *villageNode, ann, ben, cat, dan *peer) {
	t.Helper()
	v := newVillage(t, "")
	v.every = time.Hour
	for _, c := range change {
		c(v)
	}
	n = v.node(quick)
	n.befriend("ann", "ben", "cat", "dan")
	ann, ben, cat, dan = n.join("ann", "a"), n.join("ben", "b"), n.join("cat", "c"), n.join("dan", "d")
	return n, ann, ben, cat, dan
}

// rested ends the rest of all.
func (n *villageNode) rested() {
	n.later += 2 * n.v.every
	n.gw.watches.turn(n.gw.wheel.now().add(n.later))
}

// looked waits until somebody is seen, by those who may, in a state, with or without a text.
func (n *villageNode) looked(t testing.TB, u id.User, state presence.State, text ...string) {
	t.Helper()
	w := n.gw.watches
	eventually(t, "it is looked at", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		p := w.people[u]
		return p.view.State == state && p.view.Text == strings.Join(text, "")
	})
}

// set sets a state and waits until the node has seen it.
func (n *villageNode) set(p *peer, u id.User, state string, text ...string) {
	n.v.t.Helper()
	data := map[string]any{"state": state}
	for _, t := range text {
		data["text"] = t
	}
	p.ok("status", data)
	n.looked(n.v.t, u, map[string]presence.State{"active": presence.Online, "away": presence.Away}[state], text...)
}

// written waits until nothing is about to be written, and tells what was.
func (n *villageNode) written(t testing.TB) Stats {
	t.Helper()
	w := n.gw.writers
	eventually(t, "all is written", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.waiting) == w.head && w.idle == w.most
	})
	return n.gw.Stats()
}

// Who changes alone is told of at once; what changes afterwards comes in one
// write, each person once, as they are then.
func TestChangesAreToldTogether(t *testing.T) {
	n, ann, ben, cat, dan := drowsy(t)
	ann.watch("ben", "cat", "dan")
	n.set(ben, "ben", "away")
	ann.sees("ben away")
	n.set(dan, "dan", "away")
	n.set(cat, "cat", "away")
	n.set(dan, "dan", "active", "tea")
	before := n.written(t)
	n.rested()
	ann.sees("cat away")
	ann.sees("dan online tea")
	if now := n.written(t); now.Writes-before.Writes != 1 || now.FramesOut-before.FramesOut != 2 {
		t.Errorf("after %+v came %+v", before, now)
	}
	n.set(ben, "ben", "active") // the rest began anew
	n.rested()
	ann.sees("ben online")
	ann.silent(isPresence)
	n.rested()
	n.set(ben, "ben", "away")
	ann.sees("ben away")
}

// What waits goes along with anything else that is written.
func TestPresenceGoesAlong(t *testing.T) {
	n, ann, ben, cat, _ := drowsy(t)
	ann.watch("ben", "cat")
	n.set(ben, "ben", "away")
	ann.sees("ben away")
	n.set(ben, "ben", "active")
	n.set(cat, "cat", "away")
	before := n.written(t)
	ann.ping()
	ann.sees("ben online")
	ann.sees("cat away")
	if now := n.written(t); now.Writes-before.Writes != 1 || now.FramesOut-before.FramesOut != 3 {
		t.Errorf("after %+v came %+v", before, now)
	}
	n.rested()
	ann.silent(isPresence)
}

// Who is again as they were when they were told of last is not told of.
func TestBackAgain(t *testing.T) {
	n, ann, ben, cat, _ := drowsy(t)
	ann.watch("ben", "cat")
	n.set(ben, "ben", "away")
	ann.sees("ben away")
	n.set(cat, "cat", "away")
	n.set(ben, "ben", "active")
	n.set(cat, "cat", "active")
	n.set(ben, "ben", "away")
	before := n.written(t)
	n.rested()
	if now := n.written(t); now.Writes != before.Writes {
		t.Errorf("%d writes", now.Writes-before.Writes)
	}
	ann.silent(isPresence)
}

// A new set replaces what waits: its reply has it all.
func TestWatchReplacesWhatWaits(t *testing.T) {
	n, ann, ben, cat, dan := drowsy(t)
	ann.watch("ben", "cat", "dan")
	n.set(dan, "dan", "away")
	ann.sees("dan away")
	n.set(ben, "ben", "away")
	n.set(cat, "cat", "away")
	w := n.gw.watches
	w.mu.Lock() // nothing goes along with the reply before it is decided who is watched
	x := n.gw.hub.sessions("ann")[0].watching
	if !x.waiting() {
		t.Error("nothing waits")
	}
	w.mu.Unlock()
	ann.shows(ann.watch("cat")[0], "cat away")
	ann.silent(isPresence)
	n.rested()
	ann.silent(isPresence)
	n.set(cat, "cat", "active")
	ann.sees("cat online")
	w.mu.Lock()
	defer w.mu.Unlock()
	if x.waiting() || n.gw.hub.sessions("ann")[0].watching != x {
		t.Error("the rest was not kept")
	}
}

// What waits is not told to who may not know any more when it is told.
func TestWhatWaitsIsNotForAll(t *testing.T) {
	n, ann, ben, cat, _ := drowsy(t)
	ann.watch("ben", "cat")
	n.set(ben, "ben", "away")
	ann.sees("ben away")

	n.set(cat, "cat", "away", "a secret")
	ok(t, n.friends.Block(n.v.ctx, "cat", "ann"))
	eventually(t, "the block is found out", func() bool { return !n.gw.mayKnow("ann", "cat") })
	n.rested()
	ann.sees("cat offline")
	n.rested()

	n.set(ben, "ben", "active")
	ann.sees("ben online")
	n.set(cat, "cat", "active", "a secret")
	ok(t, n.friends.Unblock(n.v.ctx, "cat", "ann"))
	eventually(t, "so is its end", func() bool { return n.gw.mayKnow("ann", "cat") })
	ok(t, n.friends.Block(n.v.ctx, "cat", "ann"))
	eventually(t, "and the next", func() bool { return !n.gw.mayKnow("ann", "cat") })
	n.rested() // nothing that she did not see before
	ann.silent(isPresence)
}

// mayKnow tells how a viewer's registration stands.
func (g *Gateway) mayKnow(viewer, who id.User) bool {
	w := g.watches
	w.mu.Lock()
	defer w.mu.Unlock()
	x := g.hub.sessions(viewer)[0].watching
	at := slices.IndexFunc(x.people, func(p place) bool { return p.user == who })
	return x.viewer(uint8(at)).may
}

// A shutLink has no room while it is shut.
type shutLink struct {
	link
	shut atomic.Bool
}

func (l *shutLink) write(p []byte) (int, error) {
	if l.shut.Load() {
		return 0, errLater
	}
	return l.link.write(p)
}

// For a client that does not read one last state of each person waits, and it is
// told when it reads again.
func TestPresenceWaitsForASlowReader(t *testing.T) {
	n, ann, ben, cat, _ := drowsy(t)
	ann.watch("ben", "cat")
	s := n.gw.hub.sessions("ann")[0]
	l := &shutLink{}
	eventually(t, "nobody is about its link", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if q, ok := s.link.(interface{ quiet() bool }); s.scheduled || ok && !q.quiet() {
			return false
		}
		l.link, s.link = s.link, l
		return true
	})
	l.shut.Store(true)
	n.set(ben, "ben", "away") // is queued, and stuck
	eventually(t, "it is stuck", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.stuck
	})
	for i := range 3 {
		n.set(cat, "cat", "away", fmt.Sprint(i))
		n.set(ben, "ben", "active", fmt.Sprint(i))
		n.rested()
	}
	s.mu.Lock()
	if len(s.queue) != 1 || s.lost {
		t.Errorf("%d frames wait, lost %t", len(s.queue), s.lost)
	}
	s.mu.Unlock()
	l.shut.Store(false)
	s.room()
	ann.sees("ben away")
	ann.sees("ben online 2")
	ann.sees("cat away 2")
	ann.silent(isPresence)
}

// What finds no place in the queue after a rest is tried again after the next.
func TestPresenceIsTriedAgain(t *testing.T) {
	n, ann, ben, cat, _ := drowsy(t)
	ann.watch("ben", "cat")
	n.set(ben, "ben", "away")
	ann.sees("ben away")
	n.set(cat, "cat", "away")
	s := n.gw.hub.sessions("ann")[0]
	fill := func(bytes int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.lossy += bytes
	}
	fill(n.gw.opt.Limits.SendQueueBytes)
	n.rested()
	fill(-n.gw.opt.Limits.SendQueueBytes)
	n.rested()
	ann.sees("cat away")
}

// One write tells no more than a client's queue bears; the others come with the next.
func TestManyChangesComeInParts(t *testing.T) {
	n, ann, ben, _, _ := drowsy(t, func(v *village) { v.queue = 2000 })
	watched := []string{"ben"}
	for i := range 100 {
		u := id.User(fmt.Sprintf("u%d", i))
		n.befriend("ann", u)
		watched = append(watched, string(u))
	}
	ann.watch(watched...)
	n.set(ben, "ben", "away")
	ann.sees("ben away")
	for _, u := range watched[1:] {
		n.presence.Arrive(id.User(u), "s", "d")
	}
	for _, u := range watched[1:] {
		n.looked(t, id.User(u), presence.Online)
	}
	got := map[string]bool{}
	for range 10 {
		n.rested()
		for ann.ping(); len(ann.seen) > 0; ann.seen = ann.seen[1:] {
			var p struct{ User, State string }
			ok(t, json.Unmarshal(ann.seen[0].Data, &p))
			if got[p.User] || p.State != "online" {
				t.Errorf("%+v", p)
			}
			got[p.User] = true
		}
	}
	if len(got) != 100 {
		t.Errorf("%d are told of", len(got))
	}
}

// ping is answered, and what came before that is in seen.
func (p *peer) ping() { p.ok("ping", map[string]any{}) }

// Who has gone leaves no rest behind.
func TestRestEndsWithTheSession(t *testing.T) {
	n, ann, ben, cat, _ := drowsy(t)
	ann.watch("ben", "cat")
	n.set(ben, "ben", "away")
	ann.sees("ben away")
	n.set(cat, "cat", "away")
	ann.conn.Close()
	w := n.gw.watches
	eventually(t, "nobody is watched", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.people) == 0
	})
	n.rested()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.resting.first != nil {
		t.Error("somebody rests")
	}
}

// However sessions come and go, each is found among the viewers of its people.
func TestPlaces(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	people := make([]*sight, 20)
	for i := range people {
		people[i] = &sight{user: id.User(fmt.Sprint(i))}
	}
	all := make([]*watching, 30)
	for i := range all {
		all[i] = &watching{s: &session{}}
	}
	for range 5000 {
		x := all[rng.IntN(len(all))]
		x.quit()
		for _, i := range rng.Perm(len(people))[:rng.IntN(len(people))] {
			x.watch(people[i], rng.IntN(2) == 0)
		}
		watched, seen := 0, 0
		for _, x := range all {
			watched += len(x.people)
			for at := range x.people {
				if v := x.viewer(uint8(at)); v.of != x || int(v.place) != at {
					t.Fatalf("at %d is %+v", at, v)
				}
			}
		}
		for _, p := range people {
			seen += len(p.by)
		}
		if watched != seen {
			t.Fatalf("%d and %d", watched, seen)
		}
	}
}
