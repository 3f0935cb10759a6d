package law

import (
	"net"
	"os"
	"os/exec"
	"testing"

	"github.com/teahouse-im/teahouse/client"
)

// A redisServer is a Redis of the test's own, which can be killed.
type redisServer struct {
	t    testing.TB
	addr string
	cmd  *exec.Cmd
}

func startRedis(t testing.TB) *redisServer {
	t.Helper()
	redisURL(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r := &redisServer{t: t, addr: l.Addr().String()}
	must(t, l.Close())
	r.start()
	t.Cleanup(r.kill)
	return r
}

func (r *redisServer) start() {
	r.t.Helper()
	program := os.Getenv("TEAHOUSE_TEST_REDIS_SERVER")
	if program == "" {
		program = "redis-server"
	}
	_, port, _ := net.SplitHostPort(r.addr)
	r.cmd = exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", r.t.TempDir())
	must(r.t, r.cmd.Start())
	eventually(r.t, "starting Redis", func() bool {
		conn, err := net.Dial("tcp", r.addr)
		if err == nil {
			err = conn.Close()
		}
		return err == nil
	})
}

func (r *redisServer) kill() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

// TestRedisAway kills Redis in the middle of a flood on two nodes: they count alone,
// against a quarter of the limit each, and hold the rest. When it comes back, empty,
// it is told what the one that died had counted, and no more than 20 get through.
func TestRedisAway(t *testing.T) {
	r := startRedis(t)
	h := clusterOn(t, "redis://"+r.addr+"/0", 2)
	s := &scene{T: t, h: h}
	of := s.app().approve(remark())
	const before, flood = 4, 40
	tickets := of.spread(before + flood + 20)
	for _, k := range tickets[:before] {
		must(t, k.say("At the window seat", ""))
	}
	count := func() (n int) {
		for _, k := range tickets {
			n += s.inbox(k.by)
		}
		return n
	}
	if n := count(); n != before {
		t.Fatalf("%d of %d came before anything happened", n, before)
	}
	r.kill()
	for _, err := range s.parallel(flood, func(i int) error { return tickets[before+i].say("At the window seat", "") }) {
		if code := client.CodeOf(err); err != nil && code != "unavailable" && code != "template_paused" {
			t.Errorf("without Redis a notice is answered %v", err)
		}
	}
	if n := count(); n > 10 { // two nodes, 20/4 each
		t.Errorf("without Redis %d came", n)
	}
	r.start()
	eventually(t, "finding Redis again", func() bool {
		ready := 0
		for _, n := range h.nodes {
			if got(h.askAt(n.Ops, "GET", "!/readyz", "", nil))(t).status == 200 {
				ready++
			}
		}
		return ready == len(h.nodes)
	})
	for _, err := range s.parallel(20, func(i int) error { return tickets[before+flood+i].say("At the window seat", "") }) {
		if code := client.CodeOf(err); err != nil && code != "unavailable" && code != "template_paused" {
			t.Errorf("with Redis again a notice is answered %v", err)
		}
	}
	if n := count(); n > most {
		t.Errorf("%d people got the same in ten minutes", n)
	}
	t.Logf("%d came, %d are held", count(), of.held())
	h.lawful(t)
}
