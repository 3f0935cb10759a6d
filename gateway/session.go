package gateway

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/wire"
)

// A session is one connection. While nothing happens it is this struct, its link
// and its places in the hub and the wheel: no goroutine, timer, channel or context.
//
// Locks are taken in this order: a hub shard's or that of the watches, a session's, the wheel's.
type session struct {
	gw     *Gateway
	link   link
	number uint64 // of the connection on this node; bus.Message.Origin
	born   moment

	// Of whoever serves the input, one goroutine at a time.
	partial  *partial // what is not a whole message yet
	bucket   bucket   // how many frames may still come
	typed    typed    // nil until there is some
	greeted  bool     // hello was answered
	lookedUp moment   // until when what it has watched is paid for, see watchEach

	heard   atomic.Int64 // moment of the latest bytes from the client
	stalled atomic.Int64 // moment when a message began that is not complete; 0: there is none

	news atomic.Bool // presence waits that is to be written with anything else

	mu       sync.Mutex // guards what follows
	phase    phase
	user     id.User    // from greeting on
	id       id.Session // the sign-in; "" until it is known
	conn     uuid.UUID  // the connection, in the cluster
	greeting *greeting  // while a hello is carried out
	groups   []id.Stream
	seat     *presence.Seat // from hello on

	queue     []*frame // to be written, in order
	cut       int      // bytes of the first that are written
	taken     int      // so many of the first are being written
	lossy     int      // bytes of lossy frames in the queue
	kept      int      // bytes of the others
	scheduled bool     // somebody writes, or will
	stuck     bool     // the socket has no room
	roomy     bool     // room came while somebody was writing
	lost      bool     // events were dropped: resync once the queue is empty
	behind    moment   // since when the client does not keep up; 0: it does
	sends     int      // messages on their way to the store
	paused    pause    // why the input is not read
	deadline  moment   // of the closing
	pinged    moment   // latest ping
	reviewed  moment   // when the latest review without a reason was due; 0: not yet

	// Guarded by the shard of user.
	next *session // of the same user

	// Guarded by the watches.
	watching *watching // nil: nobody

	// Guarded by the wheel.
	due         moment
	left, right *session
	slot        uint16
	linked      bool
	removed     bool
}

type phase byte

const (
	fresh   phase = iota // connected, no hello yet
	live                 // hello was answered
	closing              // a close frame is on its way; input is thrown away
	gone
)

// pause says what the input waits for.
type pause byte

const (
	running  pause = iota
	forRoom        // fewer messages on their way, shorter queue of replies
	forSends       // all messages on their way settled
)

// sendsMost bounds the messages of one connection that are on their way to the store.
const sendsMost = 256

// A greeting is what happens to a session while its hello is carried out: it
// hears everything already, and writes it behind the reply.
type greeting struct {
	held   []*frame
	missed []wire.Signal // what cannot be judged before the sign-in is known
	left   map[id.Stream]bool
	device id.Device // of the sign-in, once that is known
}

// A partial is input that is not a whole message yet.
type partial struct {
	buf []byte
	scanner
	since moment // when the first of it came
}

// moment is time by the wheel: milliseconds since the gateway began, as of its latest tick, never 0.
type moment int64

func (m moment) add(d time.Duration) moment { return m + moment(d/time.Millisecond) }
