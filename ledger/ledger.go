// Package ledger is the port for small records whose rules must hold exactly:
// who may be told what how often, who an app is, what was decided. Records that
// one decision needs stand as rows in one part; a change reads some of them,
// decides, and stores all it wants or nothing, as one step against every other
// change of the part, on any node.
//
// What has to happen because of a change is owed: a Due is durable no later than
// the change, whoever finds it does the work, and doing it again does no harm.
//
// A part is one partition of the store: keep it to what belongs to one user, one
// app, one template. What many write all the time is a stream, not a part.
package ledger

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Part names what is changed as one step, such as "notices/alice": 1 to 200
// printable ASCII characters.
type Part string

// A Row is a record. Rows of a part are in the byte order of their keys; a key is
// 1 to 200 printable characters. In what a change stores each key stands once, and
// an empty Value takes the row away: nobody reads one. A Value is never changed,
// neither by who has read it nor by who has stored it.
type Row struct {
	Key   string
	Value []byte
}

// Want is what a change or a reader looks at: rows by key, and all that stand
// under prefixes (which should be few).
type Want struct {
	Keys     []string
	Prefixes []string
}

// A View is what was there: the rows that were wanted, at one moment. The zero
// View is of nobody's looking.
type View struct {
	Rows []Row // in the order of their keys, each once
	// Version is the backend's, to tell whether the part has changed since.
	Version []byte
}

// NewView makes a View of rows in any order, some of them perhaps twice.
func NewView(rows []Row, version []byte) View {
	slices.SortFunc(rows, func(a, b Row) int { return strings.Compare(a.Key, b.Key) })
	return View{slices.CompactFunc(rows, func(a, b Row) bool { return a.Key == b.Key }), version}
}

// Get is one row's value; nil if there is none.
func (v View) Get(key string) []byte {
	i, ok := slices.BinarySearchFunc(v.Rows, key, func(r Row, key string) int { return strings.Compare(r.Key, key) })
	if !ok {
		return nil
	}
	return v.Rows[i].Value
}

// Under are the rows whose keys begin with prefix, in order.
func (v View) Under(prefix string) []Row {
	i, _ := slices.BinarySearchFunc(v.Rows, prefix, func(r Row, key string) int { return strings.Compare(r.Key, key) })
	n := i
	for n < len(v.Rows) && strings.HasPrefix(v.Rows[n].Key, prefix) {
		n++
	}
	return v.Rows[i:n]
}

// A Due is work that is owed from a time on. Its name is Queue, At and ID
// together: storing the same again changes nothing but the body.
type Due struct {
	Queue string    // which kind of work; of a handful
	At    time.Time // by the domains' clock, UTC, whole milliseconds
	ID    string    // 1 to 200 printable ASCII characters
	Body  []byte    // what to do, for the domain
}

// Store is what a storage backend implements. Errors wrap fault.Unavailable
// unless they are the caller's own.
type Store interface {
	// ReadPart looks at a part. What was acknowledged before is seen, and what was
	// seen stays. A part that was never written is empty.
	ReadPart(ctx context.Context, p Part, w Want) (View, error)
	// ListPart are rows under a prefix whose keys are behind after, in order, at most
	// limit. What was acknowledged before is among them.
	ListPart(ctx context.Context, p Part, prefix, after string, limit int) ([]Row, error)
	// ChangePart reads what is wanted, calls change, and stores the rows it returns, as
	// one step: nothing of the whole part was changed in between. have may be a
	// View of the same want, which saves reading if nothing has changed since.
	// owed is durable no later than the rows; it may be so without them if the
	// call fails.
	//
	// change may be called more than once, with what is there then. That includes
	// what an earlier call has stored, if its outcome was not known: so change has
	// to recognise its own work (by an id it puts into the rows). Its error ends
	// the call with nothing stored. Returning no rows stores nothing. It must not use
	// the store: other changes of the part may be waiting for it.
	//
	// If the outcome cannot be found out in time, the error wraps
	// fault.Unavailable and the rows may be stored all the same.
	ChangePart(ctx context.Context, p Part, w Want, have View, owed []Due, change func(View) ([]Row, error)) error

	// Owe stores work by itself: some of it if it fails. Each name stands once.
	Owe(ctx context.Context, dues ...Due) error
	// Owed is the work of a queue that is due by a time, the oldest first, at most limit.
	// What was acknowledged before is seen.
	Owed(ctx context.Context, queue string, by time.Time, limit int) ([]Due, error)
	// Settled forgets work; of a Due its name is enough. It may be gone already, and it
	// may come back after a crash. Under a name that was settled nothing should be
	// owed again: by the clocks of two nodes that may have been before.
	Settled(ctx context.Context, dues ...Due) error
}

// A Local store is in this process: reading it takes no trip, and it keeps what it
// stores in the order in which it is stored, of whatever kind: after a crash nothing
// is there without all that was before it.
type Local interface {
	Store
	// BeginPart is ChangePart that does not wait for the disk: everybody who asks
	// sees the change, and whatever its caller stores now is durable no earlier
	// than it. It is itself when settled returns nil, which has to be called, once.
	BeginPart(ctx context.Context, p Part, w Want, have View, owed []Due, change func(View) ([]Row, error)) (settled func() error, err error)
}

// BeginPart is that of a Local store, and ChangePart of any other: for who has more
// to store, and would wait twice.
func BeginPart(ctx context.Context, s Store, p Part, w Want, have View, owed []Due, change func(View) ([]Row, error)) (settled func() error, err error) {
	if local, ok := s.(Local); ok {
		return local.BeginPart(ctx, p, w, have, owed, change)
	}
	return func() error { return nil }, s.ChangePart(ctx, p, w, have, owed, change)
}
