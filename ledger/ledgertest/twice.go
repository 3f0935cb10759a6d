package ledgertest

import (
	"context"

	"github.com/teahouse-im/teahouse/ledger"
)

// Twice is a store on which no outcome is known at first: each change that was
// stored is tried again, and sees what it stored.
type Twice struct{ ledger.Store }

// ChangePart implements ledger.Store.
func (s Twice) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	if err := s.Store.ChangePart(ctx, p, w, have, owed, change); err != nil {
		return err
	}
	return s.Store.ChangePart(ctx, p, w, ledger.View{}, owed, change)
}
