package redistest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A Server is a Redis of one test's own. It keeps its address while it is dead, and
// nothing of what it held.
type Server struct {
	t    testing.TB
	port string
	dir  string
	args []string
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended
}

// Start starts a server on a free port of the loopback interface. It ends with the
// test, after all that was begun on it.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := New(t, args...)
	s.Start()
	return s
}

// New prepares a server without starting it.
func New(t testing.TB, args ...string) *Server {
	t.Helper()
	s := &Server{t: t, port: FreePort(t), dir: t.TempDir(), args: args}
	t.Cleanup(s.Kill)
	return s
}

// FreePort is one of the loopback interface that nobody listened on just now.
func FreePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// program is the server's path. Where there is none the test is skipped, and in CI it fails.
func program(t testing.TB) string {
	t.Helper()
	name := os.Getenv("TEAHOUSE_TEST_REDIS_SERVER")
	if name == "" {
		name = "redis-server"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, "redis-server")
	}
	return path
}

// Start starts the server, for the first time or after a Kill, and waits until it
// accepts connections. It is empty.
func (s *Server) Start() {
	s.t.Helper()
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(program(s.t), append([]string{
		"--bind", "127.0.0.1", "--port", s.port, "--dir", s.dir, "--save", "", "--appendonly", "no",
	}, s.args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		cmd.Wait()
		close(done)
	}()
	s.cmd, s.done = cmd, done
	Until(s.t, "Redis accepts connections", s.accepts)
}

func (s *Server) accepts() bool {
	s.t.Helper()
	select {
	case <-s.done:
		text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		s.t.Fatalf("Redis has ended: %s", text)
	default:
	}
	c, err := net.Dial("tcp", s.Address())
	if err == nil {
		c.Close()
	}
	return err == nil
}

// Kill is kill -9; nothing that was in memory is left.
func (s *Server) Kill() {
	if s.cmd == nil {
		return // never started
	}
	s.cmd.Process.Kill()
	<-s.done
}

// Signal sends the process a signal.
func (s *Server) Signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Address is host and port.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", s.port) }

// URL is the server's, without the number of a database.
func (s *Server) URL() string { return "redis://" + s.Address() }
