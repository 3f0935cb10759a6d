package webhook

import (
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"code.dny.dev/ssrf"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Options of a Service.
type Options struct {
	Now func() time.Time // of deliveries; signatures carry the real time
	// Allow are addresses that may be called although they are not public.
	Allow []netip.Prefix
	Calls int // that are under way at once
	// Tick is how often the clock is looked at, and Look how often the store is, for
	// work of other nodes. In real time.
	Tick, Look time.Duration
	Failed     func(error) // hears of background work that failed and will be tried again
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options {
	return Options{
		Now: time.Now, Calls: 256, Tick: 100 * time.Millisecond, Look: 2 * time.Second,
		Failed: func(error) {},
	}
}

// callsEach bounds the calls to one app at once, and callsFailing those to one whose
// last call failed, so that an endpoint that hangs costs little.
const (
	callsEach    = 4
	callsFailing = 1
)

// Service is the one door to webhooks.
type Service struct {
	store  ledger.Store
	opt    Options
	guard  *ssrf.Guardian
	client *http.Client
	slots  chan struct{} // calls that are under way

	mu    sync.Mutex       // guards what Run has to do
	ring  chan struct{}    // says that there is something new in awake
	awake map[id.App]bool  // apps that may have something to be sent
	lanes map[id.App]*lane // apps to which something is sent
	next  time.Time        // by when, by the service's clock, something may be due
}

// NewService puts the parts together. Nothing is sent until Run.
func NewService(store ledger.Store, opt Options) *Service {
	g := newGuard(opt.Allow)
	return &Service{
		store: store, opt: opt, guard: g, client: newClient(g), slots: make(chan struct{}, opt.Calls),
		ring: make(chan struct{}, 1), awake: map[id.App]bool{}, lanes: map[id.App]*lane{},
	}
}

// Close lets go of connections. Run has to have returned.
func (s *Service) Close() { s.client.CloseIdleConnections() }

// now is the service's clock in the precision in which times are kept.
func (s *Service) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// Everything about an app's webhooks is one part:
//
//	endpoint        where to
//	count           how many deliveries there are
//	d/<id>          a delivery
//	t/<time>/<id>   those in a list, the newest first
//	q/<time>/<id>   those on their way, by when they are due
const (
	rowEndpoint     = "endpoint"
	rowCount        = "count"
	underDeliveries = "d/"
	underTimes      = "t/"
	underQueue      = "q/"
)

func part(a id.App) ledger.Part { return ledger.Part("webhooks/" + string(a)) }

// stored is a delivery as it is kept.
type stored struct {
	Delivery
	Since time.Time `json:"since"`         // when it was emitted, or replayed: back-off counts from here
	Tries int       `json:"tries"`         // since then
	Next  time.Time `json:"next"`          // when it is due, while it is pending
	By    string    `json:"by,omitzero"`   // the attempt under way, or the last one
	Turn  string    `json:"turn,omitzero"` // the replay, if there was one
}

func (d *stored) key() string  { return underDeliveries + string(d.ID) }
func (d *stored) line() string { return timeKey(d.At) + "/" + string(d.ID) }
func (d *stored) queued() string {
	return fmt.Sprintf("%s%013d/%s", underQueue, d.Next.UnixMilli(), d.ID)
}

// become are the rows that make a delivery another than it was.
func become(was, d stored) ([]ledger.Row, error) {
	pairs := []any{d.key(), d}
	if was.Status == Pending && (d.Status != Pending || was.queued() != d.queued()) {
		pairs = append(pairs, was.queued(), nil)
	}
	if d.Status == Pending {
		pairs = append(pairs, d.queued(), struct{}{})
	}
	return ledger.Rows(pairs...)
}

// timeKey is a key before those of earlier times.
func timeKey(at time.Time) string {
	return fmt.Sprintf("%s%013d", underTimes, int64(1e13)-1-at.UnixMilli())
}
