package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/stream"
)

// Options of a Book. Secret and ReadUpTo have no defaults.
type Options struct {
	Now    func() time.Time     // default time.Now
	Delay  func() time.Duration // how long an app's server waits for the handle of a once or standing grant; default none
	Caps   Caps                 // default DefaultCaps
	Secret []byte               // 32 bytes, the same on every node; see Secret

	// ReadUpTo tells how far u has read @notices.
	ReadUpTo func(ctx context.Context, u id.User) (id.Seq, error)
	// Handed is told of each grant that an app's server may know from now on, and
	// again with the same Event if it fails or somebody dies. first is false when
	// the user writes again while a window is there.
	Handed func(ctx context.Context, h Handed, a id.App, first bool) error
	// Wording gives the words for what is said under a version of a template: always
	// the same for the same, for an entry may be made a second time. Default: none.
	Wording func(ctx context.Context, t id.Template, version int, data Values, state string) (Wording, error)
	Failed  func(error) // hears of background work that failed and will be tried again
}

// Book is the one door to grants. Any number of them, on any nodes, may stand on
// one store; each needs Run.
type Book struct {
	store ledger.Store
	log   stream.Log
	seq   *stream.Sequencer
	door  *stream.Door
	opt   Options
	seal  seal
	soon  chan ledger.Due // handings that need not wait for a sweep
	done  settling
}

// New makes a book over store. door has to be that of seq, and @notices be sealed.
func New(store ledger.Store, log stream.Log, seq *stream.Sequencer, door *stream.Door, opt Options) *Book {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Delay == nil {
		opt.Delay = func() time.Duration { return 0 }
	}
	if opt.Caps == (Caps{}) {
		opt.Caps = DefaultCaps()
	}
	if opt.Handed == nil {
		opt.Handed = func(context.Context, Handed, id.App, bool) error { return nil }
	}
	if opt.Wording == nil {
		opt.Wording = func(context.Context, id.Template, int, Values, string) (Wording, error) { return Wording{}, nil }
	}
	if opt.Failed == nil {
		opt.Failed = func(error) {}
	}
	return &Book{store: store, log: log, seq: seq, door: door, opt: opt, seal: newSeal(opt.Secret), soon: make(chan ledger.Due, soonMost)}
}

// now is the book's clock in the precision in which times are kept.
func (b *Book) now() time.Time { return b.opt.Now().UTC().Truncate(time.Millisecond) }

// Where things stand in the part of one user.
func part(u id.User) ledger.Part { return ledger.Part("notices/" + string(u)) }

const (
	userKey  = "user"
	liveKeys = "grant/"
	pastKeys = "past/"
	noteKeys = "notice/"
	appKeys  = "app/"
)

func appKey(a id.App) string                  { return appKeys + string(a) }
func consentKey(c id.Consent) string          { return "consent/" + string(c) }
func declinedKey(a id.App, i int) string      { return fmt.Sprintf("declined/%s/%d", a, i) }
func liveOf(a id.App) string                  { return liveKeys + string(a) + "/" }
func liveKey(a id.App, g id.Grant) string     { return liveOf(a) + string(g) }
func pastKey(a id.App, g id.Grant) string     { return pastKeys + string(a) + "/" + string(g) }
func grantKeys(a id.App, g id.Grant) []string { return []string{liveKey(a, g), pastKey(a, g)} }

// change is ChangePart without a view to begin with.
func (b *Book) change(ctx context.Context, u id.User, w ledger.Want, owed []ledger.Due, decide func(ledger.View) ([]ledger.Row, error)) error {
	return b.store.ChangePart(ctx, part(u), w, ledger.View{}, owed, decide)
}

// busy makes of an outcome that is not known what an app can act on: sending the
// same again.
func busy(err error) error {
	if errors.Is(err, fault.Unavailable) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}
