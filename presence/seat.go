package presence

import (
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// A Seat is one live session of a user on this node. All of it is the Service's.
type Seat struct {
	user    id.User
	session id.Session // the sign-in
	device  id.Device  // its

	// Guarded by the Service's lock.
	next  *Seat         // of the same user
	left  time.Duration // since the Service began; 0: it is live
	until time.Duration // when it is active unless it says otherwise; 0: it has said, or is
	state State
	hid   bool // it has said last that the user is invisible
	slept bool // its device is awake no more for its sake
	gone  bool // the grace is over, or cut short
}

// resumeWithin is how long a device that was away and is back stays so without
// saying it again. Else everybody would see it wake up whenever its connection breaks.
const resumeWithin = time.Second

// Arrive seats a live session, which is active. It does not wait: others are told soon.
func (s *Service) Arrive(u id.User, session id.Session, device id.Device) *Seat {
	seat := &Seat{user: u, session: session, device: device, state: Online}
	s.mu.Lock()
	defer s.mu.Unlock()
	awake := s.awake(u, device)
	s.change(u, func() {
		for o := s.here[u]; o != nil; o = o.next {
			if o.left != 0 && o.session == session { // the same device is back
				s.resume(seat, o)
				s.unseat(o)
			}
		}
		seat.next = s.here[u]
		s.here[u] = seat
	})
	if !awake {
		s.outdate(u, false)
	}
	return seat
}

// resume gives a seat the state of the one before, for a moment.
func (s *Service) resume(seat, before *Seat) {
	if before.state != Away || seat.until != 0 {
		return
	}
	seat.state, seat.until = Away, s.since()+resumeWithin
	s.resuming = append(s.resuming, seat)
	ring(s.news)
}

// Leave ends a session. Nothing is told before the grace is over, in which the
// device may be back; only whoever asks what is live hears of it soon.
func (s *Service) Leave(seat *Seat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seat.left != 0 {
		return
	}
	seat.left = s.since()
	s.leaving = append(s.leaving, seat)
	s.dozing = append(s.dozing, seat)
	if !s.live(seat.user) { // then it may be asked for when they were last seen
		s.used = append(s.used, seat)
		ring(s.notes)
	}
	ring(s.news)
}

// change alters who is here for u, and has it told if that makes a difference.
func (s *Service) change(u id.User, alter func()) {
	before := s.best(u)
	alter()
	if s.best(u) != before {
		s.outdate(u, true)
	}
}

// outdate has u's line written again, and those told who watch u if it shows.
func (s *Service) outdate(u id.User, shows bool) {
	s.stale(u, shows)
	ring(s.news)
}

// stale notes that u's line has to be written again, sooner or later.
func (s *Service) stale(u id.User, shows bool) { s.dirty[u] = s.dirty[u] || shows }

// best is the best state of u's sessions here, those in grace included.
func (s *Service) best(u id.User) State {
	best := Offline
	for seat := s.here[u]; seat != nil; seat = seat.next {
		best = Better(best, seat.state)
	}
	return best
}

// live tells whether u has a session here that has not ended.
func (s *Service) live(u id.User) bool {
	for seat := s.here[u]; seat != nil; seat = seat.next {
		if seat.left == 0 {
			return true
		}
	}
	return false
}

// awake tells whether a device of u has a session here, or had one a moment ago.
func (s *Service) awake(u id.User, device id.Device) bool {
	for seat := s.here[u]; seat != nil; seat = seat.next {
		if !seat.slept && seat.device == device {
			return true
		}
	}
	return false
}

// devices are those of u that are awake, up to as many as may.
func (s *Service) devices(u id.User) (out []id.Device) {
	for seat := s.here[u]; seat != nil; seat = seat.next {
		if !seat.slept && len(out) < s.opt.Devices && !slices.Contains(out, seat.device) {
			out = append(out, seat.device)
		}
	}
	return out
}

// line is what the board is to say of u.
func (s *Service) line(u id.User) Line { return Line{u, s.best(u), s.devices(u)} }

// unseat takes a seat out of its user's list.
func (s *Service) unseat(seat *Seat) {
	seat.gone = true
	if s.here[seat.user] == seat {
		if s.here[seat.user] = seat.next; seat.next == nil {
			delete(s.here, seat.user)
		}
		return
	}
	for o := s.here[seat.user]; o != nil; o = o.next {
		if o.next == seat {
			o.next = seat.next
			return
		}
	}
}

// sweep unseats those whose grace is over and wakes those who have not said that
// they are still away. It tells when to do so again; 0: there is no need.
func (s *Service) sweep() (next time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.since()
	for _, at := range []time.Duration{s.sweepDozing(now), s.sweepLeaving(now), s.sweepResuming(now)} {
		if at > 0 && (next == 0 || at < next) {
			next = at
		}
	}
	return next
}

func (s *Service) sweepResuming(now time.Duration) (next time.Duration) {
	for len(s.resuming) > 0 {
		seat := s.resuming[0]
		if seat.until > now && seat.left == 0 {
			return seat.until
		}
		if seat.until != 0 && seat.left == 0 {
			s.change(seat.user, func() { seat.state, seat.until = Online, 0 })
		}
		s.resuming = s.resuming[1:]
	}
	s.resuming = nil
	return 0
}

func (s *Service) sweepDozing(now time.Duration) (next time.Duration) {
	for len(s.dozing) > 0 {
		seat := s.dozing[0]
		if now < seat.left+s.opt.Linger {
			return seat.left + s.opt.Linger
		}
		if seat.slept = true; !seat.gone && !s.awake(seat.user, seat.device) {
			s.outdate(seat.user, false)
		}
		s.dozing[0] = nil
		s.dozing = s.dozing[1:]
	}
	s.dozing = nil
	return 0
}

func (s *Service) sweepLeaving(now time.Duration) (next time.Duration) {
	n := 0
	for ; n < len(s.leaving); n++ {
		seat := s.leaving[n]
		if !seat.gone && now < seat.left+s.opt.Grace {
			break
		}
		if !seat.gone {
			s.change(seat.user, func() { s.unseat(seat) })
		}
		s.leaving[n] = nil
	}
	s.leaving = s.leaving[n:]
	if len(s.leaving) == 0 {
		s.leaving = nil
		return 0
	}
	return s.leaving[0].left + s.opt.Grace
}

// ring wakes whoever waits at c, now or when they wait next.
func ring(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
