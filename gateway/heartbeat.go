package gateway

import "github.com/teahouse-im/teahouse/wire"

// beat looks at a live session: closes one that is silent, pings one that is due.
// Of one that is behind silence says nothing new: it does not read, so it answers
// no ping, and its sending may be stuck in the middle of a message.
func (s *session) beat(now, behind moment) (next moment) {
	every := s.gw.opt.Heartbeat
	if p := s.stalled.Load(); p > 0 && behind == 0 && now >= moment(p).add(every) {
		s.close(wire.CloseSilent)
		return 0
	}
	heard := moment(s.heard.Load())
	s.mu.Lock()
	due := now >= s.pinged.add(every)
	// It has had a heartbeat to answer the latest ping; had this server slept
	// instead, the client could not have been heard.
	silent := due && behind == 0 && s.pinged > heard && now >= heard.add(2*every)
	if due {
		s.pinged = now
	}
	next = s.pinged.add(every)
	old := now >= max(s.born, s.reviewed).add(reviewEvery)
	if old {
		s.reviewed = now
	}
	u := s.user
	s.mu.Unlock()
	if silent {
		s.close(wire.CloseSilent)
		return 0
	}
	if old {
		s.gw.reviews.of(u)
	}
	if due && behind == 0 {
		s.send(pingFrame)
	}
	if behind > 0 {
		next = min(next, behind.add(s.gw.opt.BehindWithin))
	}
	return next
}
