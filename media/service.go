package media

import (
	"context"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Kinds of carriers.
const (
	Message = "message"
	Moment  = "moment"
	Profile = "profile"
	Answer  = "answer" // of an app, in a service conversation
)

// A Witness knows the carriers of one kind. The ids of carriers are its own: what
// it noted with Carry.
type Witness interface {
	// MayRead tells whether somebody may see what a carrier names, and the medium in it.
	MayRead(ctx context.Context, u id.User, carrier string, m id.Media) (bool, error)
	// Carries tells whether what a carrier names shows the medium to anybody. What
	// was noted more than an hour ago and does not, never will.
	Carries(ctx context.Context, carrier string, m id.Media) (bool, error)
}

// Options of a Service.
type Options struct {
	Now    func() time.Time
	Bytes  int64 // of one upload
	Pixels int64 // of one picture

	// DecodeBytes is the memory that all pictures together take while thumbnails of
	// them are made. One that would take more alone goes without.
	DecodeBytes int64
	Uploads     int           // that are on their way at once
	UploadsEach int           // of one user
	Temp        string        // folder of uploads while they are looked at
	Keep        time.Duration // how long a medium may wait to be carried by something
	Failed      func(error)   // hears of background work that failed and will be tried again
}

// DefaultOptions are those of a fresh installation.
func DefaultOptions() Options {
	return Options{
		Now: time.Now, Bytes: 100 << 20, Pixels: 50_000_000, DecodeBytes: 384 << 20, Uploads: 256, UploadsEach: 16,
		Temp: os.TempDir(), Keep: 24 * time.Hour, Failed: func(error) {},
	}
}

// carriersMost bounds what one medium can be shown by, since each may have to be
// asked at a download.
const carriersMost = 1000

// Service is the one door to media.
type Service struct {
	store     Store
	blobs     Blobs
	witnesses map[string]Witness // by the kind of carrier
	opt       Options

	memory *semaphore.Weighted // of decoders

	mu      sync.Mutex
	uploads map[id.User]int    // that are on their way
	swept   map[time.Time]bool // days of which nothing is left to sweep
}

// NewService puts the parts together. Run has to be called for what nothing carries.
func NewService(store Store, blobs Blobs, witnesses map[string]Witness, opt Options) *Service {
	return &Service{
		store: store, blobs: blobs, witnesses: witnesses, opt: opt,
		memory:  semaphore.NewWeighted(opt.DecodeBytes),
		uploads: map[id.User]int{}, swept: map[time.Time]bool{},
	}
}

// Ready tells whether bytes can be read and written at the moment, and if not, why.
func (s *Service) Ready(ctx context.Context) error { return s.blobs.Ready(ctx) }

// now is the service's clock in the precision in which times are kept.
func (s *Service) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// What media refuses.
var (
	errTooMany  = fault.Conflict.Saying("This is shown in too many places already. Upload it again.")
	errAtOnce   = fault.RateLimited.Saying("Too many uploads at once. Wait until some are through.")
	errNotWhole = fault.BadRequest.Saying("The upload did not come whole.")
)
