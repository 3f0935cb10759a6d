package gateway

import (
	"io"
	"net"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An epollLink is a socket that the Go runtime does not know: a duplicate of
// the descriptor that came with the connection. That saves the runtime's record
// of it, and being woken twice for every message.
type epollLink struct {
	s    *session
	p    *poller
	fd   int32
	gen  uint32 // tells events of this socket from those of an earlier one with the same number
	gate gate   // around every use of fd; whoever leaves last closes it

	input  atomic.Uint32 // inputBusy …
	output atomic.Bool   // a write found no room
	dry    bool          // the socket was read empty; for whoever serves the session
}

// What becomes of the session's input.
const (
	inputBusy  = 1 << iota // somebody serves it
	inputAgain             // there was news since
	inputEnd               // the peer will send no more: read up to the end
)

// newEpollLink takes over a plain TCP connection. If it fails the connection is as it was.
func newEpollLink(p *poller, conn net.Conn, s *session) (*epollLink, bool) {
	tcp, ok := conn.(*net.TCPConn)
	if p == nil || !ok {
		return nil, false
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, false
	}
	fd := -1
	if raw.Control(func(old uintptr) {
		fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	}) != nil || err != nil {
		return nil, false
	}
	tcp.Close() // the duplicate keeps the connection
	return &epollLink{s: s, p: p, fd: int32(fd), gen: uint32(s.number)}, true
}

func (l *epollLink) start() {
	if !l.p.add(l) {
		l.s.drop()
		return
	}
	l.wake() // the client may have sent something with the handshake
}

func (l *epollLink) read(p []byte) (int, error) {
	if l.dry {
		return 0, errLater
	}
	if !l.gate.enter() {
		return 0, net.ErrClosed
	}
	n, err := uninterrupted(func() (int, error) { return unix.Read(int(l.fd), p) })
	l.leave()
	switch {
	case err == unix.EAGAIN:
		l.dry = true
		return 0, errLater
	case err != nil:
		return 0, err
	case n == 0:
		return 0, io.EOF
	}
	// A short read of a stream socket empties it; more is told by a new event,
	// except for the end, which may have been told already.
	l.dry = n < len(p) && l.input.Load()&inputEnd == 0
	return n, nil
}

func (l *epollLink) write(b []byte) (int, error) {
	if !l.gate.enter() {
		return 0, net.ErrClosed
	}
	defer l.leave()
	sent := 0
	for sent < len(b) {
		n, err := uninterrupted(func() (int, error) { return send(l.fd, b[sent:]) })
		if err == unix.EAGAIN {
			// Room that came before output was set was told to nobody: look once more.
			if l.output.Swap(true) {
				return sent, errLater
			}
			continue
		}
		if err != nil {
			return sent, err
		}
		sent += n
	}
	if l.output.Load() {
		l.output.Store(false)
	}
	return sent, nil
}

// send is write(2) for a socket, without what the kernel does for files on the way
// and without telling the scheduler of a call that never waits: a seventh less for
// a short frame, and writing is most of what this server does. b is not empty.
func send(fd int32, b []byte) (int, error) {
	n, _, e := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
		unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

func uninterrupted(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != unix.EINTR {
			return n, err
		}
	}
}

// event is told by the poller what the kernel says of the socket. It must not block.
func (l *epollLink) event(events uint32) {
	if events&unix.EPOLLOUT != 0 && l.output.Load() && l.output.Swap(false) {
		l.s.room()
	}
	news := uint32(inputAgain)
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		news |= inputEnd
	}
	if events&^unix.EPOLLOUT != 0 {
		l.serveFor(news)
	}
}

func (l *epollLink) wake() { l.serveFor(inputAgain) }

// serveFor has the session's input served, by who does already or by somebody new.
func (l *epollLink) serveFor(news uint32) {
	if l.input.Or(news|inputBusy)&inputBusy == 0 {
		l.s.gw.crew.serve(l)
	}
}

// run serves the session until there is no more to do for now.
func (l *epollLink) run(d *desk) {
	for {
		l.input.And(^uint32(inputAgain))
		l.dry = false
		if !l.s.serve(d) {
			return // it is over: input stays busy, so that nobody comes any more
		}
		if l.input.CompareAndSwap(inputBusy, 0) || l.input.CompareAndSwap(inputBusy|inputEnd, inputEnd) {
			return
		}
	}
}

func (l *epollLink) own() bool { return false }

func (l *epollLink) finish() {
	if l.gate.enter() {
		unix.Shutdown(int(l.fd), unix.SHUT_WR)
		l.leave()
	}
}

func (l *epollLink) close() {
	l.p.remove(l)
	if l.gate.shut() {
		unix.Close(int(l.fd))
	}
}

func (l *epollLink) leave() {
	if l.gate.leave() {
		unix.Close(int(l.fd))
	}
}
