package grant

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/stream"
)

// arrives is how long a notice may take from being accepted to its entry, before
// Check calls it lost.
const arrives = time.Minute

// A Report is what Check has seen.
type Report struct {
	Users, Grants, Notices, Entries int
	Underway                        int // accepted within the last minute, and not there yet
	Broken                          []Breach
}

// A Breach is something the law does not allow.
type Breach struct {
	User id.User
	What string
}

func (b Breach) String() string { return string(b.User) + ": " + b.What }

// checked is what one user has, while Check looks at it.
type checked struct {
	*Book
	user    id.User
	report  *Report
	entries map[uuid.UUID]stream.Entry // by id
	notices map[uuid.UUID]Notice
	byEntry map[uuid.UUID]uuid.UUID // notices by the entries they become
	grants  map[id.Grant]Grant
	keys    map[uuid.UUID]int // how many idempotency keys answer with a notice
}

// Check holds everything that users have against the law: no more notices than
// were granted, each by one grant of the same user and app, an act of the user's
// and a version of a template, and each in its place once, with nothing beside.
// It may be called on a live store.
func (b *Book) Check(ctx context.Context, users iter.Seq2[id.User, error]) (Report, error) {
	var report Report
	for u, err := range users {
		if err == nil {
			err = b.checkUser(ctx, u, &report)
		}
		if err != nil {
			return report, fmt.Errorf("check %s: %w", u, err)
		}
	}
	return report, nil
}

func (b *Book) checkUser(ctx context.Context, u id.User, report *Report) error {
	c := &checked{
		Book: b, user: u, report: report, entries: map[uuid.UUID]stream.Entry{},
		notices: map[uuid.UUID]Notice{}, byEntry: map[uuid.UUID]uuid.UUID{}, grants: map[id.Grant]Grant{}, keys: map[uuid.UUID]int{},
	}
	if err := c.read(ctx); err != nil {
		return err
	}
	report.Users++
	// Last, like all that follows from the rest: of whoever has left, no book is kept
	// to hold anything against.
	v, err := b.store.ReadPart(ctx, part(u), ledger.Want{Keys: []string{userKey}})
	if err != nil || isGone(v) {
		return err
	}
	report.Grants += len(c.grants)
	report.Notices += len(c.notices)
	report.Entries += len(c.entries)
	sent := map[id.Grant][]Notice{}
	for _, n := range c.notices {
		c.checkNotice(n)
		sent[n.Grant] = append(sent[n.Grant], n)
	}
	for name, notices := range sent {
		if g, ok := c.grants[name]; ok {
			c.checkUses(g, notices)
		}
	}
	for _, g := range c.grants {
		c.checkAct(g)
	}
	for _, e := range c.entries {
		c.checkEntry(e)
	}
	return nil
}

func (c *checked) broken(format string, args ...any) {
	c.report.Broken = append(c.report.Broken, Breach{c.user, fmt.Sprintf(format, args...)})
}

// read takes things in the opposite order in which they come to be, so that on a
// live store nothing is seen without what it follows from.
func (c *checked) read(ctx context.Context) error {
	apps, err := c.apps(ctx)
	if err != nil {
		return err
	}
	if err := c.readEntries(ctx, id.PersonalStream(id.Notices, c.user), ""); err != nil {
		return err
	}
	for _, a := range apps {
		if err := c.readEntries(ctx, id.ServiceStream(c.user, a), id.Principal(a)); err != nil {
			return err
		}
	}
	if err := c.each(ctx, noteKeys, func(r ledger.Row) error {
		var n Notice
		err := decode(r.Key, r.Value, &n)
		if r.Key != noticeKey(n.ID) {
			c.broken("the notice %s stands at %s", n.ID, r.Key)
		}
		c.notices[n.ID], c.byEntry[entryID(n.ID)] = n, n.ID
		return err
	}); err != nil {
		return err
	}
	if err := c.each(ctx, "key/", func(r ledger.Row) error {
		var was answered
		err := decode(r.Key, r.Value, &was)
		c.keys[was.Notice]++
		return err
	}); err != nil {
		return err
	}
	for _, keys := range []string{liveKeys, pastKeys} {
		if err := c.each(ctx, keys, func(r ledger.Row) error {
			var g Grant
			err := decode(r.Key, r.Value, &g)
			if r.Key != keys+string(g.App)+"/"+string(g.ID) {
				c.broken("the grant %s stands at %s", g.ID, r.Key)
			}
			c.grants[g.ID] = g
			return err
		}); err != nil {
			return err
		}
	}
	return nil
}

func (c *checked) each(ctx context.Context, prefix string, visit func(ledger.Row) error) error {
	for after := ""; ; {
		rows, err := c.store.ListPart(ctx, part(c.user), prefix, after, pageOf)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, r := range rows {
			if err := visit(r); err != nil {
				return err
			}
			after = r.Key
		}
	}
}

// apps are all that may have reached the user.
func (c *checked) apps(ctx context.Context) ([]id.App, error) {
	var apps []id.App
	for _, prefix := range []string{appKeys, liveKeys, pastKeys, "key/"} {
		if err := c.each(ctx, prefix, func(r ledger.Row) error {
			apps = append(apps, appOf(r.Key))
			return nil
		}); err != nil {
			return nil, err
		}
	}
	slices.Sort(apps)
	return slices.Compact(apps), nil
}

// readEntries reads what an app, or any ("") has written into a stream.
func (c *checked) readEntries(ctx context.Context, s id.Stream, from id.Principal) error {
	for at := id.Seq(1); ; {
		entries, err := c.log.Range(ctx, s, at, at+pageOf-1)
		if err != nil || len(entries) == 0 {
			return err
		}
		for _, e := range entries {
			if from == "" || e.From == from {
				if _, twice := c.entries[e.ID]; twice {
					c.broken("entry %s is there twice", e.ID)
				}
				c.entries[e.ID] = e
			}
			at = e.Seq + 1
		}
	}
}

// checkNotice: I2, and that it is in its place if it should be.
func (c *checked) checkNotice(n Notice) {
	g, ok := c.grants[n.Grant]
	switch {
	case !ok:
		c.broken("notice %s names no grant of this user: %s", n.ID, n.Grant)
	case n.User != c.user || g.User != c.user:
		c.broken("notice %s of %s is by a grant of %s", n.ID, n.User, g.User)
	case n.App != g.App:
		c.broken("notice %s of %s is by a grant of %s", n.ID, n.App, g.App)
	case g.Scope != Window && (n.Template == "" || n.Template != g.Template || n.Version != g.Version):
		c.broken("notice %s is of %s version %d, its grant of %s version %d", n.ID, n.Template, n.Version, g.Template, g.Version)
	case (g.Scope == Window) != (n.Kind != ""):
		c.broken("notice %s is in the wrong place for a grant of scope %s", n.ID, g.Scope)
	}
	if c.keys[n.ID] != 1 {
		c.broken("notice %s answers %d requests", n.ID, c.keys[n.ID])
	}
	_, there := c.entries[entryID(n.ID)]
	since := n.At
	if !n.Released.IsZero() {
		since = n.Released
	}
	switch {
	case there && n.Status != Accepted:
		c.broken("notice %s is %s, and has an entry", n.ID, n.Status)
	case !there && n.Status == Accepted && c.now().Sub(since) < arrives:
		c.report.Underway++
	case !there && n.Status == Accepted:
		c.broken("notice %s was accepted, and has no entry", n.ID)
	}
}

// checkUses: I1, and that the grant has counted them.
func (c *checked) checkUses(g Grant, notices []Notice) {
	switch g.Scope {
	case Window:
		turns := map[int]int{}
		for _, n := range notices {
			turns[n.Turn]++
			if n.Turn < 1 || n.Turn > g.Turn {
				c.broken("notice %s answers in turn %d of %d", n.ID, n.Turn, g.Turn)
			}
		}
		for turn, sent := range turns {
			if sent > g.Uses || turn == g.Turn && g.Uses-g.Left < sent {
				c.broken("grant %s has %d notices in turn %d, of %d uses with %d left", g.ID, sent, turn, g.Uses, g.Left)
			}
		}
	case Standing:
		c.checkCadence(g, notices)
	default:
		// On a live store the grant is read later, and may have been used meanwhile.
		if len(notices) > g.Uses || g.Uses-g.Left < len(notices) {
			c.broken("grant %s has %d notices, of %d uses with %d left", g.ID, len(notices), g.Uses, g.Left)
		}
	}
}

func (c *checked) checkCadence(g Grant, notices []Notice) {
	if g.Cadence == nil {
		c.broken("grant %s has no cadence", g.ID)
		return
	}
	slices.SortFunc(notices, func(x, y Notice) int { return x.At.Compare(y.At) })
	for i := g.Cadence.Uses; i < len(notices); i++ {
		if early := notices[i-g.Cadence.Uses]; notices[i].At.Sub(early.At) < g.Cadence.period() {
			c.broken("grant %s has more than %d notices in a %s from %s on", g.ID, g.Cadence.Uses, g.Cadence.Per, early.At)
		}
	}
}

// checkAct: no grant without an act of its user.
func (c *checked) checkAct(g Grant) {
	want := "tap"
	if g.Scope == Window {
		want = "message"
	}
	if g.Act.Kind != want || g.Act.At.IsZero() || g.Act.Name == "" || want == "tap" && (g.Act.Page == "" || g.Item == "") {
		c.broken("grant %s of scope %s comes from no act: %q", g.ID, g.Scope, g.Act.Kind)
	}
}

// checkEntry: nothing reaches anybody without a notice, and no notice twice.
func (c *checked) checkEntry(e stream.Entry) {
	n, ok := c.notices[c.byEntry[e.ID]]
	if !ok {
		c.broken("the entry %d of %s is of no notice", e.Seq, e.Stream)
		return
	}
	if e.From != id.Principal(n.App) {
		c.broken("the entry %d of %s is from %s, its notice from %s", e.Seq, e.Stream, e.From, n.App)
	}
	if e.Kind.Redacted() || e.Stream.Kind() != id.Personal {
		return
	}
	var shown Shown
	if err := json.Unmarshal(e.Body, &shown); err != nil || shown.Notice != c.Name(n) {
		c.broken("the entry %d of %s shows another notice than its own", e.Seq, e.Stream)
	}
}
