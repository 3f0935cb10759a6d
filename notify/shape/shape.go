// Package shape finds what has the shape of a broadcast before it is delivered:
// the same words to many people, however they are dressed up; too many people
// at once; grants that were hoarded and are now spent in a burst. It counts; it
// does not know grants or templates, and it sends nothing.
//
// Its memory is bounded, and it fails closed: where it cannot count with the rest
// of the cluster it counts alone against a smaller limit, and holds.
package shape

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// A Sighting is one notice about to be redeemed.
type Sighting struct {
	Developer id.User
	App       id.App
	Template  id.Template
	Texts     []string // values of free text in it, as they are; none: there is no text to compare
	Subject   string   // of the grant, canonical
	Reader    id.User
	Notice    string    // tells notices of the app apart, such as the grant and the idempotency key; the same again is held once
	Minted    time.Time // the grant
	At        time.Time
	Joined    int // people that a subject of this template may join; 0: none
	Reach     int // people the developer may reach in 24 hours; 0 is nobody

	// Part: Texts are a part of what the notice says, compared by itself, so that no
	// padding makes the same another text. Nothing but the text is counted. The notice is
	// seen whole behind its parts, and Crowded if one of them was held.
	Part, Crowded bool
}

// Why something is held.
const (
	Crowd = "shape" // the same to too many
	Pace  = "pace"  // a new template's first half hour
	Hoard = "hoard" // a burst of old grants
)

// A Verdict is what the counts say, this sighting included.
type Verdict struct {
	Hold    string    // "", Crowd, Pace or Hoard
	Until   time.Time // Pace: when it is released unless reports speak against it
	TooFar  bool      // the developer has reached all the people they may today; it was not counted
	OfTempl int       // held for Crowd or Hoard in the last 24 hours, this one included, of the template
	OfApp   int       // and of the app
}

// A Board counts. Seeing the same reader again within a count's time changes nothing.
type Board interface {
	See(ctx context.Context, s Sighting) (Verdict, error)
	// Forget takes back what is held of a template: a moderator has released it.
	Forget(ctx context.Context, t id.Template) error
}

// Limits are the law's. --limits off does not lift them.
type Limits struct {
	Short, Long         time.Duration // windows in which readers of the same are counted
	ShortMost, LongMost int           // readers in them before further ones are held
	PaceFirst           int           // readers of a new template who get theirs at once
	PaceFor             time.Duration // how long a template is new, from its first notice
	HoardFloor          int           // redemptions in an hour that are never a burst
	HoardTimes          int           // times the weekly p95 of hours
	HoardAge            time.Duration // how old a grant is to be hoarded
	TextsEach           int           // texts of a developer that one reader has in the Long one before further ones are not remembered
	AloneShare          int           // a node that counts alone holds at 1/AloneShare of a limit
}

// DefaultLimits are those of notices: 20 in 10 minutes, 100 in a day.
func DefaultLimits() Limits {
	return Limits{
		Short: 10 * time.Minute, Long: 24 * time.Hour, ShortMost: 20, LongMost: 100,
		PaceFirst: 50, PaceFor: 30 * time.Minute, HoardFloor: 50, HoardTimes: 5, HoardAge: 24 * time.Hour, TextsEach: 1000, AloneShare: 4,
	}
}

// Alone are the limits of a node that counts alone, of which a cluster may have
// that many.
func (l Limits) Alone() Limits {
	for _, n := range []*int{&l.ShortMost, &l.LongMost, &l.PaceFirst, &l.HoardFloor} {
		*n = max(1, *n/max(1, l.AloneShare))
	}
	return l
}
