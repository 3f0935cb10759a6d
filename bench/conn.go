package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/teahouse-im/teahouse/wire"
)

// patience bounds a handshake, a hello, and the wait for a reply.
const patience = 30 * time.Second

// A conn is one live session, cheap enough to have thousands of: whatever
// happens on it happens in its reader.
type conn struct {
	person string
	sock   net.Conn
	buf    []byte // read and not yet taken: buf[from:to]
	from   int
	to     int

	sending sync.Mutex // one writer at a time
	out     []byte
	id      int64

	got    atomic.Int64 // messages of the bench that arrived
	gone   chan struct{}
	err    error // why it ended; read after gone
	closed atomic.Bool
}

// handler looks at one message of the server. The bytes are valid until it returns.
type handler func(c *conn, msg []byte)

// dial connects a person and signs the session in. The message that answers
// hello goes to welcomed, if that is given.
func (c *servers) dial(ctx context.Context, person string, cursors map[string]int64, welcomed handler) (*conn, error) {
	return c.dialAt(ctx, c.node(person), person, cursors, welcomed)
}

// dialAt is dial to a certain node.
func (c *servers) dialAt(ctx context.Context, n *server, person string, cursors map[string]int64, welcomed handler) (*conn, error) {
	token, err := c.token(ctx, person)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: patience}
	sock, err := d.DialContext(ctx, "tcp", n.addr)
	if err != nil {
		return nil, err
	}
	k := &conn{person: person, sock: sock, buf: make([]byte, 1024), gone: make(chan struct{})}
	_ = sock.SetDeadline(time.Now().Add(patience))
	if err = k.upgrade(n.addr); err == nil {
		err = k.hello(token, cursors, welcomed)
	}
	if err != nil {
		sock.Close()
		return nil, fmt.Errorf("connect %s: %w", person, err)
	}
	return k, sock.SetDeadline(time.Time{})
}

// upgrade does the opening handshake.
func (c *conn) upgrade(addr string) error {
	if _, err := c.sock.Write([]byte("GET /v1/ws HTTP/1.1\r\nHost: " + addr + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGVhaG91c2UgYmVuY2ghIQ==\r\nSec-WebSocket-Protocol: " + wire.Subprotocol + "\r\n\r\n")); err != nil {
		return err
	}
	for {
		if i := bytes.Index(c.buf[:c.to], []byte("\r\n\r\n")); i >= 0 {
			if !bytes.HasPrefix(c.buf[:c.to], []byte("HTTP/1.1 101 ")) {
				return fmt.Errorf("refused: %.200q", c.buf[:c.to])
			}
			c.from = i + 4
			return nil
		}
		if err := c.fill(c.to + 1); err != nil {
			return err
		}
	}
}

// hello signs in and waits for the answer.
func (c *conn) hello(token string, cursors map[string]int64, welcomed handler) error {
	if cursors == nil {
		cursors = map[string]int64{}
	}
	data, err := json.Marshal(wire.Hello{Token: token, Device: device, Cursors: cursors})
	if err != nil {
		return err
	}
	if err := c.request("hello", data); err != nil {
		return err
	}
	for {
		msg, err := c.message()
		if err != nil {
			return err
		}
		if !isReply(msg) {
			continue
		}
		if bytes.Contains(msg[:min(len(msg), 24)], []byte(`"error"`)) {
			return fmt.Errorf("hello: %.300s", msg)
		}
		if welcomed != nil {
			welcomed(c, msg)
		}
		return nil
	}
}

// serve gives every message to handle until the connection ends, in a goroutine of its own.
func (c *conn) serve(handle handler) {
	go func() {
		defer close(c.gone)
		for {
			msg, err := c.message()
			if err != nil {
				if c.err = err; c.closed.Load() {
					c.err = nil
				}
				return
			}
			handle(c, msg)
		}
	}()
}

// close ends the connection from this side.
func (c *conn) close() {
	c.closed.Store(true)
	c.sock.Close()
}

// lost tells whether the connection ended by itself.
func (c *conn) lost() bool {
	select {
	case <-c.gone:
		return c.err != nil
	default:
		return false
	}
}

// request sends an op; its id is the number of requests so far.
func (c *conn) request(op string, data []byte) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	c.id++
	msg := strconv.AppendInt([]byte(`{"id":`), c.id, 10)
	msg = append(append(append(msg, `,"op":"`...), op...), `","data":`...)
	msg = append(append(msg, data...), '}')
	c.out = appendFrame(c.out[:0], opText, msg)
	_, err := c.sock.Write(c.out)
	return err
}

// message reads the next text message; pings are answered on the way.
func (c *conn) message() ([]byte, error) {
	for {
		op, payload, rest, need, err := cutFrame(c.buf[c.from:c.to])
		switch {
		case err != nil:
			return nil, err
		case need > 0:
			if err := c.fill(need); err != nil {
				return nil, err
			}
			continue
		}
		c.from = c.to - len(rest)
		switch op {
		case opText:
			return payload, nil
		case opPing:
			c.sending.Lock()
			_, err = c.sock.Write(appendFrame(nil, opPong, payload))
			c.sending.Unlock()
			if err != nil {
				return nil, err
			}
		case opClose:
			code := 1005
			if len(payload) >= 2 {
				code = int(binary.BigEndian.Uint16(payload))
				payload = payload[2:]
			}
			return nil, fmt.Errorf("closed by the server: %d %s", code, payload)
		case opPong:
		default:
			return nil, errFrame
		}
	}
}

// fill reads until need bytes are there, moving what is left to the front first.
func (c *conn) fill(need int) error {
	if c.from > 0 {
		c.to = copy(c.buf, c.buf[c.from:c.to])
		c.from = 0
	}
	if need > len(c.buf) {
		c.buf = append(make([]byte, 0, need+need/4), c.buf[:c.to]...)
		c.buf = c.buf[:cap(c.buf)]
	}
	for c.to < need {
		n, err := c.sock.Read(c.buf[c.to:])
		if err != nil {
			return err
		}
		c.to += n
	}
	return nil
}

func isReply(msg []byte) bool   { return bytes.HasPrefix(msg, []byte(`{"id":`)) }
func isEntry(msg []byte) bool   { return bytes.HasPrefix(msg, []byte(`{"event":"entry",`)) }
func isRefusal(msg []byte) bool { return bytes.Contains(msg[:min(len(msg), 32)], []byte(`,"error":`)) }

// isEvent tells whether a message is an event of that name.
func isEvent(msg []byte, name string) bool {
	rest, ok := bytes.CutPrefix(msg, []byte(`{"event":"`))
	return ok && bytes.HasPrefix(rest, []byte(name+`"`))
}
