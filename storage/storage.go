// Package storage is what a server keeps its truth in. A backend implements the
// ports that the domains declare, each natively: storage/pebble on one machine,
// storage/scylla on a cluster. storage/storagetest is the contract both are held to.
package storage

import (
	"context"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/stream"
)

// A Backend is every port in one. A store that cannot be reached, is full or
// answers too late fails with an error that wraps fault.Unavailable.
type Backend interface {
	stream.Log
	account.Store
	contact.Store
	chat.Store
	feed.Store
	media.Store
	ledger.Store

	// Ready tells whether the store can be read and written at the moment, and if not, why.
	Ready(ctx context.Context) error
	// Close ends it; what was acknowledged stays.
	Close() error
}
