package grant_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/stream"
)

// Each kind of bug is planted behind the book's back, and has to be found.
func TestCheckFindsPlantedBugs(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		for name, plant := range plants {
			by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), name)
			answer, err := h.send(app, h.mint(by, app, o)[0], spend(o))
			good(t, err)
			n, g, err := h.Why(h.ctx(), by.User, answer.Notice)
			good(t, err)
			h.people = map[id.User]bool{by.User: true}
			h.lawful()
			expect := plant(planted{h, n, g})
			h.advance(2 * time.Minute)
			var found []string
			for _, b := range h.check().Broken {
				found = append(found, b.String())
			}
			if !strings.Contains(strings.Join(found, "\n"), expect) {
				t.Errorf("%s: want %q, found %q", name, expect, found)
			}
		}
	})
}

type planted struct {
	*house
	n grant.Notice
	g grant.Grant
}

func (p planted) put(key string, v any) { good(p.t, p.Put(p.ctx(), p.n.User, key, v)) }

// another is one more notice like the first, with its request and its entry.
func (p planted) another(change func(*grant.Notice)) grant.Notice {
	n := p.n
	n.ID, n.At = id.NewEntry(p.clock()), p.clock()
	change(&n)
	p.put(grant.NoticeKey(n), n)
	p.put(grant.KeyRow(p.n.App, n.ID.String()), grant.AnswerOf(n))
	return n
}

func (p planted) entry(s id.Stream, n grant.Notice, change func(*stream.Draft)) {
	body, err := json.Marshal(grant.Shown{Notice: p.Name(n), App: n.App})
	good(p.t, err)
	d := stream.Draft{ID: grant.EntryOf(n), Kind: grant.KindNotice, From: id.Principal(n.App), Body: body, Countable: true}
	change(&d)
	good(p.t, p.Bypass(p.ctx(), s, d))
}

func (p planted) inbox() id.Stream { return id.PersonalStream(id.Notices, p.n.User) }

func asIs(*grant.Notice)       {}
func written(*stream.Draft)    {}
func (p planted) live() string { return grant.LiveKey(p.g) }

var plants = map[string]func(planted) string{
	"a notice more than granted": func(p planted) string {
		p.entry(p.inbox(), p.another(asIs), written)
		return "has 2 notices, of 1 uses"
	},
	"a use that was not counted": func(p planted) string {
		p.g.Left, p.g.End = 1, ""
		p.put(p.live(), p.g)
		return "of 1 uses with 1 left"
	},
	"a notice without a grant": func(p planted) string {
		p.entry(p.inbox(), p.another(func(n *grant.Notice) { n.Grant = id.NewGrant() }), written)
		return "names no grant of this user"
	},
	"a grant of another user": func(p planted) string {
		p.g.User = "somebody"
		p.put(p.live(), p.g)
		return "is by a grant of somebody"
	},
	"a grant of another app": func(p planted) string {
		p.entry(p.inbox(), p.another(func(n *grant.Notice) { n.App = id.NewApp() }), written)
		return "is by a grant of " + string(p.n.App)
	},
	"another version": func(p planted) string {
		p.entry(p.inbox(), p.another(func(n *grant.Notice) { n.Version = 2 }), written)
		return "version 2, its grant of"
	},
	"no version at all": func(p planted) string {
		p.entry(p.inbox(), p.another(func(n *grant.Notice) { n.Template = "" }), written)
		return "its grant of " + string(p.n.Template)
	},
	"a grant from no act": func(p planted) string {
		p.g.Act = grant.Act{}
		p.put(p.live(), p.g)
		return "comes from no act"
	},
	"a grant in another's place": func(p planted) string {
		g := p.g
		g.ID = id.NewGrant()
		p.put(grant.PastKey(p.g), g)
		return "stands at past/"
	},
	"an entry of no notice": func(p planted) string {
		n := p.n
		n.ID = id.NewEntry(p.clock())
		p.entry(p.inbox(), n, written)
		return "is of no notice"
	},
	"a notice twice": func(p planted) string {
		p.entry(p.inbox(), p.n, func(d *stream.Draft) { d.ID = id.NewEntry(p.clock()) })
		return "is of no notice"
	},
	"an entry from another app": func(p planted) string {
		p.entry(p.inbox(), p.another(asIs), func(d *stream.Draft) { d.From = "app-other" })
		return "from app-other"
	},
	"an entry that shows another notice": func(p planted) string {
		p.entry(p.inbox(), p.another(asIs), func(d *stream.Draft) { d.Body = json.RawMessage(`{"notice":"n-other"}`) })
		return "shows another notice"
	},
	"a notice that was lost": func(p planted) string {
		p.another(asIs)
		return "was accepted, and has no entry"
	},
	"a held notice that was shown": func(p planted) string {
		p.entry(p.inbox(), p.another(func(n *grant.Notice) { n.Status = grant.Held }), written)
		return "is held, and has an entry"
	},
	"a dropped notice that was shown": func(p planted) string {
		p.n.Status = grant.Dropped
		p.put(grant.NoticeKey(p.n), p.n)
		return "is dropped, and has an entry"
	},
	"two keys for one notice": func(p planted) string {
		p.put(grant.KeyRow(p.n.App, "another"), grant.AnswerOf(p.n))
		return "answers 2 requests"
	},
	"a notice nobody asked for": func(p planted) string {
		n := p.n
		n.ID = id.NewEntry(p.clock())
		p.put(grant.NoticeKey(n), n)
		return "answers 0 requests"
	},
	"an app that answers without a window": func(p planted) string {
		p.entry(id.ServiceStream(p.n.User, p.n.App), p.another(func(n *grant.Notice) { n.Kind = "text" }), func(d *stream.Draft) { d.Kind = "text" })
		return "is in the wrong place for a grant of scope once"
	},
	"an app that writes to the user": func(p planted) string {
		n := p.n
		n.ID = id.NewEntry(p.clock())
		p.entry(id.ServiceStream(p.n.User, p.n.App), n, func(d *stream.Draft) { d.Kind = "text" })
		return "is of no notice"
	},
	"more answers than a window has": func(p planted) string {
		w := p.g
		w.ID, w.Scope, w.Turn, w.Uses, w.Left, w.End, w.Template = id.NewGrant(), grant.Window, 1, 5, 0, "", ""
		w.Act.Kind = "message"
		p.put(grant.LiveKey(w), w)
		for range 6 {
			n := p.another(func(n *grant.Notice) { n.Grant, n.Kind, n.Turn, n.Template = w.ID, "text", 1, "" })
			p.entry(id.ServiceStream(p.n.User, p.n.App), n, func(d *stream.Draft) { d.Kind = "text" })
		}
		return "has 6 notices in turn 1"
	},
	"more than the cadence has": func(p planted) string {
		w := p.g
		w.ID, w.Scope, w.Uses, w.Cadence = id.NewGrant(), grant.Standing, 0, &grant.Cadence{Uses: 1, Per: "day"}
		p.put(grant.LiveKey(w), w)
		for range 2 {
			p.entry(p.inbox(), p.another(func(n *grant.Notice) { n.Grant = w.ID }), written)
		}
		return "more than 1 notices in a day"
	},
}
