package gateway

import (
	"errors"
	"net"
	"time"
)

// A link is how a session reaches its socket. Of the two kinds, one (epoll,
// Linux, plain TCP) needs no goroutine while nothing comes or goes; the other
// works everywhere and has one that reads.
type link interface {
	// start begins to listen; the session is complete.
	start()
	// read fills p with what there is. errLater: nothing now; the session will be served again when there is.
	read(p []byte) (int, error)
	// write sends b or a part of it. errLater: there is no room now; the session is told room when there is.
	write(b []byte) (int, error)
	// wake has the session served again: what it waited for, other than bytes, has happened.
	wake()
	// own tells that writing may block, so that the session's queue needs a goroutine of its own.
	own() bool
	// finish says that nothing will be written any more; what was written still goes out.
	finish()
	// close ends it. Others may be reading or writing.
	close()
}

// errLater is no failure: there is nothing to read, or no room to write.
var errLater = errors.New("not now")

// A stream link is the portable kind, and the one for TLS.
type streamLink struct {
	conn  net.Conn
	s     *session
	again chan struct{} // wakes a reader that stopped reading
}

func newStreamLink(conn net.Conn, s *session) *streamLink {
	return &streamLink{conn: conn, s: s, again: make(chan struct{}, 1)}
}

func (l *streamLink) start() {
	if !l.s.gw.run(l.run) {
		l.conn.Close()
	}
}

// run is the one goroutine of the session that reads.
func (l *streamLink) run() {
	d := desks.Get().(*desk)
	defer desks.Put(d)
	for l.s.serve(d) {
		<-l.again
	}
}

func (l *streamLink) read(p []byte) (int, error) { return l.conn.Read(p) }

func (l *streamLink) write(b []byte) (int, error) { return l.conn.Write(b) }

func (l *streamLink) wake() {
	select {
	case l.again <- struct{}{}:
	default:
	}
}

func (l *streamLink) own() bool { return true }

func (l *streamLink) finish() {
	if c, ok := l.conn.(interface{ CloseWrite() error }); ok {
		l.conn.SetWriteDeadline(time.Now().Add(time.Second)) // TLS says goodbye
		c.CloseWrite()
	}
}

func (l *streamLink) close() {
	l.conn.Close()
	l.wake()
}
