package grant_test

import (
	"context"
	"math/rand/v2"
	"sync"

	"github.com/teahouse-im/teahouse/ledger"
)

// moody is a store that now and then does not answer: sometimes it has done
// nothing, sometimes all, sometimes it has only taken note of what is owed.
type moody struct {
	backend
	mu   sync.Mutex
	rnd  *rand.Rand
	calm bool
}

func (m *moody) mood() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calm {
		return 0
	}
	return m.rnd.IntN(30)
}

func (m *moody) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	mood := m.mood()
	switch mood {
	case 1:
		return errKilled
	case 2:
		if err := m.Owe(ctx, owed...); err != nil {
			return err
		}
		return errKilled
	}
	if err := m.backend.ChangePart(ctx, p, w, have, owed, change); err != nil || mood != 3 && mood != 4 {
		return err
	}
	return errKilled
}

func (m *moody) Settled(ctx context.Context, dues ...ledger.Due) error {
	if m.mood() == 1 {
		return errKilled
	}
	return m.backend.Settled(ctx, dues...)
}
