package contact_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// A cut lets so many writes through and then none, as if the process had died.
// The one in between is stored or not, without an answer.
type cut struct {
	h      *house
	left   int
	stored bool
}

var errCut = fmt.Errorf("%w: cut", fault.Unavailable)

func (c *cut) write(do func() error) error {
	c.left--
	if c.left > 0 {
		return do()
	}
	if c.left == 0 && c.stored {
		if err := do(); err != nil {
			return err
		}
	}
	return errCut
}

type cutStore struct {
	contact.Store
	*cut
}

func (c cutStore) ChangeRelation(ctx context.Context, owner, other id.User, change func(*contact.Relation) error) (r contact.Relation, err error) {
	err = c.write(func() error {
		r, err = c.Store.ChangeRelation(ctx, owner, other, change)
		return err
	})
	return r, err
}

func (c *cut) Append(ctx context.Context, s id.Stream, d stream.Draft) (r stream.Receipt, err error) {
	err = c.write(func() error {
		r, err = c.h.seq.Append(ctx, s, d)
		return err
	})
	return r, err
}

// acts are all that somebody can do, each from the standing it starts from.
// decides is which write is the decision: making friends looks for room first.
var acts = []struct {
	name    string
	decides int
	given   func(h *house, a, b id.User)
	act     func(s *contact.Service, a, b id.User) error
}{
	{"request", 1, func(*house, id.User, id.User) {}, request},
	{"crossing request", 2, func(h *house, a, b id.User) { h.ask(b, a) }, request},
	{"accept", 2, func(h *house, a, b id.User) { h.ask(b, a) }, func(s *contact.Service, a, b id.User) error {
		return s.Accept(context.Background(), a, string(b))
	}},
	{"remove", 1, func(h *house, a, b id.User) { h.befriend(a, b) }, func(s *contact.Service, a, b id.User) error {
		return s.Remove(context.Background(), a, string(b))
	}},
	{"block", 1, func(h *house, a, b id.User) { h.befriend(a, b) }, func(s *contact.Service, a, b id.User) error {
		return s.Block(context.Background(), a, string(b))
	}},
	{"unblock", 1, func(h *house, a, b id.User) {
		h.befriend(a, b)
		good(h.t, h.Block(context.Background(), a, string(b)))
	}, func(s *contact.Service, a, b id.User) error {
		return s.Unblock(context.Background(), a, string(b))
	}},
	{"erase", 1, func(h *house, a, b id.User) { h.befriend(a, b) }, func(s *contact.Service, a, _ id.User) error {
		return s.Erase(context.Background(), a)
	}},
}

func request(s *contact.Service, a, b id.User) error {
	_, err := s.Request(context.Background(), a, string(b), "hello from "+string(a))
	return err
}

// outcome is all that can be seen of two people.
func outcome(h *house, a, b id.User) string {
	err1, err2 := h.mayWrite(a, b), h.mayWrite(b, a)
	seen := fmt.Sprint(h.friends(a), h.friends(b), h.asking(a), h.asking(b), h.blocks(a), h.blocks(b), h.told(a), h.told(b), err1, err2)
	return strings.NewReplacer(string(a), "A", string(b), "B").Replace(seen)
}

// However an act is cut off, doing it again ends where doing it once ends.
func TestAnActThatWasCutOffIsDoneAgain(t *testing.T) {
	eachCut(t, func(t *testing.T, h *house, a, b id.User, act func(s *contact.Service, a, b id.User) error) {
		good(t, act(h.Service, a, b))
	})
}

// If nobody does it again, it is finished or was never begun, as soon as the
// other one asks whether they may write.
func TestAnActThatWasCutOffIsFinishedByTheOther(t *testing.T) {
	eachCut(t, func(t *testing.T, h *house, a, b id.User, _ func(s *contact.Service, a, b id.User) error) {
		_ = h.mayWrite(b, a)
	})
}

// A half is finished as well by whoever reads the lists of the one whose page decides.
func TestAnActThatWasCutOffIsFinishedByReading(t *testing.T) {
	eachCut(t, func(_ *testing.T, h *house, a, b id.User, _ func(s *contact.Service, a, b id.User) error) {
		h.contacts(min(a, b), "")
	})
}

// So is a friendship by whoever reads the lists of the other, who still sees a
// request there, however many others wait.
func TestAFriendshipThatWasCutOffIsFinishedByReading(t *testing.T) {
	for name, read := range map[string]func(h *house, u id.User){
		"friends":  func(h *house, u id.User) { h.contacts(u, "") },
		"requests": func(h *house, u id.User) { h.asking(u) },
	} {
		for _, asks := range []id.User{"ann", "zoe"} {
			h := open(t)
			for i := range 20 {
				h.ask(id.User(fmt.Sprintf("bob%d", i)), "zoe")
			}
			answers := id.User("zoe")
			if asks == "zoe" {
				answers = "ann"
			}
			h.ask(asks, answers)
			k := &cut{h: h, left: 2, stored: true} // the look for room, then the decision
			if err := h.node(cutStore{h.store, k}, k).Accept(t.Context(), answers, string(asks)); !errors.Is(err, errCut) {
				t.Fatal(err)
			}
			for tries := 0; ; tries++ {
				read(h, "zoe")
				if page, err := h.store.Relation(t.Context(), "zoe", "ann"); err != nil || page.Friend {
					break
				}
				if tries > 1000 {
					t.Fatalf("%s: what %s asked is never finished", name, asks)
				}
			}
			h.agreed("ann", "zoe")
			if got := h.friends("zoe"); !slices.Equal(got, []id.User{"ann"}) {
				t.Errorf("%s: friends %v", name, got)
			}
			if got := h.told(asks); got[len(got)-1] != "accepted "+string(answers) {
				t.Errorf("%s: %s was told %v", name, asks, got)
			}
		}
	}
}

func eachCut(t *testing.T, heal func(t *testing.T, h *house, a, b id.User, act func(s *contact.Service, a, b id.User) error)) {
	h, pairs := open(t), 0
	couple := func(turned bool) (a, b id.User) {
		pairs++
		a, b = id.User(fmt.Sprintf("ann%d", pairs)), id.User(fmt.Sprintf("ben%d", pairs))
		if turned { // the other one's page decides
			a, b = b, a
		}
		return a, b
	}
	for _, c := range acts {
		for _, turned := range []bool{false, true} {
			a, b := couple(turned)
			c.given(h, a, b)
			undone := outcome(h, a, b)
			good(t, c.act(h.Service, a, b))
			done := outcome(h, a, b)
			for step := 1; ; step++ {
				finished := false
				for _, stored := range []bool{false, true} {
					a, b := couple(turned)
					c.given(h, a, b)
					k := &cut{h: h, left: step, stored: stored}
					err := c.act(h.node(cutStore{h.store, k}, k), a, b)
					if finished = err == nil; finished {
						break
					}
					if !errors.Is(err, errCut) {
						t.Fatal(err)
					}
					heal(t, h, a, b, c.act)
					h.agreed(a, b)
					got := outcome(h, a, b)
					begun := step > c.decides || step == c.decides && stored
					if got != done && (begun || got != undone) {
						t.Fatalf("%s of %s, cut at step %d (stored: %v)\n got %s\nwant %s", c.name, a, step, stored, got, done)
					}
				}
				if finished {
					if step < 4 {
						t.Fatalf("%s took only %d steps", c.name, step-1)
					}
					break
				}
			}
		}
	}
}

// A late store holds up its third change, the mark that an act was carried out.
type late struct {
	contact.Store
	changes int
	arrived chan struct{}
	proceed chan struct{}
}

func (l *late) ChangeRelation(ctx context.Context, owner, other id.User, change func(*contact.Relation) error) (contact.Relation, error) {
	if l.changes++; l.changes == 3 {
		close(l.arrived)
		<-l.proceed
	}
	return l.Store.ChangeRelation(ctx, owner, other, change)
}

// What a later act still owes is not forgotten by an earlier one that ends late.
func TestAnActThatEndsLate(t *testing.T) {
	h := open(t)
	l := &late{Store: h.store, arrived: make(chan struct{}), proceed: make(chan struct{})}
	slow := h.node(l, h.seq)
	ended := make(chan error, 1)
	go func() { ended <- request(slow, "ann", "ben") }()
	<-l.arrived
	k := &cut{h: h, left: 2, stored: true} // the look for room, then the decision
	if err := h.node(cutStore{h.store, k}, k).Accept(t.Context(), "ben", "ann"); !errors.Is(err, errCut) {
		t.Fatal(err)
	}
	close(l.proceed)
	good(t, bounded(t, ended))
	good(t, h.mayWrite("ben", "ann")) // finishes what was cut off
	equal(t, h.told("ann"), []string{"accepted ben"})
	equal(t, h.told("ben"), []string{"request ann", "accepted ann"})
	h.agreed("ann", "ben")
}
