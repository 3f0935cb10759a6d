package contact_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/id"
)

// A gate holds up the first reading of a page after it has been read.
type gate struct {
	contact.Store
	held atomic.Bool
	read chan struct{} // closed when the page has been read
	open chan struct{} // the reading goes on when this is closed
}

func (g *gate) Relation(ctx context.Context, owner, other id.User) (contact.Relation, error) {
	r, err := g.Store.Relation(ctx, owner, other)
	if g.held.CompareAndSwap(false, true) {
		close(g.read)
		<-g.open
	}
	return r, err
}

// What was read before a change and comes back after it is not believed, neither
// by whoever read it nor by those who come later.
func TestALoadThatAChangeOvertakes(t *testing.T) {
	h := open(t)
	for _, c := range []struct {
		name   string
		change func(a, b id.User) error
		want   error
	}{
		{"remove", func(a, b id.User) error { return h.Remove(t.Context(), a, string(b)) }, contact.ErrNotFriends},
		{"removed by the other", func(a, b id.User) error { return h.Remove(t.Context(), b, string(a)) }, contact.ErrNotFriends},
		{"block", func(a, b id.User) error { return h.Block(t.Context(), a, string(b)) }, contact.ErrBlocked},
		{"blocked by the other", func(a, b id.User) error { return h.Block(t.Context(), b, string(a)) }, contact.ErrBlocked},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := h
			g := &gate{Store: h.store, read: make(chan struct{}), open: make(chan struct{})}
			a, b := id.User("ann"), id.User("ben")
			h.befriend(a, b)
			h.Service = h.node(g, h.seq)
			early := make(chan error, 1)
			go func() { early <- h.MayWrite(context.Background(), a, b) }()
			<-g.read
			good(t, c.change(a, b))
			late := make(chan error, 1)
			go func() { late <- h.MayWrite(context.Background(), b, a) }() // must not join the old reading
			if err := bounded(t, late); !errors.Is(err, c.want) {
				t.Errorf("asked after the change: %v", err)
			}
			close(g.open)
			if err := bounded(t, early); err != nil && !errors.Is(err, c.want) { // began before the change: either is true
				t.Errorf("asked before the change: %v", err)
			}
			for range 10 {
				if err := h.mayWrite(a, b); !errors.Is(err, c.want) {
					t.Fatalf("after both: %v", err)
				}
			}
			good(t, h.Unblock(t.Context(), a, string(b)))
			good(t, h.Unblock(t.Context(), b, string(a)))
		})
	}
}

func bounded(t *testing.T, c <-chan error) error {
	t.Helper()
	select {
	case err := <-c:
		return err
	case <-time.After(10 * time.Second):
		t.Fatal("no answer")
		return nil
	}
}

// A permission is remembered on other nodes for about a second, a refusal never.
func TestTwoNodes(t *testing.T) {
	h := open(t)
	other := h.node(h.store, h.seq)
	ask := func() error { return other.MayWrite(t.Context(), "ann", "ben") }
	refused(t, ask(), contact.ErrNotFriends)
	h.befriend("ann", "ben")
	good(t, ask())
	good(t, h.Block(t.Context(), "ben", "ann"))
	for start := time.Now(); !errors.Is(ask(), contact.ErrBlocked); {
		if time.Since(start) > 5*time.Second {
			t.Fatal("a permission that was taken back is good for ever")
		}
	}
	good(t, h.Unblock(t.Context(), "ben", "ann"))
	good(t, ask())
}

// A remembered permission costs no reading.
func TestWritingOnCostsNoReading(t *testing.T) {
	h := open(t)
	h.befriend("ann", "ben")
	reads := &counter{Store: h.store}
	s := h.node(reads, h.seq)
	for range 100 {
		good(t, s.MayWrite(t.Context(), "ann", "ben"))
		good(t, s.MayWrite(t.Context(), "ben", "ann"))
	}
	if n := reads.n; n > 20 { // one, if the machine is not very slow
		t.Fatalf("%d readings", n)
	}
}

type counter struct {
	contact.Store
	n int
}

func (c *counter) Relation(ctx context.Context, owner, other id.User) (contact.Relation, error) {
	c.n++
	return c.Store.Relation(ctx, owner, other)
}

func TestNotFriends(t *testing.T) {
	h := open(t)
	h.befriend("mia", "ann")
	h.befriend("zoe", "mia")
	h.befriend("mia", "ben")
	good(t, h.Block(t.Context(), "ben", "mia"))
	h.ask("mia", "carl")
	got, err := h.NotFriends(t.Context(), "mia", []id.User{"zoe", "carl", "ben", "ann", "mia", "nobody"})
	good(t, err)
	equal(t, got, []id.User{"carl", "ben", "nobody"})
	got, err = h.NotFriends(t.Context(), "mia", []id.User{"zoe", "ann"})
	good(t, err)
	equal(t, got, nil)
}
