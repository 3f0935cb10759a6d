package gateway

import (
	"sync"
	"sync/atomic"
	"time"
)

// A wheel is the one clock of all sessions: hello, heartbeat, falling behind,
// closing. Each session is in one slot, that of the tick at which it must be
// looked at next; one goroutine goes round.
type wheel struct {
	tick  time.Duration
	start time.Time
	time  atomic.Int64 // moment of the latest tick
	visit func(s *session, now moment) (next moment)
	also  func(now moment) // called at every tick; nil: nothing

	mu    sync.Mutex
	slots [wheelSlots]*session // lists
	turn  int64                // number of the latest tick
}

const wheelSlots = 512

func newWheel(tick time.Duration, visit func(*session, moment) moment) *wheel {
	w := &wheel{tick: tick, start: time.Now(), visit: visit}
	w.time.Store(1)
	return w
}

func (w *wheel) now() moment { return moment(w.time.Load()) }

// run turns the wheel until stop is closed.
func (w *wheel) run(stop <-chan struct{}) {
	t := time.NewTicker(w.tick)
	defer t.Stop()
	var due []*session
	for {
		select {
		case <-stop:
			return
		case <-t.C:
		}
		now := moment(time.Since(w.start)/time.Millisecond) + 1
		w.time.Store(int64(now))
		due = w.turnTo(now, due[:0])
		for i, s := range due {
			if next := w.visit(s, now); next > 0 {
				w.put(s, next)
			}
			due[i] = nil
		}
		if w.also != nil {
			w.also(now)
		}
	}
}

// turnTo takes out all sessions that are due by now.
func (w *wheel) turnTo(now moment, due []*session) []*session {
	w.mu.Lock()
	defer w.mu.Unlock()
	to := w.number(now)
	for n := max(w.turn+1, to-wheelSlots+1); n <= to; n++ {
		w.turn = n
		s := w.slots[n%wheelSlots]
		w.slots[n%wheelSlots] = nil
		for s != nil {
			next := s.right
			s.left, s.right, s.linked = nil, nil, false
			if s.due <= now {
				due = append(due, s)
			} else {
				w.link(s)
			}
			s = next
		}
	}
	return due
}

func (w *wheel) number(m moment) int64 { return int64(m) / max(1, w.tick.Milliseconds()) }

// put has s visited at a moment, unless it is to be visited earlier anyway, or was removed.
func (w *wheel) put(s *session, at moment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.removed {
		return
	}
	if s.linked {
		if s.due <= at {
			return
		}
		w.unlink(s)
	}
	s.due = at
	w.link(s)
}

// remove takes s out for good. Somebody may be about to put it in: the visit that
// is going on, a close, a writer that is through.
func (w *wheel) remove(s *session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.removed = true
	if s.linked {
		w.unlink(s)
	}
}

// all are the sessions there are; one that is being visited may be left out.
func (w *wheel) all() []*session {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []*session
	for _, s := range w.slots {
		for ; s != nil; s = s.right {
			out = append(out, s)
		}
	}
	return out
}

// link puts s into the slot of the first tick that is not before it is due, or
// once round, if that is earlier.
func (w *wheel) link(s *session) {
	n := min(max(w.number(s.due)+1, w.turn+1), w.turn+wheelSlots-1)
	s.slot, s.linked = uint16(n%wheelSlots), true
	first := w.slots[s.slot]
	if s.right = first; first != nil {
		first.left = s
	}
	w.slots[s.slot] = s
}

func (w *wheel) unlink(s *session) {
	if s.left != nil {
		s.left.right = s.right
	} else {
		w.slots[s.slot] = s.right
	}
	if s.right != nil {
		s.right.left = s.left
	}
	s.left, s.right, s.linked = nil, nil, false
}
