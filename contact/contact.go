// Package contact knows how people stand to each other: friend requests,
// friends, blocks. Each user has a book with one Relation per other person.
//
// What two people are to each other is decided in one place: the page of the
// one whose id comes first (see lead). The other's page is a copy for their
// lists. So requests that cross, removals, blocks and acceptances, on any nodes
// at once, have one order, and there is no half of a friendship. A decision that
// was interrupted before it was copied and told stays marked as unsettled, and
// whoever next acts on the pair, or reads it from there, finishes it.
//
// Other packages ask it whether somebody may write to somebody.
package contact

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
)

// A Relation is one page of a user's book: how its owner stands to another.
// The zero Relation is a stranger.
type Relation struct {
	Other   id.User `json:"other"`
	Version int64   `json:"version"` // the book's version when this page last changed; set by the Store
	// Quiet is the book's version when the page last changed in what a contact
	// list shows, if it has changed in other ways since; otherwise 0. Whoever is
	// blocked must not learn it from a list that moves.
	Quiet int64 `json:"quiet,omitempty"`

	Standing

	// What the owner wrote on the page about a friend. It goes with the friendship.
	Alias            string   `json:"alias,omitempty"`
	Tags             []string `json:"tags,omitempty"`
	Starred          bool     `json:"starred,omitempty"`
	ChatOnly         bool     `json:"chat_only,omitempty"`
	HideMyMoments    bool     `json:"hide_my_moments,omitempty"`
	HideTheirMoments bool     `json:"hide_their_moments,omitempty"`
	Removed          bool     `json:"removed,omitempty"` // was a friend once; increments tell it
}

// A Standing is what two people are to each other, as the page's owner sees it.
type Standing struct {
	Decision int64 `json:"decision,omitempty"` // how many there have been about the two, up to this one

	Friend bool      `json:"friend,omitempty"`
	Bond   uuid.UUID `json:"bond,omitzero"` // the request that made them friends
	Since  time.Time `json:"since,omitzero"`

	Asked  *Request `json:"asked,omitempty"`  // the other's request, which waits for the owner's answer
	Asking *Request `json:"asking,omitempty"` // the owner's, which waits for the other's

	BlockedAt time.Time `json:"blocked_at,omitzero"` // since when the owner blocks the other
	BlockedBy time.Time `json:"blocked_by,omitzero"` // since when the other blocks the owner, who is never told

	// On the page where the two are decided: how far decisions have been carried
	// out, and the entries that are still to be written because of them.
	Settled int64    `json:"settled,omitempty"`
	Owed    []Notice `json:"owed,omitempty"`
}

// A Request asks for friendship.
type Request struct {
	ID       uuid.UUID `json:"id"` // of its entry; what follows from it derives its ids from this one
	Greeting string    `json:"greeting"`
	At       time.Time `json:"at"`
}

// A Notice is an entry to be written into somebody's @contacts.
type Notice struct {
	ID       uuid.UUID `json:"id"`
	Kind     string    `json:"kind"`
	To       id.User   `json:"to"`
	About    id.User   `json:"about"`
	Greeting string    `json:"greeting,omitempty"`
}

// Blocked tells whether either blocks the other.
func (s *Standing) Blocked() bool { return !s.BlockedAt.IsZero() || !s.BlockedBy.IsZero() }

// Store keeps the books; a book is one partition.
type Store interface {
	// Relation returns owner's page about other; the zero Relation (with Other set) if there is none.
	// A change that was answered before is seen.
	Relation(ctx context.Context, owner, other id.User) (Relation, error)
	// ChangeRelation reads, changes and stores a page as one step and moves the
	// book's version by one; a change that alters nothing stores nothing. change
	// sees the page as it is stored, its Version too, may be called more than
	// once, and its error ends it with nothing stored. It returns the page as it
	// then stands, with its new Version.
	ChangeRelation(ctx context.Context, owner, other id.User, change func(*Relation) error) (Relation, error)
	// Book returns the pages that changed after version since (0: all), by Other,
	// and the book's version, which is at least that of each page. For since at or
	// beyond the book's version it costs little.
	Book(ctx context.Context, owner id.User, since int64) ([]Relation, int64, error)
}
