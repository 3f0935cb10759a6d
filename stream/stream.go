// Package stream is the spine of Teahouse: append-only logs of entries whose
// positions are 1, 2, 3 … with no holes. A conversation is a stream, and so is
// everything else a device must not miss. There is one way to append (the
// Sequencer), one way to store (a Log), and readers repair what they missed by
// position alone.
//
// What it promises: an entry that was acknowledged is durable and is there once;
// the same id again gives the same position; positions have no holes whichever
// node, and however many nodes at once, write a stream. What it does not do: it
// knows nothing of people, membership or what an entry means.
package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// Kind says what an entry is: "text", "recall", "member" … Domains declare theirs.
type Kind string

// What Redact makes of an entry. Its place, count, id, author and time stay.
const (
	Recalled Kind = "recalled" // its author, or a group's admin, took it back
	Removed  Kind = "removed"  // a moderator took it down
)

// RedactedBody is what is left of a redacted entry's body.
var RedactedBody = json.RawMessage(`{}`)

// Redacted tells whether an entry of this kind has lost its content.
func (k Kind) Redacted() bool { return k == Recalled || k == Removed }

// An Entry is one durable fact in a stream.
type Entry struct {
	Stream id.Stream
	Seq    id.Seq          // 1, 2, 3 … in its stream, no holes, never reused
	Count  int64           // countable entries up to and including this one; unread is a difference of counts
	ID     uuid.UUID       // chosen by the author, UUIDv7; unique in the stream; makes a retry harmless
	Kind   Kind            //
	From   id.Principal    // its author
	At     time.Time       // set by the server, UTC, whole milliseconds; for display, never for order
	Body   json.RawMessage // one JSON object, stored as it goes out
}

// A Head is how far a stream, or one author in it, has come. The zero Head is before the first entry.
type Head struct {
	Seq   id.Seq
	Count int64
}

// HeadOf is the position right after an entry.
func HeadOf(e Entry) Head { return Head{e.Seq, e.Count} }

// Countable tells whether entry i of a group that goes right after head counts towards unread.
func Countable(head Head, entries []Entry, i int) bool {
	if i > 0 {
		head.Count = entries[i-1].Count
	}
	return entries[i].Count > head.Count
}

// Log is what a storage backend implements. A stream is one ordered partition.
// Every method may be called from any number of goroutines, and appends to one
// stream may race between processes.
type Log interface {
	// Append stores entries durably right after head, all or none. They are
	// numbered: the first has head.Seq+1, and so on; their ids differ.
	//
	// *ConflictError: nothing was stored, because the stream is not at head any
	// more or an id is already in it. ErrUnknown: they may or may not have been
	// stored. Any other error: nothing was stored.
	Append(ctx context.Context, s id.Stream, head Head, entries []Entry) error

	// Range returns the entries from ≤ seq ≤ to, in order. Positions that do not exist are left out.
	Range(ctx context.Context, s id.Stream, from, to id.Seq) ([]Entry, error)

	// Heads returns how far each stream has come, in the order asked; zero for one that was never written.
	Heads(ctx context.Context, streams []id.Stream) ([]Head, error)

	// Authored returns the position of who's last countable entry in s; zero if there is
	// none. It is as durable as the entry itself.
	Authored(ctx context.Context, s id.Stream, who id.Principal) (Head, error)

	// Redact replaces kind and body of one entry for every later reader. Doing it again changes nothing.
	// ErrNoEntry: there is none at seq.
	Redact(ctx context.Context, s id.Stream, seq id.Seq, kind Kind, body json.RawMessage) error
}

// A Starter is a Log that takes an append without making anybody wait.
type Starter interface {
	Log
	// Start is Append that returns at once. then is told the outcome, once, by a
	// goroutine of the log's, in which other outcomes wait: it must not block. The
	// entries are the log's until then.
	Start(s id.Stream, head Head, entries []Entry, then func(error))
}

// A ConflictError says why an Append stored nothing.
type ConflictError struct {
	Head       *Head                // where the stream is now; nil if the backend has not learned it
	Duplicates map[uuid.UUID]id.Seq // ids of the group that are in the stream already, and where
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("stream conflict: head %v, %d duplicates", e.Head, len(e.Duplicates))
}

var (
	// ErrUnknown is a write whose outcome nobody knows: it may be stored, or not, or become so.
	ErrUnknown = errors.New("outcome of the write is unknown")
	// ErrNoEntry is a position that holds nothing.
	ErrNoEntry = errors.New("no entry at this position")
	// ErrReused is an id that already names another message in the stream, or somebody else's.
	ErrReused = fault.New("message_id_reused", "This message id was already used for another message.")
)
