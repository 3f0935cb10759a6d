// Package presence knows who is around: which sessions of a user are live, on
// which node, in what state; and who may know.
//
// The cost is that of those who look. A change of somebody's state is one write
// and one message on a topic of theirs, to which nodes listen that hold a
// session watching them; nothing is sent to friends who do not look. A node
// renews one lease for all its sessions, not one for each.
//
// Presence is never durable and repairs itself: a node whose lease has ended
// takes its people offline for everybody, and one that finds the board wiped
// writes its people again.
package presence

import (
	"context"

	"github.com/teahouse-im/teahouse/id"
)

// A State is what somebody is seen as.
type State string

const (
	Online    State = "online"
	Away      State = "away"
	Offline   State = "offline"
	Invisible State = "invisible" // set by the user; others see Offline
)

// A Live session is one line on the board.
type Live struct {
	User    id.User
	Session id.Session
	State   State // Online or Away
}

// A Board is where nodes write whose sessions are live on them. In one process
// it is memory; between nodes it is Redis (package presence/redis).
type Board interface {
	// Put writes lines of this node, new or changed.
	Put(ctx context.Context, lines ...Live) error
	// Drop wipes lines of this node. They may be gone.
	Drop(ctx context.Context, lines ...Live) error
	// Look returns the states of the live sessions of each user, on all nodes whose
	// lease has not ended, in the order asked.
	Look(ctx context.Context, users []id.User) ([][]State, error)
	// Renew keeps this node's lease. wiped: the board has lost this node's lines,
	// which must be written again. gone: other nodes' leases have ended since the last call.
	Renew(ctx context.Context) (wiped, gone bool, err error)
	// Close wipes this node's lines and ends its lease.
	Close() error
}
