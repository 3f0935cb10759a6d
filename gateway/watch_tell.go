package gateway

import (
	"bytes"
	"math/bits"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/wire"
)

// A line is where sessions rest, the one that began first in front. All rest for
// the same time.
//
// Nearly all that telling a change costs is writing: one system call for each
// session that watches. So a session that was just told rests for
// Options.PresenceEvery, and what changes meanwhile it is told together, in one
// write, each person as they are seen then. What changes alone is told at once.
// Anything else that is written to a session takes along what waits for it.
//
// What waits is a bit for each person: it does not grow, however often they
// change and however slowly a client reads.
type line struct{ first, last *watching }

func (l *line) add(x *watching) {
	if x.next = nil; l.first == nil {
		l.first = x
	} else {
		l.last.next = x
	}
	l.last = x
}

// leave takes out the first, if its rest is over.
func (l *line) leave(now moment) *watching {
	x := l.first
	if x == nil || x.until > now {
		return nil
	}
	l.first, x.next = x.next, nil
	return x
}

// shown is what a viewer is to have been told; nil: that there is nothing to see.
func (p *sight) shown(may bool) *frame {
	if !may {
		return nil
	}
	return p.frame
}

// written is shown as a frame.
func (p *sight) written(shown *frame) *frame {
	if shown != nil {
		return shown
	}
	if p.nothing == nil {
		p.nothing = presenceFrame(p.user, presence.Nothing)
	}
	return p.nothing
}

func presenceFrame(u id.User, v presence.View) *frame {
	return textFrame(wire.Event("presence", v.Of(u, true)), true)
}

// same tells whether whoever was told one learns nothing from the other.
func (f *frame) same(o *frame) bool {
	return f == o || f != nil && o != nil && bytes.Equal(f.bytes, o.bytes)
}

// rest has a session told nothing more for a while.
func (w *watches) rest(x *watching, now moment) {
	x.rests, x.until = true, now.add(w.gw.opt.PresenceEvery)
	w.resting.add(x)
}

// saw notes a look at somebody, and tells those who may know if it shows something new.
func (w *watches) saw(p *sight, v presence.View) {
	before := p.view
	p.view = v
	if p.looks++; p.looks > 1 && v.Same(before) {
		return
	}
	if p.frame = nil; !v.Same(presence.Nothing) {
		p.frame = presenceFrame(p.user, v)
	}
	if p.looks == 1 {
		return
	}
	now := w.gw.wheel.now()
	p.paid = max(p.paid, now).add(tellEvery)
	start := w.start[:0]
	for i := range p.by {
		if w.inform(p, &p.by[i], now) {
			start = append(start, p.by[i].of.s)
		}
	}
	w.hand(start)
}

// hand has sessions written that were told to start; their slice is used again.
func (w *watches) hand(start []*session) {
	w.gw.writers.gather(start)
	clear(start)
	w.start = start[:0]
}

// turned tells a session that may know of somebody now, or may not any more.
func (w *watches) turned(x *watching, at uint8, may bool) {
	v := x.viewer(at)
	v.may = may
	if w.inform(x.people[at].sight, v, w.gw.wheel.now()) {
		w.gw.writers.push(x.s)
	}
}

// inform has one who watches p told what is new to them, now or after a rest.
func (w *watches) inform(p *sight, v *viewer, now moment) (start bool) {
	x, shown := v.of, p.shown(v.may)
	if v.told.same(shown) {
		return false
	}
	if x.rests {
		x.wait(v.place)
		return false
	}
	queued, start := x.s.present(p.written(shown))
	if queued {
		v.told = shown
	} else {
		x.wait(v.place)
	}
	w.rest(x, now)
	return start
}

// restedMost is how many sessions are told in one go; the lock is free in between.
const restedMost = 256

// turn tells those whose rest is over what has changed meanwhile. It is called at
// every tick of the wheel.
func (w *watches) turn(now moment) {
	for w.rested(now) {
	}
}

func (w *watches) rested(now moment) (more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	start := w.start[:0]
	for range restedMost {
		x := w.resting.leave(now)
		if x == nil {
			w.hand(start)
			return false
		}
		x.rests = false
		if !x.waiting() {
			continue
		}
		queued, begin := w.catchUp(x)
		if begin {
			start = append(start, x.s)
		}
		if queued || x.waiting() {
			w.rest(x, now)
		}
	}
	w.hand(start)
	return true
}

// along queues what waits for a session that is written to anyway.
func (w *watches) along(s *session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if x := s.watching; x != nil && x.waiting() {
		w.catchUp(x)
	}
}

// catchUp queues what waits for a session, at most what one write holds. It goes on
// waiting if the client does not keep up.
func (w *watches) catchUp(x *watching) (queued, start bool) {
	due, frames := w.ready(x)
	if len(due) == 0 {
		return false, false
	}
	if queued, start = x.s.present(frames...); queued {
		for _, at := range due {
			v := x.viewer(at)
			v.told = x.people[at].shown(v.may)
			x.done(at)
		}
	}
	clear(frames)
	return queued, start
}

// ready is what waits for a session and is still news to it. The slices are used again.
func (w *watches) ready(x *watching) (due []uint8, frames []*frame) {
	due, frames = w.places[:0], w.frames[:0]
	left := min(scratchSize, w.gw.opt.Limits.SendQueueBytes/2)
	for i, word := range x.waits {
		for ; word != 0; word &= word - 1 {
			at := uint8(i*64 + bits.TrailingZeros64(word))
			p, v := x.people[at].sight, x.viewer(at)
			shown := p.shown(v.may)
			if v.told.same(shown) {
				x.done(at)
				continue
			}
			f := p.written(shown)
			if left -= len(f.bytes); left < 0 && len(frames) > 0 {
				break
			}
			due, frames = append(due, at), append(frames, f)
		}
	}
	w.places, w.frames = due, frames
	return due, frames
}
