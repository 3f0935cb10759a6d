package storagetest

import (
	"testing"

	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/ledger/ledgertest"
	"github.com/teahouse-im/teahouse/storage"
)

func ledgerStays(t *testing.T, open Open, reopen func(t *testing.T, b storage.Backend) storage.Backend) {
	ledgertest.Restart(t, func(t *testing.T) ledger.Store { return open(t) }, func(t *testing.T, s ledger.Store) ledger.Store {
		return reopen(t, s.(storage.Backend))
	})
}
