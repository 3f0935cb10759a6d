package grant

import (
	"bytes"
	"context"
	"fmt"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// gone is the row under userKey of somebody whose account has ended. It never
// changes again, and whatever spends or hands over a grant looks at it first.
var gone = []byte(`{"gone":true}`)

// isGone tells whether the user of a view, in which userKey was wanted, has left for good.
func isGone(v ledger.View) bool { return bytes.Equal(v.Get(userKey), gone) }

// End is for a user whose account ends. When it has returned, the handles of all
// that they ever granted are ErrInvalid, also where a notice was answered before,
// and nothing is delivered any more but what was accepted before. Apps are not
// told. It cannot be taken back; doing it again changes nothing.
func (b *Book) End(ctx context.Context, u id.User) error {
	err := b.change(ctx, u, ledger.Want{Keys: []string{userKey}}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if isGone(v) {
			return nil, nil
		}
		return []ledger.Row{{Key: userKey, Value: gone}}, nil
	})
	if err != nil {
		return fmt.Errorf("end all grants: %w", err)
	}
	return nil
}

// Forget takes away all that the book has of a user who has left for good, but
// that they have: what they were asked, what they granted, and what was sent for it.
// It may be called again, for what was on its way when they left.
func (b *Book) Forget(ctx context.Context, u id.User) error {
	if err := b.End(ctx, u); err != nil {
		return err
	}
	for after := ""; ; {
		rows, err := b.store.ListPart(ctx, part(u), "", after, pageOf)
		if err != nil {
			return fmt.Errorf("forget grants: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		after = rows[len(rows)-1].Key
		if err := b.change(ctx, u, ledger.Want{}, nil, func(ledger.View) ([]ledger.Row, error) {
			var p pending
			for _, r := range rows {
				if r.Key != userKey {
					p.drop(r.Key)
				}
			}
			return p.done()
		}); err != nil {
			return fmt.Errorf("forget grants: %w", err)
		}
	}
}
