// Package presence knows who is around: which users have live sessions, on
// which node and which devices, in what state; and who may know.
//
// The cost is that of those who look. A change of somebody's state is one write
// and one ring on a topic of theirs, to which nodes listen that hold a session
// watching them; nothing is sent to friends who do not look. A node renews one
// lease for all its users, not one for each, and a session costs nothing while
// its state stays. That a device of somebody who is there anyway comes or goes is
// a write, and no ring.
//
// A ring says only that it is time to look, and every node that is rung looks by
// itself. So rings may be lost, doubled or overtake each other: the latest look
// is right.
//
// Presence is never durable and repairs itself: a node whose lease has ended
// takes its people offline for everybody, and one that finds the board wiped
// writes its people again.
package presence

import (
	"context"
	"time"

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

// rank orders what is seen of somebody with several devices: the best counts.
func (s State) rank() int {
	switch s {
	case Online:
		return 2
	case Away:
		return 1
	}
	return 0
}

// Better is the better one of two states.
func Better(a, b State) State {
	if b.rank() > a.rank() {
		return b
	}
	return a
}

// A Line on the board says how a user stands on one node: the best state of the
// sessions there.
type Line struct {
	User  id.User
	State State // Online or Away

	Devices []id.Device // with a live session there, or one a moment ago; none of who is in grace for longer
}

// A Board is where nodes write who is live on them. In one process it is memory
// (NewBoard); between nodes it is Redis (package presence/redis).
type Board interface {
	// Put writes lines of this node, new or changed.
	Put(ctx context.Context, lines ...Line) error
	// Drop wipes this node's lines about users. They may be gone.
	Drop(ctx context.Context, users ...id.User) error
	// Look returns the best state of each user on all nodes whose lease has not
	// ended, in the order asked; Offline for who has none.
	Look(ctx context.Context, users []id.User) ([]State, error)
	// Devices are those of a user with a live session on any node whose lease has
	// not ended, each once, in order.
	Devices(ctx context.Context, u id.User) ([]id.Device, error)
	// Renew keeps this node's lease, which begins with the first call. wiped: the
	// board knows no lease of this node; its lines may be lost and must be
	// written again (so says the first call too). moved: other nodes have come, or
	// gone without wiping their lines, since the last call.
	Renew(ctx context.Context) (wiped, moved bool, err error)
	// Close wipes this node's lines and ends its lease.
	Close() error
}

// A Showing is what somebody has chosen about how they are seen.
type Showing struct {
	Hidden bool   // nobody is to know whether they are around
	Text   string // beside their state
}

// People know what is durable about somebody.
type People interface {
	// Showing is what u has chosen; who does not exist is Hidden.
	Showing(ctx context.Context, u id.User) (Showing, error)
	// LastSeen is when u was last there, by their sign-ins; zero if that is not known.
	LastSeen(ctx context.Context, u id.User) (time.Time, error)
	// Choose changes what is not nil, and rings u's topic if that alters anything. BadRequest.
	Choose(ctx context.Context, u id.User, invisible *bool, text *string) error
	// Used notes that a sign-in was in use until now.
	Used(ctx context.Context, u id.User, session id.Session) error
}

// Ties know who is whose friend.
type Ties interface {
	// MayKnow tells for each of others whether they and viewer are friends and neither blocks the other.
	MayKnow(ctx context.Context, viewer id.User, others []id.User) ([]bool, error)
}
