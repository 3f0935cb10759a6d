package client

import (
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// An outbox holds messages until the server has answered them. Messages to one
// conversation are sent one after the other, so that neither a refusal nor a
// lost connection changes their order; conversations do not wait for each other.
type outbox struct {
	most  int
	self  id.User // once it is known
	items map[string]*parcel
	count int64 // numbers parcels in the order of sending
	lanes map[string]*lane
	ready []*lane // lanes whose first parcel may be sent
	empty []chan struct{}
}

// A lane is what waits for one conversation; it goes when nothing does.
type lane struct {
	name    string
	parcels []*parcel
	ready   bool
	until   time.Time // not before, after a refusal for now
}

// A parcel is a message on its way.
type parcel struct {
	Outgoing
	lane    *lane
	n       int64
	exact   bool // Body is as the server will store it
	tries   int
	flying  bool // sent on the present connection, and not answered
	waiters []chan outcome
}

type outcome struct {
	sent wire.Sent
	err  error
}

func newOutbox(most int) *outbox {
	return &outbox{most: most, items: map[string]*parcel{}, lanes: map[string]*lane{}}
}

// add queues a message; one that is there already by its id is not added again.
func (o *outbox) add(m Outgoing, exact bool) (*parcel, error) {
	if p := o.items[m.ID]; p != nil {
		return p, nil
	}
	if len(o.items) >= o.most {
		return nil, ErrOutboxFull
	}
	p := &parcel{Outgoing: m, n: o.count, exact: exact}
	o.count++
	o.items[m.ID] = p
	o.enter(p)
	return p, nil
}

// restore queues a message of an earlier run, which may have been sent before.
func (o *outbox) restore(m Outgoing) {
	if _, there := o.items[m.ID]; there {
		return
	}
	p := &parcel{Outgoing: m, n: o.count, tries: 1}
	o.count++
	o.items[m.ID] = p
	o.enter(p)
}

func (o *outbox) enter(p *parcel) {
	name := p.Stream
	if name == "" {
		name = "to " + p.To
		if o.self != "" {
			name = string(id.DirectStream(o.self, id.User(p.To)))
		}
	}
	l := o.lanes[name]
	if l == nil {
		l = &lane{name: name}
		o.lanes[name] = l
	}
	p.lane = l
	l.parcels = append(l.parcels, p)
	o.offer(l)
}

// offer makes a lane ready if its first parcel can go.
func (o *outbox) offer(l *lane) {
	if !l.ready && len(l.parcels) > 0 && !l.parcels[0].flying {
		l.ready = true
		o.ready = append(o.ready, l)
	}
}

// restart makes everything unanswered ready again, for a new connection of self.
func (o *outbox) restart(self id.User) {
	o.self, o.ready, o.lanes = self, nil, map[string]*lane{}
	all := make([]*parcel, 0, len(o.items))
	for _, p := range o.items {
		p.flying = false
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *parcel) int { return int(a.n - b.n) })
	for _, p := range all {
		o.enter(p)
	}
}

// next takes a parcel to send now. If there is none, wait is how long until
// there may be one; 0: until something happens.
func (o *outbox) next(now time.Time) (p *parcel, wait time.Duration) {
	var later []*lane
	for len(o.ready) > 0 && p == nil {
		l := o.ready[0]
		o.ready = o.ready[1:]
		if d := l.until.Sub(now); d > 0 {
			if later = append(later, l); wait == 0 || d < wait {
				wait = d
			}
			continue
		}
		l.ready = false
		p = l.parcels[0]
		p.flying = true
		p.tries++
	}
	o.ready = append(o.ready, later...)
	return p, wait
}

// again puts a parcel back that was refused for now.
func (o *outbox) again(p *parcel, until time.Time) {
	if o.items[p.ID] != p {
		return
	}
	p.flying = false
	p.lane.until = until
	o.offer(p.lane)
}

// settle removes an answered parcel; false if it was answered before.
func (o *outbox) settle(p *parcel, out outcome) bool {
	if o.items[p.ID] != p {
		return false
	}
	delete(o.items, p.ID)
	l := p.lane
	if l.parcels = l.parcels[1:]; len(l.parcels) == 0 {
		delete(o.lanes, l.name)
	} else {
		l.until = time.Time{}
		o.offer(l)
	}
	for _, w := range p.waiters {
		w <- out
	}
	if len(o.items) == 0 {
		for _, e := range o.empty {
			close(e)
		}
		o.empty = nil
	}
	return true
}

// abandon tells everybody who waits that no answer will come.
func (o *outbox) abandon(err error) {
	for _, p := range o.items {
		for _, w := range p.waiters {
			w <- outcome{err: err}
		}
		p.waiters = nil
	}
}
