package gateway

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A poller waits for all epoll links at once. Its epoll descriptor is itself
// watched by the Go runtime, so waiting takes a goroutine and no thread.
type poller struct {
	file *os.File
	raw  syscall.RawConn

	mu    sync.RWMutex // guards links, and keeps a descriptor from being closed while it is added
	links []*epollLink // by descriptor
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // else os takes it for a plain file
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	p := &poller{file: os.NewFile(uintptr(fd), "epoll")}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		p.file.Close()
		return nil, err
	}
	return p, nil
}

// run tells links what happens, until the poller is closed.
func (p *poller) run() {
	var events [128]unix.EpollEvent
	for {
		n := 0
		if p.raw.Read(func(fd uintptr) bool {
			n = harvest(int(fd), events[:])
			return n > 0
		}) != nil {
			return
		}
		for _, e := range events[:n] {
			if l := p.link(e.Fd, uint32(e.Pad)); l != nil {
				l.event(e.Events)
			}
		}
	}
}

// harvest takes what has happened so far; 0: nothing, and the next event will be
// told to whoever watches the descriptor. epoll_wait without a time-out looks at
// the list of events without its lock, and may miss one while the Go runtime
// looks as well, which then is told to nobody; poll looks under the lock.
func harvest(fd int, events []unix.EpollEvent) int {
	look := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	for {
		if n, _ := unix.EpollWait(fd, events, 0); n > 0 {
			return n
		}
		if n, _ := unix.Poll(look, 0); n == 0 {
			return 0
		}
	}
}

func (p *poller) link(fd int32, gen uint32) *epollLink {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if int(fd) < len(p.links) && p.links[fd] != nil && p.links[fd].gen == gen {
		return p.links[fd]
	}
	return nil
}

// watched are told once each time they come true (edge-triggered).
const watched = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET

func (p *poller) add(l *epollLink) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !l.gate.enter() {
		return false
	}
	defer l.leave()
	for int(l.fd) >= len(p.links) {
		p.links = append(p.links, make([]*epollLink, max(64, len(p.links)))...)
	}
	p.links[l.fd] = l
	return p.control(func(fd int) error {
		return unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, int(l.fd), &unix.EpollEvent{Events: watched & (1<<32 - 1), Fd: l.fd, Pad: int32(l.gen)})
	})
}

func (p *poller) remove(l *epollLink) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if int(l.fd) >= len(p.links) || p.links[l.fd] != l {
		return
	}
	p.links[l.fd] = nil
	p.control(func(fd int) error { return unix.EpollCtl(fd, unix.EPOLL_CTL_DEL, int(l.fd), nil) })
}

func (p *poller) control(do func(fd int) error) (ok bool) {
	return p.raw.Control(func(fd uintptr) { ok = do(int(fd)) == nil }) == nil && ok
}

func (p *poller) close() { p.file.Close() }
