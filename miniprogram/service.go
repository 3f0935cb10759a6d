package miniprogram

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

// Options of a Service.
type Options struct {
	Now        func() time.Time
	SweepEvery time.Duration // between looks for what was left undone, in real time
	// Allow are addresses inside the network that pages may call, also by http. Others
	// are called by https and by name.
	Allow []netip.Prefix
	// Changed rings after it was stored that an app is another than before, so that
	// other nodes can Forget it. It must not block, and may be lost in a crash.
	Changed func(a id.App)
	Failed  func(error) // hears of background work that failed and will be tried again
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options {
	return Options{
		Now: time.Now, SweepEvery: 5 * time.Second,
		Changed: func(id.App) {}, Failed: func(error) {},
	}
}

// Service is the one door to apps.
type Service struct {
	store  ledger.Store
	files  Files
	grants Grants
	opt    Options

	unpacking chan struct{} // slots of packages that are being unpacked
	bundles   *otter.Cache[string, bundle]

	mu      sync.Mutex // guards what is remembered of apps: see known.go
	known   map[id.App]*known
	changes uint64

	index index
}

// unpackingMost bounds the memory that unpacking takes: UnpackedBytes each.
const unpackingMost = 4

// NewService puts the parts together. Run has to be called for what was left undone.
func NewService(store ledger.Store, files Files, grants Grants, opt Options) *Service {
	return &Service{
		store: store, files: files, grants: grants, opt: opt,
		unpacking: make(chan struct{}, unpackingMost), bundles: newBundles(),
		known: map[id.App]*known{},
	}
}

// Close ends what runs in the background. Nothing may use the service any more.
func (s *Service) Close() { s.bundles.StopAllGoroutines() }

// now is the service's clock in the precision in which times are kept.
func (s *Service) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// Parts of the ledger.
func appPart(a id.App) ledger.Part        { return ledger.Part("app/" + string(a)) }
func developerPart(u id.User) ledger.Part { return ledger.Part("developer/" + string(u)) }
func openidPart(u id.User) ledger.Part    { return ledger.Part("openids/" + string(u)) }
func followPart(u id.User) ledger.Part    { return ledger.Part("follows/" + string(u)) }

const (
	limitUsual = 50
	limitMost  = 200
)

// pageSize reads the limit of a list; 0 is the usual one. BadRequest.
func pageSize(limit int) (int, error) {
	if limit == 0 {
		return limitUsual, nil
	}
	if limit < 0 || limit > limitMost {
		return 0, fault.BadRequest.Saying(fmt.Sprintf("limit is from 1 to %d.", limitMost))
	}
	return limit, nil
}

var errCursor = fault.BadRequest.Saying("This is no cursor of this list.")
