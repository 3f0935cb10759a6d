package feed_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
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

// A walk does anything to a house and to the model.
type walk struct {
	*house
	*world
	*rand.Rand
	trace []string
}

const walkBackFill = 4

func newWalk(t testing.TB, store backend, round int, seed uint64) *walk {
	h := openOn(t, store)
	h.opt.BackFill = walkBackFill
	h.Service = h.node(store, h.seq, store)
	var names []id.User
	for i := range 5 {
		names = append(names, id.User(fmt.Sprintf("%c%d-%d", "maxbq"[i], seed, round))) // pages of either decide
	}
	return &walk{house: h, world: newWorld(names), Rand: rand.New(rand.NewPCG(seed, uint64(round)))}
}

func (k *walk) who() int { return k.IntN(len(k.names)) }

func (k *walk) other(than int) int { return (than + 1 + k.IntN(len(k.names)-1)) % len(k.names) }

// some is one of the posts, mostly of the latest; nil if there are none.
func (k *walk) some() *entry {
	if len(k.posts) == 0 {
		return nil
	}
	if k.IntN(4) > 0 {
		return k.posts[len(k.posts)-1-k.IntN(min(4, len(k.posts)))]
	}
	return k.posts[k.IntN(len(k.posts))]
}

func (k *walk) code(want string, err error) {
	k.t.Helper()
	got := ""
	if err != nil {
		got = string(fault.From(err).Code)
		if got == "internal" {
			got = err.Error()
		}
	}
	if got != want {
		k.fail("answered %q, want %q", got, want)
	}
}

func (k *walk) fail(format string, args ...any) {
	k.t.Helper()
	k.t.Fatalf("%s\nafter\n%s", fmt.Sprintf(format, args...), strings.Join(k.trace[max(0, len(k.trace)-40):], "\n"))
}

func (k *walk) say(format string, args ...any) {
	k.trace = append(k.trace, fmt.Sprintf(format, args...))
}

// hidden is the code for what v may not see, and "" if v may.
func (k *walk) hidden(v int, p *entry) string {
	if k.may(v, p) {
		return ""
	}
	return string(fault.NotFound.Code)
}

func (k *walk) step() {
	k.date = k.clock()
	u := k.who()
	o := k.other(u)
	pair := [2]int{u, o}
	p := k.some()
	switch n := k.IntN(100); {
	case n < 12:
		k.friendship(u, o)
	case n < 17:
		on := !k.blocks[pair]
		k.say("%s blocks %s: %v", k.names[u], k.names[o], on)
		k.blocks[pair] = on
		k.house.block(k.names[u], k.names[o], on)
	case n < 24:
		k.turnSwitch(pair)
	case n < 29:
		k.retag(pair)
	case n < 31:
		k.settings(u)
	case n < 33:
		k.advance([]time.Duration{time.Hour, 24 * time.Hour, 31 * 24 * time.Hour}[k.IntN(3)])
		k.say("time passes")
	case n < 48 || p == nil:
		k.share(u)
	case n < 54:
		k.change(u, p)
	case n < 57:
		k.remove(u, p)
	case n < 72:
		k.turnLike(u, p)
	case n < 75:
		k.turnMute(u, p)
	case n < 92:
		k.comment(u, p)
	default:
		k.uncomment(u, p)
	}
	k.Settled()
	k.date = k.clock()
}

func (k *walk) friendship(u, o int) {
	a, b, pair, turned := k.names[u], k.names[o], [2]int{u, o}, [2]int{o, u}
	switch {
	case k.friends[pair] && k.IntN(3) > 0, k.blocked(u, o):
	case k.friends[pair]:
		k.say("%s leaves %s", a, b)
		for _, x := range [][2]int{pair, turned} {
			delete(k.friends, x)
			delete(k.switches, x)
			delete(k.tags, x)
		}
		good(k.t, k.contacts.Remove(context.Background(), a, string(b)))
	default:
		k.say("%s and %s are friends", a, b)
		k.friends[pair], k.friends[turned] = true, true
		for _, x := range [][2]int{pair, turned} {
			left := walkBackFill
			for _, p := range slices.Backward(k.posts) {
				if left > 0 && p.author == x[0] && !p.deleted && p.kind != feed.Private {
					k.refs[x[1]][p] = true
					left--
				}
			}
		}
		k.befriend(a, b)
	}
}

func (k *walk) turnSwitch(pair [2]int) {
	if !k.friends[pair] {
		return
	}
	if k.switches[pair] == nil {
		k.switches[pair] = map[string]bool{}
	}
	name := []string{hideMine, hideTheirs, chatOnly}[k.IntN(3)]
	on := !k.switches[pair][name]
	k.switches[pair][name] = on
	k.say("%s sets %s of %s: %v", k.names[pair[0]], name, k.names[pair[1]], on)
	k.house.change(k.names[pair[0]], k.names[pair[1]], map[string]contact.FriendChange{
		hideMine: {HideMyMoments: &on}, hideTheirs: {HideTheirMoments: &on}, chatOnly: {ChatOnly: &on},
	}[name])
}

func (k *walk) retag(pair [2]int) {
	if !k.friends[pair] {
		return
	}
	tags, set := []string{}, map[string]bool{}
	for _, tag := range []string{"tea", "work", "kin"} {
		if k.IntN(2) == 0 {
			tags, set[tag] = append(tags, tag), true
		}
	}
	k.tags[pair] = set
	k.say("%s tags %s %v", k.names[pair[0]], k.names[pair[1]], tags)
	k.tag(k.names[pair[0]], k.names[pair[1]], tags...)
}

func (k *walk) settings(u int) {
	if k.IntN(4) == 0 || k.gone[u] {
		k.gone[u] = !k.gone[u]
	} else {
		k.lookBack[u] = []time.Duration{0, 0, 3 * 24 * time.Hour, 30 * 24 * time.Hour}[k.IntN(4)]
	}
	k.say("%s is suspended: %v, looks back %v", k.names[u], k.gone[u], k.lookBack[u])
	k.set(k.names[u], feed.Author{LookBack: k.lookBack[u], Suspended: k.gone[u]})
}

// drawAudience draws one for u; code is how it is refused.
func (k *walk) drawAudience(u int) (a feed.Audience, code string) {
	a.Kind = []string{feed.Friends, feed.Friends, feed.Private, feed.Only, feed.Except}[k.IntN(5)]
	a.Mode = []string{feed.Live, feed.Snapshot, ""}[k.IntN(3)]
	if a.Kind != feed.Only && a.Kind != feed.Except {
		return a, ""
	}
	for o := range k.names {
		if k.IntN(3) == 0 && (o == u || a.Kind == feed.Except || k.friends[[2]int{u, o}] || k.IntN(10) == 0) {
			a.Users = append(a.Users, k.names[o])
			if a.Kind == feed.Only && o != u && !k.friends[[2]int{u, o}] {
				code = string(feed.ErrNotFriends.Code)
			}
		}
	}
	for _, tag := range []string{"tea", "work", "nobody has it"} {
		if k.IntN(2) == 0 {
			a.Tags = append(a.Tags, tag)
		}
	}
	return a, code
}

func (k *walk) share(u int) {
	a, code := k.drawAudience(u)
	p := &entry{author: u, text: fmt.Sprint("m", len(k.posts)), mutes: map[int]bool{}}
	d := feed.Draft{Text: p.text, Audience: a}
	for o := range k.names {
		if k.IntN(5) == 0 {
			d.Mentions = append(d.Mentions, string(k.names[o]))
		}
	}
	k.say("%s posts %s for %+v, mentions %v", k.names[u], p.text, a, d.Mentions)
	got, err := k.Post(context.Background(), k.names[u], d)
	k.code(code, err)
	if code != "" {
		return
	}
	k.date = k.clock()
	p.id, p.at = got.ID, got.At
	k.posts = append(k.posts, p)
	k.setAudience(p, a)
	for _, m := range d.Mentions {
		if o := slices.Index(k.names, id.User(m)); o != u && k.shown(o, p) {
			p.mentions = append(p.mentions, o)
		}
	}
	k.setAudience(p, a) // now with those it mentions
	if got := pageOf(got); got != k.page(u, p) {
		k.fail("posted %q, want %q", got, k.page(u, p))
	}
}

func (k *walk) change(u int, p *entry) {
	if k.IntN(4) > 0 {
		u = p.author
	}
	a, code := k.drawAudience(u)
	switch {
	case !k.may(u, p):
		code = string(fault.NotFound.Code)
	case u != p.author:
		code = string(fault.Forbidden.Code)
	}
	k.say("%s sets the audience of %s to %+v", k.names[u], p.text, a)
	_, err := k.SetAudience(context.Background(), k.names[u], string(p.id), a)
	k.code(code, err)
	if code == "" {
		k.setAudience(p, a)
	}
}

func (k *walk) remove(u int, p *entry) {
	if k.IntN(2) > 0 {
		u = p.author
	}
	code := k.hidden(u, p)
	if code == "" && u != p.author {
		code = string(fault.Forbidden.Code)
	}
	k.say("%s deletes %s", k.names[u], p.text)
	k.code(code, k.Delete(context.Background(), k.names[u], string(p.id)))
	if code == "" {
		p.deleted = true
		k.withdraw(func(n *note) bool { return n.post == p })
	}
}

func (k *walk) turnLike(u int, p *entry) {
	at := slices.Index(p.likes, u)
	on := at < 0
	if k.IntN(8) == 0 { // again
		on = !on
	}
	k.say("%s likes %s: %v", k.names[u], p.text, on)
	do := k.Unlike
	if on {
		do = k.Like
	}
	code := k.hidden(u, p)
	k.code(code, do(context.Background(), k.names[u], string(p.id)))
	switch {
	case code != "" || on == (at >= 0):
	case on:
		p.likes = append(p.likes, u)
		k.tell(feed.KindLike, u, p, nil)
	default:
		p.likes = slices.Delete(p.likes, at, at+1)
		k.withdraw(func(n *note) bool { return n.post == p && n.kind == feed.KindLike && n.from == u })
	}
}

func (k *walk) turnMute(u int, p *entry) {
	on := !p.mutes[u]
	k.say("%s mutes %s: %v", k.names[u], p.text, on)
	do := k.UnmuteAbout
	if on {
		do = k.MuteAbout
	}
	code := k.hidden(u, p)
	k.code(code, do(context.Background(), k.names[u], string(p.id)))
	if code == "" {
		p.mutes[u] = on
	}
}

func (k *walk) comment(u int, p *entry) {
	r := &remark{from: u, text: fmt.Sprint("c", len(k.trace))}
	to := id.Comment("")
	if len(p.said) > 0 && k.IntN(3) > 0 {
		r.parent = p.said[k.IntN(len(p.said))]
		to = r.parent.id
	}
	code := k.hidden(u, p)
	if code == "" && r.parent != nil && !k.reads(u, r.parent, p) {
		code = string(fault.NotFound.Code)
	}
	k.say("%s says %s under %s in reply to %s", k.names[u], r.text, p.text, to)
	c, err := k.Comment(context.Background(), k.names[u], string(p.id), r.text, string(to))
	k.code(code, err)
	if code == "" {
		r.id = c.ID
		p.said = append(p.said, r)
		k.tell(feed.KindComment, u, p, r)
	}
}

func (k *walk) uncomment(u int, p *entry) {
	if len(p.said) == 0 {
		return
	}
	r := p.said[k.IntN(len(p.said))]
	if k.IntN(2) == 0 {
		u = r.from
	}
	code := k.hidden(u, p)
	switch {
	case code != "":
	case !k.reads(u, r, p):
		code = string(fault.NotFound.Code)
	case u != r.from && u != p.author:
		code = string(fault.Forbidden.Code)
	}
	k.say("%s deletes %s under %s", k.names[u], r.text, p.text)
	k.code(code, k.DeleteComment(context.Background(), k.names[u], string(p.id), string(r.id)))
	if code == "" {
		r.gone = true
		k.withdraw(func(n *note) bool { return n.said.lost() })
	}
}

// compare reads as one of the people, on every path, and expects what the model says.
func (k *walk) compare() {
	v := k.who()
	name, ctx := k.names[v], context.Background()
	k.same(name, "timeline", pagesOf(k.timeline(name, 2+k.IntN(9))), k.pages(v, func(p *entry) bool { return k.refs[v][p] }))
	a := k.who()
	k.same(name, "profile of "+string(k.names[a]), pagesOf(k.profile(name, k.names[a])), k.pages(v, func(p *entry) bool { return p.author == a }))
	if k.IntN(3) == 0 {
		k.same(name, "notices", k.heard(name), k.world.heard(v))
	}
	p := k.some()
	if p == nil {
		return
	}
	m, err := k.Get(ctx, name, string(p.id))
	k.code(k.hidden(v, p), err)
	if err == nil && pageOf(m) != k.page(v, p) {
		k.fail("%s reads %q, want %q", name, pageOf(m), k.page(v, p))
	}
	if k.IntN(3) == 0 && k.may(p.author, p) {
		k.explain(name, v, p)
	}
}

// explain asks a post's author who sees it, and expects what the model says.
func (k *walk) explain(name id.User, v int, p *entry) {
	ctx, author := context.Background(), k.names[p.author]
	verdicts, _, err := k.Why(ctx, author, string(p.id), "", 0)
	k.code("", err)
	told := map[id.User]bool{}
	for _, verdict := range verdicts {
		told[verdict.User] = verdict.Sees
	}
	want := map[id.User]bool{}
	for f := range k.names {
		if k.friends[[2]int{p.author, f}] {
			want[k.names[f]] = k.shown(f, p)
		}
	}
	if !maps.Equal(told, want) {
		k.fail("%s is told of %s %v, want %v", author, p.text, told, want)
	}
	as, _, err := k.As(ctx, author, string(name), "", 200)
	k.code("", err)
	if got, want := slices.Contains(ids(as), p.id), k.shown(v, p); got != want {
		k.fail("%s looks as %s and finds %s: %v, want %v", author, name, p.text, got, want)
	}
}

// heard is the house's; the model has one of that name.
func (k *walk) heard(u id.User) []string { return append([]string{}, k.house.heard(u)...) }

func (k *walk) same(v id.User, what string, got, want []string) {
	k.t.Helper()
	if !slices.Equal(got, want) {
		k.fail("%s reads the %s\n got %q\nwant %q", v, what, got, want)
	}
}

// walkFor walks rounds of steps, each among people of its own.
func walkFor(t *testing.T, store func(testing.TB) backend, rounds, steps int, atOnce bool) {
	seed := uint64(1)
	if s := os.Getenv("TEAHOUSE_TEST_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		good(t, err)
		seed = n
	}
	for round := range rounds {
		t.Run(fmt.Sprintf("seed %d round %d", seed, round), func(t *testing.T) {
			if atOnce {
				t.Parallel()
			}
			k := newWalk(t, store(t), round, seed)
			for range steps {
				k.step()
				k.compare()
			}
			if !atOnce {
				k.quiet()
			}
		})
	}
}

// Whatever people do, everybody sees and hears exactly what the model says.
func TestAnyWalkAgreesWithTheModel(t *testing.T) {
	rounds := 500
	if testing.Short() {
		rounds = 50
	}
	walkFor(t, embedded, rounds, 100, false)
}

// The same on a cluster, several walks at once.
func TestAnyWalkOnACluster(t *testing.T) {
	store := cluster(t)
	t.Run("walks", func(t *testing.T) {
		walkFor(t, func(testing.TB) backend { return store }, 20, 100, true)
	})
}
