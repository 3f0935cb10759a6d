package account

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"
)

// shipped is what a hash really costs. Most tests are about something else.
var shipped = usual

func TestMain(m *testing.M) {
	usual = cost{memory: 256, passes: 1}
	os.Exit(m.Run())
}

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

// Age makes it look as if the keys had been asked for that much earlier.
func (p *Provider) Age(d time.Duration) {
	set := *p.keys.current.Load()
	set.at = set.at.Add(-d)
	p.keys.current.Store(&set)
	p.keys.tried = p.keys.tried.Add(-d)
}

// EraseOwed does once what is owed for those who have left.
func (s *Service) EraseOwed(ctx context.Context) error {
	dues, err := s.opt.Erasure.Ledger.Owed(ctx, erased, s.now(), eraseAtOnce)
	for _, due := range dues {
		s.work(ctx, due)
	}
	return err
}

// The times at which work for those who have left is due.
const (
	EraseGrace = eraseGrace
	EraseAgain = eraseAgain
)

const Erased = erased
