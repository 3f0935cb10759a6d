package scyllatest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Straits is the way from a server to its database. While it is closed what the
// server asks arrives and is done, and no answer comes back.
type Straits struct {
	to string

	mu   sync.Mutex
	open chan struct{} // closed while answers pass
}

// NewStraits listens on a free port in front of an address.
func NewStraits(t testing.TB, to string) (s *Straits, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = &Straits{to: to, open: make(chan struct{})}
	close(s.open)
	end := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(c, end) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		close(end)
		all.Wait()
	})
	return s, l.Addr().String()
}

func (s *Straits) serve(asking net.Conn, end <-chan struct{}) {
	defer asking.Close()
	answering, err := net.Dial("tcp", s.to)
	if err != nil {
		return
	}
	defer answering.Close()
	done := make(chan struct{}, 2)
	go func() {
		_, _ = io.Copy(answering, asking)
		done <- struct{}{}
	}()
	go func() {
		var b [32 << 10]byte
		for {
			n, err := answering.Read(b[:])
			if err == nil {
				<-s.passage()
				_, err = asking.Write(b[:n])
			}
			if err != nil {
				done <- struct{}{}
				return
			}
		}
	}()
	select {
	case <-done:
	case <-end:
	}
}

func (s *Straits) passage() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Hang lets no answer pass.
func (s *Straits) Hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = make(chan struct{})
}

// Heal lets them pass again, those that wait first.
func (s *Straits) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.open)
}
