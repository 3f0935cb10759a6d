package notify

import "context"

// Sweep does once what is due.
func (s *Service) Sweep(ctx context.Context) { s.look(ctx) }

// Delivered counts so many notices more, as if they had been sent now.
func (s *Service) Delivered(t Template, n int) {
	for range n {
		s.counts.sent(t.App, t.ID, s.now())
	}
}
