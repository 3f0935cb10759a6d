package bench

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A loop is a session that sends one message after the other, each when one
// before is acknowledged; several may be under way at once.
type loop struct {
	g     *gauge
	t     *trouble
	pick  picker
	size  int
	next  atomic.Int64
	sent  []atomic.Int64 // when those under way were sent, by number
	acked atomic.Int64
	acks  *hdrhistogram.Histogram
	open  atomic.Int64  // messages that are under way, or will be
	idle  chan struct{} // closed when none is
}

// A picker says where the message of that number goes; false: there is none any more.
type picker func(number int64) (to receiver, more bool)

// always sends everything to one target.
func always(to receiver) picker { return func(int64) (receiver, bool) { return to, true } }

func newLoop(g *gauge, t *trouble, pick picker, size, flying int) *loop {
	p := &loop{g: g, t: t, pick: pick, size: size, sent: make([]atomic.Int64, flying), acks: newLatencies(), idle: make(chan struct{})}
	p.open.Store(int64(flying))
	return p
}

// fill begins: everything after it happens in the reader, which must give the
// replies to handle.
func (p *loop) fill(c *conn) {
	for range len(p.sent) {
		p.send(c)
	}
}

func (p *loop) send(c *conn) {
	n := p.next.Add(1) - 1
	to, more := p.pick(n)
	if !more || p.g.stop.Load() {
		if p.open.Add(-1) == 0 {
			close(p.idle)
		}
		return
	}
	p.sent[n%int64(len(p.sent))].Store(clock())
	if c.send(to, n, p.size) != nil {
		c.sock.Close() // the reader tells why
	}
}

func (p *loop) handle(c *conn, msg []byte) {
	if !isReply(msg) {
		p.t.heed(c, msg)
		return
	}
	if isRefusal(msg) {
		p.t.heed(c, msg)
	} else {
		n := p.acked.Add(1) - 1
		if p.g.on.Load() {
			took(p.acks, p.sent[n%int64(len(p.sent))].Load())
		}
	}
	p.send(c)
}

// finish lets loops come to an end and waits for it; left is how many do not.
func finish(ctx context.Context, g *gauge, loops []*loop, conns []*conn) (left int64) {
	g.stop.Store(true)
	return drain(ctx, loops, conns, patience)
}

// drain waits until loops have ended by themselves.
func drain(ctx context.Context, loops []*loop, conns []*conn, most time.Duration) (left int64) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	for i, p := range loops {
		select {
		case <-p.idle:
		case <-conns[i].gone:
			left++
		case <-timer.C:
			return left + int64(len(loops)-i)
		case <-ctx.Done():
			return left + int64(len(loops)-i)
		}
	}
	return left
}

// sum is how many messages were acknowledged.
func sum(loops []*loop) (n int64) {
	for _, p := range loops {
		n += p.acked.Load()
	}
	return n
}

// arrived is how many messages came in.
func arrived(conns []*conn) (n int64) {
	for _, c := range conns {
		n += c.got.Load()
	}
	return n
}

func acksOf(loops []*loop) (out []*hdrhistogram.Histogram) {
	for _, p := range loops {
		out = append(out, p.acks)
	}
	return out
}
