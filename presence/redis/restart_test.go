package redis

import (
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
)

// A Redis that was killed comes back empty: every node notices and writes again,
// over the same board.
func TestRedisRestarts(t *testing.T) {
	r := redistest.Start(t)
	w := world{r.URL()}
	nodes := []*Board{w.node(t, time.Hour), w.node(t, time.Hour)}
	users := []id.User{"alice", "bob"}
	write := func(i int) error {
		return nodes[i].Put(t.Context(), presence.Line{User: users[i], State: presence.Online})
	}
	for i, b := range nodes {
		if _, _, err := b.Renew(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := write(i); err != nil {
			t.Fatal(err)
		}
	}
	r.Kill()
	for _, b := range nodes {
		if _, _, err := b.Renew(t.Context()); err == nil {
			t.Fatal("there is no Redis")
		}
	}
	r.Start()
	for i, b := range nodes {
		redistest.Until(t, "it is noticed", func() bool {
			wiped, _, err := b.Renew(t.Context())
			return err == nil && wiped
		})
		if err := write(i); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range nodes {
		states, err := b.Look(t.Context(), users)
		if err != nil || states[0] != presence.Online || states[1] != presence.Online {
			t.Fatalf("%v (%v)", states, err)
		}
	}
}
