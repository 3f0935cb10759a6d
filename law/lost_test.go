package law

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/teahouse-im/teahouse/client"
)

// A straits is the way from a server to its database. While it is closed what the
// server asks arrives and is done, and no answer comes back.
type straits struct {
	to string

	mu   sync.Mutex
	open chan struct{} // closed while answers pass
}

// newStraits listens on a free port in front of an address.
func newStraits(t testing.TB, to string) (s *straits, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	s = &straits{to: to, open: make(chan struct{})}
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

func (s *straits) serve(asking net.Conn, end <-chan struct{}) {
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

func (s *straits) passage() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func (s *straits) hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open = make(chan struct{})
}

func (s *straits) heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.open)
}

// TestAnswersLost closes the way back from the database while grants are redeemed
// on one of two nodes: what it was asked it has done, which that node cannot know.
// It says so, and the same sent again, there or at the other node, is one notice.
func TestAnswersLost(t *testing.T) {
	store := keyspace(t)
	s, addr := newStraits(t, strings.Split(strings.TrimPrefix(store, "scylla://"), "/")[0])
	h := newHouse(t)
	far := "scylla://" + addr + store[strings.LastIndex(store, "/"):]
	h.configs = append(h.configs, h.config(t, store, redisURL(t)), h.config(t, far, redisURL(t)))
	h.open(t)
	sc := &scene{T: t, h: h}
	of := sc.app().approve(queue())
	const people = 16
	tickets := of.spread(people)
	token := of.app.token()
	send := func(at int, i int) error {
		a, err := h.askAt(h.urls[at], "POST", "/app/notices", token, tickets[i].body(fmt.Sprint("lost", i)))
		if err == nil {
			err = a.err()
		}
		return err
	}
	s.hang()
	unknown := 0
	for _, err := range sc.parallel(people, func(i int) error { return send(1, i) }) {
		switch code := client.CodeOf(err); {
		case code == "busy_retry" || code == "unavailable":
			unknown++
		default:
			t.Errorf("without an answer of the database a notice is answered %v", err)
		}
	}
	if unknown != people {
		t.Errorf("%d of %d were told that nobody knows", unknown, people)
	}
	for i, err := range sc.parallel(people/2, func(i int) error { return send(0, i) }) {
		if err != nil {
			t.Errorf("the same of %d at the other node is answered %v", i, err)
		}
	}
	s.heal()
	eventually(t, "hearing of the database again", func() bool { return send(1, 0) == nil })
	for i, err := range sc.parallel(people, func(i int) error { return send(1, i) }) {
		if err != nil {
			t.Errorf("the same of %d is answered %v", i, err)
		}
	}
	for i, k := range tickets {
		if n := sc.inbox(k.by); n != 1 {
			t.Errorf("%d notices came of the grant %d", n, i)
		}
		if err := only(k.send()); client.CodeOf(err) != "grant_consumed" {
			t.Errorf("the grant %d again is answered %v", i, err)
		}
	}
	h.lawful(t)
}
