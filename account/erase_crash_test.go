package account_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// A mortal is a store that gets so many writes through and then none. The one in
// between is stored or not, and nobody hears which.
type mortal struct {
	account.Store
	left   int
	stored bool
}

var errDead = fmt.Errorf("%w: dead", fault.Unavailable)

func (m *mortal) write(do func() error) error {
	m.left--
	if m.left > 0 || m.left == 0 && m.stored {
		if err := do(); err != nil {
			return err
		}
	}
	if m.left > 0 {
		return nil
	}
	return errDead
}

func (m *mortal) ChangeAccount(ctx context.Context, u id.User, change func(*account.Account) error) (a account.Account, err error) {
	err = m.write(func() error { a, err = m.Store.ChangeAccount(ctx, u, change); return err })
	return a, err
}

func (m *mortal) DropSession(ctx context.Context, u id.User, h account.TokenHash) error {
	return m.write(func() error { return m.Store.DropSession(ctx, u, h) })
}

// A mortalLedger is the ledger of the same node.
type mortalLedger struct {
	ledger.Store
	*mortal
}

func (m mortalLedger) Owe(ctx context.Context, dues ...ledger.Due) error {
	return m.write(func() error { return m.Store.Owe(ctx, dues...) })
}

func (m mortalLedger) Settled(ctx context.Context, dues ...ledger.Due) error {
	return m.write(func() error { return m.Store.Settled(ctx, dues...) })
}

// Wherever a node dies while somebody leaves: they are there as before, or another
// node finishes.
func TestKilledWhileSomebodyLeaves(t *testing.T) {
	h, _ := erasing(t, nil)
	for _, stored := range []bool{false, true} {
		for step := 1; ; step++ {
			u := fmt.Sprintf("ann-%v-%d", stored, step)
			h.register(u)
			in := h.signIn(u, "phone")
			m := &mortal{Store: h.store, left: step, stored: stored}
			traced := false
			node := h.beside(m, func(o *account.Options) {
				o.Erasure.Ledger = mortalLedger{h.ledger, m}
				o.Erasure.Leave = func(context.Context, id.User) error { return m.write(func() error { return nil }) }
				o.Erasure.Traces = []account.Trace{{Name: "t", Erase: func(context.Context, id.User) error {
					return m.write(func() error { traced = true; return nil })
				}}}
			})
			acked := node.Erase(t.Context(), id.User(u)) == nil
			h.pass(account.EraseGrace)
			_ = node.EraseOwed(t.Context())
			died := m.left <= 0
			gone := errors.Is(h.authenticate(in.Token), fault.Unauthenticated)
			if acked && !gone {
				t.Fatalf("step %d: it was acknowledged, and is not so", step)
			}
			h.pass(2 * time.Minute)
			good(t, h.EraseOwed(t.Context()))
			h.pass(account.EraseAgain)
			good(t, h.EraseOwed(t.Context()))
			left, err := h.store.Account(t.Context(), id.User(u))
			good(t, err)
			sessions, err := h.store.Sessions(t.Context(), id.User(u))
			good(t, err)
			whole := left.Gone.IsZero() && left.Password != "" && len(sessions) == 1
			if done := left == (account.Account{User: id.User(u), Gone: left.Gone}) && len(sessions) == 0; gone != done || gone == whole {
				t.Fatalf("step %d: gone %v, kept %+v, %v", step, gone, left, sessions)
			}
			if owed, err := h.ledger.Owed(t.Context(), account.Erased, h.clock(), 10); err != nil || len(owed) > 0 {
				t.Fatalf("step %d: still owed: %v, %v", step, owed, err)
			}
			if !died {
				if step < 7 || !traced {
					t.Fatalf("only %d steps", step)
				}
				break
			}
		}
	}
}
