package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/client"
)

// crowd lets devices send to one stream at once while something happens to the
// servers, and gathers what they were told.
func crowd(t *testing.T, stream string, devices []*device, happen func(acked *atomic.Int64)) []ack {
	t.Helper()
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		acks  []ack
		acked atomic.Int64
	)
	stop := make(chan struct{})
	for _, d := range devices {
		wg.Go(func() {
			got, err := d.sender(stream, stop, func() { acked.Add(1) })
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			acks = append(acks, got...)
		})
	}
	happen(&acked)
	close(stop)
	wg.Wait()
	return acks
}

// more waits until that many further messages were acknowledged.
func more(t *testing.T, acked *atomic.Int64, n int64) {
	t.Helper()
	until := acked.Load() + n
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); acked.Load() < until; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("%d messages acknowledged, waited for %d", acked.Load(), until)
		}
	}
}

// agree waits until every device has the whole stream and compares it with the store.
func agree(t *testing.T, stream string, acks []ack, devices []*device) {
	t.Helper()
	stored := wholeLog(t, devices[0].who, stream)
	check(t, stored, acks)
	for _, d := range devices {
		log := d.until(t, stream, stored[len(stored)-1].Seq)
		if err := same(log, stored); err != nil {
			t.Fatalf("%s (%s): %v", d.who.name, d.who.in.Session, err)
		}
	}
}

func TestKilledInTheMiddle(t *testing.T) {
	p := launch(t, "--data", t.TempDir())
	s := client.Server{URL: p.url}
	ann, bob := join(t, s, "ann"), join(t, s, "bob")
	befriend(t, ann, bob)
	stream, err := ann.api.OpenDirect(t.Context(), "bob")
	must(t, err)
	devices := []*device{open(t, ann), open(t, bob), open(t, signIn(t, s, "ann", "second"))}
	acks := crowd(t, stream, devices, func(acked *atomic.Int64) {
		for range 6 {
			more(t, acked, 40)
			p.kill()
			p.start()
		}
		more(t, acked, 40)
	})
	agree(t, stream, acks, devices)
}

// cluster starts nodes on a fresh keyspace and a Redis, of which they share nothing
// with other clusters: people have the same names there.
func cluster(t *testing.T, redis string, nodes int) []*process {
	t.Helper()
	return clusterOf(t, redis, make([][]string, nodes)...)
}

// clusterOf is cluster with further arguments of each node.
func clusterOf(t *testing.T, redis string, each ...[]string) []*process {
	t.Helper()
	name := fmt.Sprintf("test_%d", time.Now().UnixNano())
	store, bus := server(t, "TEAHOUSE_TEST_CQL")+"/"+name+"?replication=1", redis+"?prefix="+name
	if said := fails(t, nil, "serve", "--data", t.TempDir(), "--store", store, "--bus", bus, "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"); !strings.Contains(said, "teahouse migrate") {
		t.Fatalf("a keyspace that was not migrated is refused with %q", said)
	}
	if out, err := exec.Command(program, "migrate", "--store", store).CombinedOutput(); err != nil {
		t.Fatalf("migrate: %v\n%s", err, out)
	}
	var all []*process
	for i, more := range each {
		args := append([]string{"--data", t.TempDir(), "--store", store, "--bus", bus, "--node", fmt.Sprint("n", i)}, more...)
		all = append(all, launch(t, args...))
	}
	return all
}

// server is where a real server of the tests is.
func server(t *testing.T, variable string) string {
	t.Helper()
	url := os.Getenv(variable)
	if url == "" && os.Getenv("CI") != "" {
		t.Fatalf("%s is not set", variable)
	}
	if url == "" {
		t.Skipf("%s is not set: NOT TESTED here; scripts/services start brings the servers up", variable)
	}
	return url
}

func TestANodeDiesUnderItsClients(t *testing.T) {
	nodes := cluster(t, server(t, "TEAHOUSE_TEST_REDIS"), 2)
	one, two := either(nodes[0], nodes[1]), either(nodes[1], nodes[0])
	ann, bob, cat := join(t, one, "ann"), join(t, two, "bob"), join(t, two, "cat")
	befriend(t, ann, bob, cat)
	g, err := ann.api.CreateGroup(t.Context(), "Tea", "bob", "cat")
	must(t, err)
	devices := []*device{open(t, ann), open(t, bob), open(t, cat), open(t, signIn(t, two, "ann", "second"))}
	acks := crowd(t, g.Stream, devices, func(acked *atomic.Int64) {
		more(t, acked, 60)
		nodes[0].kill()
		more(t, acked, 60)
		nodes[0].start()
		more(t, acked, 60)
		nodes[1].kill()
		more(t, acked, 60)
	})
	agree(t, g.Stream, acks, devices)
}

func TestRedisDies(t *testing.T) {
	r := redistest.Start(t)
	nodes := cluster(t, r.URL()+"/0", 2)
	one, two := client.Server{URL: nodes[0].url}, client.Server{URL: nodes[1].url}
	ann, bob := join(t, one, "ann"), join(t, two, "bob")
	befriend(t, ann, bob)
	stream, err := ann.api.OpenDirect(t.Context(), "bob")
	must(t, err)
	devices := []*device{open(t, ann), open(t, bob)}
	acks := crowd(t, stream, devices, func(acked *atomic.Int64) {
		for range 2 {
			more(t, acked, 30)
			r.Kill()
			more(t, acked, 30) // sends go on without it
			r.Start()          // empty
		}
		more(t, acked, 30)
	})
	agree(t, stream, acks, devices)
}

// TestWhatRedisSwallowed: what was decided on one node while the bus was away
// takes effect on the others' sockets when it is back.
func TestWhatRedisSwallowed(t *testing.T) {
	r := redistest.Start(t)
	nodes := cluster(t, r.URL()+"/0", 2)
	one, two := client.Server{URL: nodes[0].url}, client.Server{URL: nodes[1].url}
	ann, bob, cat := join(t, one, "ann"), join(t, two, "bob"), join(t, two, "cat")
	befriend(t, ann, bob, cat)
	group := func(members ...string) string {
		g, err := ann.api.CreateGroup(t.Context(), "Tea", members...)
		must(t, err)
		return g.Stream
	}
	left, stays, joined := group("bob"), group("bob"), group("bob")
	say := func(stream string) int64 {
		sent, err := ann.api.Post(t.Context(), client.Message{Stream: stream, Body: client.Text{Text: "hello"}})
		must(t, err)
		return sent.Seq
	}
	bobs, cats, lost := open(t, bob), open(t, cat), open(t, signIn(t, two, "cat", "lost"))
	bobs.until(t, left, say(left))

	r.Kill()
	must(t, ann.api.RemoveMember(t.Context(), left, "bob"))
	_, err := ann.api.AddMembers(t.Context(), joined, "cat")
	must(t, err)
	must(t, signIn(t, one, "cat", "another").api.EndSession(t.Context(), lost.who.in.Session))
	r.Start()

	select {
	case <-lost.Done():
	case <-time.After(patience):
		t.Fatal("a device that was signed out meanwhile is still connected")
	}
	cats.until(t, joined, 2)
	cats.until(t, joined, say(joined))
	for end := time.Now().Add(patience); ; {
		out := say(left)
		bobs.until(t, stays, say(stays)) // by then the one before would be there
		bobs.mu.Lock()
		log := bobs.logs[left]
		bobs.mu.Unlock()
		if log[len(log)-1].Seq < out {
			return
		}
		if time.Now().After(end) {
			t.Fatal("somebody who was removed meanwhile still hears the group")
		}
	}
}
