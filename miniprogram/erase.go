package miniprogram

import (
	"context"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	// rowGone in the part of somebody's openids says that they have left for good: no
	// app meets them any more.
	rowGone = "gone"
	// orphaned is why an app is suspended whose developer has left.
	orphaned = "Its developer has left."

	erasePage = 200
)

// Erase is for somebody who has left for good: by what apps knew them is forgotten,
// and so are the apps they followed. Apps of theirs are suspended, and no moderator
// can lift that: nobody answers for them any more. Called again, it takes what was
// on its way.
func (s *Service) Erase(ctx context.Context, u id.User) error {
	err := s.store.ChangePart(ctx, openidPart(u), ledger.Want{Keys: []string{rowGone}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if v.Get(rowGone) != nil {
			return nil, nil
		}
		return ledger.Rows(rowGone, true)
	})
	if err != nil {
		return err
	}
	for _, p := range []ledger.Part{openidPart(u), followPart(u)} {
		if err := s.empty(ctx, p); err != nil {
			return err
		}
	}
	v, err := s.store.ReadPart(ctx, developerPart(u), ledger.Want{Prefixes: []string{underApps}})
	if err != nil {
		return err
	}
	for _, r := range v.Rows {
		if err := s.orphan(ctx, id.App(r.Key[len(underApps):])); err != nil {
			return err
		}
	}
	return nil
}

// empty takes the rows of apps out of a part.
func (s *Service) empty(ctx context.Context, p ledger.Part) error {
	for after := ""; ; {
		rows, err := s.store.ListPart(ctx, p, appPrefix, after, erasePage)
		if err != nil || len(rows) == 0 {
			return err
		}
		after = rows[len(rows)-1].Key
		for i := range rows {
			rows[i].Value = nil
		}
		err = s.store.ChangePart(ctx, p, ledger.Want{}, ledger.View{}, nil, func(ledger.View) ([]ledger.Row, error) { return rows, nil })
		if err != nil {
			return err
		}
	}
}

// orphan suspends an app for good.
func (s *Service) orphan(ctx context.Context, a id.App) error {
	return s.change(ctx, a, ledger.Want{}, nil, func(r *record, _ ledger.View) ([]ledger.Row, error) {
		if r.Suspension == nil || !r.Suspension.Final {
			r.Suspension = &Suspension{Reason: orphaned, Final: true}
		}
		return nil, nil
	})
}
