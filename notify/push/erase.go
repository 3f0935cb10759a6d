package push

import (
	"context"
	"strings"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Erase is for somebody who has left for good: no device of theirs is woken any
// more, and nothing is kept of how they wanted to be. It may be called again.
func (s *Service) Erase(ctx context.Context, u id.User) error {
	for {
		rows, err := s.store.ListPart(ctx, userPart(u), "", "", 100)
		if err != nil || len(rows) == 0 {
			return err
		}
		for i := range rows {
			if d, ok := strings.CutPrefix(rows[i].Key, deviceRow); ok {
				if err := s.Forget(ctx, u, id.Device(d)); err != nil { // what it was woken by is free again
					return err
				}
			}
			rows[i].Value = nil
		}
		err = s.store.ChangePart(ctx, userPart(u), ledger.Want{}, ledger.View{}, nil, func(ledger.View) ([]ledger.Row, error) { return rows, nil })
		if err != nil {
			return err
		}
	}
}
