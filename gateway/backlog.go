package gateway

// A client may send faster than it is answered, up to a point: beyond it its
// input is left in the socket until it reads its replies, or until the messages
// it sent are stored.

// standing tells whoever serves the input whether the session is over, and
// whether the client has to wait.
func (s *session) standing() (over, full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.phase >= closing:
		return true, false
	case s.kept > s.gw.opt.Limits.SendQueueBytes:
		s.late()
	case s.sends < sendsMost:
		return false, false
	}
	s.paused = forRoom
	return false, true
}

// unsettled tells whether messages are on their way to the store. If so the
// session is woken when they are settled.
func (s *session) unsettled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sends == 0 {
		return false
	}
	s.paused = forSends
	return true
}

// started notes that a message is on its way.
func (s *session) started() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sends++
}

// settled notes that a message is stored, or refused, and queues the reply.
func (s *session) settled(reply *frame) {
	s.mu.Lock()
	s.sends--
	start := s.append(reply)
	wake := s.mayGoOn()
	s.mu.Unlock()
	if start {
		s.gw.writers.push(s)
	}
	if wake {
		s.link.wake()
	}
}

// mayGoOn tells whether what the input waits for has come about; then wake is to be called.
func (s *session) mayGoOn() (wake bool) {
	switch s.paused {
	case forSends:
		wake = s.sends == 0
	case forRoom:
		wake = s.sends <= sendsMost/2 && s.kept <= s.gw.opt.Limits.SendQueueBytes/2
		if wake && !s.lost { // it reads
			s.behind = 0
		}
	}
	if wake {
		s.paused = running
	}
	return wake
}
