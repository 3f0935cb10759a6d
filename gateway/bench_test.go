package gateway

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/teahouse-im/teahouse/id"
)

// The benchmarks run the server in a process of its own, which is this test
// binary again, so that its CPU and memory are not mixed with the clients'.
// Run them with -benchtime=Nx, N being messages:
//
//	go test ./gateway -run '^$' -bench FanOut -benchtime 2000x
//	go test ./gateway -run '^$' -bench Pairs -benchtime 50000x
//	go test ./gateway -run '^$' -bench Idle -benchtime 10000x
const childVar = "TEAHOUSE_BENCH_SERVER"

func TestMain(m *testing.M) {
	if os.Getenv(childVar) != "" {
		os.Exit(m.Run())
	}
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/maypok86/otter/v2.periodicCleanUp[...]")) // caches of the domains
}

// TestServer is the benchmarks' server. It answers each line of its standard
// input with how it is doing, until there are no more.
func TestServer(t *testing.T) {
	if os.Getenv(childVar) == "" {
		return
	}
	users, _ := strconv.Atoi(os.Getenv(childVar))
	h := open(t, func(p *plan) {
		p.Limits.SessionsPerUser = 0
		p.WaitingMost = 1 << 20
		p.Portable = os.Getenv("PORTABLE") != ""
	})
	for i := range users {
		h.token(benchUser(i), "d")
	}
	group := h.bigGroup(users)
	out := bufio.NewWriter(os.Stderr)
	fmt.Fprintln(out, h.addr, group)
	out.Flush()
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		switch line := in.Text(); line {
		case "profile":
			f, err := os.Create(os.Getenv("PROFILE"))
			if err != nil {
				t.Fatal(err)
			}
			pprof.StartCPUProfile(f)
		case "stop":
			pprof.StopCPUProfile()
		case "heap":
			f, _ := os.Create(os.Getenv("PROFILE"))
			runtime.GC()
			pprof.WriteHeapProfile(f)
			f.Close()
		}
		var use syscall.Rusage
		syscall.Getrusage(syscall.RUSAGE_SELF, &use)
		json.NewEncoder(out).Encode(doing{
			CPU: time.Duration(use.Utime.Nano() + use.Stime.Nano()), RSS: resident(), Stats: h.gw.Stats(), Goroutines: runtime.NumGoroutine(),
		})
		out.Flush()
	}
}

// bigGroup is a group of all users.
func (h *house) bigGroup(users int) string {
	group := h.group(benchUser(0))
	var some []string
	for i := 1; i < users; i++ {
		if some = append(some, string(benchUser(i))); len(some) == 200 || i == users-1 {
			if _, err := h.chat.AddMembers(h.ctx, benchUser(0), group, some); err != nil {
				h.t.Fatal(err)
			}
			some = nil
		}
	}
	return group
}

type doing struct {
	CPU        time.Duration
	RSS        int64
	Goroutines int
	Stats      Stats
}

func resident() int64 {
	b, _ := os.ReadFile("/proc/self/statm")
	var size, rss int64
	fmt.Sscan(string(b), &size, &rss)
	return rss * int64(os.Getpagesize())
}

func benchUser(i int) id.User { return id.User(fmt.Sprintf("user-%d", i)) }

type child struct {
	b     *testing.B
	addr  string
	group string
	in    io.Writer
	out   *bufio.Scanner
}

func startServer(b *testing.B, users int) *child {
	cmd := exec.Command(os.Args[0], "-test.run=^TestServer$")
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", childVar, users))
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StderrPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cmd.Wait() })
	c := &child{b: b, in: in, out: bufio.NewScanner(out)}
	if !c.out.Scan() {
		b.Fatal("the server did not start")
	}
	c.addr, c.group, _ = strings.Cut(c.out.Text(), " ")
	return c
}

func (c *child) doing(cmd string) (d doing) {
	io.WriteString(c.in, cmd+"\n")
	if !c.out.Scan() {
		c.b.Fatal("the server has gone")
	}
	if err := json.Unmarshal(c.out.Bytes(), &d); err != nil {
		c.b.Fatal(err)
	}
	return d
}

// connect signs in user i and returns the connection after hello.
func (c *child) connect(i int) (net.Conn, *bufio.Reader) {
	conn, err := net.Dial("tcp", c.addr)
	if err != nil {
		c.b.Error(err)
		return nil, nil
	}
	p := shake(c.b, conn)
	p.ok("hello", hello(tokenOf(benchUser(i), "d"), "d"))
	conn.SetDeadline(time.Time{})
	return conn, p.in
}

func (c *child) connectAll(n int) ([]net.Conn, []*bufio.Reader) {
	conns, readers := make([]net.Conn, n), make([]*bufio.Reader, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				conns[i], readers[i] = c.connect(i)
			}
		})
	}
	wg.Wait()
	c.b.Cleanup(func() {
		for _, conn := range conns {
			conn.Close()
		}
	})
	return conns, readers
}

// nextFrame skips to the end of the next frame and tells its opcode and the start of its payload.
func nextFrame(in *bufio.Reader) (op byte, payload []byte, err error) {
	head, err := in.Peek(2)
	if err != nil {
		return 0, nil, err
	}
	n, at := int(head[1]), 2
	op = head[0] & 0xf
	if n == 126 {
		if head, err = in.Peek(4); err != nil {
			return 0, nil, err
		}
		n, at = int(binary.BigEndian.Uint16(head[2:])), 4
	}
	if payload, err = in.Peek(at + min(n, 512)); err != nil {
		return 0, nil, err
	}
	payload = payload[at:]
	_, err = in.Discard(at + n)
	return op, payload, err
}

// report tells what the server spent between two looks.
func report(b *testing.B, from, to doing, units, per float64, unit string) {
	cpu := (to.CPU - from.CPU).Seconds()
	b.ReportMetric(cpu*per/units, fmt.Sprintf("cpu-s/%s", unit))
	b.ReportMetric(float64(to.Stats.FramesOut-from.Stats.FramesOut)/float64(to.Stats.Writes-from.Stats.Writes), "frames/write")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkIdle(b *testing.B) {
	c := startServer(b, b.N)
	before := c.doing("")
	if os.Getenv("CONNECTPROF") != "" {
		c.doing("profile")
	}
	c.connectAll(b.N)
	after := c.doing("")
	if os.Getenv("CONNECTPROF") != "" {
		c.doing("stop")
	}
	b.ReportMetric((after.CPU-before.CPU).Seconds()*1e3/float64(b.N), "cpu-ms/connect")
	time.Sleep(4 * time.Second)
	after = c.doing("")
	b.ReportMetric(float64(after.RSS-before.RSS)/float64(b.N), "B/session")
	b.ReportMetric(float64(after.Goroutines-before.Goroutines), "goroutines")
	b.ReportMetric(0, "ns/op")
	if os.Getenv("PROFILE") != "" && os.Getenv("CONNECTPROF") == "" {
		c.doing("heap")
	}
}

func BenchmarkPairs(b *testing.B) {
	const pairs = 50
	c := startServer(b, 2*pairs)
	conns, readers := c.connectAll(2 * pairs)
	var left atomic.Int64
	var delivered sync.WaitGroup
	if os.Getenv("PROFILE") != "" {
		c.doing("profile")
	}
	from := c.doing("")
	b.ResetTimer()
	start := time.Now()
	left.Store(int64(b.N))
	delivered.Add(b.N)
	for i := range pairs {
		go func() { // receives
			for {
				op, payload, err := nextFrame(readers[pairs+i])
				if err != nil {
					return
				}
				if op == opText && string(payload[:10]) == `{"event":"` {
					delivered.Done()
				}
			}
		}()
		go func() {
			out, in := conns[i], readers[i]
			to := id.DirectStream(benchUser(i), benchUser(pairs+i))
			body := fmt.Sprintf("%0128d", i)
			for n := 1; left.Add(-1) >= 0; n++ {
				out.Write(textOf(fmt.Sprintf(`{"id":%d,"op":"send","data":{"stream":"%s","message_id":"%s","kind":"text","body":{"text":"%s"}}}`, n, to, newID(), body)))
				if _, _, err := nextFrame(in); err != nil {
					return
				}
			}
		}()
	}
	delivered.Wait()
	took := time.Since(start).Seconds()
	to := c.doing("")
	if os.Getenv("PROFILE") != "" {
		c.doing("stop")
	}
	b.ReportMetric(float64(b.N)/took, "msg/s")
	report(b, from, to, float64(b.N), 1000, "1k")
}

// BenchmarkFanOut has one publisher with four messages in flight.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{1000, 5000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) { fanOut(b, n) })
	}
}

func fanOut(b *testing.B, n int) {
	const window = 4
	c := startServer(b, n+1)
	conns, readers := c.connectAll(n + 1)
	body := fmt.Sprintf("%0128d", 0)
	tokens := make(chan struct{}, window)
	var lefts [1 << 16]atomic.Int32 // by seq: who has not got it yet
	var done sync.WaitGroup
	for i := 1; i <= n; i++ {
		go func() {
			for {
				op, payload, err := nextFrame(readers[i])
				if err != nil {
					return
				}
				if op != opText || !bytes.HasPrefix(payload, []byte(`{"event":"entry"`)) {
					continue
				}
				_, rest, _ := bytes.Cut(payload, []byte(`"seq":`))
				seq := 0
				for _, d := range rest {
					if d < '0' || d > '9' {
						break
					}
					seq = seq*10 + int(d-'0')
				}
				if lefts[seq&0xffff].Add(1) == int32(n) {
					lefts[seq&0xffff].Store(0)
					<-tokens
					done.Done()
				}
			}
		}()
	}
	go func() {
		for {
			if _, _, err := nextFrame(readers[0]); err != nil {
				return
			}
		}
	}()
	if os.Getenv("PROFILE") != "" {
		c.doing("profile")
	}
	from := c.doing("")
	b.ResetTimer()
	start := time.Now()
	done.Add(b.N)
	for m := range b.N {
		tokens <- struct{}{}
		conns[0].Write(textOf(fmt.Sprintf(`{"id":%d,"op":"send","data":{"stream":"%s","message_id":"%s","kind":"text","body":{"text":"%s"}}}`, m+2, c.group, newID(), body)))
	}
	done.Wait()
	took := time.Since(start).Seconds()
	to := c.doing("")
	if os.Getenv("PROFILE") != "" {
		c.doing("stop")
	}
	b.ReportMetric(float64(b.N*n)/took, "deliveries/s")
	report(b, from, to, float64(b.N*n), 100_000, "100k")
}
