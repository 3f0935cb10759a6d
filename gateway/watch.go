package gateway

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/wire"
)

const (
	// watchMost is how many users one connection can watch.
	watchMost = 200
	// tellEvery is how often in the long run changes of one person are told, tellBurst
	// how many at once: what somebody costs who changes again and again grows
	// neither with how fast they are nor, more than that, with how many watch.
	tellEvery = 500 * time.Millisecond
	tellBurst = 10
	// watchEach is the time after which one connection may look up one more user in
	// the long run, watchBurst how many at once: each costs three reads.
	watchEach  = 2500 * time.Microsecond
	watchBurst = 2000
)

// Watches know which sessions of this node watch whom, and what those were told
// last. This node listens to the topic of everybody who is watched here; a ring
// there makes it look once, whoever watches. Whether a session may know is kept
// with its registration, and found out again when the two people stand to each
// other anew. A session that watches nobody has no part in any of this.
//
// Locks are taken in this order: that of the watches, a session's.
type watches struct {
	gw   *Gateway
	news chan struct{} // something is due

	mu     sync.Mutex // guards what follows
	people map[id.User]*sight
	due    due
	spoken uint64 // how often it was said that people stand to each other anew

	resting line // sessions that were just told

	// Used again and again while telling.
	start  []*session
	places []uint8
	frames []*frame
}

// A sight is somebody who is watched here.
type sight struct {
	user    id.User
	by      []viewer
	held    int           // by sessions that are about to watch
	looks   uint64        // how often it was looked at
	view    presence.View // as of the latest look
	frame   *frame        // tells it to who may know; nil: there is nothing to see
	nothing *frame        // tells that; nil: it was not needed yet
	paid    moment        // until when what was told of them is paid for, see tellEvery
}

// busy tells until when nothing is to be told of somebody who changes too often; 0: it may be.
func (p *sight) busy(now moment) (until moment) {
	if until := p.paid.add(-(tellBurst - 1) * tellEvery); until > now {
		return until
	}
	return 0
}

func newWatches(gw *Gateway) *watches {
	return &watches{gw: gw, news: make(chan struct{}, 1), people: map[id.User]*sight{}}
}

// watch replaces the set of users a session watches, and tells how they are seen.
func (s *session) watch(r wire.Request) {
	if s.gw.presence == nil {
		s.refuse(r.ID, errNoPresence)
		return
	}
	users, err := watchedUsers(r)
	if err == nil {
		err = s.mayLookUp(len(users))
	}
	if err == nil {
		ctx, cancel := context.WithTimeout(s.gw.ctx, opWithin)
		defer cancel()
		err = s.gw.watches.replace(ctx, s, r.ID, users)
	}
	if err != nil {
		s.refuse(r.ID, err)
	}
}

// mayLookUp refuses a client that looks up more users than is bearable.
func (s *session) mayLookUp(users int) error {
	if s.gw.opt.Limits.FramesPerSecond == 0 { // there are no limits
		return nil
	}
	now := s.gw.wheel.now()
	paid := max(s.lookedUp, now).add(time.Duration(users) * watchEach)
	if most := now.add(watchBurst * watchEach); paid > most {
		return fault.RateLimited.After(time.Duration(paid-most) * time.Millisecond)
	}
	s.lookedUp = paid
	return nil
}

// watchedUsers reads whom a client wants to watch, each once.
func watchedUsers(r wire.Request) ([]id.User, error) {
	asked, err := wire.Decode[wire.Watch](r.Data)
	switch {
	case err != nil:
		return nil, err
	case asked.Users == nil:
		return nil, fault.BadRequest.At("/users", "is missing")
	case len(asked.Users) > watchMost:
		return nil, fault.BadRequest.At("/users", fmt.Sprintf("has more than %d users", watchMost))
	}
	users := make([]id.User, 0, len(asked.Users))
	for i, name := range asked.Users {
		u, ok := id.ParseUser(name)
		if !ok {
			return nil, fault.BadRequest.At(fmt.Sprintf("/users/%d", i), "is not a user id")
		}
		if !slices.Contains(users, u) {
			users = append(users, u)
		}
	}
	return users, nil
}

// replace makes s watch users and nobody else. It listens before it looks; until
// it has looked, the earlier set stays.
func (w *watches) replace(ctx context.Context, s *session, request int64, users []id.User) error {
	topics := make([]bus.Topic, len(users))
	for i, u := range users {
		topics[i] = bus.PresenceTopic(u)
	}
	var n newcomer
	hold := func() { n = w.hold(s, users) }
	if len(topics) == 0 {
		hold()
	} else if err := w.gw.topics.listen(ctx, hold, topics...); err != nil {
		w.release(n.people)
		return fault.Unavailable
	}
	views, err := w.gw.presence.Views(ctx, users)
	if err == nil {
		n.may, err = w.gw.presence.MayKnow(ctx, s.user, users)
	}
	if err != nil {
		w.release(n.people)
		return err
	}
	w.admit(&n, request, views)
	return nil
}

// A newcomer is a session that is about to watch somebody.
type newcomer struct {
	s      *session
	people []*sight
	looks  []uint64 // at each of them, when it began
	spoken uint64   // likewise
	may    []bool
}

// hold has people listened to for somebody who is about to watch them.
func (w *watches) hold(s *session, users []id.User) newcomer {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := newcomer{s: s, people: make([]*sight, len(users)), looks: make([]uint64, len(users)), spoken: w.spoken}
	for i, u := range users {
		p := w.people[u]
		if p == nil {
			p = &sight{user: u}
			w.people[u] = p
		}
		p.held++
		n.people[i], n.looks[i] = p, p.looks
	}
	return n
}

// release undoes hold.
func (w *watches) release(people []*sight) {
	w.mu.Lock()
	for _, p := range people {
		p.held--
	}
	gone := w.forget(people)
	w.mu.Unlock()
	w.abandon(gone)
}

// admit makes a newcomer watch, and replies. The reply is queued before anybody
// can be told more. Where somebody was looked at meanwhile, that look may be the
// newer one and counts; otherwise this one is, and the others are told of it.
func (w *watches) admit(n *newcomer, request int64, views []presence.View) {
	w.mu.Lock()
	for _, p := range n.people {
		p.held--
	}
	s, x := n.s, n.s.watching
	gone := n.people
	if x == nil {
		x = &watching{s: s}
	} else {
		gone = append(x.sights(), gone...)
		x.quit()
	}
	if s.live() {
		reply := wire.Watched{Presence: make([]wire.Presence, len(n.people))}
		x.people = make([]place, 0, len(n.people))
		for i, p := range n.people {
			switch {
			case p.looks != n.looks[i]:
			case p.looks > 0 && p.busy(w.gw.wheel.now()) > 0:
				w.due.look(p.user) // for all, when it is time
				w.ring()
			default:
				w.saw(p, views[i])
			}
			x.watch(p, n.may[i])
			reply.Presence[i] = p.view.Of(p.user, n.may[i])
		}
		if len(n.people) > 0 {
			s.watching = x
		}
		if w.spoken != n.spoken {
			w.due.tie(s.user, n.people...)
			w.ring()
		}
		s.send(textFrame(wire.Reply(request, reply), false))
	}
	gone = w.forget(gone)
	w.mu.Unlock()
	w.abandon(gone)
}

// live tells whether the session is still to be told anything.
func (s *session) live() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.phase == live
}

// drop makes a session that has ended watch nobody.
func (w *watches) drop(s *session) {
	w.mu.Lock()
	var gone []*sight
	if x := s.watching; x != nil {
		gone = x.sights()
		x.quit()
		s.watching = nil
		gone = w.forget(gone)
	}
	w.mu.Unlock()
	w.abandon(gone)
}

// forget leaves out those of people whom nobody watches any more, and returns them.
func (w *watches) forget(people []*sight) (gone []*sight) {
	for _, p := range people {
		if len(p.by) == 0 && p.held == 0 && w.people[p.user] == p {
			delete(w.people, p.user)
			gone = append(gone, p)
		}
	}
	return gone
}

// abandon lets go of their topics. The lock is not held: topics ask whether anybody listens.
func (w *watches) abandon(gone []*sight) {
	for _, p := range gone {
		w.gw.topics.abandoned(bus.PresenceTopic(p.user))
	}
}
