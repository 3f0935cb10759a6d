package miniprogram

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Suspend stops an app until a time (zero: until lifted): its pages are not shown
// and its notices refused. Its server can still sign in, so that it is told so. Of
// two suspensions the longer one holds. NotFound.
func (s *Service) Suspend(ctx context.Context, a id.App, until time.Time, reason string) error {
	return s.suspend(ctx, a, until, reason, func(r *record) **Suspension { return &r.Suspension })
}

// SuspendNotices stops an app's notices alone, as Suspend does the app.
func (s *Service) SuspendNotices(ctx context.Context, a id.App, until time.Time, reason string) error {
	return s.suspend(ctx, a, until, reason, func(r *record) **Suspension { return &r.NoticesSuspension })
}

func (s *Service) suspend(ctx context.Context, a id.App, until time.Time, reason string, which func(*record) **Suspension) error {
	now := s.now()
	return s.change(ctx, a, ledger.Want{}, nil, func(r *record, _ ledger.View) ([]ledger.Row, error) {
		held := which(r)
		if old := *held; old.Holds(now) && (old.Until.IsZero() || !until.IsZero() && old.Until.After(until)) {
			return nil, nil
		}
		*held = &Suspension{Reason: reason, Until: until}
		return nil, nil
	})
}

// Resume lifts both suspensions. NotFound; Conflict: nobody can, for its developer
// has left.
func (s *Service) Resume(ctx context.Context, a id.App) error {
	return s.change(ctx, a, ledger.Want{}, nil, func(r *record, _ ledger.View) ([]ledger.Row, error) {
		if r.Suspension != nil && r.Suspension.Final {
			return nil, errFinal
		}
		r.Suspension, r.NoticesSuspension = nil, nil
		return nil, nil
	})
}
