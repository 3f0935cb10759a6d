package shape

import (
	"errors"
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	// Queue is the ledger's queue that the journal stands in.
	Queue = "seen"
	// flushEvery is how long sightings are gathered: what a crash may forget.
	flushEvery = 50 * time.Millisecond
	// keepWithin bounds how long a sighting waits to be durable.
	keepWithin = 2 * time.Second
	// flushWithin bounds one try to write; retryAfter is the pause behind one that failed.
	flushWithin = 10 * time.Second
	retryAfter  = time.Second
	// batchBytes is the size of a batch, backlogMost of what is not written yet. At the
	// most, nothing further is seen: a board that cannot remember says so.
	batchBytes  = 64 << 10
	backlogMost = 4 << 20
	// settleEvery is, in the board's own time, how often old batches are settled, and
	// settleMost how many of them in a row.
	settleEvery = minuteMillis
	settleMost  = 500
	batchID     = "batch-%08x-%012x" // run and number
	// templateHours is how long a template is known not to be new.
	templateHours = 10 * 365 * 24
)

var (
	errNotRestored = fmt.Errorf("the board of sightings has not read its journal: %w", fault.Unavailable)
	errClosed      = fmt.Errorf("the board of sightings is closed: %w", fault.Unavailable)
	errBacklog     = fmt.Errorf("the board of sightings cannot write its journal: %w", fault.Unavailable)
	errTwice       = errors.New("the journal of sightings is read once")
)

// A journal is what a Memory has to write down. The board's mutex guards it.
type journal struct {
	store  ledger.Store
	failed func(error)
	lasts  int64 // milliseconds for which sightings count
	run    int   // how often the journal was opened, so that batches of one moment keep their order

	open, closed bool
	marks        []byte // records of the batch that is being filled
	at           int64  // the latest time in it
	batches      int
	full         []ledger.Due
	hours        map[hourOf]struct{} // that have changed
	backlog      int                 // bytes that are not durable yet

	kept  chan struct{}   // closed when all that is written down by now is durable; nil: nobody waits
	keeps []chan struct{} // the same, of what is being written

	wake  chan struct{} // there is something to write
	hurry chan struct{} // and somebody waits for it
	stop  chan struct{}
	done  chan struct{}
}

type hourOf struct {
	app uint64
	at  int64
}

func newJournal(store ledger.Store, keep time.Duration, failed func(error)) *journal {
	if failed == nil {
		failed = func(error) {}
	}
	return &journal{
		store: store, failed: failed, lasts: keep.Milliseconds(), hours: map[hourOf]struct{}{},
		wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
}

// ready tells whether there may be more to write down.
func (j *journal) ready() error {
	switch {
	case j == nil:
		return nil
	case j.closed:
		return errClosed
	case !j.open:
		return errNotRestored
	case j.backlog >= backlogMost:
		return errBacklog
	}
	return nil
}

func (j *journal) mark(k mark) {
	if j == nil {
		return
	}
	before := len(j.marks)
	j.marks = appendMark(j.marks, k)
	if !k.part {
		j.hours[hourOf{k.App, k.at / hourMillis}] = struct{}{}
	}
	j.wrote(before, max(k.at, k.until))
}

func (j *journal) forget(template uint64, at int64) {
	if j == nil {
		return
	}
	before := len(j.marks)
	j.marks = appendNumbers(forgetRecord, j.marks, template)
	j.wrote(before, at)
}

func (j *journal) wrote(before int, at int64) {
	j.backlog += len(j.marks) - before
	j.at = max(j.at, at)
	if len(j.marks) >= batchBytes {
		j.cut()
	}
	j.ring()
}

// keep is closed when all that is written down by now is durable.
func (j *journal) keep() <-chan struct{} {
	if j.kept == nil {
		j.kept = make(chan struct{})
	}
	select {
	case j.hurry <- struct{}{}:
	default:
	}
	return j.kept
}

func (j *journal) ring() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

// first writes down when a template had its first notice. It is kept for as long
// as templates last.
func (j *journal) first(template uint64, at int64) {
	if j == nil || !j.open { // while it is read, it knows better
		return
	}
	d := due(at+templateHours*hourMillis, fmt.Sprintf("template-%016x", template), appendNumbers(firstRecord, nil, template, uint64(at)))
	j.backlog += len(d.Body)
	j.full = append(j.full, d)
}

// cut ends the batch that is being filled.
func (j *journal) cut() {
	if len(j.marks) == 0 {
		return
	}
	j.batches++
	id := fmt.Sprintf(batchID, j.run, j.batches)
	j.full = append(j.full, due(j.at+j.lasts, id, j.marks))
	j.marks, j.at = nil, 0
}

func due(at int64, id string, body []byte) ledger.Due {
	return ledger.Due{Queue: Queue, At: time.UnixMilli(at).UTC(), ID: id, Body: body}
}
