package gateway

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/teahouse-im/teahouse/wire"
)

func TestHandshakeIsRefused(t *testing.T) {
	h := open(t, func(p *plan) { p.Origins = []string{"https://web.example", "http://other.example:8443"} })
	without := func(header string) func(string) string {
		return func(r string) string {
			at := strings.Index(r, header)
			return r[:at] + r[at+strings.Index(r[at:], "\r\n")+2:]
		}
	}
	change := func(from, to string) func(string) string {
		return func(r string) string { return strings.Replace(r, from, to, 1) }
	}
	with := func(lines ...string) func(string) string {
		return change("Upgrade: websocket\r\n", "Upgrade: websocket\r\n"+strings.Join(lines, "\r\n")+"\r\n")
	}
	for name, c := range map[string]struct {
		change func(string) string
		status int
	}{
		"as it should be":        {with("X-Nothing: 1"), 101},
		"no subprotocol":         {without("Sec-WebSocket-Protocol"), 400},
		"another subprotocol":    {change("teahouse.v1", "teahouse.v2"), 400},
		"an empty subprotocol":   {change("teahouse.v1", ""), 400},
		"one of several":         {change("teahouse.v1", "chat, teahouse.v1"), 101},
		"one of several lines":   {with("Sec-WebSocket-Protocol: chat"), 101},
		"no key":                 {without("Sec-WebSocket-Key"), 400},
		"a short key":            {change("dGhlIHNhbXBsZSBub25jZQ==", "dGhl"), 400},
		"two keys":               {with("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), 400},
		"no version":             {without("Sec-WebSocket-Version"), 400},
		"an old version":         {change("Version: 13", "Version: 8"), 400},
		"no upgrade":             {without("Upgrade"), 426},
		"not a GET":              {change("GET", "POST"), 405},
		"HTTP/1.0":               {change("HTTP/1.1", "HTTP/1.0"), 426},
		"own origin":             {with("Origin: https://tea.example"), 101},
		"own origin, other case": {with("Origin: https://Tea.Example"), 101},
		"listed origin":          {with("Origin: https://web.example"), 101},
		"listed, with a port":    {with("Origin: http://other.example:8443"), 101},
		"foreign origin":         {with("Origin: https://evil.example"), 403},
		"listed, other scheme":   {with("Origin: http://web.example"), 403},
		"listed, other port":     {with("Origin: https://web.example:444"), 403},
		"listed as a suffix":     {with("Origin: https://evil.web.example"), 403},
		"own as a prefix":        {with("Origin: https://tea.example.evil.example"), 403},
		"own as a user":          {with("Origin: https://tea.example@evil.example"), 403},
		"null origin":            {with("Origin: null"), 403},
		"empty origin":           {with("Origin:"), 403},
		"no URL":                 {with("Origin: %%%"), 403},
		"two origins":            {with("Origin: https://tea.example", "Origin: https://evil.example"), 403},
		"the same origin twice":  {with("Origin: https://tea.example", "Origin: https://tea.example"), 403},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", h.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(patience))
			io.WriteString(conn, c.change(handshakeHead))
			r, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if r.StatusCode != c.status {
				t.Fatalf("answers %s, want %d", r.Status, c.status)
			}
			if c.status == http.StatusSwitchingProtocols {
				if r.Header.Get("Sec-Websocket-Protocol") != wire.Subprotocol || r.Header.Get("Sec-Websocket-Extensions") != "" {
					t.Fatalf("header %v", r.Header)
				}
				return
			}
			isProblem(t, r)
		})
	}
}

var traceID = regexp.MustCompile(`^[0-9a-f]{32}$`)

func isProblem(t *testing.T, r *http.Response) {
	t.Helper()
	var p problem
	if err := json.NewDecoder(r.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	if r.Header.Get("Content-Type") != "application/problem+json" || p.Status != r.StatusCode ||
		p.Code == "" || p.Detail == "" || p.Type != "/docs#"+p.Code {
		t.Fatalf("problem %+v of type %s", p, r.Header.Get("Content-Type"))
	}
	if !traceID.MatchString(p.TraceID) || r.Header.Get("X-Trace-Id") != p.TraceID { // as of every other route
		t.Fatalf("trace id %q, and %q in the header", p.TraceID, r.Header.Get("X-Trace-Id"))
	}
}

// tryShake is the status of one more handshake.
func (h *house) tryShake() *http.Response {
	h.t.Helper()
	conn, err := net.Dial("tcp", h.addr)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	io.WriteString(conn, handshakeHead)
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

func TestConnectionsWithoutHelloAreBounded(t *testing.T) {
	h := open(t, func(p *plan) { p.WaitingMost = 3 })
	for range 3 {
		h.dial()
	}
	eventually(t, "three connections wait", func() bool { return h.gw.Stats().Waiting == 3 })
	r := h.tryShake()
	if r.StatusCode != http.StatusServiceUnavailable || r.Header.Get("Retry-After") == "" {
		t.Fatalf("answers %s", r.Status)
	}
	isProblem(t, r)
}

func TestNewConnectionsAreThrottled(t *testing.T) {
	h := open(t, func(p *plan) { p.ConnectsPerSecond = 2 })
	let := 0
	for range 20 {
		r := h.tryShake()
		switch r.StatusCode {
		case http.StatusSwitchingProtocols:
			let++
		case http.StatusServiceUnavailable:
			isProblem(t, r)
			if r.Header.Get("Retry-After") == "" {
				t.Fatal("no advice when to come back")
			}
		default:
			t.Fatalf("answers %s", r.Status)
		}
	}
	if let < 4 || let > 12 { // a burst of two seconds, and what came free meanwhile
		t.Fatalf("%d of 20 connections were let in", let)
	}
}

func TestBytesSentWithTheHandshake(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		token := h.token("ann", "a")
		var p peer
		p.t = t
		first, n := p.request("hello", hello(token, "a"))
		second, m := p.request("ping", struct{}{})
		q := h.dial(append(first, second[:5]...)...)
		if r := q.reply(n); r.Error != nil {
			t.Fatalf("hello: %+v", r.Error)
		}
		q.write(second[5:]...)
		q.reply(m)
	})
}

// TestForeignClient goes all the way with a client of which we know nothing.
func TestForeignClient(t *testing.T) {
	bothHouses(t, func(p *plan) { p.Heartbeat = 50 * time.Millisecond }, func(t *testing.T, h *house) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		c, _, err := websocket.Dial(ctx, "ws://"+h.addr+"/v1/ws", &websocket.DialOptions{
			Subprotocols: []string{wire.Subprotocol}, CompressionMode: websocket.CompressionContextTakeover,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 20)
		exchange := func(request string) string {
			t.Helper()
			if err := c.Write(ctx, websocket.MessageText, []byte(request)); err != nil {
				t.Fatal(err)
			}
			_, reply, err := c.Read(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return string(reply)
		}
		token := h.token("ann", "a")
		if got := exchange(`{"id":1,"op":"hello","data":{"token":"` + token + `","device":"a","cursors":{}}}`); !strings.HasPrefix(got, `{"id":1,"data":{"user":"ann"`) {
			t.Fatal(got)
		}
		long := strings.Repeat("茶", 2000)
		h.token("ben", "b")
		if got := exchange(`{"id":2,"op":"send","data":{"to":"ben","message_id":"` + newID() + `","kind":"text","body":{"text":"` + long + `"}}}`); !strings.HasPrefix(got, `{"id":2,"data":{"stream":"d-ann~ben","seq":1`) {
			t.Fatal(got)
		}
		// Several heartbeats pass while only the library answers.
		reading, stop := context.WithCancel(ctx)
		closed := c.CloseRead(reading)
		defer stop()
		eventually(t, "a few pings are answered", func() bool { return h.gw.Stats().FramesIn > 6 })
		if closed.Err() != nil {
			t.Fatal("closed although it answered")
		}
		if err := c.Close(websocket.StatusNormalClosure, "bye"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the session is gone", func() bool { return h.gw.Stats().Sessions == 0 })
	})
}
