package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	readyWithin = time.Minute
	stopWithin  = 40 * time.Second
)

// A server is one node that is measured.
type server struct {
	addr string // host:port
	ops  string // host:port; "" if not known
	pid  int    // 0 if not known
	cmd  *exec.Cmd
	log  string
	gone chan struct{} // closed when the process has ended
}

// Servers are the nodes of one cluster, and how to sign in there.
type servers struct {
	nodes   []*server
	lab     *lab
	readyMS float64 // of the first, from its start
	tokens  sync.Map
	apis    *apis
}

// open starts n servers on a store, or gives those that are there already.
func (l *lab) open(ctx context.Context, s *store, n int) (*servers, error) {
	c := &servers{lab: l}
	for i, addr := range l.Addr {
		node := &server{addr: addr}
		if i < len(l.Pid) {
			node.pid = l.Pid[i]
		}
		if i == 0 {
			node.ops = l.Ops
		}
		c.nodes = append(c.nodes, node)
	}
	for i := len(c.nodes); i < n && len(l.Addr) == 0; i++ {
		l.say.step(fmt.Sprintf("starting server %d of %d", i+1, n))
		began := time.Now()
		node, err := l.start(ctx, s, i)
		if err != nil {
			c.close()
			return nil, err
		}
		if i == 0 {
			c.readyMS = float64(time.Since(began)) / 1e6
		}
		c.nodes = append(c.nodes, node)
	}
	var err error
	c.apis, err = newAPIs(c.nodes)
	return c, err
}

// start runs one server and waits until it is ready.
func (l *lab) start(ctx context.Context, s *store, i int) (*server, error) {
	dir := filepath.Join(s.dir, "node"+strconv.Itoa(i))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	logFile, err := os.Create(dir + ".log")
	if err != nil {
		return nil, err
	}
	defer logFile.Close()
	args := append([]string{
		"serve", "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--data", dir,
		"--strangers", "allow", "--limits", "off", "--group-members", "10000", "--friends", "50000", "--log-level", "warn",
		"--identity-jwks", l.key.jwks, "--identity-issuer", issuer, "--identity-audience", audience,
		"--node", "n" + strconv.Itoa(i+1),
	}, s.args...)
	n := &server{cmd: exec.Command(l.Server, args...), log: dir + ".log", gone: make(chan struct{})}
	n.cmd.Env, n.cmd.Stderr = cleanEnv(), logFile
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	n.pid = n.cmd.Process.Pid
	ready := make(chan bool, 1)
	go func() {
		defer close(n.gone)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if n.parseReady(lines.Text()) {
				ready <- true
			}
		}
		_ = n.cmd.Wait()
	}()
	timer := time.NewTimer(readyWithin)
	defer timer.Stop()
	select {
	case <-ready:
		return n, nil
	case <-n.gone:
		return nil, fmt.Errorf("the server did not start:\n%s", n.lastLog())
	case <-timer.C:
		err = errors.New("the server is not ready after a minute")
	case <-ctx.Done():
		err = ctx.Err()
	}
	n.stop()
	return nil, err
}

// parseReady reads "teahouse ready listen=http://… ops=http://…".
func (n *server) parseReady(line string) bool {
	rest, ok := strings.CutPrefix(line, "teahouse ready ")
	if !ok {
		return false
	}
	for _, f := range strings.Fields(rest) {
		key, value, _ := strings.Cut(f, "=")
		_, host, _ := strings.Cut(value, "://")
		switch key {
		case "listen":
			n.addr = strings.TrimSuffix(host, "/")
		case "ops":
			n.ops = strings.TrimSuffix(host, "/")
		}
	}
	return n.addr != ""
}

// lastLog is the end of what the server logged.
func (n *server) lastLog() string {
	b, err := os.ReadFile(n.log)
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-2000):])
}

// stop ends a server that was started here.
func (n *server) stop() {
	if n.cmd == nil {
		return
	}
	_ = n.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.AfterFunc(stopWithin, func() { _ = n.cmd.Process.Kill() })
	defer timer.Stop()
	<-n.gone
}

// close ends the servers that were started here.
func (c *servers) close() {
	var wg sync.WaitGroup
	for _, n := range c.nodes {
		wg.Go(n.stop)
	}
	wg.Wait()
}

// pids are the processes whose use counts as the servers'.
func (c *servers) pids() (out []int) {
	for _, n := range c.nodes {
		if n.pid != 0 {
			out = append(out, n.pid)
		}
	}
	return out
}

// node is where a person connects: always to the same.
func (c *servers) node(person string) *server {
	sum := 0
	for i := range len(person) {
		sum = sum*31 + int(person[i])
	}
	return c.nodes[uint(sum)%uint(len(c.nodes))]
}

// migrate makes the schema of a store.
func (l *lab) migrate(ctx context.Context, url string) error {
	cmd := exec.CommandContext(ctx, l.Server, "migrate", "--store", url)
	cmd.Env = cleanEnv()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("migrate: %w\n%s", err, out)
	}
	return nil
}

// cleanEnv is the environment without settings of the server: nothing left in it
// may change what is measured.
func cleanEnv() (out []string) {
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "TEAHOUSE_") {
			out = append(out, kv)
		}
	}
	return out
}

// profile records the first server's CPU for d, if that is wanted. The function
// it returns waits for the end.
func (c *servers) profile(d time.Duration, name string) func() {
	l, n := c.lab, c.nodes[0]
	if l.Profile == "" || n.ops == "" {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		seconds := max(1, int(d.Seconds()))
		resp, err := http.Get(fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", n.ops, seconds))
		if err != nil {
			fmt.Fprintln(os.Stderr, "profile:", err)
			return
		}
		defer resp.Body.Close()
		if err := os.MkdirAll(l.Profile, 0o755); err != nil {
			fmt.Fprintln(os.Stderr, "profile:", err)
			return
		}
		f, err := os.Create(filepath.Join(l.Profile, name+".pprof"))
		if err != nil {
			fmt.Fprintln(os.Stderr, "profile:", err)
			return
		}
		defer f.Close()
		_, _ = io.Copy(f, resp.Body)
	}()
	return func() { <-done }
}
