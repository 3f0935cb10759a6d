package law

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/node"
)

// program is the built command, which is built once.
var program struct {
	sync.Once
	path string
	err  error
}

func build(t testing.TB) string {
	t.Helper()
	program.Do(func() {
		out, err := exec.Command("go", "build", "-o", program.path, "../cmd/teahouse").CombinedOutput()
		if err != nil {
			program.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	must(t, program.err)
	return program.path
}

// A process is one running server.
type process struct {
	t      testing.TB
	args   []string
	listen string
	url    string
	ops    string
	cmd    *exec.Cmd
}

const operatorToken = "the-operators-token-of-these-tests"

var readyLine = regexp.MustCompile(`^teahouse ready listen=(\S+) ops=(\S+)$`)

// launch runs a server of a house until the test ends.
func (h *house) launch(t testing.TB, store, bus, data string) *process {
	t.Helper()
	p := &process{t: t, listen: "127.0.0.1:0", args: []string{
		"serve", "--ops-listen", "127.0.0.1:0", "--limits", "off", "--grant-delay", "0s", "--data", data, "--store", store, "--bus", bus,
		"--operator-token", operatorToken, "--log-level", "error",
		"--identity-jwks", h.signer.jwks, "--identity-issuer", issuer, "--identity-audience", audience,
	}}
	build(t)
	p.start()
	t.Cleanup(func() {
		if p.cmd.ProcessState == nil {
			p.kill()
		}
	})
	return p
}

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(program.path, append(p.args, "--listen", p.listen)...)
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	must(p.t, err)
	must(p.t, p.cmd.Start())
	ready := make(chan []string, 1)
	go func() {
		defer close(ready)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if m := readyLine.FindStringSubmatch(lines.Text()); m != nil {
				ready <- m
			}
		}
	}()
	select {
	case m, ok := <-ready:
		if !ok {
			p.t.Fatalf("the server ended before it was ready: %v", p.cmd.Wait())
		}
		p.url, p.ops, p.listen = m[1], m[2], strings.TrimPrefix(m[1], "http://")
	case <-time.After(2 * patience):
		p.t.Fatal("the server did not become ready")
	}
}

// kill ends it as a power switch would end a program.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// served by processes is a house whose nodes are programs of their own.
func processes(t testing.TB, store, bus, data string, n int) (*house, []*process) {
	t.Helper()
	h := newHouse(t)
	h.configs = []node.Config{{Store: store, Data: data}}
	var all []*process
	for i := range n {
		at := data
		if i > 0 {
			at = t.TempDir()
		}
		p := h.launch(t, store, bus, at)
		all, h.urls = append(all, p), append(h.urls, p.url)
	}
	h.mo = h.signIn(t, "mo")
	must(t, got(h.askAt(all[0].ops, "POST", "!/operator/users/"+h.mo.name+"/role", operatorToken, map[string]any{"role": "moderator"}))(t).err())
	return h, all
}

// TestKilledEmbedded kills the one server again and again while apps send.
func TestKilledEmbedded(t *testing.T) {
	data := t.TempDir()
	h, nodes := processes(t, "pebble:", "memory:", data, 1)
	killed(t, h, nodes, 40)
	out, err := exec.Command(program.path, "check", "notices", "--store", "pebble:", "--data", data).CombinedOutput()
	if err != nil {
		t.Errorf("teahouse check notices: %v\n%s", err, out)
	}
}

// TestKilledCluster kills one of two servers after the other.
func TestKilledCluster(t *testing.T) {
	h, nodes := processes(t, keyspace(t), redistest.Shared(t, "law"), t.TempDir(), 2)
	killed(t, h, nodes, 30)
}

// killed has many grants redeemed, each by several callers who repeat the same
// until they are answered, while servers are killed. In the end every notice that
// was acknowledged is there, once, and nothing else.
func killed(t *testing.T, h *house, nodes []*process, people int) {
	s := &scene{T: t, h: h}
	a := s.app()
	of, along := a.approve(queue()), a.approve(ride())
	tickets := append(of.spread(people), along.spread(people)...)
	var (
		all   sync.WaitGroup
		acked atomic.Int64
		mu    sync.Mutex
		names = map[string][]string{} // of notices, by user
		token = a.token()
		next  atomic.Int64
	)
	const callers = 3
	for range 6 * callers {
		all.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= callers*len(tickets) {
					return
				}
				k := tickets[i/callers]
				name, err := h.insist(t.Context(), token, k.body(fmt.Sprint(k.subject, "-", i%callers)))
				if err != nil {
					t.Error(err)
				}
				if name == "" {
					continue
				}
				acked.Add(1)
				mu.Lock()
				names[k.by.name] = append(names[k.by.name], name)
				mu.Unlock()
			}
		})
	}
	for round := range 4 {
		want := int64((round + 1) * len(tickets) / 6)
		eventually(t, "sending on", func() bool { return acked.Load() >= want })
		p := nodes[rand.IntN(len(nodes))]
		p.kill()
		p.start()
	}
	all.Wait()
	for _, p := range slices.Compact(s.people) {
		inbox := map[string]int{}
		// What was on its way when a server died is finished by the next one's sweep.
		eventually(t, "arriving", func() bool {
			clear(inbox)
			for n, err := range p.api().Notices(t.Context()) {
				must(t, err)
				inbox[n.Notice]++
			}
			return len(inbox) >= len(names[p.name])
		})
		for _, name := range names[p.name] {
			if inbox[name] != 1 {
				t.Errorf("%s was told of %s and %s has it %d times", a.id, name, p.name, inbox[name])
			}
		}
		if len(inbox) != len(names[p.name]) {
			t.Errorf("%s has %d notices, of %d that were acknowledged", p.name, len(inbox), len(names[p.name]))
		}
		if most := h.granted[reach{p.name, a.id}]; len(inbox) > most {
			t.Errorf("I1: %s has %d notices and granted %d", p.name, len(inbox), most)
		}
	}
	for _, p := range nodes {
		p.kill()
	}
	for _, b := range h.check(t).Broken {
		t.Errorf("the checker found %s", b)
	}
	t.Logf("%d acknowledged of %d grants", acked.Load(), len(tickets))
}

// insist sends the same until it is known what became of it, and gives the name of
// the notice if it was accepted.
func (h *house) insist(ctx context.Context, token string, body map[string]any) (string, error) {
	for deadline := time.Now().Add(2 * patience); time.Now().Before(deadline); {
		a, err := h.ask("POST", "/app/notices", token, body)
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case err != nil || a.status == 503: // nobody is there, or nobody knows
			time.Sleep(20 * time.Millisecond)
			continue
		case a.status/100 == 2:
			name, _ := a.object()["notice"].(string)
			return name, nil
		}
		switch code := client.CodeOf(a.err()); code {
		case "grant_consumed", "state_illegal":
			return "", nil
		default:
			return "", fmt.Errorf("a notice is answered %w", a.err())
		}
	}
	return "", fmt.Errorf("nobody answered within %s", 2*patience)
}
