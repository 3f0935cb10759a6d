package gateway

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// A peer is a client of which every byte is known: it writes frames by hand,
// good ones and bad ones, and does nothing by itself, not even answer a ping.
type peer struct {
	t      testing.TB
	conn   net.Conn
	in     *bufio.Reader
	n      int64
	seen   []message // read while something else was looked for
	closed int       // close code, once there is one
	pings  int
}

// message is any frame of the protocol.
type message struct {
	ID    int64
	Event string
	Data  json.RawMessage
	Error *struct {
		Code    string
		Message string
		RetryMS int64 `json:"retry_ms"`
	}
}

// patience is how long a peer waits for anything.
const patience = 10 * time.Second

const handshakeHead = "GET /v1/ws HTTP/1.1\r\nHost: tea.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: teahouse.v1\r\n\r\n"

// dial connects and shakes hands; early is sent with the handshake.
func (h *house) dial(early ...byte) *peer {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	return shake(h.t, conn, early...)
}

func shake(t testing.TB, conn net.Conn, early ...byte) *peer {
	t.Helper()
	p := &peer{t: t, conn: conn, in: bufio.NewReader(conn)}
	if _, err := conn.Write(append([]byte(handshakeHead), early...)); err != nil {
		t.Fatal(err)
	}
	conn.SetReadDeadline(time.Now().Add(patience))
	r, err := http.ReadResponse(p.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.StatusCode != http.StatusSwitchingProtocols || r.Header.Get("Sec-Websocket-Protocol") != wire.Subprotocol {
		t.Fatalf("the handshake answers %s, %v", r.Status, r.Header)
	}
	return p
}

// join connects u's device and says hello.
func (h *house) join(u id.User, device string) *peer {
	h.t.Helper()
	token := h.token(u, device)
	p := h.dial()
	p.ok("hello", hello(token, device))
	return p
}

func hello(token, device string) map[string]any {
	return map[string]any{"token": token, "device": device}
}

// clientFrame is a frame as a client may send it, masked.
func clientFrame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n < 126:
		b = append(b, masked|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), uint64(n))
	}
	key := [4]byte{0x5a, 0x01, 0xff, 0x80}
	b = append(b, key[:]...)
	for i, c := range payload {
		b = append(b, c^key[i%4])
	}
	return b
}

func textOf(payload string) []byte { return clientFrame(final|opText, []byte(payload)) }

func (p *peer) write(b ...byte) {
	p.t.Helper()
	p.conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := p.conn.Write(b); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

// request is a request's frame, and its number.
func (p *peer) request(op string, data any) ([]byte, int64) {
	p.t.Helper()
	body, err := json.Marshal(data)
	if err != nil {
		p.t.Fatal(err)
	}
	p.n++
	return textOf(fmt.Sprintf(`{"id":%d,"op":%q,"data":%s}`, p.n, op, body)), p.n
}

func (p *peer) start(op string, data any) int64 {
	p.t.Helper()
	b, n := p.request(op, data)
	p.write(b...)
	return n
}

func (p *peer) call(op string, data any) message {
	p.t.Helper()
	return p.reply(p.start(op, data))
}

// ok is call for what must not fail.
func (p *peer) ok(op string, data any) json.RawMessage {
	p.t.Helper()
	m := p.call(op, data)
	if m.Error != nil {
		p.t.Fatalf("%s: %s: %s", op, m.Error.Code, m.Error.Message)
	}
	return m.Data
}

func (p *peer) refused(code, op string, data any) {
	p.t.Helper()
	if m := p.call(op, data); m.Error == nil || m.Error.Code != code || m.Error.Message == "" {
		p.t.Fatalf("%s answers %s %+v, want %s", op, m.Data, m.Error, code)
	}
}

func (p *peer) reply(n int64) message {
	p.t.Helper()
	return p.find(fmt.Sprintf("the reply to %d", n), func(m message) bool { return m.ID == n })
}

func (p *peer) event(name string) message {
	p.t.Helper()
	return p.find("event "+name, func(m message) bool { return m.Event == name })
}

// entry waits for an entry whose text this is.
func (p *peer) entry(text string) wire.Entry {
	p.t.Helper()
	var e wire.Entry
	p.find("entry "+text, func(m message) bool {
		return m.Event == "entry" && json.Unmarshal(m.Data, &e) == nil && string(e.Body) == fmt.Sprintf(`{"text":%q}`, text)
	})
	return e
}

// find is the first message that is wanted, among those seen or to come.
func (p *peer) find(what string, wanted func(message) bool) message {
	p.t.Helper()
	for i, m := range p.seen {
		if wanted(m) {
			p.seen = append(p.seen[:i], p.seen[i+1:]...)
			return m
		}
	}
	for {
		m, err := p.next()
		if err != nil {
			p.t.Fatalf("waiting for %s: %v, close code %d", what, err, p.closed)
		}
		if wanted(m) {
			return m
		}
		p.seen = append(p.seen, m)
	}
}

// next is the next message of the protocol.
func (p *peer) next() (m message, err error) {
	for {
		op, payload, err := p.frame()
		if err != nil {
			return m, err
		}
		switch op {
		case opText:
			return m, json.Unmarshal(payload, &m)
		case opPing:
			p.pings++
		case opClose:
			if len(payload) >= 2 {
				p.closed = int(binary.BigEndian.Uint16(payload))
			}
			return m, io.EOF
		}
	}
}

// frame reads one frame and checks that a server may send it.
func (p *peer) frame() (op byte, payload []byte, err error) {
	p.conn.SetReadDeadline(time.Now().Add(patience))
	var head [2]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return 0, nil, err
	}
	if head[0]&final == 0 || head[0]&0x70 != 0 || head[1]&masked != 0 {
		return 0, nil, fmt.Errorf("a server's frame begins with %x", head)
	}
	n := uint64(head[1])
	switch n {
	case 126:
		var b [2]byte
		_, err = io.ReadFull(p.in, b[:])
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, err = io.ReadFull(p.in, b[:])
		n = binary.BigEndian.Uint64(b[:])
	}
	if err != nil {
		return 0, nil, err
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(p.in, payload)
	return head[0] & 0xf, payload, err
}

// closes waits for the server to close with a code, and then its end of the connection.
func (p *peer) closes(code int) {
	p.t.Helper()
	for {
		m, err := p.next()
		if err == nil {
			p.seen = append(p.seen, m)
			continue
		}
		if p.closed != code {
			p.t.Fatalf("closed with %d (%v), want %d", p.closed, err, code)
		}
		break
	}
	if _, err := p.in.ReadByte(); err != io.EOF {
		p.t.Fatalf("after the close frame: %v, want the end", err)
	}
}

// silent checks that nothing but what is already seen came before an answered ping.
func (p *peer) silent(unwanted func(message) bool) {
	p.t.Helper()
	p.ok("ping", struct{}{})
	for _, m := range p.seen {
		if unwanted(m) {
			p.t.Fatalf("got %s %s", m.Event, m.Data)
		}
	}
}

func say(stream, text string) map[string]any {
	return map[string]any{"stream": stream, "message_id": newID(), "kind": "text", "body": map[string]string{"text": text}}
}

func sayTo(u id.User, text string) map[string]any {
	m := say("", text)
	delete(m, "stream")
	m["to"] = string(u)
	return m
}

func isEntry(text string) func(message) bool {
	return func(m message) bool { return m.Event == "entry" && strings.Contains(string(m.Data), text) }
}

func newReader(b []byte) *bufio.Reader { return bufio.NewReader(bytes.NewReader(b)) }

// nopConn is no connection.
type nopConn struct{ net.Conn }

func (nopConn) SetReadDeadline(time.Time) error { return nil }
