// Package push wakes sleeping devices: browsers over Web Push, phones over APNs
// and FCM. It is told of every new entry and tells, a moment later, the devices
// without a live session of those whom it concerns.
//
// It widens nothing: what it says is read from the stream at the moment of
// sending, for somebody who may read it then. What is not an entry in a
// conversation, @moments, @contacts or @notices cannot be pushed by anybody.
//
// It is lossy by nature: under overload, or when a node dies, pushes are missing;
// the entry never is. It never makes a sender wait.
package push

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Kinds of devices.
const (
	Web  = "web"  // a browser, over Web Push
	APNs = "apns" // Apple's
	FCM  = "fcm"  // Google's
)

// A Subscription is where a device can be woken.
type Subscription struct {
	Kind     string `json:"kind"`
	Endpoint string `json:"endpoint,omitempty"` // web: the push service's address for this browser
	Keys     Keys   `json:"keys,omitzero"`      // web
	Token    string `json:"token,omitempty"`    // apns and fcm: as the system gave it to the app
}

// Keys are a browser's, base64url: what is sent can be read by nobody else.
type Keys struct {
	P256dh string `json:"p256dh"`
	Auth   string `json:"auth"`
}

// What a push may show.
const (
	ShowAll     = "all"     // who wrote, and what
	ShowSender  = "sender"  // who wrote
	ShowNothing = "nothing" // that there is something
)

// Settings are a user's own, for all of their devices.
type Settings struct {
	Show  string `json:"show"`
	Quiet *Quiet `json:"quiet"` // nil: never quiet
}

// Quiet is a time of day in which nothing is pushed. It may span midnight.
type Quiet struct {
	From int    `json:"from"` // minutes after midnight, 0 to 1439
	To   int    `json:"to"`   // the first minute that is not quiet any more
	Zone string `json:"zone"` // IANA, such as "Europe/Berlin"
}

// Types of messages.
const (
	TypeMessage  = "message"
	TypeWithdraw = "withdraw" // what was shown under the tag is to be closed
)

// A Message is what a device gets. A later one with the same tag takes its place.
type Message struct {
	Type   string `json:"type"`
	Tag    string `json:"tag"`
	Stream string `json:"stream,omitempty"` // missing where others could read it and the user shows nothing
	Seq    id.Seq `json:"seq"`
	Title  string `json:"title,omitempty"`
	Text   string `json:"text,omitempty"`
	Count  int64  `json:"count,omitempty"` // how many there are to read
	URL    string `json:"url,omitempty"`   // where in the web client
}

// Log reads what was said.
type Log interface {
	Range(ctx context.Context, s id.Stream, from, to id.Seq) ([]stream.Entry, error)
}

// A View is how somebody stands to a stream.
type View struct {
	Title  string // of a group: its name; of a service conversation: the app's
	Read   id.Seq // everything up to here was seen
	Unread int64  // of conversations
	Muted  bool   // by the user, for themselves
}

// Desk knows who reads what.
type Desk interface {
	// View tells how u stands to a stream. Any fault but Unavailable and Internal
	// means that it is not u's to read now.
	View(ctx context.Context, u id.User, s id.Stream) (View, error)
	// Roster are up to limit members of a group after a user ("" is before the first), in order.
	Roster(ctx context.Context, s id.Stream, after id.User, limit int) ([]id.User, error)
}

// Devices knows which are signed in.
type Devices interface {
	// SignedIn are the devices of u that have a sign-in which is good, none of who is suspended or gone.
	SignedIn(ctx context.Context, u id.User) ([]id.Device, error)
	// Live are those with a live session, on any node.
	Live(ctx context.Context, u id.User) ([]id.Device, error)
}

// Names knows what to call people.
type Names interface {
	DisplayName(ctx context.Context, u id.User) (string, error)
}

// Apps knows whom an app may not reach.
type Apps interface {
	// Silenced tells whether u has muted or blocked an app.
	Silenced(ctx context.Context, u id.User, a id.App) (bool, error)
}

// Ports are what push needs of others.
type Ports struct {
	Log     Log
	Desk    Desk
	Devices Devices
	Names   Names
	Apps    Apps
}

// A device is a row of the ledger.
type device struct {
	Subscription
	Created time.Time `json:"created"`
}

// shown is a row of the ledger: what may stand on screens under a tag.
type shown struct {
	Stream  id.Stream   `json:"stream"`
	Seq     id.Seq      `json:"seq"`
	Count   int64       `json:"count"`
	At      time.Time   `json:"at"`
	Attempt uuid.UUID   `json:"attempt"` // who decided it
	Devices []id.Device `json:"devices"`
}
