// Package contact knows how people stand to each other: friend requests,
// friends, blocks. Each user has a book with one Relation per other person;
// what A and B are to each other stands in both books.
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

	// Friend and what goes with it, while they are friends.
	Friend           bool      `json:"friend,omitempty"`
	Since            time.Time `json:"since,omitzero"`
	Alias            string    `json:"alias,omitempty"`
	Tags             []string  `json:"tags,omitempty"`
	Starred          bool      `json:"starred,omitempty"`
	ChatOnly         bool      `json:"chat_only,omitempty"`
	HideMyMoments    bool      `json:"hide_my_moments,omitempty"`
	HideTheirMoments bool      `json:"hide_their_moments,omitempty"`
	Removed          bool      `json:"removed,omitempty"` // was a friend once; increments tell it

	// Asked is the other's request that waits for the owner's answer.
	Asked *Request `json:"asked,omitempty"`

	BlockedAt time.Time `json:"blocked_at,omitzero"`  // the owner blocks the other
	BlockedBy bool      `json:"blocked_by,omitempty"` // the other blocks the owner; the owner is never told
}

// A Request asks for friendship.
type Request struct {
	ID       uuid.UUID `json:"id"` // of its entry; what follows from it derives its ids from this one
	Greeting string    `json:"greeting"`
	At       time.Time `json:"at"`
}

// Blocked tells whether either blocks the other.
func (r *Relation) Blocked() bool { return !r.BlockedAt.IsZero() || r.BlockedBy }

// Store keeps the books; a book is one partition.
type Store interface {
	// Relation returns owner's page about other; the zero Relation (with Other set) if there is none.
	Relation(ctx context.Context, owner, other id.User) (Relation, error)
	// ChangeRelation reads, changes and stores a page as one step and moves the
	// book's version by one; a change that alters nothing stores nothing. change
	// may be called more than once; its error ends it with nothing stored.
	ChangeRelation(ctx context.Context, owner, other id.User, change func(*Relation) error) (Relation, error)
	// Book returns the pages that changed after version since (0: all), by Other, and the book's version.
	Book(ctx context.Context, owner id.User, since int64) ([]Relation, int64, error)
}
