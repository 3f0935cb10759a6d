package main

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/storage/scylla/scyllatest"
)

// TestTheDatabaseDoesNotAnswer: what it was asked meanwhile it has done, which the
// server cannot know. It says unavailable, acknowledges nothing that is not there,
// and goes on by itself when answers come again.
func TestTheDatabaseDoesNotAnswer(t *testing.T) {
	s, addr := scyllatest.NewStraits(t, strings.TrimPrefix(server(t, "TEAHOUSE_TEST_CQL"), "scylla://"))
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
		s.Hang()
		_, err := ann.api.Post(t.Context(), asked)
		said, ok := errors.AsType[*client.Error](err)
		if !ok || said.Code != "unavailable" || said.Retry <= 0 {
			t.Errorf("without an answer of the database a message is answered %v", err)
		}
		before := acked.Load()
		s.Heal()
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
	r := redistest.Start(t)
	nodes := cluster(t, r.URL()+"/0", 2)
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
		r.Kill()
		more(t, acked, 20)
		nodes[0].kill()
		more(t, acked, 20)
		r.Start() // empty
		more(t, acked, 20)
		nodes[0].start()
		nodes[1].kill()
		r.Kill()
		more(t, acked, 20)
		nodes[1].start()
		r.Start()
		more(t, acked, 40)
	})
	agree(t, g.Stream, acks, devices)
}
