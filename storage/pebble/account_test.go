package pebble_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/storage/storagetest"
)

func TestAccount(t *testing.T) {
	storagetest.Account(t, func(t *testing.T) account.Store { return inMemory(t) })
}

func TestContact(t *testing.T) {
	storagetest.Contact(t, func(t *testing.T) contact.Store { return inMemory(t) })
}

func inMemory(t *testing.T) *pebble.Store {
	s, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
