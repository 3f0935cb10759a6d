package gateway

import "github.com/teahouse-im/teahouse/wire"

// beat looks at a live session: closes one that is silent, pings one that is due.
func (s *session) beat(now, behind moment) (next moment) {
	every := s.gw.opt.Heartbeat
	if now >= moment(s.heard.Load()).add(2*every) {
		s.close(wire.CloseSilent)
		return 0
	}
	if p := s.stalled.Load(); p > 0 && now >= moment(p).add(every) {
		s.close(wire.CloseSilent)
		return 0
	}
	s.mu.Lock()
	due := now >= s.pinged.add(every)
	if due {
		s.pinged = now
	}
	next = s.pinged.add(every)
	s.mu.Unlock()
	if due && behind == 0 {
		s.send(pingFrame)
	}
	if behind > 0 {
		next = min(next, behind.add(s.gw.opt.BehindWithin))
	}
	return next
}
