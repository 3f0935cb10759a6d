package media

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// Media that nothing carries are forgotten in two steps at least an hour apart:
// first they are doomed, so that nothing can carry them any more, then they go.
// The lists of days lead to them. Any node may do any of it, again, at any time;
// nothing about it is remembered but what is still to be done.
const (
	sweepEvery = 30 * time.Minute
	sweepBack  = 14              // days that are looked at, should no node have run for so long
	doomBefore = time.Hour       // between the steps; much longer than any request takes
	day        = 24 * time.Hour  // lists are looked at when all that is on them is old enough
	sweepFirst = 2 * time.Minute // after a start, within
)

// Run sweeps once in a while until ctx ends.
func (s *Service) Run(ctx context.Context) {
	wait := time.NewTimer(rand.N(sweepFirst))
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		if err := s.Sweep(ctx); err != nil && ctx.Err() == nil {
			s.opt.Failed(fmt.Errorf("sweep media: %w", err))
		}
		wait.Reset(sweepEvery)
	}
}

// Sweep goes over the days of which something may be left. Each goes as far as it can.
func (s *Service) Sweep(ctx context.Context) error {
	var errs []error
	today := s.now().Truncate(day)
	for back := sweepBack; back >= 2; back-- {
		d := today.Add(-time.Duration(back) * day)
		if s.isSwept(d) {
			continue
		}
		settled, err := s.sweepDay(ctx, d)
		if settled && err == nil {
			s.markSwept(d)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (s *Service) isSwept(d time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.swept[d]
}

func (s *Service) markSwept(d time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.swept[d] = true
	for old := range s.swept {
		if d.Sub(old) > 2*sweepBack*day {
			delete(s.swept, old)
		}
	}
}

// sweepDay reviews the media of one day, and tells whether none has to be looked at again.
func (s *Service) sweepDay(ctx context.Context, d time.Time) (settled bool, err error) {
	all, err := s.store.MediaOf(ctx, d)
	if err != nil {
		return false, err
	}
	settled = true
	for _, m := range all {
		done, err := s.review(ctx, m, d)
		if err != nil {
			return false, fmt.Errorf("%s of %s: %w", m, d.Format(time.DateOnly), err)
		}
		settled = settled && done
	}
	return settled, nil
}

// review does the next step with one medium, and tells whether it was the last.
func (s *Service) review(ctx context.Context, of id.Media, listed time.Time) (done bool, err error) {
	m, carriers, err := s.store.Medium(ctx, of)
	if errors.Is(err, ErrUnknown) { // only its line is left
		return true, s.store.DropMedium(ctx, of, listed)
	}
	if err != nil {
		return false, err
	}
	now := s.now()
	if now.Sub(m.At) <= s.opt.Keep { // it stands on a later list, too
		return true, nil
	}
	carried, err := s.carried(ctx, of, carriers)
	switch {
	case err != nil:
		return false, err
	case carried && m.Doomed.IsZero():
		return true, nil
	case carried: // noted just before it was doomed
		m.Doomed = time.Time{}
		return true, s.store.PutMedium(ctx, m)
	case m.Doomed.IsZero():
		m.Doomed = now
		return false, s.store.PutMedium(ctx, m)
	case now.Sub(m.Doomed) < doomBefore:
		return false, nil
	}
	for _, key := range []string{thumbnailKey(of), string(of)} {
		if err := s.blobs.Delete(ctx, key); err != nil {
			return false, err
		}
	}
	return true, s.store.DropMedium(ctx, of, m.At)
}

// carried tells whether anything shows a medium.
func (s *Service) carried(ctx context.Context, m id.Media, carriers []Carrier) (bool, error) {
	for _, c := range carriers {
		w := s.witnesses[c.Kind]
		if w == nil {
			return true, nil // nobody here can say that it does not
		}
		if ok, err := w.Carries(ctx, c.ID, m); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}
