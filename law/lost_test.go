package law

import (
	"fmt"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/bus/redistest"
	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/storage/scylla/scyllatest"
)

// TestAnswersLost closes the way back from the database while grants are redeemed
// on one of two nodes: what it was asked it has done, which that node cannot know.
// It says so, and the same sent again, there or at the other node, is one notice.
func TestAnswersLost(t *testing.T) {
	store := keyspace(t)
	s, addr := scyllatest.NewStraits(t, strings.Split(strings.TrimPrefix(store, "scylla://"), "/")[0])
	h := newHouse(t)
	far := "scylla://" + addr + store[strings.LastIndex(store, "/"):]
	bus := redistest.Shared(t, "law")
	h.configs = append(h.configs, h.config(t, store, bus), h.config(t, far, bus))
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
	s.Hang()
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
	s.Heal()
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
