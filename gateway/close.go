package gateway

import (
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/wire"
)

const (
	// goodbyeWithin bounds how long a close frame may wait to be written, for a client that is still reading.
	goodbyeWithin = 5 * time.Second
	// lingerFor is how long the peer has to end its side after the close frame was
	// written. Ending ours at once with input unread would destroy what it has not read yet.
	lingerFor = 1500 * time.Millisecond
)

// close ends the session with a close code: it is out of the hub at once, and
// what is queued, then the close frame, still goes out if the client reads.
func (s *session) close(code int) { s.goodbye(closeFrame(code), code) }

// closed answers the client's own close frame.
func (s *session) closed(echo []byte) {
	s.goodbye(&frame{bytes: slices.Clone(echo)}, wire.CloseNormal)
}

func (s *session) goodbye(last *frame, code int) {
	s.mu.Lock()
	if s.phase >= closing {
		s.mu.Unlock()
		return
	}
	was := s.phase
	s.phase = closing
	s.deadline = s.gw.wheel.now().add(goodbyeWithin)
	if s.lost {
		s.dropEvents()
	}
	s.greeting = nil
	start := s.enqueue(last)
	wake := s.resume()
	s.mu.Unlock()

	s.gw.stats.over(was, code)
	s.gw.hub.detach(s)
	s.leave()
	s.gw.wheel.put(s, s.gw.wheel.now().add(goodbyeWithin))
	if start {
		s.gw.writers.push(s)
	}
	if wake { // to throw away what was not read
		s.link.wake()
	}
}

// drop ends a session whose socket is gone.
func (s *session) drop() {
	s.mu.Lock()
	was := s.phase
	s.phase = gone
	s.queue, s.cut, s.taken, s.lossy, s.kept = nil, 0, 0, 0, 0
	s.greeting = nil
	s.mu.Unlock()
	if was == gone {
		return
	}
	if was < closing {
		s.gw.stats.over(was, 0)
		s.gw.hub.detach(s)
		s.leave()
	}
	s.gw.wheel.remove(s)
	s.link.close()
	s.gw.stats.open.Add(-1)
}

// sent is what follows a close frame that is written: the end of our side. The
// session stays until the client has ended its own, or a little while.
func (s *session) sent() {
	s.link.finish()
	s.mu.Lock()
	s.deadline = s.gw.wheel.now().add(lingerFor)
	at := s.deadline
	s.mu.Unlock()
	s.gw.wheel.put(s, at)
}

// resume lets the input go on whatever it waits for; wake is to be called.
func (s *session) resume() (wake bool) {
	wake = s.paused != running
	s.paused = running
	return wake
}

// visit is the wheel's look at a session; it tells when to look again, 0 for never.
func (s *session) visit(now moment) (next moment) {
	opt := &s.gw.opt
	s.mu.Lock()
	phase, deadline, behind := s.phase, s.deadline, s.behind
	busy := s.greeting != nil
	s.mu.Unlock()
	switch {
	case phase == gone:
		return 0
	case phase == closing && now >= deadline:
		s.drop()
		return 0
	case phase == closing:
		return deadline
	case phase == fresh && busy: // its time is bounded by that of the ops
		return now.add(time.Second)
	case phase == fresh && now >= s.born.add(opt.HelloWithin):
		s.close(wire.CloseSilent)
		return 0
	case phase == fresh:
		return s.born.add(opt.HelloWithin)
	case behind > 0 && now >= behind.add(opt.BehindWithin):
		s.close(wire.CloseBehind)
		return 0
	}
	return s.beat(now, behind)
}
