package push

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Options of a Service.
type Options struct {
	Now  func() time.Time // the domains' clock: quiet hours
	Wall func() time.Time // the true time, for tokens that others check; nil: Now

	Subject string            // who runs the server, for push services: a mailto: or https: address; "" says nothing
	Allow   []netip.Prefix    // addresses inside the network that may be called as well, over http too
	Web     http.RoundTripper // nil: one that calls public addresses only
	APNs    *APNsOptions      // nil: there is none
	FCM     *FCMOptions       // nil: there is none

	Gather  time.Duration   // how long what happens in one stream is gathered
	Fresh   time.Duration   // how long it is remembered that somebody has no device
	Retry   []time.Duration // how long to wait before each further attempt
	Timeout time.Duration   // of one attempt
	Drain   time.Duration   // how long Close may take
	Waiting int             // streams, and pushes, that may wait; beyond, the oldest are dropped
	AtOnce  int             // pushes on their way

	Failed func(error) // hears of what could not be done and is not tried again
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options {
	return Options{
		Now: time.Now, Gather: time.Second, Fresh: 5 * time.Second,
		Retry:   []time.Duration{time.Second, 5 * time.Second, 25 * time.Second},
		Timeout: 10 * time.Second, Drain: 2 * time.Second, Waiting: 10_000, AtOnce: 64, Failed: func(error) {},
	}
}

// Counts say what was done since the start.
type Counts struct {
	Sent    int64 // accepted by a push service
	Failed  int64 // given up
	Removed int64 // devices that are gone
	Dropped int64 // under overload
}

// gatherers bounds how many streams are looked at at once.
const gatherers = 8

// Service is the one door to sleeping devices.
type Service struct {
	store   ledger.Store
	ports   Ports
	opt     Options
	keys    keyring
	senders map[string]sender // by kind

	absent  absence // people without a device
	deserts absence // groups of which nobody has one

	matters *queue[id.Stream, *matter]
	parcels *queue[lane, *parcel]

	ctx    context.Context // of work in the background
	cancel context.CancelFunc
	busy   sync.WaitGroup

	sent, failed, removed atomic.Int64
}

// NewService puts the parts together and begins to work; Close ends it. The
// error says which option is no good.
func NewService(store ledger.Store, ports Ports, opt Options) (*Service, error) {
	if opt.Wall == nil {
		opt.Wall = opt.Now
	}
	if !goodSubject(opt.Subject) {
		return nil, ErrSubject
	}
	s := &Service{store: store, ports: ports, opt: opt}
	s.keys.store = store
	s.senders = map[string]sender{Web: newWebSender(&s.keys, &opt)}
	if opt.APNs != nil {
		a, err := newAPNs(*opt.APNs, opt.Wall)
		if err != nil {
			return nil, err
		}
		s.senders[APNs] = a
	}
	if opt.FCM != nil {
		f, err := newFCM(*opt.FCM, opt.Wall)
		if err != nil {
			return nil, err
		}
		s.senders[FCM] = f
	}
	s.absent.life, s.deserts.life = opt.Fresh, opt.Fresh
	s.matters = newQueue[id.Stream, *matter](opt.Waiting, func(st id.Stream) string { return string(st) })
	s.parcels = newQueue[lane, *parcel](opt.Waiting, func(l lane) string { return string(l.user) })
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.busy.Go(func() {
		s.matters.run(s.ctx, gatherers, s.settle)
		s.parcels.close() // nothing comes any more
	})
	s.busy.Go(func() { s.parcels.run(s.ctx, opt.AtOnce, s.deliver) })
	return s, nil
}

// Close sends what waits, for a short while, and ends all work.
func (s *Service) Close() {
	s.matters.close()
	late := time.AfterFunc(s.opt.Drain, s.cancel)
	s.busy.Wait()
	late.Stop()
	s.cancel()
	for _, to := range s.senders {
		to.close()
	}
}

// Counts tells what was done so far.
func (s *Service) Counts() Counts {
	return Counts{s.sent.Load(), s.failed.Load(), s.removed.Load(), s.matters.lost() + s.parcels.lost()}
}

// now is the service's clock in the precision in which times are kept.
func (s *Service) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// wrong hears of an error, unless it is that the service ends.
func (s *Service) wrong(err error) {
	if s.ctx.Err() == nil {
		s.opt.Failed(err)
	}
}

// What push refuses.
var errKind = fault.BadRequest.At("/kind", "is none that this server can wake")
