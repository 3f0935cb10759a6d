package push

import (
	"container/heap"
	"time"
)

// Hurry makes what is gathered be looked at now.
func (s *Service) Hurry() {
	q := s.matters
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, it := range q.due {
		it.at = time.Now()
	}
	heap.Init(&q.due)
	q.stir()
}

// Idle tells whether nothing waits and nothing is being done.
func (s *Service) Idle() bool { return s.matters.idle() && s.parcels.idle() }

func (q *queue[K, V]) idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) == 0 && len(q.lanes) == 0
}

// Waits tells how many streams wait to be looked at.
func (s *Service) Waits() int {
	s.matters.mu.Lock()
	defer s.matters.mu.Unlock()
	return len(s.matters.waiting)
}

// UserPart is where a user's rows are.
var UserPart = userPart
