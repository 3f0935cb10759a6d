package feed_test

import (
	"context"
	"fmt"
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
			k.compareAll()
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
		rounds = 100
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
