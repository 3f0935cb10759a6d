package redis

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	busredis "github.com/teahouse-im/teahouse/bus/redis"
	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/presence/presencetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an installation of its own in the Redis that all tests share.
type world struct{ url string }

func open(t testing.TB) world {
	t.Helper()
	w := world{redistest.Shared(t, "board")}
	t.Cleanup(func() { w.forget(t) })
	return w
}

func (w world) Node(t *testing.T, lease time.Duration) presence.Board { return w.node(t, lease) }

func (w world) node(t testing.TB, lease time.Duration) *Board {
	t.Helper()
	b, err := New(w.url, lease)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

func (w world) Wipe(t *testing.T) { w.forget(t) }

// keys are all of the installation's.
func (w world) keys(t testing.TB, do func(*redis.Client, []string)) {
	t.Helper()
	opt, prefix, err := busredis.Place(w.url)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(&opt)
	defer c.Close()
	keys, err := c.Keys(context.Background(), prefix+"*").Result()
	if err != nil {
		t.Fatal(err)
	}
	do(c, keys)
}

func (w world) forget(t testing.TB) {
	t.Helper()
	w.keys(t, func(c *redis.Client, keys []string) {
		if len(keys) > 0 {
			if err := c.Del(context.Background(), keys...).Err(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestContract(t *testing.T) {
	presencetest.Run(t, func(t *testing.T) presencetest.World { return open(t) })
}

// What nodes leave behind ends by itself.
func TestNothingStays(t *testing.T) {
	w := open(t)
	a := w.node(t, 200*time.Millisecond)
	if _, _, err := a.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Put(t.Context(), presence.Line{User: "alice", State: presence.Online}); err != nil {
		t.Fatal(err)
	}
	b := w.node(t, time.Hour)
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) { // between two looks
		if _, _, err := b.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		var left []string
		w.keys(t, func(c *redis.Client, keys []string) {
			left = keys
			names, err := c.SMembers(t.Context(), b.nodes).Result()
			if err != nil {
				t.Fatal(err)
			}
			left = append(left, names...)
		})
		if len(left) == 3 && !strings.Contains(strings.Join(left, " "), a.me) { // the set, b's hash, b's name
			break
		}
		if time.Now().After(end) {
			t.Fatalf("still there: %v", left)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	w.keys(t, func(_ *redis.Client, keys []string) {
		if len(keys) > 0 {
			t.Fatalf("after the last node: %v", keys)
		}
	})
}

// A Redis that is away is an error, and no more than that once it is back.
func TestAway(t *testing.T) {
	b, err := New("redis://127.0.0.1:1", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Put(t.Context(), presence.Line{User: "alice", State: presence.Online}); err == nil {
		t.Error("Put works without Redis")
	}
	if _, _, err := b.Renew(t.Context()); err == nil {
		t.Error("Renew works without Redis")
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := New("redis://:s3cret@localhost?x=1", time.Minute); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a URL that makes no sense: %v", err)
	}
}

// Nobody knows what came of a Renew without an answer, so the lines count as lost.
func TestRenewWithoutAnswer(t *testing.T) {
	b := open(t).node(t, time.Hour)
	renew := func(ctx context.Context) (wiped bool, err error) {
		wiped, _, err = b.Renew(ctx)
		return wiped, err
	}
	if wiped, err := renew(t.Context()); !wiped || err != nil {
		t.Fatal(wiped, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := renew(ctx); err == nil {
		t.Fatal("it has an answer")
	}
	for _, want := range []bool{true, false} {
		if wiped, err := renew(t.Context()); wiped != want || err != nil {
			t.Fatalf("wiped %v (%v), want %v", wiped, err, want)
		}
	}
}
