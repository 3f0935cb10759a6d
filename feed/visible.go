package feed

import (
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// A Tie is how two people stand to each other, as far as moments need it.
type Tie struct {
	Friends bool
	Blocks  bool // the one who is asked about blocks the other
	Blocked bool // and the other them
	// What each wrote about the other.
	Mine, Theirs Switches
}

// Switches are what somebody wrote about a friend that decides what either sees.
type Switches struct {
	ChatOnly         bool
	HideMyMoments    bool
	HideTheirMoments bool
	Tags             []string
}

// A Friend is one with their tie, of which Theirs is left out.
type Friend struct {
	User id.User
	Tie
}

// An Author is what somebody has set about their moments.
type Author struct {
	LookBack  time.Duration // how old a moment may be that others see; 0 is as old as it is
	Suspended bool          // nobody else sees any
}

// turned is a tie as the other one has it.
func (t Tie) turned() Tie {
	return Tie{Friends: t.Friends, Blocks: t.Blocked, Blocked: t.Blocks, Mine: t.Theirs, Theirs: t.Mine}
}

// told is a viewer's tie without what only the viewer may know: their own choices.
func (t Tie) told() Tie {
	t.Blocks, t.Mine = false, Switches{}
	return t
}

// A Rule is why somebody sees a moment, or does not.
type Rule string

// Rules by which a moment is seen.
const (
	SeenAsAuthor   Rule = "author"   // it is their own
	SeenAsFriend   Rule = "friend"   // it is for all friends, or they are not excepted
	SeenAsNamed    Rule = "named"    // the audience names them
	SeenByTag      Rule = "tag"      // they have a tag of the audience
	SeenBySnapshot Rule = "snapshot" // they were in the audience when it was set
)

// Rules by which it is not.
const (
	NotThere      Rule = "deleted"
	NotFriends    Rule = "not_friends"
	AuthorBlocks  Rule = "blocked"
	AuthorGone    Rule = "suspended"
	AuthorHides   Rule = "hide_my_moments"
	AuthorChats   Rule = "chat_only"
	TooOld        Rule = "look_back"
	NotForOthers  Rule = "private"
	ExceptNamed   Rule = "except_named"
	ExceptTag     Rule = "except_tag"
	NotInAudience Rule = "not_in_audience"
	// The viewer's own choices, which the author is never told.
	ViewerBlocks Rule = "viewer_blocks"
	ViewerHides  Rule = "viewer_hides"
	ViewerChats  Rule = "viewer_chat_only"
)

// Sees tells whether whom a rule is about sees the moment.
func (r Rule) Sees() bool {
	switch r {
	case SeenAsAuthor, SeenAsFriend, SeenAsNamed, SeenByTag, SeenBySnapshot:
		return true
	}
	return false
}

// Visible is who sees which moment. Nothing else decides it, and it decides by
// what it is given alone: tie is the viewer's with the author. The viewer's own
// choices come last, so that what is said of a viewer whose choices are left out
// (see Tie.told) is the rule that holds but for them.
func Visible(viewer id.User, p *Post, tie Tie, author Author, now time.Time) Rule {
	switch {
	case p.Deleted:
		return NotThere
	case viewer == p.Author:
		return SeenAsAuthor
	case !tie.Friends:
		return NotFriends
	case tie.Blocked:
		return AuthorBlocks
	case author.Suspended:
		return AuthorGone
	case tie.Theirs.HideMyMoments:
		return AuthorHides
	case tie.Theirs.ChatOnly:
		return AuthorChats
	case author.LookBack > 0 && now.Sub(p.At) > author.LookBack:
		return TooOld
	}
	rule := p.Audience.admits(viewer, tie.Theirs.Tags)
	switch {
	case !rule.Sees():
		return rule
	case tie.Blocks:
		return ViewerBlocks
	case tie.Mine.HideTheirMoments:
		return ViewerHides
	case tie.Mine.ChatOnly:
		return ViewerChats
	}
	return rule
}

// admits tells whether a friend whom the author gave these tags is in the
// audience. Of a snapshot they must have been there when it was set; who was
// denied since is denied all the same.
func (a *Audience) admits(friend id.User, tags []string) Rule {
	named := slices.Contains(a.Users, friend)
	tagged := slices.ContainsFunc(a.Tags, func(tag string) bool { return slices.Contains(tags, tag) })
	switch {
	case a.Kind == Except && named:
		return ExceptNamed
	case a.Kind == Except && tagged:
		return ExceptTag
	case a.Kind != Friends && a.Kind != Except && a.Kind != Only:
		return NotForOthers
	}
	if a.Mode == Snapshot {
		if _, in := slices.BinarySearch(a.Frozen, friend); !in {
			return NotInAudience
		}
		return SeenBySnapshot
	}
	switch {
	case a.Kind != Only:
		return SeenAsFriend
	case named:
		return SeenAsNamed
	case tagged:
		return SeenByTag
	}
	return NotInAudience
}
