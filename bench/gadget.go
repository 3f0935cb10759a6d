package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/wire"
)

// A gadget is one device of a person: it goes on and off the air, perhaps over
// bad lines, and writes down every entry that it is given.
type gadget struct {
	name    string // for people: person and device
	token   string
	device  string
	cuts    func() int // bytes after which a connection breaks; nil: it holds
	journal client.Memory

	c     *client.Client // nil while off the air
	wrote chan struct{}  // closed when the last entry of c is written down
	lost  *atomic.Int64  // connections that broke

	mu  sync.Mutex
	log map[string][]wire.Entry
}

// gadget signs a device of a person in.
func (c *servers) gadget(ctx context.Context, person, device string, cuts func() int, lost *atomic.Int64) (*gadget, error) {
	token, err := c.signIn(ctx, person, device)
	if err != nil {
		return nil, err
	}
	return &gadget{
		name: person + "/" + device, token: token, device: device, cuts: cuts, lost: lost, log: map[string][]wire.Entry{},
	}, nil
}

// on connects the device to a node.
func (g *gadget) on(ctx context.Context, n *server) error {
	c, err := client.Dial(ctx, client.Options{
		Server: client.Server{URL: "http://" + n.addr, DialContext: g.dial},
		Token:  g.token, Device: g.device, Journal: &g.journal, FromFloor: true,
		Backoff: client.Backoff{Min: 20 * time.Millisecond, Max: time.Second},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", g.name, err)
	}
	g.c, g.wrote = c, make(chan struct{})
	go func() {
		defer close(g.wrote)
		for event := range c.Events(context.Background()) {
			if e, ok := event.(client.NewEntry); ok {
				g.mu.Lock()
				g.log[e.Stream] = append(g.log[e.Stream], e.Entry)
				g.mu.Unlock()
			}
		}
	}()
	return nil
}

// off takes the device off the air.
func (g *gadget) off() {
	if g.c == nil {
		return
	}
	g.c.Close()
	<-g.wrote
	g.c = nil
}

// entries is what the device has written down of a stream.
func (g *gadget) entries(stream string) []wire.Entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.log[stream][:len(g.log[stream]):len(g.log[stream])]
}

// streams are those the device has entries of.
func (g *gadget) streams() (out []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for s := range g.log {
		out = append(out, s)
	}
	return out
}

// reach waits until the device has written down a stream up to a position.
func (g *gadget) reach(ctx context.Context, stream string, seq int64) error {
	left := until(ctx, time.Minute, func() int64 {
		es := g.entries(stream)
		if len(es) == 0 {
			return seq
		}
		return seq - es[len(es)-1].Seq
	})
	if left > 0 {
		return fmt.Errorf("%s lacks the last %d entries of %s after a minute", g.name, left, stream)
	}
	return ctx.Err()
}

func (g *gadget) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	sock, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, network, addr)
	if err != nil || g.cuts == nil {
		return sock, err
	}
	b := &badLine{Conn: sock, lost: g.lost}
	b.left.Store(int64(g.cuts()))
	return b, nil
}

// A badLine breaks, without a word, when so many bytes have gone over it, in the
// middle of a frame as a rule.
type badLine struct {
	net.Conn
	left atomic.Int64
	lost *atomic.Int64
	once sync.Once
}

func (b *badLine) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p[:min(len(p), int(max(1, b.left.Load())))])
	b.spend(n)
	return n, err
}

func (b *badLine) Write(p []byte) (int, error) {
	room := int(b.left.Load())
	if len(p) <= room {
		n, err := b.Conn.Write(p)
		b.spend(n)
		return n, err
	}
	n, _ := b.Conn.Write(p[:max(0, room)])
	b.spend(room + 1)
	return n, net.ErrClosed
}

func (b *badLine) spend(n int) {
	if b.left.Add(-int64(n)) <= 0 {
		b.once.Do(func() {
			b.lost.Add(1)
			b.Conn.Close()
		})
	}
}

// mostlyFew gives numbers from low to high, each order of magnitude as often as
// the next: most connections break soon, some live to bring any answer whole.
func mostlyFew(r *rand.Rand, low, high float64) func() int {
	var mu sync.Mutex
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return int(low * math.Pow(high/low, r.Float64()))
	}
}
