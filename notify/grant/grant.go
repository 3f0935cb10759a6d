// Package grant is the law's book: what one user has been asked, what they
// granted, and what was sent for it. It holds that no app reaches a user without
// an act of that user that just asked for it, and no more often than granted.
//
// Everything of one user is one ledger part, so each step (a tap spent on a
// sheet, a decision, a redemption, a mute) is one atomic change against all
// others, on any node. A Redemption is one use of a grant, spent. Only Redeem
// makes one, and the only writer of @notices takes one: there is no other way.
//
// It does not know templates, apps or what is fit to be said: package notify
// decides that before it comes here.
package grant

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Scope is how far a grant goes.
type Scope string

const (
	Once     Scope = "once"     // one notice
	Progress Scope = "progress" // a few along the states of one matter
	Window   Scope = "window"   // answers after the user wrote
	Standing Scope = "standing" // one now and then, by cadence
)

// Values are params: key → type → value, with one type each, as they go over the wire.
type Values map[string]map[string]string

// A Param is one of Values as people read it.
type Param struct {
	Key   string `json:"key"`
	Label string `json:"label"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

// A Wording is what a notice says as people read it.
type Wording struct {
	Params []Param // in the order of the template
	State  string  // of progress, in words; "" if its template has none for it
}

// A Cadence bounds a standing grant: Uses in every period of Per, rolling.
type Cadence struct {
	Uses int    `json:"uses"`
	Per  string `json:"per"` // "day", "week" (7 days), "month" (30 days)
}

// By is who acts: a user on a device.
type By struct {
	User    id.User    `json:"user"`
	Session id.Session `json:"session"`
	Device  id.Device  `json:"device"`
}

// An Act is the user's own deed that a grant comes from.
type Act struct {
	Kind   string    `json:"kind"` // "tap", or "message" for a window
	Page   string    `json:"page,omitempty"`
	At     time.Time `json:"at"`
	Device id.Device `json:"device,omitempty"`
	Name   string    `json:"name,omitempty"` // of the tap, or the message
}

// An Offer is what one item of a sheet would grant, out of an approved template.
type Offer struct {
	Template id.Template
	Version  int
	Title    string
	Page     string // where the tap has to have been
	Scope    Scope
	Subject  string // canonical
	Locked   Values
	Uses     int           // of once 1, progress ≤ 5, standing 0 (by cadence)
	Lives    time.Duration // once and standing: from the sheet on; progress: from the first use
	Within   time.Duration // progress: how soon the first use has to come
	Cadence  *Cadence      // standing
}

// A SheetItem is one line of a sheet, as shown.
type SheetItem struct {
	Item    string    `json:"item"`
	AppName string    `json:"app_name"`
	Title   string    `json:"title"`
	Locked  Values    `json:"locked"`
	Uses    int       `json:"uses"`
	Until   time.Time `json:"until"`
	Page    string    `json:"page"`
	Scope   Scope     `json:"scope"`
	Subject string    `json:"subject"`
	Cadence *Cadence  `json:"cadence,omitempty"`
	Params  []Param   `json:"-"` // what is locked, as shown; package notify fills it in
}

// A Sheet is a consent as it is shown: what is asked, and until when it can be answered.
type Sheet struct {
	Consent   id.Consent
	ExpiresAt time.Time
	Items     []SheetItem
}

// A Decision is the user's answer to one item.
type Decision struct {
	Item   string
	Accept bool
}

// How a grant ended.
const (
	Consumed = "consumed" // every use is spent
	Closed   = "closed"   // by the user (stop, mute, block, new openid), after its last state, or unread for too long
)

// A Grant is the right to reach one user, minted by that user.
type Grant struct {
	ID       id.Grant    `json:"id"`
	User     id.User     `json:"user"`
	App      id.App      `json:"app"`
	AppName  string      `json:"app_name"` // when it was minted
	Template id.Template `json:"template,omitempty"`
	Version  int         `json:"version,omitzero"`
	Title    string      `json:"title,omitempty"`
	Scope    Scope       `json:"scope"`
	Subject  string      `json:"subject,omitempty"`
	Locked   Values      `json:"locked,omitempty"`
	Cadence  *Cadence    `json:"cadence,omitempty"`
	Act      Act         `json:"act"`
	Item     string      `json:"item,omitempty"` // of the sheet, which promised it
	Until    time.Time   `json:"until,omitzero"` // then at the latest
	Sheet    *SheetItem  `json:"-"`              // as shown; only Why looks it up

	Uses      int         `json:"uses"` // granted, by each turn of a window; 0 for standing
	Left      int         `json:"left"` // of them; for standing see Remaining
	MintedAt  time.Time   `json:"minted_at"`
	ExpiresAt time.Time   `json:"expires_at"`
	Lives     Span        `json:"lives,omitzero"`   // progress: from the first use
	First     time.Time   `json:"first,omitzero"`   // use
	State     string      `json:"state,omitempty"`  // progress: sent last
	Sent      []time.Time `json:"sent,omitempty"`   // standing: within the cadence's period
	Unread    []Place     `json:"unread,omitempty"` // standing: the latest that the user had not read

	HandedAt time.Time `json:"handed_at"`        // from when on the app's server may know it
	Turn     int       `json:"turn,omitzero"`    // window: how often the user has written
	End      string    `json:"end,omitempty"`    // Consumed or Closed
	Stopped  bool      `json:"stopped,omitzero"` // it was the user who closed it
}

// shown is the item of the sheet that a grant was accepted on, as it was shown: all
// of it stays as it is in the grant.
func (g *Grant) shown() *SheetItem {
	if g.Item == "" {
		return nil
	}
	return &SheetItem{
		Item: g.Item, AppName: g.AppName, Title: g.Title, Locked: g.Locked, Uses: g.Uses, Until: g.Until, Page: g.Act.Page,
		Scope: g.Scope, Subject: g.Subject, Cadence: g.Cadence,
	}
}

// A Span is a time.Duration that is stored in nanoseconds.
type Span time.Duration

// A Place is where in @notices a notice stands; its Seq is 0 until it does.
type Place struct {
	Notice uuid.UUID `json:"notice"`
	Seq    id.Seq    `json:"seq,omitzero"`
}

// Handed is a grant as an app's server knows it. Nothing in it tells whose it is.
type Handed struct {
	Event     id.Delivery // the same whenever this is told again
	Handle    string      // gh1_…
	Template  id.Template
	Version   int
	Subject   string
	Scope     Scope
	Left      int
	ExpiresAt time.Time
	MintedAt  time.Time // not for the app: the gate looks at how old grants are
	User      id.User   // not for the app: to find what was written to it
}

// Statuses of a notice.
const (
	Accepted = "accepted" // it is in @notices, or will be in a moment
	Held     = "held"     // for a moderator, or for a while; its use is spent
	Dropped  = "dropped"  // it was held, and never comes
)

// A Notice is one redemption as it was decided, and what may become of it.
type Notice struct {
	ID       uuid.UUID   `json:"id"`
	User     id.User     `json:"user"`
	App      id.App      `json:"app"`
	AppName  string      `json:"app_name"`
	Grant    id.Grant    `json:"grant"`
	Template id.Template `json:"template,omitempty"`
	Version  int         `json:"version,omitzero"`
	Title    string      `json:"title,omitempty"`
	Data     Values      `json:"data,omitempty"` // all params
	Page     string      `json:"page,omitempty"`
	State    string      `json:"state,omitempty"`
	At       time.Time   `json:"at"`
	Alert    bool        `json:"alert"`
	Status   string      `json:"status"`
	Why      string      `json:"why,omitempty"`        // it is held: "shape", "pace", "hoard"
	Standing bool        `json:"standing,omitzero"`    // its grant is
	Turn     int         `json:"turn,omitzero"`        // of the window
	Stops    int         `json:"stops,omitzero"`       // how often the user had stopped this app and template by then
	Released time.Time   `json:"released_at,omitzero"` // it was held until then
	// Of a window: the answer, for the service conversation.
	Kind stream.Kind     `json:"kind,omitempty"`
	Body json.RawMessage `json:"body,omitzero"`
}

// A Spend is what an app wants to send, after everything but the grant itself was found good.
type Spend struct {
	App      id.App
	AppName  string
	Template id.Template // "" for an answer in a window
	Version  int
	Title    string
	Data     Values
	Page     string
	State    string   // progress
	Terminal bool     // no state follows it
	Allowed  []string // progress: the states from which State may follow; "" is the beginning
	Alert    bool     // unless the user had enough today
	Hold     string   // why it is held; "": it is not
	Kind     stream.Kind
	Body     json.RawMessage
}

// An Answer is what an app is told, and told again for the same key.
type Answer struct {
	Notice    string // its name; see Book.Name
	Status    string // Accepted or Held
	Alert     bool
	Left      int
	ExpiresAt time.Time
	Replayed  bool
}

// What a grant's holder is told. All are final but busy_retry.
var (
	ErrInvalid      = fault.New("grant_invalid", "There is no such grant for this app. Ask the user.")
	ErrConsumed     = fault.New("grant_consumed", "Every use of this grant is spent. Ask the user again.")
	ErrExpired      = fault.New("grant_expired", "This grant has run out. Ask the user again.")
	ErrClosed       = fault.New("grant_closed", "This grant is closed: the user stopped it, or its matter has ended.")
	ErrNotActivated = fault.New("grant_not_activated", "The first notice of this grant came too late.")
	ErrMismatch     = fault.New("grant_template_mismatch", "This grant is for another template, version or purpose.")
	ErrState        = fault.New("state_illegal", "This state cannot follow the last one.")
	ErrCadence      = fault.New("cadence", "This grant has had its notices for now. See its cadence.")
	ErrWindowClosed = fault.New("window_closed", "The window is closed. The user has to write again.")
	ErrWindowSpent  = fault.New("window_spent", "The answers of this window are spent. The user has to write again.")
	ErrKeyMismatch  = fault.New("idempotency_mismatch", "This key was used for another request. Use a new key.")
	ErrBusy         = fault.New("busy_retry", "Whether it was sent is not known yet. Send the same again, with the same key.").After(500 * time.Millisecond)
)

// What a user's client is told.
var (
	ErrActivation  = fault.New("activation_invalid", "Only a tap that was just made on this page can ask.")
	ErrSheetGone   = fault.New("consent_expired", "This request has expired.")
	ErrDecided     = fault.New("consent_decided", "This request was answered before.")
	ErrOutstanding = fault.New("outstanding_limit", "This app holds as many grants of yours as it can.")
	ErrAskLimit    = fault.New("ask_limit", "This app has asked often enough today.")
	ErrSilenced    = fault.New("ask_silenced", "This app may not ask.")
)

// Caps bound what apps can do to one user. They are the law's: --limits off does not lift them.
type Caps struct {
	TapLives    time.Duration // how old a tap may be
	SheetLives  time.Duration
	FalseTap    time.Duration // an accept faster than that was no decision
	Sheets      int           // shown per day and (user, app)
	Rejects     int           // in a row of the last 7 days that silence
	Silence     time.Duration
	Outstanding int // grants per (user, app), windows apart
	AppAlerts   int // per day and (user, app)
	UserAlerts  int // per day and user
	Replies     int // per window
	WindowLives time.Duration
	UnreadMost  int // standing notices in a row that may stay unread
}

// DefaultCaps are the law's.
func DefaultCaps() Caps {
	return Caps{
		TapLives: 5 * time.Second, SheetLives: time.Minute, FalseTap: 400 * time.Millisecond,
		Sheets: 3, Rejects: 2, Silence: 7 * 24 * time.Hour, Outstanding: 5, AppAlerts: 3, UserAlerts: 20,
		Replies: 5, WindowLives: 48 * time.Hour, UnreadMost: 5,
	}
}
