package client

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/teahouse-im/teahouse/wire"
)

// A peer is a server that does what a test tells it, over pipes, in a bubble of
// its own time.
type peer struct {
	t      *testing.T
	pipes  chan net.Conn
	closed chan struct{}
	visits chan *visit
	refuse func(w http.ResponseWriter) bool // answers instead of upgrading
	last   time.Time                        // of the latest dial
}

// A visit is one connection of the client.
type visit struct {
	t    *testing.T
	ws   *websocket.Conn
	done chan struct{}
}

// inBubble runs a test with a peer.
func inBubble(t *testing.T, run func(t *testing.T, p *peer)) {
	synctest.Test(t, func(t *testing.T) {
		p := &peer{t: t, pipes: make(chan net.Conn), closed: make(chan struct{}), visits: make(chan *visit, 16)}
		srv := &http.Server{Handler: p}
		var serving sync.WaitGroup
		serving.Go(func() { srv.Serve(p) })
		run(t, p)
		close(p.closed)
		srv.Close()
		serving.Wait()
	})
}

func (p *peer) Accept() (net.Conn, error) {
	select {
	case c := <-p.pipes:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}
func (p *peer) Close() error   { return nil }
func (p *peer) Addr() net.Addr { return &net.UnixAddr{} }

func (p *peer) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.last = time.Now()
	mine, theirs := net.Pipe()
	select {
	case p.pipes <- mine:
		return theirs, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.refuse != nil && p.refuse(w) {
		return
	}
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{wire.Subprotocol}})
	if err != nil {
		p.t.Error(err)
		return
	}
	ws.SetReadLimit(1 << 20)
	v := &visit{t: p.t, ws: ws, done: make(chan struct{})}
	p.visits <- v
	<-v.done
}

// options are a client's, for this peer.
func (p *peer) options() Options {
	return Options{Server: Server{URL: "http://peer.example", DialContext: p.dial}, Token: "alice~secret", Device: "d1"}
}

// open starts a client and says the hello of its first connection.
func (p *peer) open(opt Options, streams ...wire.Stream) (*Client, *visit) {
	p.t.Helper()
	c, err := Open(opt)
	if err != nil {
		p.t.Fatal(err)
	}
	return c, p.welcome(streams...)
}

// welcome takes the next connection and its hello.
func (p *peer) welcome(streams ...wire.Stream) *visit {
	p.t.Helper()
	v := p.visit()
	r := v.expect("hello")
	v.reply(r, greeting(streams...))
	return v
}

func (p *peer) visit() *visit {
	p.t.Helper()
	select {
	case v := <-p.visits:
		return v
	case <-time.After(time.Minute):
		p.t.Fatal("the client does not connect")
		return nil
	}
}

func greeting(streams ...wire.Stream) wire.Welcome {
	if streams == nil {
		streams = []wire.Stream{}
	}
	return wire.Welcome{User: "alice", Session: "ses-1", Sync: wire.Sync{Streams: streams}}
}

// expect takes the next request, which must be of that op.
func (v *visit) expect(op string) wire.Request {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, msg, err := v.ws.Read(ctx)
	if err != nil {
		v.t.Fatalf("waiting for %s: %v", op, err)
	}
	r, err := wire.ParseRequest(msg)
	if err != nil || r.Op != op {
		v.t.Fatalf("got %s (%v), wanted %s", msg, err, op)
	}
	return r
}

// data reads a request's data as the server would.
func data[T any](t *testing.T, r wire.Request) T {
	t.Helper()
	d, err := wire.Decode[T](r.Data)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Op, r.Data, err)
	}
	return d
}

func (v *visit) write(msg []byte) {
	v.t.Helper()
	if err := v.ws.Write(context.Background(), websocket.MessageText, msg); err != nil {
		v.t.Fatal(err)
	}
}

func (v *visit) reply(r wire.Request, data any) { v.t.Helper(); v.write(wire.Reply(r.ID, data)) }

func (v *visit) refuse(r wire.Request, code string, retryMS int64) {
	v.t.Helper()
	v.write(fmt.Appendf(nil, `{"id":%d,"error":{"code":%q,"message":"no","retry_ms":%d}}`, r.ID, code, retryMS))
}

func (v *visit) event(name string, data any) { v.t.Helper(); v.write(wire.Event(name, data)) }

func (v *visit) entries(es ...wire.Entry) {
	v.t.Helper()
	for _, e := range es {
		v.event("entry", e)
	}
}

// close ends the connection with a code; 0 cuts it without one.
func (v *visit) close(code int) {
	if code == 0 {
		v.ws.CloseNow()
	} else {
		v.ws.Close(websocket.StatusCode(code), "")
	}
	close(v.done)
}

// listed is a stream as sync lists it to somebody who gave a cursor.
func listed(name string, head int64, limited bool, es ...wire.Entry) wire.Stream {
	return wire.Stream{Stream: name, Kind: "direct", Head: head, Entries: es, Limited: limited}
}

func text(name string, seq int64) wire.Entry {
	e := entry(name, seq)
	e.At = wire.Time{Time: time.Unix(1e9+seq, 0).UTC()}
	e.Body = stdjson.RawMessage(fmt.Sprintf(`{"text":"%d"}`, seq))
	return e
}

func texts(name string, from, to int64) (out []wire.Entry) {
	for seq := from; seq <= to; seq++ {
		out = append(out, text(name, seq))
	}
	return out
}

// next takes events until one is of type E.
func next[E Event](t *testing.T, c *Client) E {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	for {
		ev, err := c.Next(ctx)
		if err != nil {
			var e E
			t.Fatalf("waiting for %T: %v", e, err)
		}
		if e, ok := ev.(E); ok {
			return e
		}
	}
}

// wantSeqs takes entries and compares their positions.
func wantSeqs(t *testing.T, c *Client, name string, from, to int64) {
	t.Helper()
	for seq := from; seq <= to; seq++ {
		if e := next[NewEntry](t, c); e.Stream != name || e.Seq != seq {
			t.Fatalf("entry %s %d, wanted %s %d", e.Stream, e.Seq, name, seq)
		}
	}
}
