package redis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/notify/shape/shapetest"
)

// settled waits until all nodes have noticed that Redis is another one, and ask it again.
func settled(t *testing.T, nodes ...*Board) {
	t.Helper()
	redistest.Until(t, "the nodes are with the cluster again", func() bool {
		for _, b := range nodes {
			b.mu.Lock()
			ready := !b.isOff && b.runs > 0 && b.told == b.runs && len(b.untold) == 0
			b.mu.Unlock()
			if !ready {
				return false
			}
		}
		return true
	})
}

// Without Redis a node lets through a quarter, and nothing of what it knows to be
// too many; when Redis is back, empty, the cluster goes on with what the nodes tell it:
// what they decided alone, and what it knew before.
func TestRedisIsAway(t *testing.T) {
	r := redistest.Start(t)
	at := r.URL()
	a, b := node(t, at), node(t, at)
	s := shapetest.On(t, a)
	s.Settle("app-a")
	for n := range 20 {
		s.Want("", s.Sight("app-a", n, "Big summer sale today"))
	}
	for n := range 19 {
		s.Want("", s.Sight("app-a", n, "No onions, as asked"))
	}
	r.Kill()
	s.Want(shape.Crowd, s.Sight("app-a", 20, "Big summer sale today"))
	for n := range 5 {
		s.Want("", s.Sight("app-a", n, "Half price shoes"))
	}
	s.Want(shape.Crowd, s.Sight("app-a", 5, "Half price shoes"))
	s.Want("", s.Sight("app-a", 3, "Half price shoes"))
	x := s.Sight("app-a", 1000)
	x.Reach = 84 // a quarter is 21: there are Settle's and twenty
	if v := s.See(x); !v.TooFar {
		t.Errorf("alone it reaches more than a quarter: %+v", v)
	}
	if err := a.Forget(t.Context(), "t-app-a"); !errors.Is(err, fault.Unavailable) {
		t.Errorf("Forget without Redis: %v", err)
	}
	r.Start()
	settled(t, a)
	on := shapetest.On(t, b)
	on.Now = s.Now
	on.Want(shape.Crowd, on.Sight("app-a", 20, "Big summer sale today"))
	on.Want("", on.Sight("app-a", 19, "No onions, as asked"))
	on.Want("", on.Sight("app-a", 3, "No onions, as asked"))
	on.Want(shape.Crowd, on.Sight("app-a", 20, "No onions, as asked"))
	for n := range 15 {
		on.Want("", on.Sight("app-a", 100+n, "Half price shoes"))
	}
	on.Want(shape.Crowd, on.Sight("app-a", 115, "Half price shoes"))
	s.Want(shape.Crowd, s.Sight("app-a", 21, "Big summer sale today"))
}

// A Redis that dies and is back before anybody asks it has forgotten as much. Nodes
// find out by themselves, and let through no more than they would alone until all have.
func TestRedisIsAnother(t *testing.T) {
	r := redistest.Start(t)
	at := r.URL()
	var nodes []*Board
	for range 3 {
		nodes = append(nodes, node(t, at))
	}
	s := shapetest.On(t, &cluster{nodes: nodes})
	s.Settle("app-a")
	for n := range 18 {
		s.Want("", s.Sight("app-a", n, "Big summer sale today"))
	}
	for range 2 { // what is told again is told again
		r.Kill()
		r.Start()
		for n := range 6 {
			s.Want(shape.Crowd, s.Sight("app-a", 100+n, "Big summer sale today"))
		}
		settled(t, nodes...)
		for _, b := range nodes {
			b.mu.Lock()
			b.runs, b.told = 0, 0
			b.mu.Unlock()
		}
	}
	s.Want("", s.Sight("app-a", 18, "Big summer sale today"))
	s.Want("", s.Sight("app-a", 19, "Big summer sale today"))
	for n := range 3 {
		s.Want(shape.Crowd, s.Sight("app-a", 20+n, "Big summer sale today"))
	}
}

// content is all that Redis knows.
func content(t *testing.T, at string) map[string]string {
	t.Helper()
	all := map[string]string{}
	keys(t, at, func(c *redis.Client, names []string) {
		for _, k := range names {
			v, err := c.Dump(context.Background(), k).Result()
			if err != nil {
				t.Fatal(err)
			}
			all[k] = v
		}
	})
	return all
}

// Who tells Redis again what it still has changes nothing there.
func TestTellingAgain(t *testing.T) {
	at := place(t)
	b := node(t, at)
	s := shapetest.On(t, b)
	for n := range 70 { // some wait for their pace
		s.See(s.Sight("app-a", n, "A", fmt.Sprint(n)))
	}
	s.Now = s.Now.Add(31 * time.Minute)
	for n := range 60 {
		s.Now = s.Now.Add(time.Second)
		x := s.Sight("app-a", n, "Big summer sale today")
		x.Part = n%3 == 0
		x.Minted = s.Now.Add(-time.Duration(n) * time.Hour)
		if n%4 == 0 {
			x.Subject, x.Joined = "LH400", 5
		}
		s.See(x)
		s.See(s.Sight("app-a", n, "Half price shoes", fmt.Sprint("number ", n)))
	}
	before := content(t, at)
	b.mu.Lock()
	b.untold = append(b.untold, b.recent[len(b.recent)-20:]...) // the answer was lost: it was counted all the same
	b.runs++
	b.mu.Unlock()
	if err := b.tell(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.told != b.runs || len(b.untold) != 0 {
		t.Fatal("it was not told")
	}
	after := content(t, at)
	if len(before) < 30 || !maps.Equal(before, after) {
		for k := range after {
			if before[k] != after[k] {
				t.Errorf("%q was %q and is %q", k, before[k], after[k])
			}
		}
		t.Fatalf("%d keys before, %d after", len(before), len(after))
	}
}

// What is remembered to be told again is bounded, the latest, and of a day.
func TestRecent(t *testing.T) {
	b := node(t, place(t))
	s := shapetest.On(t, nil)
	b.mu.Lock()
	defer b.mu.Unlock()
	keep := func(hold string) {
		b.remember(b.take(s.Sight("app-a", 1)).as(shape.Verdict{Hold: hold, Until: s.Now}))
	}
	for range recentMost + 10 {
		s.Now = s.Now.Add(time.Millisecond)
		keep("")
		keep(shape.Crowd)
		keep(shape.Hoard)
	}
	if n := len(b.recent); n != recentMost || b.recent[n-1].at != s.Now.UnixMilli() || b.recent[0].at != s.Now.UnixMilli()-recentMost+1 {
		t.Fatalf("%d are remembered", n)
	}
	s.Now = s.Now.Add(25 * time.Hour)
	keep(shape.Pace)
	if n := len(b.recent); n != 1 {
		t.Fatalf("%d are remembered a day later", n)
	}
}

// Thousands that were decided alone are told at once, and nobody waits for it.
func TestManyToTell(t *testing.T) {
	at := place(t)
	b := node(t, at)
	s := shapetest.On(t, b)
	s.Settle("app-a")
	var all []counted
	for n := range 3000 {
		x := s.Sight("app-a", n, "Text of its own "+string(rune('a'+n%26))+string(rune('a'+n/26%26))+string(rune('a'+n/676)))
		all = append(all, b.take(x).as(shape.Verdict{}))
	}
	b.mu.Lock()
	b.untold = slices.Clone(all)
	b.leave()
	b.mu.Unlock()
	for range 10 {
		s.See(s.Sight("app-a", 1_000_000)) // while it is told
	}
	redistest.Until(t, "it is told", func() bool { return !b.off() })
	other := shapetest.On(t, node(t, at))
	x := other.Sight("app-a", 5000)
	x.At, x.Reach = s.Now, 3001
	if v := other.See(x); !v.TooFar {
		t.Fatalf("not all is told: %+v", v)
	}
}

// The others have the time to tell Redis what they know, and so has this node.
func TestSettles(t *testing.T) {
	b := node(t, place(t))
	b.stop()
	<-b.done
	b.leave()
	if b.settle() || !b.isOff || b.settle() || !b.isOff {
		t.Fatal("it does not wait")
	}
	b.back = b.back.Add(-settleFor)
	b.untold = make([]counted, 1)
	if !b.settle() || !b.isOff {
		t.Fatal("it asks Redis for what it has not told")
	}
	b.untold = nil
	if b.runs++; !b.settle() || !b.isOff {
		t.Fatal("it asks a Redis that it has told nothing")
	}
	b.told = b.runs
	if b.settle() || b.isOff {
		t.Fatal("it waits for ever")
	}
}
