package redis

import (
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
)

// startServer starts a Redis of the test's own at an address, until end is called.
func startServer(t *testing.T, port string) (end func()) {
	t.Helper()
	program := os.Getenv("TEAHOUSE_TEST_REDIS_SERVER")
	if program == "" {
		program = "redis-server"
	}
	program, err := exec.LookPath(program)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("redis-server is needed")
		}
		t.Skip("NOT TESTED: redis-server is missing")
	}
	cmd := exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--dir", t.TempDir(), "--save", "", "--appendonly", "no")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end = func() {
		cmd.Process.Kill()
		cmd.Wait()
	}
	t.Cleanup(end)
	until(t, "Redis accepts connections", func() bool {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return end
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(20 * time.Millisecond) { // between two looks
		if time.Now().After(end) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// A Redis that was killed comes back empty: every node notices and writes again,
// over the same board.
func TestRedisRestarts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	end := startServer(t, port)
	w := world{"redis://127.0.0.1:" + port}
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
	end()
	for _, b := range nodes {
		if _, _, err := b.Renew(t.Context()); err == nil {
			t.Fatal("there is no Redis")
		}
	}
	startServer(t, port)
	for i, b := range nodes {
		until(t, "it is noticed", func() bool {
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
