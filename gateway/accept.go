package gateway

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/coder/websocket"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

// ServeHTTP upgrades a request to a session. It returns when the session has
// begun; nothing of the request is kept.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status, f := g.admit(r); f != nil {
		g.refuse(w, status, f)
		return
	}
	h := &handshake{ResponseWriter: w, gw: g}
	c, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		Subprotocols:       []string{wire.Subprotocol},
		InsecureSkipVerify: true, // admit has looked at the origin
	})
	if err != nil {
		if h.conn != nil {
			h.conn.Close()
		}
		return
	}
	c.CloseNow() // only the handshake was wanted of it; see decoder
	g.begin(h.conn, h.early)
}

// admit tells why a connection is refused before the upgrade.
func (g *Gateway) admit(r *http.Request) (status int, f *fault.Fault) {
	if r.Method != http.MethodGet {
		return http.StatusMethodNotAllowed, fault.MethodNotAllowed
	}
	if !asksFor(r.Header, wire.Subprotocol) {
		return http.StatusBadRequest, fault.BadRequest.Saying("Ask for the subprotocol " + wire.Subprotocol + ".")
	}
	if !g.knowsOrigin(r) {
		return http.StatusForbidden, fault.Forbidden.Saying("This web page may not connect.")
	}
	if g.draining.Load() {
		return http.StatusServiceUnavailable, fault.Unavailable.Saying("The server is shutting down. Connect again soon.")
	}
	if g.stats.waiting.Load() >= int64(g.opt.WaitingMost) {
		return http.StatusServiceUnavailable, fault.Unavailable.Saying("Too many are connecting. Try again soon.")
	}
	if retry := g.throttle.admit(g.opt.ConnectsPerSecond); retry > 0 {
		return http.StatusServiceUnavailable, fault.Unavailable.Saying("Too many are connecting. Try again soon.").After(retry)
	}
	return 0, nil
}

func asksFor(h http.Header, subprotocol string) bool {
	for _, line := range h.Values("Sec-Websocket-Protocol") {
		for name := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(name) == subprotocol {
				return true
			}
		}
	}
	return false
}

// knowsOrigin tells whether the page that connects, if it is one, is the
// server's own or listed. A program that is no browser has no Origin.
func (g *Gateway) knowsOrigin(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	if len(origins) == 0 {
		return true
	}
	if len(origins) > 1 {
		return false
	}
	u, err := url.Parse(origins[0])
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	return strings.EqualFold(u.Host, r.Host) || slices.ContainsFunc(g.opt.Origins, func(known string) bool {
		return strings.EqualFold(known, u.Scheme+"://"+u.Host)
	})
}

// A handshake stands between coder/websocket and the HTTP server. It keeps the
// connection for the session, and makes refusals problem documents.
type handshake struct {
	http.ResponseWriter
	gw      *Gateway
	conn    net.Conn
	early   []byte // what the client sent without waiting for the answer
	refused bool
}

func (h *handshake) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	h.conn, h.early = conn, bytes.Clone(early)
	none := &memory{}
	return none, bufio.NewReadWriter(bufio.NewReaderSize(none, 16), bufio.NewWriterSize(none, 16)), nil
}

func (h *handshake) WriteHeader(status int) {
	if status < http.StatusBadRequest {
		h.ResponseWriter.WriteHeader(status)
		return
	}
	h.refused = true
	f := fault.BadRequest.Saying("This is not a WebSocket handshake of version 13.")
	if status >= http.StatusInternalServerError {
		f = fault.Internal
	}
	h.gw.refuse(h.ResponseWriter, status, f)
}

func (h *handshake) Write(b []byte) (int, error) {
	if h.refused { // the words of the library
		return len(b), nil
	}
	return h.ResponseWriter.Write(b)
}

// begin makes a session of a connection.
func (g *Gateway) begin(conn net.Conn, early []byte) {
	if !g.inside.enter() {
		conn.Close()
		return
	}
	defer func() {
		if g.inside.leave() {
			close(g.empty)
		}
	}()
	now := g.wheel.now()
	s := &session{gw: g, number: g.numbers.Add(1), born: now, pinged: now}
	s.heard.Store(int64(now))
	if len(early) > 0 {
		s.partial = &partial{buf: early, since: now}
	}
	if l, ok := newEpollLink(g.poller, conn, s); ok {
		s.link = l
	} else {
		s.link = newStreamLink(conn, s)
	}
	g.stats.accepted.Add(1)
	g.stats.open.Add(1)
	g.stats.waiting.Add(1)
	g.wheel.put(s, now.add(g.opt.HelloWithin))
	s.link.start()
}
