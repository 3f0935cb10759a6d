// Package chat is conversations: direct ones of two people and groups. It knows
// who may write and read what, sends through one door, counts what is unread,
// takes messages back, and brings a device up to date.
//
// It promises that a removed member neither sends nor receives, that unread is a
// formula over positions and never a counter, and that a stranger cannot tell
// somebody else's conversation from one that does not exist. It stores nothing
// per recipient.
package chat

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Role is a member's standing in a group.
type Role string

const (
	Owner Role = "owner"
	Admin Role = "admin"
	Plain Role = "member"
)

// A Group is what is true of a group as a whole. It changes only together with
// an entry in its stream: see Change.
type Group struct {
	Stream    id.Stream `json:"stream"`
	Version   int64     `json:"version"` // moves by one at every change
	Name      string    `json:"name"`
	Owner     id.User   `json:"owner"`
	Admins    []id.User `json:"admins,omitempty"`
	Members   int       `json:"members"`            // how many
	MuteAll   bool      `json:"mute_all,omitempty"` // only owner and admins may write
	Dissolved bool      `json:"dissolved,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	Pending   *Change   `json:"pending,omitempty"` // decided, and perhaps not yet carried out everywhere
}

// A Change of a group is decided by storing it in the Group as Pending, then
// carried out: the entry, the roster, the members' own lists. Each of these
// steps may be repeated, so whoever finds a pending change, on any node, after
// any crash, finishes it.
type Change struct {
	ID       uuid.UUID `json:"id"`     // of its entry
	Action   string    `json:"action"` // as in the entry's body
	By       id.User   `json:"by"`
	Users    []id.User `json:"users,omitempty"`
	At       time.Time `json:"at"`
	Role     Role      `json:"role,omitempty"`     // of a role change
	Until    time.Time `json:"until,omitzero"`     // of a mute
	Nickname *string   `json:"nickname,omitempty"` // of a change of it
	Owner    id.User   `json:"owner,omitempty"`    // the new one, if the change makes one
	Name     *string   `json:"name,omitempty"`     // of a change of the group itself
	MuteAll  *bool     `json:"mute_all,omitempty"`
}

// A Member is one line of a group's roster. Roles stand in the Group.
type Member struct {
	User       id.User   `json:"user"`
	Nickname   string    `json:"nickname,omitempty"`
	MutedUntil time.Time `json:"muted_until,omitzero"`
	JoinedAt   time.Time `json:"joined_at"`
}

// A Membership is one line of a user's list of conversations.
type Membership struct {
	Stream id.Stream   `json:"stream"`
	Floor  stream.Head `json:"floor"`         // what may be read lies behind it
	Left   stream.Head `json:"left,omitzero"` // the entry that says the user has left, and the last to be read; zero while a member
	Read   stream.Head `json:"read,omitzero"` // as told by the user; own messages move it further, see stream.Log.Authored
	Settings
}

// Settings are a user's own view of a conversation.
type Settings struct {
	Muted  bool   `json:"muted,omitempty"`
	Pinned bool   `json:"pinned,omitempty"`
	Hidden id.Seq `json:"hidden,omitempty"` // the head when the user hid it: not listed until the head moves on; 0: not hidden
}

// Store keeps groups, rosters (a partition per group) and memberships (a partition per user).
type Store interface {
	// Group finds a group. ErrUnknown.
	Group(ctx context.Context, s id.Stream) (Group, error)
	// PutGroup stores g if the stored version is g.Version-1 (0: there is none). ErrConflict: it is not.
	PutGroup(ctx context.Context, g Group) error

	// Member finds one line of the roster. ErrUnknown.
	Member(ctx context.Context, s id.Stream, u id.User) (Member, error)
	// Members are up to limit lines after a user (""  is before the first), by user.
	Members(ctx context.Context, s id.Stream, after id.User, limit int) ([]Member, error)
	// PutMembers stores lines of the roster, new or changed, as of the entry at;
	// all are durable when it returns. A line that was stored or removed as of a
	// later entry stays as it is: a change that somebody repeats late undoes nothing.
	PutMembers(ctx context.Context, s id.Stream, at id.Seq, members []Member) error
	// DropMembers removes them as of the entry at, by the same rule; they may be gone already.
	DropMembers(ctx context.Context, s id.Stream, at id.Seq, users []id.User) error

	// Membership finds one conversation in u's list. ErrUnknown.
	Membership(ctx context.Context, u id.User, s id.Stream) (Membership, error)
	// Memberships are all conversations of u, left ones too, by stream.
	Memberships(ctx context.Context, u id.User) ([]Membership, error)
	// Join puts s into the lists of users with that floor, or back into them; read
	// positions and settings that are there stay. All are durable when it returns.
	// It is as of the entry behind the floor: whoever has left, or joined again, at
	// a later one stays so.
	Join(ctx context.Context, s id.Stream, users []id.User, floor stream.Head) error
	// Leave notes that the users have left at that entry, unless they joined at a later one.
	Leave(ctx context.Context, s id.Stream, users []id.User, at stream.Head) error
	// MoveRead moves a read position forward; a position behind the stored one changes nothing.
	MoveRead(ctx context.Context, u id.User, s id.Stream, to stream.Head) error
	// PutSettings stores a user's settings of a conversation in their list.
	PutSettings(ctx context.Context, u id.User, s id.Stream, set Settings) error
}

// What a Store answers.
var (
	ErrUnknown  = errors.New("no such group or member")
	ErrConflict = errors.New("the group has changed")
)
