package scylla

import (
	"encoding/binary"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// What a proxy does with an answer of the server.
type fate int

const (
	pass    fate = iota
	swallow      // nobody gets it
	cut          // nor anything else on this connection
)

// The kinds of answer a proxy asks about; the first bytes of CQL frames say.
const (
	opError  = 0x00
	opResult = 0x08
)

// A proxy stands between a store and the test server and lets answers get lost.
// Everything it loses has been carried out.
type proxy struct {
	server string
	fate   func() fate // asked for every answer to a statement

	conns sync.WaitGroup
	mu    sync.Mutex
	open  map[net.Conn]struct{} // nil while shut
}

// newProxy listens on a free port and returns the URL of the run's keyspace through it.
func newProxy(t *testing.T, fate func() fate) string {
	t.Helper()
	_, url := listenProxy(t, fate)
	return url
}

func listenProxy(t *testing.T, fate func() fate) (*proxy, string) {
	t.Helper()
	url := keyspace(t)
	a, err := parse(url)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(a.hosts[0], "0"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(strings.TrimPrefix(url, "scylla://"), "/")
	server := strings.TrimPrefix(strings.TrimSuffix(url, "/"+rest), "scylla://")
	p := &proxy{server: server, fate: fate, open: map[net.Conn]struct{}{}}
	p.conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.conns.Go(func() { p.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		p.shut(true)
		p.conns.Wait()
	})
	return p, "scylla://" + l.Addr().String() + "/" + rest
}

// shut ends all connections and lets none live, or ends that.
func (p *proxy) shut(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
	p.open = nil
	if !yes {
		p.open = map[net.Conn]struct{}{}
	}
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	p.mu.Lock()
	if p.open == nil {
		p.mu.Unlock()
		return
	}
	p.open[client], p.open[server] = struct{}{}, struct{}{}
	p.mu.Unlock()
	p.conns.Go(func() {
		io.Copy(server, client)
		server.Close()
	})
	p.answers(client, server)
	p.mu.Lock()
	delete(p.open, client)
	delete(p.open, server)
	p.mu.Unlock()
}

// answers copies what the server says, frame by frame.
func (p *proxy) answers(client, server net.Conn) {
	var header [9]byte
	for {
		if _, err := io.ReadFull(server, header[:]); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(header[5:]))
		if _, err := io.ReadFull(server, body); err != nil {
			return
		}
		// Streams with negative numbers are events; an answer to PREPARE is a result of kind 4.
		if op := header[4]; op == opResult && binary.BigEndian.Uint32(body) <= 2 || op == opError {
			switch p.fate() {
			case swallow:
				continue
			case cut:
				return
			}
		}
		if _, err := client.Write(append(header[:], body...)); err != nil {
			return
		}
	}
}
