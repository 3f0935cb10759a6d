package account

import "runtime"

const WaitingMost = waitingMost

// TakeCores makes every password wait until release.
func (s *Service) TakeCores() (release func()) {
	n := runtime.GOMAXPROCS(0)
	for range n {
		s.hash.slots <- struct{}{}
	}
	return func() {
		for range n {
			<-s.hash.slots
		}
	}
}

// Waiting makes it look as if n more were waiting for a core.
func (s *Service) Waiting(n int) { s.hash.waiting.Add(int64(n)) }
