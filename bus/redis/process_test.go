package redis

import (
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/teahouse-im/teahouse/bus/redistest"
)

// A process is a Redis of the test's own, to be killed, paused and operated.
type process struct {
	*redistest.Server
	t testing.TB
}

// startRedis starts a server. It ends with the test, and so must every goroutine begun after it.
func startRedis(t testing.TB, args ...string) *process {
	t.Helper()
	goleak.VerifyNone(t)
	t.Cleanup(func() { goleak.VerifyNone(t) })
	return &process{redistest.Start(t, args...), t}
}

func (p *process) pause()  { p.Signal(syscall.SIGSTOP) }
func (p *process) resume() { p.Signal(syscall.SIGCONT) }

// do runs a command of the operator.
func (p *process) do(args ...any) any {
	p.t.Helper()
	c := redis.NewClient(&redis.Options{Addr: p.Address(), Protocol: 2, ClientName: "operator"})
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
