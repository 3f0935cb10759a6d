// Package feed is Moments: what friends share, and what they say to it, seen by
// exactly those who may.
//
// A post is stored once, in a partition of its own, with its likes and comments
// (acts). Timelines hold references, never copies. Who may see a post is decided
// by one pure function, Visible, asked on every path; references only make
// reading fast, and one that points to nothing, or to what the reader may not
// see, is stepped over.
//
// Whatever is still to be done because of a post or an act (references in
// friends' timelines, notices in @moments, their withdrawal) is owed: the record
// says so itself, and a mark that is durable no later than the record leads to
// it. Whoever finds the mark, on any node, settles the post; doing it again
// changes nothing.
//
// It knows nothing of how people became friends, where pictures are, or who is
// signed in: it declares what it needs of those.
package feed

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
)

// A Post is one moment.
type Post struct {
	ID       id.Post   `json:"post"`
	Author   id.User   `json:"author"`
	At       time.Time `json:"at"` // UTC, whole milliseconds
	Text     string    `json:"text,omitempty"`
	Media    []Medium  `json:"media,omitempty"`
	Location *Location `json:"location,omitempty"`
	Card     *Card     `json:"app_card,omitempty"`
	Mentions []id.User `json:"mentions,omitempty"` // of those who could see it when it was posted
	Audience Audience  `json:"audience"`

	Deleted bool `json:"deleted,omitempty"` // nobody sees it; it waits to be forgotten
	Owed    bool `json:"owed,omitempty"`    // references or notices of mentions are still to be written
}

// A Medium is a picture or film in a post, as it is shown before it is loaded.
type Medium struct {
	ID          id.Media `json:"media"`
	Type        string   `json:"type"`
	Width       int      `json:"width"` // pixels
	Height      int      `json:"height"`
	Placeholder string   `json:"placeholder,omitempty"`
}

// A Card is a page of a mini-program that somebody shares.
type Card struct {
	App   id.App `json:"app"`
	Title string `json:"title"`
	Page  string `json:"page"` // a path within the app
}

// A Location is where something was.
type Location struct {
	Lat  float64 `json:"lat"` // degrees
	Lng  float64 `json:"lng"`
	Name string  `json:"name,omitempty"`
}

// Kinds of audience.
const (
	Friends = "friends" // all of them
	Private = "private" // the author alone
	Only    = "only"    // these people and who has these tags
	Except  = "except"  // all friends but these people and who has these tags
)

// Modes of an audience: whether it follows tags and friendships as they change.
const (
	Live     = "live"
	Snapshot = "snapshot"
)

// An Audience is for whom a post is. Standing rules are beyond it: see Visible.
type Audience struct {
	Kind  string    `json:"kind"`
	Users []id.User `json:"users,omitempty"`
	Tags  []string  `json:"tags,omitempty"` // the author's
	Mode  string    `json:"mode"`
	// Frozen are, for a snapshot, the friends who were in the audience when it was set, sorted.
	Frozen []id.User `json:"frozen,omitempty"`
}

// What somebody can do to a post.
const (
	Like    = "like"
	Comment = "comment"
	Mute    = "mute" // hear nothing of it; seen by nobody
)

// An ActKey names one act under a post: one like and one mute per person, and any
// number of comments.
type ActKey struct {
	Kind string
	ID   string // of a comment; otherwise the user's
}

// An Act is a like, a comment or a mute.
type Act struct {
	Kind    string    `json:"kind"`
	ID      string    `json:"id"` // as in its key
	From    id.User   `json:"from"`
	At      time.Time `json:"at"` // UTC, whole milliseconds
	Text    string    `json:"text,omitempty"`
	ReplyTo *Reply    `json:"reply_to,omitempty"`

	On   bool  `json:"on,omitempty"`   // false: undone
	Turn int64 `json:"turn,omitempty"` // how many times it was done; what it is told under differs each time
	Owed bool  `json:"owed,omitempty"` // notices, or their withdrawal, are still to be written
}

// Key is the act's name.
func (a *Act) Key() ActKey { return ActKey{a.Kind, a.ID} }

// A Reply is the comment an act answers, and who wrote that.
type Reply struct {
	ID   id.Comment `json:"id"`
	User id.User    `json:"user"`
}

// A Thread is a post with all that was done to it, of every kind, in the order of their keys.
type Thread struct {
	Post
	Acts []Act
}

// A Told is a notice about a post in somebody's @moments. It is noted before the
// entry is written, with Seq 0, and again when its place is known.
type Told struct {
	Entry uuid.UUID `json:"entry"` // its id; unique among those of the post
	To    id.User   `json:"to"`
	Seq   id.Seq    `json:"seq,omitempty"`
	About ActKey    `json:"about,omitzero"` // zero: a mention in the post itself
	Turn  int64     `json:"turn,omitempty"` // of the act
}

// A Mark leads to a post for which something is owed.
type Mark struct {
	ID   uuid.UUID // UUIDv7 of when it was made
	Post id.Post
}

// Shards is into how many lists marks are divided. It never changes.
const Shards = 16

// Shard is the list in which a post's marks stand.
func Shard(p id.Post) int {
	u := p.UUID()
	return int(u[15]) % Shards
}

// Store keeps posts, acts and references. A post with its acts is one partition,
// a timeline is one, and so is a profile. References are in the order of the
// posts' ids, which is that of their times.
type Store interface {
	// CreatePost stores a new post with references in the author's own timeline and
	// profile. The mark and the references are durable no later than the post itself.
	// A post that is there already stays as it is.
	CreatePost(ctx context.Context, p Post, m Mark) error
	// ChangePost reads, changes and stores a post as one step, and the mark no later;
	// change may be called more than once, and its error ends it with nothing stored
	// (but perhaps the mark). A change that alters nothing stores nothing. The zero
	// mark is none. ErrUnknown.
	ChangePost(ctx context.Context, p id.Post, m Mark, change func(*Post) error) (Post, error)
	// ChangeAct is ChangePost for one act; change gets an act that has only Kind and
	// ID where there is none. It does not look whether there is such a post.
	ChangeAct(ctx context.Context, p id.Post, k ActKey, m Mark, change func(*Act) error) (Act, error)
	// Threads finds posts with their acts, in the order asked; those that do not exist are left out.
	// A change that was answered before is seen.
	Threads(ctx context.Context, posts []id.Post) ([]Thread, error)
	// DropPost forgets a post with its acts, what was told of it, and the author's
	// references to it; author may be "" if it is not known. An act that is written
	// later stands there alone until the post is dropped again.
	DropPost(ctx context.Context, author id.User, p id.Post) error
	// DropActs forgets acts. They may be gone.
	DropActs(ctx context.Context, p id.Post, keys []ActKey) error

	// Timeline and Profile are the newest references before a post ("": the newest of all), newest first.
	Timeline(ctx context.Context, viewer id.User, before id.Post, limit int) ([]id.Post, error)
	Profile(ctx context.Context, author id.User, before id.Post, limit int) ([]id.Post, error)
	// Refer puts references to a post into timelines. They may be there.
	Refer(ctx context.Context, p id.Post, viewers []id.User) error
	// Fill puts references to posts into one timeline. They may be there.
	Fill(ctx context.Context, viewer id.User, posts []id.Post) error
	// Unrefer takes references out of one timeline. They may be gone.
	Unrefer(ctx context.Context, viewer id.User, posts []id.Post) error

	// PutTold notes notices about a post, new or with their place.
	PutTold(ctx context.Context, p id.Post, told []Told) error
	// ToldOf are all that are noted about a post, in no order.
	ToldOf(ctx context.Context, p id.Post) ([]Told, error)
	// DropTold forgets notices by their entries' ids.
	DropTold(ctx context.Context, p id.Post, entries []uuid.UUID) error

	// Marks are those of one shard, the oldest first, at most limit. A mark that was durable before is seen.
	Marks(ctx context.Context, shard, limit int) ([]Mark, error)
	// DropMarks forgets them. They may be gone. An old mark may stay while anything of
	// its post is owed.
	DropMarks(ctx context.Context, marks []Mark) error
}

// ErrUnknown is a post that does not exist.
var ErrUnknown = errors.New("no such post")
