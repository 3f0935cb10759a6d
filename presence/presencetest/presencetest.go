// Package presencetest is the contract of presence.Board, as tests.
package presencetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
)

const (
	// patience bounds every wait for something that has to happen.
	patience = 30 * time.Second
	// long is a lease that outlasts every test, short one that is waited out.
	long, short = 10 * patience, 300 * time.Millisecond
	// pace is how often something that is waited for is looked at.
	pace = 20 * time.Millisecond
)

// A World is a board somewhere, on which nodes write.
type World interface {
	// Node opens the board for one more node. The test closes it; closing it again
	// at the test's end must be harmless.
	Node(t *testing.T, lease time.Duration) presence.Board
	// Wipe loses everything that stands on the board.
	Wipe(t *testing.T)
}

// Run checks what every board promises; open makes a new, empty one.
func Run(t *testing.T, open func(t *testing.T) World) {
	for _, c := range []struct {
		name string
		test func(*testing.T, World)
	}{
		{"one node", oneNode},
		{"many users", manyUsers},
		{"the best of two nodes", bestOfTwo},
		{"devices of two nodes", devicesOfTwo},
		{"devices of a node that dies", devicesOfTheDead},
		{"a node that dies", death},
		{"a node that closes", farewell},
		{"a node that comes", arrival},
		{"a wiped board", wiped},
		{"a wiped board that was written before it was noticed", wipedUnnoticed},
		{"a node that slept for too long", slept},
		{"a node that starts again", restart},
		{"used by many at once", concurrent},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// join opens a node and begins its lease.
func join(t *testing.T, w World) presence.Board { return joinFor(t, w, long) }

func joinFor(t *testing.T, w World, lease time.Duration) presence.Board {
	t.Helper()
	b := w.Node(t, lease)
	if wiped, moved := renew(t, b); !wiped || moved {
		t.Fatalf("the first Renew: wiped %v, moved %v; want a new lease", wiped, moved)
	}
	return b
}

func renew(t *testing.T, b presence.Board) (wiped, moved bool) {
	t.Helper()
	wiped, moved, err := b.Renew(t.Context())
	ok(t, err)
	return wiped, moved
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, b presence.Board, u id.User, state presence.State) {
	t.Helper()
	ok(t, b.Put(t.Context(), presence.Line{User: u, State: state}))
}

func look(t *testing.T, b presence.Board, users ...id.User) []presence.State {
	t.Helper()
	states, err := b.Look(t.Context(), users)
	ok(t, err)
	return states
}

// shows checks what a board says of one user.
func shows(t *testing.T, b presence.Board, u id.User, want presence.State) {
	t.Helper()
	if got := look(t, b, u); len(got) != 1 || got[0] != want {
		t.Fatalf("%s is %v, want %s", u, got, want)
	}
}

// until waits for something that has to come true.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	again := time.NewTicker(pace)
	defer again.Stop()
	for !done() {
		select {
		case <-again.C:
		case <-late.C:
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

func oneNode(t *testing.T, w World) {
	b := join(t, w)
	defer b.Close()
	shows(t, b, "alice", presence.Offline)
	ok(t, b.Put(t.Context(), presence.Line{User: "alice", State: presence.Online}, presence.Line{User: "bob", State: presence.Away}))
	want := []presence.State{presence.Away, presence.Offline, presence.Online, presence.Away}
	if got := look(t, b, "bob", "carol", "alice", "bob"); !slices.Equal(got, want) {
		t.Fatalf("looks like %v, want %v", got, want)
	}
	put(t, b, "alice", presence.Away)
	shows(t, b, "alice", presence.Away)
	ok(t, b.Drop(t.Context(), "alice", "carol"))
	ok(t, b.Drop(t.Context(), "alice"))
	shows(t, b, "alice", presence.Offline)
	shows(t, b, "bob", presence.Away)
	ok(t, b.Put(t.Context()))
	ok(t, b.Drop(t.Context()))
	if got := look(t, b); len(got) != 0 {
		t.Fatalf("nobody looks like %v", got)
	}
}

func manyUsers(t *testing.T, w World) {
	b := join(t, w)
	defer b.Close()
	const n = 3000
	var lines []presence.Line
	var users []id.User
	for i := range n {
		u := id.User(fmt.Sprintf("u%d", i))
		users = append(users, u)
		if i%3 > 0 {
			lines = append(lines, presence.Line{User: u, State: []presence.State{presence.Online, presence.Away}[i%3-1]})
		}
	}
	ok(t, b.Put(t.Context(), lines...))
	for i, state := range look(t, b, users...) {
		if want := []presence.State{presence.Offline, presence.Online, presence.Away}[i%3]; state != want {
			t.Fatalf("%s is %s, want %s", users[i], state, want)
		}
	}
}

func bestOfTwo(t *testing.T, w World) {
	a, b := join(t, w), join(t, w)
	defer a.Close()
	defer b.Close()
	put(t, a, "alice", presence.Away)
	shows(t, b, "alice", presence.Away)
	put(t, b, "alice", presence.Online)
	for _, node := range []presence.Board{a, b} {
		shows(t, node, "alice", presence.Online)
	}
	ok(t, b.Drop(t.Context(), "alice"))
	shows(t, b, "alice", presence.Away)
	ok(t, b.Drop(t.Context(), "alice")) // not the other's
	shows(t, a, "alice", presence.Away)
}

func death(t *testing.T, w World) {
	a, b := joinFor(t, w, short), join(t, w)
	defer a.Close()
	defer b.Close()
	put(t, a, "alice", presence.Online)
	put(t, b, "bob", presence.Online)
	until(t, "the dead node is missed", hears(t, b))
	shows(t, b, "alice", presence.Offline)
	shows(t, b, "bob", presence.Online)
	if _, moved := renew(t, b); moved {
		t.Fatal("the dead node is missed twice")
	}
}

func farewell(t *testing.T, w World) {
	a, b := join(t, w), join(t, w)
	defer b.Close()
	put(t, a, "alice", presence.Online)
	renew(t, b)
	ok(t, a.Close())
	shows(t, b, "alice", presence.Offline)
	until(t, "the others hear of it", hears(t, b))
	ok(t, a.Close())
}

func arrival(t *testing.T, w World) {
	a := join(t, w)
	defer a.Close()
	if wiped, moved := renew(t, a); wiped || moved {
		t.Fatalf("alone: wiped %v, moved %v", wiped, moved)
	}
	b := join(t, w)
	defer b.Close()
	if wiped, moved := renew(t, a); wiped || !moved {
		t.Fatalf("another has come: wiped %v, moved %v", wiped, moved)
	}
	if wiped, moved := renew(t, b); wiped || moved {
		t.Fatalf("the other was there already: wiped %v, moved %v", wiped, moved)
	}
}

func wiped(t *testing.T, w World) {
	a, b := join(t, w), join(t, w)
	defer a.Close()
	defer b.Close()
	put(t, a, "alice", presence.Online)
	w.Wipe(t)
	shows(t, a, "alice", presence.Offline)
	for _, node := range []presence.Board{a, b} {
		if wiped, _ := renew(t, node); !wiped {
			t.Fatal("not noticed")
		}
		if wiped, _ := renew(t, node); wiped {
			t.Fatal("noticed twice")
		}
	}
	put(t, a, "alice", presence.Online)
	shows(t, b, "alice", presence.Online)
}

func wipedUnnoticed(t *testing.T, w World) {
	a := join(t, w)
	defer a.Close()
	put(t, a, "alice", presence.Online)
	w.Wipe(t)
	put(t, a, "bob", presence.Online)
	if wiped, _ := renew(t, a); !wiped {
		t.Fatal("a line that was written since hides that others are lost")
	}
	put(t, a, "alice", presence.Online)
	shows(t, a, "alice", presence.Online)
}

func slept(t *testing.T, w World) {
	a, b := joinFor(t, w, short), join(t, w)
	defer a.Close()
	defer b.Close()
	put(t, a, "alice", presence.Online)
	until(t, "it is taken for dead", hears(t, b))
	shows(t, b, "alice", presence.Offline)
	back, heard := false, hears(t, b)
	until(t, "it notices, and is back for the others", func() bool {
		if wiped, _ := renew(t, a); wiped {
			put(t, a, "alice", presence.Online)
			back = true
		}
		return back && look(t, b, "alice")[0] == presence.Online && heard()
	})
}

func restart(t *testing.T, w World) {
	before, other := joinFor(t, w, short), join(t, w)
	defer before.Close()
	defer other.Close()
	put(t, before, "alice", presence.Online)
	put(t, before, "bob", presence.Online)
	after := join(t, w)
	defer after.Close()
	put(t, after, "alice", presence.Away)
	until(t, "the lines from before the restart end", func() bool {
		states := look(t, other, "alice", "bob")
		return states[0] == presence.Away && states[1] == presence.Offline
	})
}

// hears tells whether a node has heard that others have come or gone.
func hears(t *testing.T, b presence.Board) func() bool {
	return func() bool {
		_, moved := renew(t, b)
		return moved
	}
}

func concurrent(t *testing.T, w World) {
	nodes := []presence.Board{join(t, w), join(t, w)}
	users := []id.User{"alice", "bob", "carol", "dave"}
	var all sync.WaitGroup
	for i, b := range nodes {
		defer b.Close()
		for k, u := range users {
			all.Go(func() {
				ctx := context.Background()
				for range 20 {
					if err := b.Put(ctx, presence.Line{User: u, State: presence.Online}); err != nil {
						t.Error(err)
					}
					if _, _, err := b.Renew(ctx); err != nil {
						t.Error(err)
					}
					if _, err := b.Look(ctx, users); err != nil {
						t.Error(err)
					}
					if i == 1 || k%2 == 0 {
						if err := b.Drop(ctx, u); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
	}
	all.Wait()
	want := []presence.State{presence.Offline, presence.Online, presence.Offline, presence.Online}
	if got := look(t, nodes[1], users...); !slices.Equal(got, want) {
		t.Fatalf("looks like %v, want %v", got, want)
	}
}
