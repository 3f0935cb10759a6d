package gateway

import (
	"slices"

	"github.com/teahouse-im/teahouse/wire"
)

// resyncFrame asks the client to sync because it, or the bus, was not fast enough.
func resyncFrame(reason string) *frame {
	return textFrame(wire.Event("resync", wire.Resync{Reason: reason}), true)
}

var (
	resyncBehind = resyncFrame("behind")
	resyncBus    = resyncFrame("bus")
)

// send queues frames that are not dropped.
func (s *session) send(frames ...*frame) {
	s.mu.Lock()
	start := s.append(frames...)
	s.mu.Unlock()
	if start {
		s.gw.writers.push(s)
	}
}

// append is send for who holds the lock and then pushes to the writers if told to start.
func (s *session) append(frames ...*frame) (start bool) {
	if s.phase >= closing {
		return false
	}
	return s.enqueue(frames...)
}

func (s *session) enqueue(frames ...*frame) (start bool) {
	s.queue = slices.Grow(s.queue, len(frames))
	for _, f := range frames {
		s.queue = append(s.queue, f)
		if f.lossy {
			s.lossy += len(f.bytes)
		} else {
			s.kept += len(f.bytes)
		}
	}
	return s.begin()
}

// offer queues an event, or drops it if the client does not keep up. If start is
// true the session is to be pushed to the writers.
func (s *session) offer(f *frame) (start bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.phase >= closing, s.phase == fresh && s.greeting == nil: // no longer, not yet anybody's
		return false
	case s.lost:
		s.gw.stats.dropped.Add(1)
		return false
	case s.lossy+len(f.bytes) > s.gw.opt.Limits.SendQueueBytes:
		s.gw.stats.dropped.Add(1)
		return s.fallBehind()
	case s.greeting != nil:
		s.greeting.held = append(s.greeting.held, f)
		s.lossy += len(f.bytes)
		return false
	}
	return s.enqueue(f)
}

// present queues presence, unless the client does not keep up: then it waits elsewhere.
func (s *session) present(frames ...*frame) (queued, start bool) {
	size := 0
	for _, f := range frames {
		size += len(f.bytes)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != live || s.lost || s.stuck || s.lossy+size > s.gw.opt.Limits.SendQueueBytes {
		return false, false
	}
	return true, s.enqueue(frames...)
}

// fallBehind drops the events that wait. What is being written stays, and so do replies.
func (s *session) fallBehind() (start bool) {
	s.gw.stats.behind.Add(1)
	s.lost = true
	s.late()
	s.dropEvents()
	return s.begin()
}

// late notes that the client does not keep up.
func (s *session) late() {
	if s.behind == 0 {
		s.behind = s.gw.wheel.now()
		s.gw.wheel.put(s, s.behind.add(s.gw.opt.BehindWithin))
	}
}

func (s *session) dropEvents() {
	stay := max(s.taken, min(s.cut, 1))
	kept := s.queue[:stay]
	for _, f := range s.queue[stay:] {
		if f.lossy {
			s.lossy -= len(f.bytes)
			s.gw.stats.dropped.Add(1)
		} else {
			kept = append(kept, f)
		}
	}
	clear(s.queue[len(kept):])
	s.queue = kept
	if s.greeting != nil {
		for _, f := range s.greeting.held {
			s.lossy -= len(f.bytes)
			s.gw.stats.dropped.Add(1)
		}
		s.greeting.held = nil
	}
}

// begin decides whether the session must be pushed to the writers now. An empty
// queue is where a client that was behind catches up.
func (s *session) begin() (start bool) {
	if len(s.queue) == 0 && s.taken == 0 && !s.stuck && s.greeting == nil {
		s.behind = 0
		if s.lost && s.phase < closing {
			s.lost = false
			s.queue = append(s.queue, resyncBehind)
			s.lossy += len(resyncBehind.bytes)
		}
	}
	if s.scheduled || s.stuck || len(s.queue) == 0 {
		return false
	}
	s.scheduled = true
	return true
}

// take gives the next bytes to write: one frame as it is, or as many as fit into scratch.
func (s *session) take(scratch []byte) []byte {
	s.roomy = false
	if len(s.queue) == 0 {
		return nil
	}
	first := s.queue[0].bytes[s.cut:]
	if s.taken = 1; len(s.queue) == 1 || len(first) >= len(scratch) {
		return first
	}
	n := copy(scratch, first)
	for _, f := range s.queue[1:] {
		if n+len(f.bytes) > len(scratch) {
			break
		}
		n += copy(scratch[n:], f.bytes)
		s.taken++
	}
	return scratch[:n]
}

// wrote removes n bytes from the front of the queue; it tells how many frames are through.
func (s *session) wrote(n int) (frames int) {
	s.taken = 0
	n += s.cut
	for frames < len(s.queue) && n >= len(s.queue[frames].bytes) {
		f := s.queue[frames]
		n -= len(f.bytes)
		if f.lossy {
			s.lossy -= len(f.bytes)
		} else {
			s.kept -= len(f.bytes)
		}
		frames++
	}
	s.cut = n
	rest := copy(s.queue, s.queue[frames:])
	clear(s.queue[rest:])
	s.queue = s.queue[:rest]
	if rest == 0 && cap(s.queue) > 8 {
		s.queue = nil
	}
	return frames
}

// flush writes once. again: there is more, and room for it.
func (s *session) flush(scratch []byte, c *written) (again bool) {
	if s.news.Load() {
		s.gw.watches.along(s)
	}
	s.mu.Lock()
	b := s.take(scratch)
	s.mu.Unlock()
	if len(b) == 0 {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.scheduled = false
		return s.begin()
	}
	n, err := s.link.write(b)
	c.calls++
	c.bytes += n

	s.mu.Lock()
	c.frames += s.wrote(n)
	s.scheduled = false
	if err != nil && err != errLater || s.phase == gone {
		s.mu.Unlock()
		s.drop()
		return false
	}
	s.stuck = err == errLater && !s.roomy
	again = s.begin()
	wake := s.mayGoOn()
	sent := s.phase == closing && len(s.queue) == 0
	s.mu.Unlock()
	if wake {
		s.link.wake()
	}
	if sent {
		s.sent()
	}
	return again
}

// room is told when the socket has room again.
func (s *session) room() {
	s.mu.Lock()
	s.roomy = true
	s.stuck = false
	start := s.begin()
	s.mu.Unlock()
	if start {
		s.gw.writers.push(s)
	}
}
