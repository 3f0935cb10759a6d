// Package shapetest is the contract of boards that count what has the shape of a
// broadcast: what passes, what is held, and what does not count.
package shapetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/shape"
)

// Start is when the sightings of the suite begin.
var Start = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// A Scene is one board and what is sent past it.
type Scene struct {
	tb    testing.TB
	Board shape.Board
	Now   time.Time
}

// On is a scene on a board.
func On(tb testing.TB, b shape.Board) *Scene { return &Scene{tb, b, Start} }

// Sight is a sighting of a text by the n-th reader: of an app of its own, whose
// template is not new once Settle was called.
func (s *Scene) Sight(app string, n int, texts ...string) shape.Sighting {
	return shape.Sighting{
		Developer: "maker", App: id.App(app), Template: id.Template("t-" + app), Texts: texts,
		Subject: fmt.Sprint("s", n), Reader: id.User(fmt.Sprint("reader", n)),
		Minted: s.Now.Add(-time.Hour), At: s.Now, Reach: 100_000,
	}
}

// See asks the board.
func (s *Scene) See(x shape.Sighting) shape.Verdict {
	s.tb.Helper()
	v, err := s.Board.See(s.tb.Context(), x)
	if err != nil {
		s.tb.Fatal(err)
	}
	return v
}

// Want asks the board and says what it has to hold for.
func (s *Scene) Want(hold string, x shape.Sighting) shape.Verdict {
	s.tb.Helper()
	v := s.See(x)
	if v.Hold != hold || v.TooFar {
		s.tb.Fatalf("%v of %s for %s at %v: %+v, want %q", x.Texts, x.Template, x.Reader, x.At.Sub(Start), v, hold)
	}
	return v
}

// Settle makes the apps' templates old enough not to be new.
func (s *Scene) Settle(apps ...string) {
	s.tb.Helper()
	for _, a := range apps {
		s.Want("", s.Sight(a, 1_000_000))
	}
	s.Now = s.Now.Add(31 * time.Minute)
}

// Run checks a board's contract. open makes one with shape.DefaultLimits on which
// nothing was seen yet.
func Run(t *testing.T, open func(t *testing.T) shape.Board) {
	for _, test := range []struct {
		name string
		run  func(*Scene)
	}{
		{"TwentyInTenMinutes", twentyInTenMinutes},
		{"WindowRolls", windowRolls},
		{"HundredInADay", hundredInADay},
		{"SameReaderAgain", sameReaderAgain},
		{"DressedUp", dressedUp},
		{"EveryDress", everyDress},
		{"OtherTexts", otherTexts},
		{"EveryHonestText", everyHonestText},
		{"TemplatesOfOneApp", templatesOfOneApp},
		{"AppsOfOneDeveloper", appsOfOneDeveloper},
		{"OtherDevelopers", otherDevelopers},
		{"NoText", noText},
		{"Parts", parts},
		{"PartsCountNothingElse", partsCountNothingElse},
		{"Talkative", talkative},
		{"SubjectJoins", subjectJoins},
		{"SubjectIsTooLarge", subjectIsTooLarge},
		{"Reach", reach},
		{"NewTemplate", newTemplate},
		{"HeldForPaceAreReaders", heldForPaceAreReaders},
		{"HeldAreCounted", heldAreCounted},
		{"SameNoticeIsHeldOnce", sameNoticeIsHeldOnce},
		{"Forget", forget},
		{"Hoard", hoard},
		{"HoardAgainstTheWeek", hoardAgainstTheWeek},
		{"FreshGrantsAreNoHoard", freshGrantsAreNoHoard},
		{"HeldHoursAreNotUsual", heldHoursAreNotUsual},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(On(t, open(t))) })
	}
}
