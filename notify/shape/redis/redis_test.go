package redis

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	busredis "github.com/teahouse-im/teahouse/bus/redis"
	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/notify/shape/shapetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for a Redis on a machine that is busy.
const patience = 30 * time.Second

// place is an installation of its own in the Redis that all tests share.
func place(t testing.TB) string {
	t.Helper()
	at := redistest.Shared(t, "shape")
	t.Cleanup(func() {
		keys(t, at, func(c *redis.Client, all []string) { c.Del(context.Background(), all...) })
	})
	return at
}

func keys(t testing.TB, at string, do func(*redis.Client, []string)) {
	t.Helper()
	opt, prefix, err := busredis.Place(at)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(&opt)
	defer c.Close()
	all, err := c.Keys(context.Background(), prefix+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) > 0 {
		do(c, all)
	}
}

func node(t testing.TB, at string) *Board {
	t.Helper()
	b, err := open(at, shape.DefaultLimits(), 20_000, patience, func(err error) { t.Log(err) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// cluster asks one node after the other: none of them sees enough to decide alone.
type cluster struct {
	nodes []*Board
	n     int
}

func (c *cluster) one() *Board {
	c.n++
	return c.nodes[c.n%len(c.nodes)]
}

func (c *cluster) See(ctx context.Context, s shape.Sighting) (shape.Verdict, error) {
	return c.one().See(ctx, s)
}

func (c *cluster) Forget(ctx context.Context, t id.Template) error {
	for _, b := range c.nodes { // a moderator's node; the others have counted for themselves too
		if err := b.Forget(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func TestContract(t *testing.T) {
	shapetest.Run(t, func(t *testing.T) shape.Board {
		at := place(t)
		c := &cluster{}
		for range 6 {
			c.nodes = append(c.nodes, node(t, at))
		}
		return c
	})
}

func TestExact(t *testing.T) {
	for seed := range uint64(3) {
		at := place(t)
		c := &cluster{}
		for range 4 {
			b, err := open(at, shapetest.Small(), 20_000, patience, func(err error) { t.Error(err) })
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { b.Close() })
			c.nodes = append(c.nodes, b)
		}
		shapetest.Model(t, seed, 1000, c)
	}
}

// At the same time, from all nodes: exactly twenty get it.
func TestAllAtOnce(t *testing.T) {
	at := place(t)
	s := shapetest.On(t, node(t, at))
	s.Settle("app-a")
	var passed, held atomic.Int64
	var all sync.WaitGroup
	for n := range 4 {
		b := node(t, at)
		all.Go(func() {
			for i := range 30 {
				v, err := b.See(t.Context(), s.Sight("app-a", 100*n+i, "Big summer sale today"))
				switch {
				case err != nil:
					t.Error(err)
				case v.Hold == "":
					passed.Add(1)
				case v.Hold == shape.Crowd:
					held.Add(1)
				}
			}
		})
	}
	all.Wait()
	if passed.Load() != 20 || held.Load() != 100 {
		t.Fatalf("%d passed, %d are held", passed.Load(), held.Load())
	}
}

// All keys end by themselves, and those of a developer are in one slot.
func TestKeys(t *testing.T) {
	at := place(t)
	s := shapetest.On(t, node(t, at))
	for n := range 60 {
		x := s.Sight("app-a", n, "Big summer sale today")
		if n%2 == 0 {
			x.Joined = 3
		}
		s.See(x)
	}
	keys(t, at, func(c *redis.Client, all []string) {
		slots := map[int64]bool{}
		for _, k := range all {
			if ttl, err := c.PTTL(t.Context(), k).Result(); err != nil || ttl <= 0 {
				t.Errorf("%q lasts %v (%v)", k, ttl, err)
			}
			if !strings.Contains(k, "seen-of:") {
				slots[c.ClusterKeySlot(t.Context(), k).Val()] = true
			}
		}
		if len(all) < 15 || len(slots) != 1 {
			t.Errorf("%d keys in %d slots", len(all), len(slots))
		}
	})
}

func TestNobodyThere(t *testing.T) {
	var heard atomic.Int64
	b, err := New("redis://127.0.0.1:1", shape.DefaultLimits(), 1000, func(err error) {
		if !errors.Is(err, fault.Unavailable) {
			t.Error(err)
		}
		heard.Add(1)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	s := shapetest.On(t, b)
	s.Settle("app-a")
	for n := range 5 {
		s.Want("", s.Sight("app-a", n, "Big summer sale today"))
	}
	for n := range 20 {
		s.Want(shape.Crowd, s.Sight("app-a", 5+n, "Big summer sale today"))
	}
	if heard.Load() == 0 {
		t.Error("nobody hears of it")
	}
	if _, err := New("redis://localhost?x=1", shape.DefaultLimits(), 0, nil); err == nil {
		t.Error("a URL that makes no sense")
	}
}

func BenchmarkSee(b *testing.B) {
	board := node(b, place(b))
	s := shapetest.On(b, board)
	n := 0
	for b.Loop() {
		s.Now = s.Now.Add(time.Minute)
		s.See(s.Sight("app-a", n, "Text of its own "+string(rune('a'+n%26))))
		n++
	}
}
