package gateway

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/coder/websocket"

	"github.com/teahouse-im/teahouse/wire"
)

// A desk is what one goroutine needs while it serves a session's input. An idle
// session has none; a few go round.
type desk struct {
	buf  []byte  // what was read, before it is looked at
	msg  []byte  // the latest message, unmasked
	rest partial // what of it is not handled yet
	decoder
}

var desks = sync.Pool{New: func() any { return &desk{buf: make([]byte, 8<<10), msg: make([]byte, 1<<10)} }}

// A decoder reads frames with coder/websocket out of memory, all but messages of one
// frame: puts fragments together, answers control frames, knows what RFC 6455 forbids. Between two messages its Conn
// keeps nothing of the session, so it is lent to whichever has a message; a Conn
// for every session would double what an idle one costs.
type decoder struct {
	conn *websocket.Conn
	in   bytes.Reader
	src  *bufio.Reader // what conn reads from
	out  []byte        // what conn has answered: a pong, a close frame
}

// A decoded unit is one message, or nothing (a control frame). Both slices are
// good until the next one is decoded.
type decoded struct {
	text    bool
	message []byte
	answer  []byte // frames to be sent
	closed  bool   // it was a close frame; the answer is its echo
	reason  string // and what it said
}

// errFraming is what RFC 6455 forbids.
var errFraming = errors.New("broken framing")

// decode reads one unit that a scanner found. Anything but one whole message or
// control frame is errFraming.
func (d *desk) decode(unit []byte) (decoded, error) {
	if h, n, ok := parseHeader(unit); ok && h.whole() && n+h.length == len(unit) {
		return decoded{text: h.opcode == opText, message: d.unmask(unit[n:], unit[n-4:n])}, nil
	}
	if d.conn == nil {
		d.conn = d.accept()
	}
	d.in.Reset(unit)
	d.src.Reset(&d.in)
	d.out = d.out[:0]
	kind, r, err := d.conn.Reader(context.Background())
	if err == nil {
		n := 0
		if n, err = d.fill(r); err == nil {
			return decoded{text: kind == websocket.MessageText, message: d.msg[:n]}, nil
		}
	}
	if said, ok := errors.AsType[websocket.CloseError](err); ok {
		d.conn = nil // it has closed itself
		return decoded{answer: d.out, closed: true, reason: said.Reason}, nil
	}
	if unit[0]&0xf >= opClose && errors.Is(err, io.EOF) && d.in.Len()+d.src.Buffered() == 0 {
		return decoded{answer: d.out}, nil
	}
	d.conn.CloseNow()
	d.conn = nil
	return decoded{}, errFraming
}

// unmask copies the payload of a frame that is a message by itself, as nearly all are.
func (d *desk) unmask(payload, key []byte) []byte {
	if len(payload) > len(d.msg) {
		d.msg = make([]byte, len(payload))
	}
	msg := d.msg[:len(payload)]
	word := uint64(binary.LittleEndian.Uint32(key)) * (1<<32 + 1)
	i := 0
	for ; i+8 <= len(msg); i += 8 {
		binary.LittleEndian.PutUint64(msg[i:], binary.LittleEndian.Uint64(payload[i:])^word)
	}
	for ; i < len(msg); i++ {
		msg[i] = payload[i] ^ key[i%4]
	}
	return msg
}

// fill reads a message to its end.
func (d *desk) fill(r io.Reader) (n int, err error) {
	for {
		k, err := r.Read(d.msg[n:])
		n += k
		switch {
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, err
		case n == len(d.msg):
			d.msg = append(d.msg, make([]byte, len(d.msg))...)
		}
	}
}

// accept makes a server's Conn over memory. Accept is the only way to one, so it
// is shown a handshake.
func (d *decoder) accept() *websocket.Conn {
	d.src = bufio.NewReaderSize(&d.in, 512)
	r := &http.Request{Method: http.MethodGet, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"},
		"Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {"AAAAAAAAAAAAAAAAAAAAAA=="},
	}}
	c, err := websocket.Accept(&memory{decoder: d}, r, nil)
	if err != nil {
		panic("websocket: refused its own handshake: " + err.Error())
	}
	c.SetReadLimit(wire.MaxFrame)
	return c
}

// memory is the connection of a decoder's Conn, and the way to it.
type memory struct {
	net.Conn
	*decoder
}

func (m *memory) Header() http.Header { return http.Header{} }
func (m *memory) WriteHeader(int)     {}

func (m *memory) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return m, bufio.NewReadWriter(m.src, bufio.NewWriterSize(m, 256)), nil
}

func (m *memory) Write(p []byte) (int, error) {
	m.out = append(m.out, p...)
	return len(p), nil
}

func (m *memory) Close() error { return nil }
