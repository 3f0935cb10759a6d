package notify

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/stream"
)

// Options of a Service. They are the law's: --limits off does not lift them.
type Options struct {
	Now         func() time.Time
	OnceLives   time.Duration   // a once grant whose template says nothing
	FirstWithin time.Duration   // how soon the first notice of a progress grant has to come
	FollowLives time.Duration   // a progress grant from then on, if its template says nothing
	LineLives   time.Duration   // a standing grant
	Steps       int             // notices of a progress grant
	Pauses      []time.Duration // the first pauses of a template by the gate; the next one disables it
	HeldPauses  int             // held notices of a template beyond which it is paused
	HeldStops   int             // held notices of an app beyond which it is suspended
	HeldRefuses int             // held notices of a template beyond which more of the same are refused
	ReportPause Share           // reports against what was delivered that pause a template
	ReportStop  Share           // and that suspend its app
	ReportDays  int             // days in which reports and deliveries are counted
	ReplyRunes  int             // code points of an answer in a window
	SweepEvery  time.Duration   // between looks for what is due, by the wall clock
	SweepAfter  time.Duration   // how old what was left undone is, before somebody else does it
	Media       Library         // nil: answers are texts alone
	Failed      func(error)     // hears of background work that failed and will be tried again
}

// A Share is reached when so many of a thousand are, and at least Least.
type Share struct{ PerMille, Least int }

func (s Share) reached(n, of int) bool { return n >= s.Least && n*1000 >= of*s.PerMille }

// DefaultOptions are those of the law. A pause comes at 0.3 % reports, a suspension
// at 1 %.
func DefaultOptions() Options {
	const day = 24 * time.Hour
	return Options{
		Now: time.Now, OnceLives: 7 * day, FirstWithin: 5 * time.Minute, FollowLives: day, LineLives: 180 * day, Steps: 5,
		Pauses: []time.Duration{3 * time.Hour, 6 * time.Hour}, HeldPauses: 50, HeldStops: 200, HeldRefuses: 1000,
		ReportPause: Share{3, 3}, ReportStop: Share{10, 5}, ReportDays: 7, ReplyRunes: 2000,
		SweepEvery: time.Second, SweepAfter: time.Minute, Failed: func(error) {},
	}
}

// Service is the gate, and the one door to templates.
type Service struct {
	book       *grant.Book
	board      shape.Board
	store      ledger.Store
	log        stream.Log
	apps       Apps
	moderators Moderators
	suspender  Suspender
	opt        Options
	counts     counts
	heads      decoded[head]
	versions   decoded[Template]
}

// New puts the parts together. Run has to be called for what is owed.
func New(book *grant.Book, board shape.Board, store ledger.Store, log stream.Log, apps Apps, moderators Moderators, suspender Suspender, opt Options) *Service {
	return &Service{
		book: book, board: board, store: store, log: log, apps: apps, moderators: moderators, suspender: suspender, opt: opt,
		counts: counts{run: uuid.NewString()},
	}
}

// now is the service's clock in the precision in which times are kept.
func (s *Service) now() time.Time { return s.opt.Now().UTC().Truncate(time.Millisecond) }

// app finds an app by what a client calls it. fault.NotFound.
func (s *Service) app(ctx context.Context, name string) (App, error) {
	a, ok := id.ParseApp(name)
	if !ok {
		return App{}, fault.NotFound
	}
	return s.apps.App(ctx, a)
}

// refused leaves the trace of a request that did not pass, before it is answered.
// What failed for a reason of the server's own is not a refusal.
func (s *Service) refused(ctx context.Context, a id.App, t id.Template, key string, err error) error {
	f, is := errors.AsType[*fault.Fault](err)
	if !is || errors.Is(err, fault.Unavailable) || errors.Is(err, fault.Internal) || errors.Is(err, grant.ErrBusy) {
		return err
	}
	r := Refusal{App: a, Template: t, Code: f.Code, Key: key, At: s.now()}
	if failed := s.moderators.Refused(context.WithoutCancel(ctx), r); failed != nil {
		return failed
	}
	s.counts.refused(a, r.At, f.Code)
	return f
}

func encode(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // all that is stored here is plain
	}
	return raw
}
