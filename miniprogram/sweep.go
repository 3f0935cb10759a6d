package miniprogram

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// What is owed: an app to the directory, login codes to oblivion once they have
// ended, and packages that nobody reads.
const (
	queueListed   = "app-listed"
	queueCodes    = "app-code"
	queuePackages = "app-package"

	// listedAfter is how long whoever makes an app has for it.
	listedAfter = time.Minute
	sweepMost   = 256
)

// Run does what is owed, here or by a node that died, until ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(s.opt.SweepEvery)
	defer tick.Stop()
	for {
		s.sweep(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sweep does all that is due.
func (s *Service) sweep(ctx context.Context) {
	for queue, do := range map[string]func(context.Context, string) error{
		queueListed:   s.relist,
		queueCodes:    s.dropCode,
		queuePackages: func(ctx context.Context, a string) error { return s.collect(ctx, id.App(a)) },
	} {
		if err := s.sweepQueue(ctx, queue, do); err != nil && ctx.Err() == nil {
			s.opt.Failed(fmt.Errorf("sweep %s: %w", queue, err))
		}
	}
}

// sweepQueue does what is due of one queue. What cannot be done now stays, and is
// in nobody's way.
func (s *Service) sweepQueue(ctx context.Context, queue string, do func(context.Context, string) error) error {
	limit, failed := sweepMost, error(nil)
	for {
		dues, err := s.store.Owed(ctx, queue, s.now(), limit)
		if err != nil {
			return err
		}
		var done []ledger.Due
		failed = nil
		for _, d := range dues {
			if err := do(ctx, d.ID); err != nil {
				failed = err
				continue
			}
			done = append(done, d)
		}
		if err := s.store.Settled(ctx, done...); err != nil || len(dues) < limit || ctx.Err() != nil {
			return cmp.Or(err, failed)
		}
		if len(done) < sweepMost/2 {
			limit += sweepMost
		}
	}
}

// relist puts an app into the directory if its developer's list has it.
func (s *Service) relist(ctx context.Context, app string) error {
	v, err := s.store.ReadPart(ctx, appPart(id.App(app)), ledger.Want{Keys: []string{rowApp}})
	if err != nil {
		return err
	}
	r, ok, err := ledger.Read[record](v, rowApp)
	if !ok || err != nil {
		return err
	}
	v, err = s.store.ReadPart(ctx, developerPart(r.Developer), ledger.Want{Keys: []string{underApps + app}})
	if err != nil || len(v.Rows) == 0 {
		return err
	}
	return s.enlist(ctx, r.ID, r.Name)
}

func (s *Service) dropCode(ctx context.Context, hash string) error {
	return s.store.ChangePart(ctx, codePart(hash), ledger.Want{Keys: []string{rowCode}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if len(v.Rows) == 0 {
			return nil, nil
		}
		return ledger.Rows(rowCode, nil)
	})
}
