package shape

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Memory is a Board in one process's memory. It counts exactly. With a store it
// keeps a journal there, so that a restart forgets nothing.
type Memory struct {
	limits Limits
	most   int

	mu        sync.Mutex // guards what follows
	now       int64      // the latest time that was seen, milliseconds
	crowds    *crowds
	members   *members
	apps      map[uint64]*app
	swept     int64            // hour in which apps were last looked through
	templates map[uint64]int64 // when their first notice was, milliseconds
	found     []int32          // the crowds of the print that is being looked at
	readers   map[uint64]bool  // scratch
	journal   *journal         // nil: none
}

// Options are what a Memory is made with.
type Options struct {
	// Most is how many readers are tracked: one for each text and person in a day, one
	// for each developer and person, and one for each subject and person. At the most everything
	// further is held. A reader takes 100 to 200 bytes. 0: a million.
	Most int
	// Store keeps the journal; see Restore. nil: a restart forgets.
	Store ledger.Store
	// Failed hears of a journal that could not be written; it is tried again.
	Failed func(error)
}

const mostReaders = 1 << 20

// NewMemory makes a board on which nothing was seen.
func NewMemory(l Limits, opt Options) *Memory {
	if opt.Most <= 0 {
		opt.Most = mostReaders
	}
	m := &Memory{
		limits: l, most: opt.Most, crowds: newCrowds(opt.Most), members: newMembers(opt.Most),
		apps: map[uint64]*app{}, templates: map[uint64]int64{}, readers: map[uint64]bool{},
	}
	if opt.Store != nil {
		m.journal = newJournal(opt.Store, l.Long, opt.Failed)
	}
	return m
}

// A mark is a sighting as it was decided: what the board changes by, and what is
// written down of it.
type mark struct {
	Print
	at     int64 // milliseconds
	until  int64 // of delivery
	hold   string
	old    bool // the grant
	joined bool // by a subject that is small enough
	part   bool // of a notice
}

// Sets of members.
const (
	reachSet   = 0x7265616368 // of a developer: people reached
	paceSet    = 0x70616365   // of a template: who got theirs at once while it was new
	subjectSet = 0x7375626a   // of a subject: people who share it
)

// See implements Board.
func (m *Memory) See(ctx context.Context, s Sighting) (Verdict, error) {
	return held(m.see(ctx, s, func(p Print) (mark, Verdict) { return m.decide(p, s, m.limits) }))
}

// SeeAlone is See for one node of a cluster that cannot ask the others: with the
// limits of Alone, and no more than its share of what a sighting may have.
func (m *Memory) SeeAlone(ctx context.Context, s Sighting) (Verdict, error) {
	share := max(1, m.limits.AloneShare)
	s.Reach, s.Joined = s.Reach/share, s.Joined/share
	return held(m.see(ctx, s, func(p Print) (mark, Verdict) { return m.decide(p, s, m.limits.Alone()) }))
}

// errFull says that nobody can tell, because there is no room to count.
var errFull = errors.New("the board of sightings is full")

// held is what a full board says.
func held(v Verdict, err error) (Verdict, error) {
	if errors.Is(err, errFull) {
		v.Hold, err = Crowd, nil
	}
	return v, err
}

// SeeToo counts what the cluster has decided. What this node alone knows to be a
// crowd is one, even if the cluster has forgotten it, unless the reader is known to
// have got it already, through another node.
func (m *Memory) SeeToo(ctx context.Context, s Sighting, v Verdict, known bool) (Verdict, error) {
	said := v
	own, err := m.see(ctx, s, func(p Print) (mark, Verdict) {
		k, own := m.decide(p, s, m.limits)
		if own.Hold == Crowd && v.Hold != Hoard && !known {
			v.Hold, v.Until = Crowd, time.Time{}
		}
		k.hold, k.until = v.Hold, k.at
		if v.Hold == Pace {
			k.until = v.Until.UnixMilli()
		}
		return k, v
	})
	if errors.Is(err, errFull) { // but the cluster is not
		return said, nil
	}
	own.OfTempl, own.OfApp = max(own.OfTempl, said.OfTempl), max(own.OfApp, said.OfApp)
	return own, err
}

func (m *Memory) see(ctx context.Context, s Sighting, decide func(Print) (mark, Verdict)) (Verdict, error) {
	v, kept, err := m.look(s, decide)
	if kept == nil || err != nil {
		return v, err
	}
	late := time.NewTimer(keepWithin)
	defer late.Stop()
	select {
	case <-kept:
	case <-late.C: // it counts all the same, as long as this node lives
	case <-ctx.Done():
		return Verdict{}, ctx.Err()
	}
	return v, nil
}

// look decides and counts. What says the same as something before, and what looks like a broadcast,
// must not be forgotten by a crash: then kept is closed when it is durable.
func (m *Memory) look(s Sighting, decide func(Print) (mark, Verdict)) (v Verdict, kept <-chan struct{}, err error) {
	p := Take(s)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.journal.ready(); err != nil {
		return v, nil, err
	}
	m.expire(s.At.UnixMilli())
	if a := m.apps[p.App]; a != nil {
		a.expire(m.now, m.now-m.limits.Long.Milliseconds())
	}
	if m.full() {
		v.OfTempl, v.OfApp = m.app(p.App).heldOf(p.Template)
		return v, nil, errFull
	}
	m.found = m.crowds.find(p, m.found[:0])
	again := p.Text && len(m.found) > 0
	k, v := decide(p)
	if v.TooFar {
		return v, nil, nil
	}
	m.apply(k)
	m.journal.mark(k)
	if m.journal != nil && (again || v.Hold == Crowd || v.Hold == Hoard) {
		kept = m.journal.keep()
	}
	v.OfTempl, v.OfApp = m.app(p.App).heldOf(p.Template)
	return v, kept, nil
}

// Forget implements Board.
func (m *Memory) Forget(_ context.Context, t id.Template) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.journal.ready(); err != nil {
		return err
	}
	m.release(Name(t))
	m.journal.forget(Name(t), m.now)
	return nil
}

func (m *Memory) release(template uint64) {
	for _, a := range m.apps {
		a.held = slices.DeleteFunc(a.held, func(h holding) bool { return h.template == template })
	}
}

func (m *Memory) full() bool {
	return m.crowds.n >= m.most || m.members.full() || len(m.apps) >= m.most || len(m.templates) >= m.most
}

// app is never nil; one that is not in apps has nothing to remember yet.
func (m *Memory) app(name uint64) *app {
	if a := m.apps[name]; a != nil {
		return a
	}
	return &app{}
}

func (m *Memory) makeApp(name uint64) *app {
	a := m.apps[name]
	if a == nil {
		a = &app{}
		m.apps[name] = a
	}
	return a
}

// decide changes nothing.
func (m *Memory) decide(p Print, s Sighting, l Limits) (mark, Verdict) {
	k := mark{Print: p, at: s.At.UnixMilli(), until: s.At.UnixMilli(), old: s.At.Sub(s.Minted) > l.HoardAge, part: s.Part}
	if reach := p.Developer ^ reachSet; !k.part && !m.members.has(reach, p.Reader) && m.members.size(reach) >= s.Reach {
		return k, Verdict{TooFar: true}
	}
	k.joined = p.Text && p.Subject != 0 && m.members.with(p.Subject^subjectSet, p.Reader) <= s.Joined
	var v Verdict
	switch {
	case s.Crowded, p.Text && !k.joined && m.crowded(p, k.at, l):
		v.Hold = Crowd
	case k.part:
	case m.app(p.App).burst(k.at, k.old, l):
		v.Hold = Hoard
	default:
		first, known := m.templates[p.Template]
		ends := first + l.PaceFor.Milliseconds()
		if known && k.at < ends && m.members.with(p.Template^paceSet, p.Reader) > l.PaceFirst {
			v.Hold, v.Until, k.until = Pace, time.UnixMilli(ends).UTC(), ends
		}
	}
	k.hold = v.Hold
	return k, v
}

// crowded tells whether this is one reader of the same too many. The same is the same
// text, whatever apps, templates and pages of the developer it comes from.
func (m *Memory) crowded(p Print, now int64, l Limits) bool {
	long, short := now-l.Long.Milliseconds(), now-l.Short.Milliseconds()
	clear(m.readers)
	inShort, got, gotLately := 0, false, false
	count := func(who uint64, at int64) {
		if who == p.Reader {
			got, gotLately = got || at > long, gotLately || at > short
			return
		}
		if lately, known := m.readers[who]; at > long && (!known || at > short && !lately) {
			m.readers[who] = at > short
			if at > short {
				inShort++
			}
		}
	}
	for _, i := range m.found {
		x := m.crowds.at(i)
		for _, r := range x.readers {
			count(r.who, r.at)
		}
		if p.Subject != 0 && x.joined != nil { // too many share it, so they count after all
			for _, j := range *x.joined {
				if j.subject == p.Subject {
					count(j.who, j.at)
				}
			}
		}
	}
	return !gotLately && inShort >= l.ShortMost || !got && len(m.readers) >= l.LongMost
}

// apply counts what was decided.
func (m *Memory) apply(k mark) {
	broadcast := k.hold == Crowd || k.hold == Hoard
	if !k.part {
		m.count(k, broadcast)
	}
	if !k.Text {
		return
	}
	if k.Subject != 0 {
		m.members.see(k.Subject^subjectSet, k.Reader, k.at)
	}
	if broadcast || int(m.crowds.texts[readerOf{k.Developer, k.Reader}]) >= m.limits.TextsEach {
		return // nobody has read it, or they read so much that it tells nothing
	}
	if len(m.found) == 0 {
		m.found = append(m.found, m.crowds.add(k.Print))
	}
	x := m.crowds.touch(m.found[0], k.at-m.limits.Long.Milliseconds())
	if k.joined {
		m.crowds.join(x, joined{k.Reader, k.until, k.Subject})
	} else {
		m.crowds.read(x, reader{k.Reader, k.until})
	}
}

// count counts what is no matter of the text.
func (m *Memory) count(k mark, broadcast bool) {
	a := m.makeApp(k.App)
	a.redeemed(k.at, k.old, broadcast)
	if broadcast {
		a.hold(holding{k.Template, k.Notice, k.at})
	}
	m.members.see(k.Developer^reachSet, k.Reader, k.at)
	first, known := m.templates[k.Template]
	if !known {
		first = k.at
		m.templates[k.Template] = first
		m.journal.first(k.Template, first)
	}
	if k.hold == "" && k.at < first+m.limits.PaceFor.Milliseconds() {
		m.members.see(k.Template^paceSet, k.Reader, k.at)
	}
}

// expire forgets what does not count any more at a time.
func (m *Memory) expire(at int64) {
	m.now = max(m.now, at)
	by := m.now - m.limits.Long.Milliseconds()
	m.members.expire(by)
	m.crowds.expire(by)
	if hour := m.now / hourMillis; hour != m.swept {
		m.swept = hour
		for name, a := range m.apps {
			if a.expire(m.now, by) {
				delete(m.apps, name)
			}
		}
	}
}

// Readers is how many are tracked: of texts, of developers, of subjects and of new templates.
func (m *Memory) Readers() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.crowds.n + m.members.n
}
