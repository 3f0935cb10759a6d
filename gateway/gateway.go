// Package gateway is Teahouse over WebSocket: it accepts connections, signs them
// in, passes what they ask to the domains, and writes to each what its user is to
// hear. It is this node's ear on the bus.
//
// What it promises: every request gets one reply; requests of one connection take
// effect in order; what a session hears after the reply to its hello has no hole
// it is not told of. An idle session costs memory and nothing else. A client that
// does not read loses events, which it is told, and then its connection; it never
// costs another client anything but its share of the sockets.
//
// What it does not do: it keeps no positions, stores nothing, and has no rule of
// its own about who may do what.
package gateway

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

// Accounts tells whose a token is, and whether it still is. *account.Service fits.
type Accounts interface {
	Authenticate(ctx context.Context, token string) (account.Session, account.Account, error)
	// Standing are the good ones of a user's sign-ins; those in use are noted as used. Forbidden: the user is suspended.
	Standing(ctx context.Context, u id.User, inUse []id.Session) (good []id.Session, err error)
}

// Chat is conversations. *chat.Service fits.
type Chat interface {
	Begin(ctx context.Context, d chat.Draft, then func(wire.Sent, error)) error
	History(ctx context.Context, u id.User, h wire.History) (wire.Page, error)
	Read(ctx context.Context, u id.User, r wire.Read) (wire.Position, error)
	Typing(ctx context.Context, u id.User, t wire.Typing, origin stream.Origin) error
	MayType(ctx context.Context, u id.User, t wire.Typing) error
	Groups(ctx context.Context, u id.User) ([]id.Stream, error)
	Sync(ctx context.Context, u id.User, r wire.SyncRequest) (wire.Sync, error)
	Resume(ctx context.Context, u id.User, cursors map[string]int64, listen func(groups []id.Stream) error) (wire.Sync, error)
}

// Options of a Gateway.
type Options struct {
	// Limits are told to every client. Those of frames, sessions and the send
	// queue are kept here; a rate of 0 is none.
	Limits wire.Limits
	// Origins are the web pages of elsewhere that may connect, as scheme://host[:port]. The server's own may.
	Origins []string

	ConnectsPerSecond int           // new connections, with a burst of two seconds' worth; 0: any number
	WaitingMost       int           // connections that have not said hello yet
	Heartbeat         time.Duration // how often a client is pinged; one that is silent for two of them is gone
	HelloWithin       time.Duration // how long a client has to say hello
	BehindWithin      time.Duration // how long a client may take to catch up

	// PresenceEvery is how often a connection is told of presence, unless something
	// else is written to it: what changes meanwhile is told together. A second is no
	// delay to somebody who looks at who is around, and makes the writes, which are
	// nearly all of what presence costs, as many as there are connections that look,
	// however many people change. A change after a quiet second is told at once.
	PresenceEvery time.Duration

	Portable bool // a goroutine for each session, also where readiness can be had from the kernel

	Now func() time.Time // the clock clients are told
	Log zerolog.Logger
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options {
	return Options{
		Limits: wire.Limits{
			TextBytes: 8 << 10, FrameBytes: wire.MaxFrame, FramesPerSecond: 30, FramesBurst: 60, SessionsPerUser: 10,
			GroupMembers: 500, Friends: 5000, RecallMS: wire.Millis(2 * time.Minute), RecallFileMS: wire.Millis(3 * time.Hour),
			PageEntries: 200, SyncStreams: chat.SyncMost, SendQueueBytes: 256 << 10,
		},
		ConnectsPerSecond: 1000,
		WaitingMost:       4096,
		Heartbeat:         30 * time.Second,
		HelloWithin:       10 * time.Second,
		BehindWithin:      10 * time.Second,
		PresenceEvery:     time.Second,
		Now:               time.Now,
		Log:               zerolog.Nop(),
	}
}

// A Gateway holds this node's sessions.
type Gateway struct {
	opt      Options
	bus      bus.Bus
	accounts Accounts
	chat     Chat
	presence Presence // nil: nobody is to be seen

	hub     *hub
	topics  *topics
	watches *watches
	reviews *reviews
	wheel   *wheel
	writers *writers
	crew    crew
	poller  *poller // nil: every session has a goroutine

	stats    counters
	throttle throttle
	numbers  atomic.Uint64 // of connections
	gaps     atomic.Uint64 // in the bus, so far
	draining atomic.Bool

	ctx    context.Context // of everything it does; ends at Close
	cancel context.CancelFunc
	inside gate          // around every goroutine
	empty  chan struct{} // closed when the last has gone
}

// New makes a gateway. It is the listener of the bus it is then given by Serve.
func New(opt Options) *Gateway {
	g := &Gateway{opt: opt, empty: make(chan struct{})}
	g.stats.closed = map[int]int64{}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	g.topics = newTopics(g)
	g.watches = newWatches(g)
	g.reviews = newReviews(g)
	g.hub = newHub(g.topics.abandoned)
	g.writers = newWriters(g, runtime.GOMAXPROCS(0))
	g.crew.gw = g
	g.wheel = newWheel(tickOf(opt), (*session).visit)
	g.wheel.also = g.watches.turn
	if !opt.Portable {
		p, err := newPoller()
		if err != nil {
			opt.Log.Info().Err(err).Msg("sessions have a goroutine each")
		}
		g.poller = p
	}
	return g
}

// tickOf is how fine the wheel has to be.
func tickOf(opt Options) time.Duration {
	shortest := min(opt.Heartbeat, opt.HelloWithin, opt.BehindWithin, opt.PresenceEvery)
	return max(5*time.Millisecond, min(100*time.Millisecond, shortest/10))
}

// Serve gives the gateway its parts. It comes before the first connection.
func (g *Gateway) Serve(b bus.Bus, accounts Accounts, c Chat) {
	g.bus, g.accounts, g.chat = b, accounts, c
	g.run(func() { g.wheel.run(g.ctx.Done()) })
	g.run(func() { g.topics.run(g.ctx) })
	g.run(func() { g.watches.run(g.ctx) })
	g.run(func() { g.reviews.run(g.ctx) })
	g.writers.start()
	if g.poller != nil {
		g.run(g.poller.run)
	}
}

// run starts a goroutine that Close waits for; false: it is too late for that.
func (g *Gateway) run(do func()) bool {
	if !g.inside.enter() {
		return false
	}
	go func() {
		defer func() {
			if g.inside.leave() {
				close(g.empty)
			}
		}()
		do()
	}()
	return true
}

// fault is what a client is told of an error. What clients are not to see is logged.
func (g *Gateway) fault(err error) *fault.Fault {
	f := fault.From(err)
	if f.Is(fault.Internal) || f.Is(fault.Unavailable) {
		g.opt.Log.Warn().Err(err).Str("code", string(f.Code)).Msg("request failed")
	}
	return f
}

// Close ends all sessions at once and waits until nothing of them runs any more.
// The bus and the domains must still be there.
func (g *Gateway) Close() error {
	g.draining.Store(true)
	g.cancel()
	for _, s := range g.wheel.all() {
		s.drop()
	}
	if g.poller != nil {
		g.poller.close()
	}
	g.crew.close()
	g.writers.close()
	if g.inside.shut() {
		close(g.empty)
	}
	for { // those that came, or were being looked at, meanwhile
		for _, s := range g.wheel.all() {
			s.drop()
		}
		select {
		case <-g.empty:
			for _, s := range g.wheel.all() {
				s.drop()
			}
			return nil
		case <-time.After(10 * time.Millisecond):
		}
	}
}
