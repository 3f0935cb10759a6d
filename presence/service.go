package presence

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/id"
)

// Options of a Service.
type Options struct {
	// Grace is how long somebody counts as there after their last session ended: a
	// device that loses its connection and comes back is not told to anybody.
	Grace time.Duration
	// RenewEvery is how often the lease is renewed; the board's must last several times as long.
	RenewEvery time.Duration
	// Linger is how long a device counts as live after its last session ended, at
	// most Grace. Who wakes devices looks a second after something has happened: what
	// came shortly before the end is not to wake them, what came after it is.
	Linger time.Duration
	// Devices is how many of one user's the board is told of. There are more for moments only.
	Devices int
	// Again is told that anybody may be seen in another way than before, without a
	// ring: those who watch should look again. It must not block.
	Again func()
	Log   zerolog.Logger
}

// Lease is how long a board keeps a node's lines without hearing of it. A node
// that dies is missed after Lease + RenewEvery at most.
const Lease = 20 * time.Second

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options {
	return Options{Grace: 8 * time.Second, Linger: 500 * time.Millisecond, RenewEvery: 4 * time.Second, Devices: 10, Again: func() {}, Log: zerolog.Nop()}
}

const (
	// boardWithin bounds what is asked of the board.
	boardWithin = 5 * time.Second
	// batchMost is how many lines go to the board at once.
	batchMost = 512
)

// Service is the one door to presence. It knows the sessions of this node, and
// asks the board for the others.
type Service struct {
	board  Board
	bus    Rings
	people People
	ties   Ties
	opt    Options
	start  time.Time

	mu       sync.Mutex // guards what follows
	here     map[id.User]*Seat
	leaving  []*Seat          // in the order in which they left
	dozing   []*Seat          // likewise, whose devices still count as live
	resuming []*Seat          // in the order in which they came back
	dirty    map[id.User]bool // whose line on the board is out of date; whether that shows
	used     []*Seat          // whose last use is to be written down

	news   chan struct{} // something is dirty or leaves
	missed chan struct{} // rings may have been lost
	notes  chan struct{} // used has something

	// Of the goroutine that keeps the board.
	begun   bool      // it has a lease, or had
	rewrite bool      // all lines have to be written again
	lookAt  time.Time // when everything that is watched must be looked at again; zero: there is no need
	failing bool

	stop context.CancelFunc
	work sync.WaitGroup
}

// Rings are the part of a bus that is needed to ring.
type Rings interface {
	Publish(t bus.Topic, m bus.Message)
}

// NewService puts the parts together. Close ends it, and the board.
func NewService(board Board, rings Rings, people People, ties Ties, opt Options) *Service {
	opt.Linger = min(opt.Linger, opt.Grace)
	ctx, stop := context.WithCancel(context.Background())
	s := &Service{
		board: board, bus: rings, people: people, ties: ties, opt: opt, start: time.Now(), stop: stop,
		here: map[id.User]*Seat{}, dirty: map[id.User]bool{},
		news: make(chan struct{}, 1), missed: make(chan struct{}, 1), notes: make(chan struct{}, 1),
	}
	s.work.Go(func() { s.keep(ctx) })
	s.work.Go(func() { s.note(ctx) })
	return s
}

// Close takes this node's people off the board. Nobody may use the service any more.
func (s *Service) Close() error {
	s.stop()
	s.work.Wait()
	return s.board.Close()
}

// since is the time since the service began, never 0.
func (s *Service) since() time.Duration { return time.Since(s.start) + 1 }

// Missed says that rings may have been lost.
func (s *Service) Missed() { ring(s.missed) }
