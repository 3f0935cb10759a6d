package feed_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// A scene is one of all the ways in which a post can be looked at.
type scene struct {
	self, deleted, friends, blocks, blocked, suspended bool
	myChat, myHideMine, myHideTheirs                   bool // the viewer's switches
	theirChat, theirHideMine, theirHideTheirs          bool // the author's
	age, lookBack                                      time.Duration
	kind, mode                                         string
	named, tagged, frozen, otherTag, otherUser         bool
}

func (s scene) post() *feed.Post {
	a := feed.Audience{Kind: s.kind, Mode: s.mode}
	if s.named {
		a.Users = append(a.Users, "vic")
	}
	if s.otherUser {
		a.Users = append(a.Users, "zoe")
	}
	if s.tagged || s.otherTag {
		a.Tags = []string{"tea"}
	}
	if s.frozen {
		a.Frozen = []id.User{"ada", "vic", "zoe"}
	} else {
		a.Frozen = []id.User{"ada", "zoe"}
	}
	return &feed.Post{Author: "ann", At: noon.Add(-s.age), Audience: a, Deleted: s.deleted}
}

func (s scene) tie() feed.Tie {
	t := feed.Tie{
		Friends: s.friends, Blocks: s.blocks, Blocked: s.blocked,
		Mine:   feed.Switches{ChatOnly: s.myChat, HideMyMoments: s.myHideMine, HideTheirMoments: s.myHideTheirs, Tags: []string{"tea"}},
		Theirs: feed.Switches{ChatOnly: s.theirChat, HideMyMoments: s.theirHideMine, HideTheirMoments: s.theirHideTheirs, Tags: []string{"work"}},
	}
	if s.tagged {
		t.Theirs.Tags = append(t.Theirs.Tags, "tea")
	}
	return t
}

func (s scene) viewer() id.User {
	if s.self {
		return "ann"
	}
	return "vic"
}

// sees is what the rules say, in other words than the code's.
func (s scene) sees() bool {
	if s.deleted {
		return false
	}
	if s.self {
		return true
	}
	standing := s.friends && !s.blocks && !s.blocked && !s.suspended &&
		!s.theirHideMine && !s.theirChat && !s.myHideTheirs && !s.myChat &&
		(s.lookBack == 0 || s.age <= s.lookBack)
	denied := s.kind == feed.Private || s.kind == feed.Except && (s.named || s.tagged)
	invited := s.kind == feed.Friends || s.kind == feed.Except || s.kind == feed.Only && (s.named || s.tagged)
	if s.mode == feed.Snapshot {
		invited = s.frozen
	}
	return standing && !denied && invited
}

// Every combination of everything that counts, 3,145,728 of them.
func TestVisible(t *testing.T) {
	kinds := []string{feed.Friends, feed.Private, feed.Only, feed.Except}
	ages := [][2]time.Duration{{time.Hour, 0}, {72 * time.Hour, 72 * time.Hour}, {72*time.Hour + time.Millisecond, 72 * time.Hour}}
	n := 0
	for bits := range 1 << 18 {
		on := func(i int) bool { return bits>>i&1 == 1 }
		for _, age := range ages {
			for _, kind := range kinds {
				n++
				s := scene{
					self: on(0), deleted: on(1), friends: on(2), blocks: on(3), blocked: on(4), suspended: on(5),
					myChat: on(6), myHideMine: on(7), myHideTheirs: on(8), theirChat: on(9), theirHideMine: on(10), theirHideTheirs: on(11),
					named: on(12), tagged: on(13), frozen: on(14), otherTag: on(15), otherUser: on(16),
					kind: kind, mode: feed.Live, age: age[0], lookBack: age[1],
				}
				if on(17) {
					s.mode = feed.Snapshot
				}
				rule := feed.Visible(s.viewer(), s.post(), s.tie(), feed.Author{LookBack: s.lookBack, Suspended: s.suspended}, noon)
				if rule.Sees() != s.sees() {
					t.Fatalf("%+v: %s", s, rule)
				}
			}
		}
	}
	if n != 3145728 {
		t.Fatalf("%d combinations", n)
	}
}

// What the author is told is the same whatever the viewer chose, and is the truth
// for a viewer who chose nothing.
func TestTheAuthorIsNotToldOfChoices(t *testing.T) {
	for bits := range 1 << 16 {
		on := func(i int) bool { return bits>>i&1 == 1 }
		s := scene{
			friends: true, blocked: on(0), theirChat: on(1), theirHideMine: on(2), suspended: on(3),
			named: on(4), tagged: on(5), frozen: on(6), kind: []string{feed.Friends, feed.Private, feed.Only, feed.Except}[bits>>7&3],
			mode: []string{feed.Live, feed.Snapshot}[bits>>9&1], lookBack: time.Hour, age: time.Duration(1+bits>>10&1) * time.Hour,
		}
		author := feed.Author{LookBack: s.lookBack, Suspended: s.suspended}
		plain := feed.Visible("vic", s.post(), s.tie(), author, noon)
		s.blocks, s.myChat, s.myHideTheirs, s.myHideMine, s.theirHideTheirs = on(11), on(12), on(13), on(14), on(15)
		if told := feed.Visible("vic", s.post(), feed.AsTold(s.tie()), author, noon); told != plain || told.Sees() != plain.Sees() {
			t.Fatalf("%+v: told %s, plainly %s", s, told, plain)
		}
	}
}

// Of several rules the one is told that goes first; each can be.
func TestRulesByName(t *testing.T) {
	friend := scene{friends: true, kind: feed.Friends, mode: feed.Live}
	with := func(change func(*scene)) scene { s := friend; change(&s); return s }
	cases := map[feed.Rule]scene{
		feed.SeenAsAuthor:   with(func(s *scene) { s.self, s.kind = true, feed.Private }),
		feed.SeenAsFriend:   friend,
		feed.SeenAsNamed:    with(func(s *scene) { s.kind, s.named, s.tagged = feed.Only, true, true }),
		feed.SeenByTag:      with(func(s *scene) { s.kind, s.tagged = feed.Only, true }),
		feed.SeenBySnapshot: with(func(s *scene) { s.mode, s.frozen = feed.Snapshot, true }),
		feed.NotThere:       with(func(s *scene) { s.deleted, s.self = true, true }),
		feed.NotFriends:     with(func(s *scene) { s.friends, s.blocked = false, true }),
		feed.AuthorBlocks:   with(func(s *scene) { s.blocked, s.blocks, s.theirHideMine = true, true, true }),
		feed.AuthorGone:     with(func(s *scene) { s.suspended, s.theirHideMine = true, true }),
		feed.AuthorHides:    with(func(s *scene) { s.theirHideMine, s.theirChat = true, true }),
		feed.AuthorChats:    with(func(s *scene) { s.theirChat, s.myHideTheirs = true, true }),
		feed.TooOld:         with(func(s *scene) { s.age, s.lookBack, s.kind = 2, 1, feed.Private }),
		feed.NotForOthers:   with(func(s *scene) { s.kind, s.myChat = feed.Private, true }),
		feed.ExceptNamed:    with(func(s *scene) { s.kind, s.named, s.tagged = feed.Except, true, true }),
		feed.ExceptTag:      with(func(s *scene) { s.kind, s.tagged, s.frozen, s.mode = feed.Except, true, true, feed.Snapshot }),
		feed.NotInAudience:  with(func(s *scene) { s.kind, s.otherTag, s.otherUser = feed.Only, true, true }),
		feed.ViewerBlocks:   with(func(s *scene) { s.blocks, s.myHideTheirs = true, true }),
		feed.ViewerHides:    with(func(s *scene) { s.myHideTheirs, s.myChat = true, true }),
		feed.ViewerChats:    with(func(s *scene) { s.myChat = true }),
	}
	for want, s := range cases {
		got := feed.Visible(s.viewer(), s.post(), s.tie(), feed.Author{LookBack: s.lookBack, Suspended: s.suspended}, noon)
		if got != want || got.Sees() != s.sees() {
			t.Errorf("%+v: %s, want %s", s, got, want)
		}
	}
	if all := fmt.Sprint(len(cases)); all != "19" {
		t.Errorf("%s rules", all)
	}
	// An audience nobody knows is for nobody.
	odd := scene{friends: true, kind: "everybody", mode: feed.Live, frozen: true}
	if feed.Visible("vic", odd.post(), odd.tie(), feed.Author{}, noon).Sees() {
		t.Error("an unknown audience is for all")
	}
}
