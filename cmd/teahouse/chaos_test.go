package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

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
func newStraits(t *testing.T, to string) (s *straits, addr string) {
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

// TestTheDatabaseDoesNotAnswer: what it was asked meanwhile it has done, which the
// server cannot know. It says unavailable, acknowledges nothing that is not there,
// and goes on by itself when answers come again.
func TestTheDatabaseDoesNotAnswer(t *testing.T) {
	s, addr := newStraits(t, strings.TrimPrefix(server(t, "TEAHOUSE_TEST_CQL"), "scylla://"))
	store := fmt.Sprintf("scylla://%s/test_%d?replication=1", addr, time.Now().UnixNano())
	if out, err := exec.Command(program, "migrate", "--store", store).CombinedOutput(); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	p := launch(t, "--data", t.TempDir(), "--store", store)
	at := client.Server{URL: p.url}
	ann, bob := join(t, at, "ann"), join(t, at, "bob")
	befriend(t, ann, bob)
	stream, err := ann.api.OpenDirect(t.Context(), "bob")
	must(t, err)
	devices := []*device{open(t, ann), open(t, bob)}
	asked := client.Message{ID: uuid.Must(uuid.NewV7()).String(), Stream: stream, Body: client.Text{Text: "is anybody there"}}
	acks := crowd(t, stream, devices, func(acked *atomic.Int64) {
		more(t, acked, 20)
		s.hang()
		_, err := ann.api.Post(t.Context(), asked)
		said, ok := errors.AsType[*client.Error](err)
		if !ok || said.Code != "unavailable" || said.Retry <= 0 {
			t.Errorf("without an answer of the database a message is answered %v", err)
		}
		before := acked.Load()
		s.heal()
		more(t, acked, 20)
		t.Logf("%d messages were acknowledged before, %d in all", before, acked.Load())
	})
	sent, err := ann.api.Post(t.Context(), asked) // the same again
	must(t, err)
	agree(t, stream, append(acks, ack{asked.ID, sent}), devices)
}

// TestChaos: one of two nodes is killed while Redis is gone, under parallel
// senders who go on at the other; both come back, Redis empty.
func TestChaos(t *testing.T) {
	r := startRedis(t)
	nodes := cluster(t, "redis://"+r.addr+"/0", 2)
	one, two := either(nodes[0], nodes[1]), either(nodes[1], nodes[0])
	ann, bob, cat := join(t, one, "ann"), join(t, two, "bob"), join(t, one, "cat")
	befriend(t, ann, bob, cat)
	g, err := ann.api.CreateGroup(t.Context(), "Tea", "bob", "cat")
	must(t, err)
	devices := []*device{
		open(t, ann), open(t, bob), open(t, cat), open(t, signIn(t, two, "ann", "second")), open(t, signIn(t, one, "bob", "second")),
	}
	acks := crowd(t, g.Stream, devices, func(acked *atomic.Int64) {
		more(t, acked, 40)
		r.kill()
		more(t, acked, 20)
		nodes[0].kill()
		more(t, acked, 20)
		r.start() // empty
		more(t, acked, 20)
		nodes[0].start()
		nodes[1].kill()
		r.kill()
		more(t, acked, 20)
		nodes[1].start()
		r.start()
		more(t, acked, 40)
	})
	agree(t, g.Stream, acks, devices)
}
