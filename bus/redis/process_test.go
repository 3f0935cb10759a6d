package redis

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

const patience = 30 * time.Second

// until waits for something that has to become true.
func until(t testing.TB, what string, true_ func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	again := time.NewTicker(2 * time.Millisecond)
	defer again.Stop()
	for !true_() {
		select {
		case <-again.C:
		case <-late.C:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// missing ends a test that has no server to talk to: in CI it fails.
func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatalf("%s is needed", what)
	}
	t.Skipf("NOT TESTED: %s is missing", what)
}

// A process is a Redis of the test's own, to be killed and paused.
type process struct {
	t    testing.TB
	port string
	dir  string
	args []string
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
}

// startRedis starts a server on a free port of the loopback interface. It ends
// with the test, and so must every goroutine begun after it.
func startRedis(t testing.TB, args ...string) *process {
	t.Helper()
	goleak.VerifyNone(t)
	t.Cleanup(func() { goleak.VerifyNone(t) })
	p := newProcess(t, args...)
	p.start()
	return p
}

// newProcess prepares a server without starting it.
func newProcess(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{t: t, dir: t.TempDir(), args: args}
	p.port = p.freePort()
	return p
}

// freePort is one of the loopback interface that nobody listened on just now.
func (p *process) freePort() string {
	p.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func (p *process) start() {
	p.t.Helper()
	program := os.Getenv("TEAHOUSE_TEST_REDIS_SERVER")
	if program == "" {
		program = "redis-server"
	}
	program, err := exec.LookPath(program)
	if err != nil {
		missing(p.t, "redis-server")
	}
	log, err := os.Create(filepath.Join(p.dir, "log"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(program, append([]string{
		"--bind", "127.0.0.1", "--port", p.port, "--dir", p.dir, "--save", "", "--appendonly", "no",
	}, p.args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		cmd.Wait()
		close(done)
	}()
	p.cmd, p.done = cmd, done
	p.t.Cleanup(func() { end(cmd, done) })
	until(p.t, "Redis accepts connections", func() bool {
		select {
		case <-done:
			text, _ := os.ReadFile(filepath.Join(p.dir, "log"))
			p.t.Fatalf("Redis has ended: %s", text)
		default:
		}
		c, err := net.Dial("tcp", p.address())
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func end(cmd *exec.Cmd, done chan struct{}) {
	cmd.Process.Kill()
	<-done
}

// kill is kill -9; nothing that was in memory is left.
func (p *process) kill() { end(p.cmd, p.done) }

func (p *process) pause()  { p.cmd.Process.Signal(syscall.SIGSTOP) }
func (p *process) resume() { p.cmd.Process.Signal(syscall.SIGCONT) }

func (p *process) address() string { return net.JoinHostPort("127.0.0.1", p.port) }
func (p *process) url() string     { return "redis://" + p.address() }

// do runs a command of the operator.
func (p *process) do(args ...any) any {
	p.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: p.address(), Protocol: 2, ClientName: "operator"})
	defer c.Close()
	got, err := c.Do(p.t.Context(), args...).Result()
	if err != nil {
		p.t.Fatalf("%v: %v", args, err)
	}
	return got
}

// subscribers is how many clients listen.
func (p *process) subscribers() int {
	p.t.Helper()
	return strings.Count(p.do("client", "list", "type", "pubsub").(string), "\n")
}
