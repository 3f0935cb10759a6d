package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	busredis "github.com/teahouse-im/teahouse/bus/redis"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/wire"
)

// relations are how a viewer can stand to somebody, and whether they may know.
var relations = []struct {
	name string
	make func(n *villageNode, viewer, who id.User) error
	may  bool
}{
	{"friend", func(n *villageNode, v, w id.User) error { return nil }, true},
	{"stranger", func(n *villageNode, v, w id.User) error { return n.friends.Remove(n.v.ctx, v, string(w)) }, false},
	{"removed by them", func(n *villageNode, v, w id.User) error { return n.friends.Remove(n.v.ctx, w, string(v)) }, false},
	{"blocked by them", func(n *villageNode, v, w id.User) error { return n.friends.Block(n.v.ctx, w, string(v)) }, false},
	{"blocks them", func(n *villageNode, v, w id.User) error { return n.friends.Block(n.v.ctx, v, string(w)) }, false},
	{"has asked them", func(n *villageNode, v, w id.User) error {
		if err := n.friends.Remove(n.v.ctx, v, string(w)); err != nil {
			return err
		}
		_, err := n.friends.Request(n.v.ctx, v, string(w), "")
		return err
	}, false},
	{"was asked by them", func(n *villageNode, v, w id.User) error {
		if err := n.friends.Remove(n.v.ctx, v, string(w)); err != nil {
			return err
		}
		_, err := n.friends.Request(n.v.ctx, w, string(v), "")
		return err
	}, false},
}

// choices are what somebody can have chosen, and how they are seen by who may know.
var choices = []struct {
	name   string
	choose func(n *villageNode, who id.User, p *peer)
	seen   string
}{
	{"active", func(n *villageNode, w id.User, p *peer) { p.status("active") }, " online"},
	{"away with a text", func(n *villageNode, w id.User, p *peer) {
		p.ok("status", map[string]any{"state": "away", "text": "tea"})
	}, " away tea"},
	{"invisible with a text", func(n *villageNode, w id.User, p *peer) {
		p.ok("status", map[string]any{"state": "invisible", "text": "tea"})
	}, " offline"},
	{"visible to nobody", func(n *villageNode, w id.User, p *peer) { n.visibleTo(w, "nobody") }, " offline"},
	{"invisible and visible to nobody", func(n *villageNode, w id.User, p *peer) {
		n.visibleTo(w, "nobody")
		p.status("invisible")
	}, " offline"},
	{"gone a moment ago", func(n *villageNode, w id.User, p *peer) { p.conn.Close() }, " offline~"},
	{"gone, and visible to nobody", func(n *villageNode, w id.User, p *peer) {
		n.visibleTo(w, "nobody")
		p.conn.Close()
	}, " offline"},
	{"gone, and invisible", func(n *villageNode, w id.User, p *peer) {
		p.status("invisible")
		p.conn.Close()
	}, " offline"},
}

// Every relation meets every choice; who may not know gets, byte for byte, what
// there is to see of somebody who does not exist, over the socket and over HTTP.
func TestWhoMayKnow(t *testing.T) {
	n := settle(t, quick)
	for i, r := range relations {
		for k, c := range choices {
			t.Run(r.name+", "+c.name, func(t *testing.T) {
				viewer, who := id.User(fmt.Sprintf("viewer-%d-%d", i, k)), id.User(fmt.Sprintf("w%d-%d", i, k))
				n.befriend(viewer, who)
				v, w := n.join(viewer, "v"), n.join(who, "w")
				c.choose(n, who, w)
				eventually(t, "those who leave are gone", func() bool {
					n := n.gw.hub.sessions(who)
					return (len(n) == 0) == strings.HasPrefix(c.name, "gone")
				})
				ok(t, r.make(n, viewer, who))
				want := string(who) + " offline"
				if r.may {
					want = string(who) + c.seen
				}
				var got []string
				eventually(t, "the grace is over", func() bool {
					got = v.watch(string(who), "nobody")
					return !strings.HasPrefix(c.name, "gone") || strings.Contains(got[0], "offline")
				})
				v.shows(got[0], want)
				if !r.may && got[0] != strings.Replace(got[1], "nobody", string(who), 1) {
					t.Fatalf("%s and %s can be told apart", got[0], got[1])
				}
				items, err := n.presence.Seen(t.Context(), viewer, []id.User{who, "nobody"})
				ok(t, err)
				over := wire.Reply(1, wire.Watched{Presence: items})
				if want := fmt.Sprintf(`{"id":1,"data":{"presence":[%s]}}`, strings.Join(got, ",")); string(over) != want {
					t.Fatalf("over HTTP %s, over the socket %s", over, want)
				}
				// Nothing more comes to who may not know, whatever happens.
				if !r.may {
					v.seen = nil
					n.visibleTo(who, "friends")
					n.join(who, "w2").status("active")
					w3 := n.join(who, "w3")
					w3.status("away")
					w3.ok("status", map[string]any{"state": "active", "text": "here"})
					n.settled(who)
					v.silent(isPresence)
				}
			})
		}
	}
}

// settled waits until somebody who is online here, and is watched, was looked at.
func (n *villageNode) settled(u id.User) {
	n.v.t.Helper()
	w := n.gw.watches
	eventually(n.v.t, "it is looked at", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.people[u].view.State == presence.Online && len(w.due.seen) == 0
	})
}

// What people decide about each other, and about being seen, is told as it happens.
func TestTurns(t *testing.T) {
	n := settle(t, quick)
	n.befriend("ann", "ben", "cat")
	ann, ben := n.join("ann", "a"), n.join("ben", "b")
	n.join("cat", "c")
	ann.shows(ann.watch("ben", "cat")[0], "ben online")
	ctx := n.v.ctx
	for _, turn := range []struct {
		do   func() error
		want string
	}{
		{func() error { return n.friends.Block(ctx, "ben", "ann") }, "ben offline"},
		{func() error { return n.friends.Unblock(ctx, "ben", "ann") }, "ben online"},
		{func() error { return n.friends.Block(ctx, "ann", "ben") }, "ben offline"},
		{func() error { return n.friends.Unblock(ctx, "ann", "ben") }, "ben online"},
		{func() error { return n.friends.Remove(ctx, "ben", "ann") }, "ben offline"},
		{func() error {
			if _, err := n.friends.Request(ctx, "ann", "ben", ""); err != nil {
				return err
			}
			return n.friends.Accept(ctx, "ben", "ann")
		}, "ben online"},
		{func() error { n.visibleTo("ben", "nobody"); return nil }, "ben offline"},
		{func() error { n.visibleTo("ben", "friends"); return nil }, "ben online"},
		{func() error { ben.status("invisible"); return nil }, "ben offline"},
		{func() error { ben.status("active"); return nil }, "ben online"},
	} {
		ok(t, turn.do())
		ann.sees(turn.want)
	}
	ann.silent(isPresence)
}

// Two nodes on one Redis: what happens on one is seen on the other.
func TestPresenceBetweenNodes(t *testing.T) {
	v := redisVillage(t)
	a, b := v.node(quick), v.node(quick)
	a.befriend("ann", "ben", "cat")
	ann := b.join("ann", "a")
	ann.watch("ben", "cat")
	ben := a.join("ben", "phone")
	ann.sees("ben online")
	ben.status("away")
	ann.sees("ben away")
	laptop := b.join("ben", "laptop")
	ann.sees("ben online")
	laptop.conn.Close()
	ann.sees("ben away")
	ok(t, a.friends.Block(v.ctx, "ben", "ann"))
	ann.sees("ben offline")
	ok(t, b.friends.Unblock(v.ctx, "ben", "ann"))
	ann.sees("ben away")
	ben.status("invisible")
	ann.sees("ben offline")
	b.join("ben", "laptop").status("active")
	ann.sees("ben online")
	a.visibleTo("ben", "nobody")
	ann.sees("ben offline")
	b.visibleTo("ben", "friends")
	ann.sees("ben online")
	ann.silent(isPresence)
}

// Every node knows which devices are live on any, under the names of their sign-ins.
func TestLiveDevicesBetweenNodes(t *testing.T) {
	v := redisVillage(t)
	a, b := v.node(slow), v.node(slow)
	phone := a.join("ann", "phone")
	b.join("ann", "laptop")
	live := func(n *villageNode, want ...id.Device) func() bool {
		return func() bool {
			got, err := n.presence.Live(v.ctx, "ann")
			ok(t, err)
			return slices.Equal(got, want)
		}
	}
	for _, n := range []*villageNode{a, b} {
		eventually(t, "both are live", live(n, "laptop", "phone"))
	}
	phone.conn.Close()
	for _, n := range []*villageNode{a, b} {
		eventually(t, "the phone has gone", live(n, "laptop"))
	}
}

// brief renews so often that a death is noticed within three seconds or so.
func brief(o *presence.Options) { o.Grace, o.RenewEvery = time.Millisecond, 500*time.Millisecond }

// The people of a node that dies without a word go offline for the others, unless
// they are somewhere else too.
func TestANodeDies(t *testing.T) {
	v := redisVillage(t)
	a, b := v.node(brief), v.node(brief)
	a.befriend("ann", "ben", "cat")
	a.join("ben", "b")
	a.join("cat", "c").status("active")
	b.join("cat", "c2").status("away")
	ann := b.join("ann", "a")
	got := ann.watch("ben", "cat")
	ann.shows(got[0], "ben online")
	ann.shows(got[1], "cat online")
	a.board.dead.Store(true)
	seen := map[string]bool{}
	for range 2 {
		p := ann.event("presence")
		seen[strings.SplitN(string(p.Data), `,"last`, 2)[0]] = true
	}
	if !seen[`{"user":"ben","state":"offline"`] || !seen[`{"user":"cat","state":"away"}`] {
		t.Fatalf("%v", seen)
	}
	a.board.dead.Store(false) // it was only asleep
	ann.find("ben is back", func(m message) bool { return string(m.Data) == `{"user":"ben","state":"online"}` })
}

// A Redis that has lost everything is written again, and who watches is told
// nothing, because nothing has happened.
func TestRedisIsWiped(t *testing.T) {
	v := redisVillage(t)
	a, b := v.node(brief), v.node(brief)
	a.befriend("ann", "ben")
	a.join("ben", "b")
	ann := b.join("ann", "a")
	ann.shows(ann.watch("ben")[0], "ben online")
	v.wipe()
	eventually(t, "it is healed", func() bool {
		states, err := b.board.Look(v.ctx, []id.User{"ben", "ann"})
		return err == nil && states[0] == presence.Online && states[1] == presence.Online
	})
	ann.shows(ann.watch("ben")[0], "ben online")
	a.join("ben", "b2").status("active")
	ann.silent(isPresence)
}

// wipe loses what nodes keep in Redis.
func (v *village) wipe() {
	v.t.Helper()
	opt, prefix, err := busredis.Place(v.at)
	ok(v.t, err)
	c := redis.NewClient(&opt)
	defer c.Close()
	keys, err := c.Keys(v.ctx, prefix+"*").Result()
	ok(v.t, err)
	if len(keys) < 2 {
		v.t.Fatalf("there is nothing to lose: %v", keys)
	}
	ok(v.t, c.Del(v.ctx, keys...).Err())
}
