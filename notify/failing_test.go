package notify_test

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/ledger"
)

// failing is the store of a node that is about to die: changes of some parts fail,
// from one on.
type failing struct {
	ledger.Store
	parts []string // by how they begin
	from  int64
	seen  atomic.Int64
}

func (f *failing) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	for _, part := range f.parts {
		if strings.HasPrefix(string(p), part) && f.seen.Add(1) > f.from {
			return fault.Unavailable
		}
	}
	return f.Store.ChangePart(ctx, p, w, have, owed, change)
}
