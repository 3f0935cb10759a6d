package feed_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
)

// A world is the plain model: people are numbers, and everything is looked up
// where it stands. It says the rules once more, in other words.
type world struct {
	names    []id.User
	friends  map[[2]int]bool // both ways
	blocks   map[[2]int]bool
	switches map[[2]int]map[string]bool // by who set them about whom
	tags     map[[2]int]map[string]bool
	lookBack []time.Duration
	gone     []bool // suspended
	posts    []*entry
	refs     []map[*entry]bool // in each one's timeline
	notes    []*note           // in @moments, in order
	date     time.Time
}

type entry struct {
	id       id.Post
	author   int
	at       time.Time
	text     string
	kind     string
	users    map[int]bool
	tags     map[string]bool
	frozen   map[int]bool // nil: live
	mentions []int
	deleted  bool
	likes    []int // in the order they were done
	said     []*remark
	mutes    map[int]bool
}

type remark struct {
	id     id.Comment
	from   int
	text   string
	parent *remark
	gone   bool
}

type note struct {
	to, from int
	kind     string
	post     *entry
	said     *remark
	undone   bool
}

const (
	hideMine   = "hide_my_moments"
	hideTheirs = "hide_their_moments"
	chatOnly   = "chat_only"
)

func newWorld(names []id.User) *world {
	w := &world{
		names: names, friends: map[[2]int]bool{}, blocks: map[[2]int]bool{}, switches: map[[2]int]map[string]bool{},
		tags: map[[2]int]map[string]bool{}, lookBack: make([]time.Duration, len(names)), gone: make([]bool, len(names)),
	}
	for range names {
		w.refs = append(w.refs, map[*entry]bool{})
	}
	return w
}

func (w *world) blocked(a, b int) bool { return w.blocks[[2]int{a, b}] || w.blocks[[2]int{b, a}] }

// admitted tells whether f is in the audience as it would be were it set now.
func (w *world) admitted(p *entry, f int) bool {
	listed := p.users[f]
	for tag := range w.tags[[2]int{p.author, f}] {
		listed = listed || p.tags[tag]
	}
	switch p.kind {
	case feed.Only:
		return listed
	case feed.Except:
		return !listed
	}
	return p.kind == feed.Friends
}

// shown tells whether v sees a post but for what v chose.
func (w *world) shown(v int, p *entry) bool {
	if v == p.author {
		return !p.deleted
	}
	mine := w.switches[[2]int{p.author, v}]
	switch {
	case p.deleted, !w.friends[[2]int{v, p.author}], w.blocks[[2]int{p.author, v}], w.gone[p.author], mine[hideMine], mine[chatOnly]:
		return false
	case w.lookBack[p.author] != 0 && p.at.Add(w.lookBack[p.author]).Before(w.date):
		return false
	case p.frozen == nil:
		return w.admitted(p, v)
	}
	return p.frozen[v] && (p.kind != feed.Except || w.admitted(p, v))
}

func (w *world) may(v int, p *entry) bool {
	own := w.switches[[2]int{v, p.author}]
	return w.shown(v, p) && (v == p.author || !w.blocks[[2]int{v, p.author}] && !own[hideTheirs] && !own[chatOnly])
}

// meets tells whether v, who sees the post, sees what c does there.
func (w *world) meets(v, c int, p *entry) bool {
	return v == c || !w.blocked(v, c) && (v == p.author || w.friends[[2]int{v, c}])
}

func (w *world) reads(v int, r *remark, p *entry) bool {
	if r.gone {
		return false
	}
	if v == r.from || !w.meets(v, r.from, p) || r.parent == nil {
		return v == r.from || w.meets(v, r.from, p)
	}
	return w.meets(v, r.parent.from, p) && w.reads(v, r.parent, p)
}

// page is what v sees of a post, in words.
func (w *world) page(v int, p *entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", p.text, w.names[p.author])
	for _, m := range p.mentions {
		fmt.Fprintf(&b, " @%s", w.names[m])
	}
	if v == p.author {
		fmt.Fprintf(&b, " for %s", p.kind)
	}
	for _, u := range p.likes {
		if w.meets(v, u, p) {
			fmt.Fprintf(&b, " +%s", w.names[u])
		}
	}
	for _, r := range p.said {
		if w.reads(v, r, p) {
			fmt.Fprintf(&b, " %s:%s", w.names[r.from], r.text)
			if r.parent != nil {
				fmt.Fprintf(&b, "^%s", w.names[r.parent.from])
			}
		}
	}
	return b.String()
}

func pageOf(m feed.Moment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", m.Text, m.Author)
	for _, u := range m.Mentions {
		fmt.Fprintf(&b, " @%s", u)
	}
	if m.Audience != nil {
		fmt.Fprintf(&b, " for %s", m.Audience.Kind)
	}
	for _, l := range m.Likes {
		fmt.Fprintf(&b, " +%s", l.User)
	}
	for _, c := range m.Comments {
		fmt.Fprintf(&b, " %s:%s", c.From, c.Text)
		if c.ReplyTo != nil {
			fmt.Fprintf(&b, "^%s", c.ReplyTo.User)
		}
	}
	return b.String()
}

// pages are the moments of a list that v sees, the newest first.
func (w *world) pages(v int, listed func(*entry) bool) []string {
	out := []string{}
	for _, p := range slices.Backward(w.posts) {
		if listed(p) && w.may(v, p) {
			out = append(out, w.page(v, p))
		}
	}
	return out
}

func pagesOf(moments []feed.Moment) []string {
	out := []string{}
	for _, m := range moments {
		out = append(out, pageOf(m))
	}
	return out
}

// heard is what stands in v's @moments.
func (w *world) heard(v int) []string {
	out := []string{}
	for _, n := range w.notes {
		if n.to == v && !n.undone {
			text := ""
			if n.said != nil {
				text = n.said.text
			}
			out = append(out, strings.TrimSpace(fmt.Sprint(n.kind, " ", w.names[n.from], " ", text)))
		}
	}
	return out
}

// tell notes who hears of what from does to a post.
func (w *world) tell(kind string, from int, p *entry, r *remark) {
	for to := range w.names {
		takesPart := slices.Contains(p.likes, to) || slices.ContainsFunc(p.said, func(o *remark) bool { return o != r && o.from == to && !o.gone })
		hears := to == p.author || kind == feed.KindComment && takesPart
		sees := w.may(to, p) && w.meets(to, from, p) && (r == nil || w.reads(to, r, p))
		if hears && to != from && sees && !p.mutes[to] {
			w.notes = append(w.notes, &note{to: to, from: from, kind: kind, post: p, said: r})
		}
	}
}

func (w *world) withdraw(about func(*note) bool) {
	for _, n := range w.notes {
		n.undone = n.undone || about(n)
	}
}

// lost tells whether a remark or one it answers was taken back.
func (r *remark) lost() bool {
	return r != nil && (r.gone || r.parent.lost())
}

// setAudience makes of words what the model keeps, and puts references where they belong.
func (w *world) setAudience(p *entry, a feed.Audience) {
	p.kind, p.users, p.tags, p.frozen = a.Kind, map[int]bool{}, map[string]bool{}, nil
	for _, u := range a.Users {
		p.users[slices.Index(w.names, u)] = true
	}
	for _, tag := range a.Tags {
		p.tags[tag] = true
	}
	if a.Mode == feed.Snapshot && a.Kind != feed.Private {
		frozen := map[int]bool{}
		for f := range w.names {
			frozen[f] = w.friends[[2]int{p.author, f}] && w.admitted(p, f)
		}
		p.frozen = frozen
	}
	w.refs[p.author][p] = true
	for f := range w.names {
		if a.Kind != feed.Private && w.friends[[2]int{p.author, f}] {
			w.refs[f][p] = true
		}
	}
	for _, m := range p.mentions { // once
		if w.may(m, p) && !slices.ContainsFunc(w.notes, func(n *note) bool { return n.post == p && n.kind == feed.KindMention && n.to == m }) {
			w.notes = append(w.notes, &note{to: m, from: p.author, kind: feed.KindMention, post: p})
		}
	}
}
