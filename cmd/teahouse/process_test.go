package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/client"
)

// program is the built command; the tests run it as operators do.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "teahouse-test-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "teahouse")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// patience bounds every wait of these tests; they share two cores with everything else.
const patience = 60 * time.Second

// A process is one running server.
type process struct {
	t      *testing.T
	args   []string
	listen string
	url    string
	ops    string
	cmd    *exec.Cmd
	log    string
}

var readyLine = regexp.MustCompile(`^teahouse ready listen=(\S+) ops=(\S+)$`)

// launch starts a server and waits until it accepts connections.
func launch(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, args: args, listen: "127.0.0.1:0", log: filepath.Join(t.TempDir(), "log")}
	p.start()
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.kill()
		}
		if t.Failed() {
			b, _ := os.ReadFile(p.log)
			t.Logf("the server's log ends with:\n%s", b[max(0, len(b)-3000):])
		}
	})
	return p
}

// start runs it again on the same address, as a supervisor would.
func (p *process) start() {
	p.t.Helper()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	must(p.t, err)
	defer log.Close()
	p.cmd = exec.Command(program, append([]string{"serve", "--listen", p.listen, "--ops-listen", "127.0.0.1:0", "--limits", "off"}, p.args...)...)
	p.cmd.Stderr = log
	out, err := p.cmd.StdoutPipe()
	must(p.t, err)
	must(p.t, p.cmd.Start())
	ready := make(chan []string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				ready <- m
			}
		}
		close(ready)
	}()
	select {
	case m, ok := <-ready:
		if !ok {
			p.t.Fatalf("the server ended before it was ready: %v", p.cmd.Wait())
		}
		p.url, p.ops, p.listen = m[1], m[2], strings.TrimPrefix(m[1], "http://")
	case <-time.After(patience):
		p.t.Fatal("the server did not become ready")
	}
}

// kill ends it as a power switch would end a program.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// stop asks it to end and returns its exit code.
func (p *process) stop() int {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	done := make(chan struct{})
	go func() { _ = p.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(patience):
		p.t.Fatal("the server did not stop")
	}
	return p.cmd.ProcessState.ExitCode()
}

// fails runs the command, which must refuse, and returns what it says.
func fails(t *testing.T, env []string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), env...)
	var said strings.Builder
	cmd.Stderr, cmd.Stdout = &said, io.Discard
	if err := cmd.Run(); err == nil {
		t.Fatalf("teahouse %s did not fail", strings.Join(args, " "))
	}
	return said.String()
}

// A person is a signed-in user of these tests.
type person struct {
	name   string
	server client.Server
	device string
	api    *client.API
	in     client.SignedIn
}

const password = "a good password"

// join makes somebody at a server and signs a device in.
func join(t *testing.T, s client.Server, name string) *person {
	t.Helper()
	api, err := client.NewAPI(s)
	must(t, err)
	_, err = api.SignUp(t.Context(), name, password, name)
	must(t, err)
	return signIn(t, s, name, "first")
}

func signIn(t *testing.T, s client.Server, name, device string) *person {
	t.Helper()
	api, err := client.NewAPI(s)
	must(t, err)
	in, err := api.SignIn(t.Context(), name, password, device)
	must(t, err)
	return &person{name: name, server: s, device: device, api: api.As(in.Token), in: in}
}

// befriend makes friends of everybody in people.
func befriend(t *testing.T, people ...*person) {
	t.Helper()
	for i, a := range people {
		for _, b := range people[i+1:] {
			_, err := a.api.RequestContact(t.Context(), b.name, "")
			must(t, err)
			must(t, b.api.AcceptContact(t.Context(), a.name))
		}
	}
}

// either is a network that reaches the first of several servers that answers.
func either(processes ...*process) client.Server {
	var addresses []string // they keep them when they start again
	for _, p := range processes {
		addresses = append(addresses, p.listen)
	}
	return client.Server{
		URL: processes[0].url,
		DialContext: func(ctx context.Context, network, _ string) (conn net.Conn, err error) {
			for _, a := range addresses {
				if conn, err = new(net.Dialer).DialContext(ctx, network, a); err == nil {
					return conn, nil
				}
			}
			return nil, fmt.Errorf("no node answers: %w", err)
		},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
