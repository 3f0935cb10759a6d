package scylla

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocql/gocql"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/ledger/ledgertest"
)

func aPart() ledger.Part { return ledger.Part("test/" + uuid.NewString()) }

// TestLedgerTogether: two nodes, and two whose answers get lost, change one part.
func TestLedgerTogether(t *testing.T) {
	t.Run("two nodes", func(t *testing.T) { ledgertest.Together(t, open(t), open(t)) })
	t.Run("answers lost", func(t *testing.T) { ledgertest.Together(t, open(t), openLossy(t, 12), openLossy(t, 12)) })
}

// TestUnknownLedger: a change whose answer is lost is looked up, and neither made
// twice nor taken for failed; if others have come since, too.
func TestUnknownLedger(t *testing.T) {
	for name, loss := range losses {
		t.Run(name, func(t *testing.T) {
			var o onlyNext
			s, other, p := openURL(t, newProxy(t, o.fate)), open(t), aPart()
			w := ledger.Want{Keys: []string{"sum"}}
			add := func(s *Store, before func()) error {
				calls := 0
				err := s.ChangePart(t.Context(), p, w, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
					before()
					calls++
					return []ledger.Row{{Key: "sum", Value: append(slices.Clone(v.Get("sum")), '+')}}, nil
				})
				if err == nil && calls != 1 {
					t.Errorf("the change was called %d times", calls)
				}
				return err
			}
			lose := func() { o.arrange(loss) } // the next answer: that to the conditional batch
			for i := range 3 {
				if err := add(s, lose); err != nil {
					t.Fatalf("change %d: %v", i, err)
				}
				if err := add(other, func() {}); err != nil {
					t.Fatal(err)
				}
			}
			v, err := s.ReadPart(t.Context(), p, w)
			if err != nil || string(v.Get("sum")) != "++++++" {
				t.Fatalf("after six changes the sum is %q (%v)", v.Get("sum"), err)
			}
		})
	}
}

// TestUndecidedLedger: where it cannot be told whether a change was made, that is said.
func TestUndecidedLedger(t *testing.T) {
	p, url := listenProxy(t, func() fate { return pass })
	s, part := openURL(t, url), aPart()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err := s.ChangePart(ctx, part, ledger.Want{}, ledger.View{}, nil, func(ledger.View) ([]ledger.Row, error) {
		p.shut(true)
		return []ledger.Row{{Key: "a", Value: []byte("1")}}, nil
	})
	if !errors.Is(err, fault.Unavailable) {
		t.Fatalf("a change while nobody can be reached: %v", err)
	}
}

// TestLedgerViews: a look that was settled saves the next its agreement, a stale one
// never passes, and a view of before the part's first change is one too.
func TestLedgerViews(t *testing.T) {
	s, other, p := open(t), open(t), aPart()
	w := ledger.Want{Keys: []string{"a"}, Prefixes: []string{"b/"}}
	read := func(s *Store) ledger.View {
		t.Helper()
		v, err := s.ReadPart(t.Context(), p, w)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	change := func(s *Store, have ledger.View) (calls int) {
		t.Helper()
		if err := s.ChangePart(t.Context(), p, w, have, nil, func(v ledger.View) ([]ledger.Row, error) {
			calls++
			return []ledger.Row{{Key: "a", Value: fmt.Appendf(nil, "%s+", v.Get("a"))}}, nil
		}); err != nil {
			t.Fatal(err)
		}
		return calls
	}
	before := read(s)
	for i, c := range []struct {
		s     *Store
		have  ledger.View
		calls int
	}{
		{s, before, 1},
		{other, before, 2}, // which the condition tells
		{s, before, 1},     // which s knows by itself
		{other, ledger.View{}, 1},
	} {
		if calls := change(c.s, c.have); calls != c.calls {
			t.Errorf("change %d was called %d times, want %d", i, calls, c.calls)
		}
		if known := c.s.agreed.of(p); known != int64(i+1) {
			t.Errorf("after change %d version %d is known to be settled", i, known)
		}
	}
	if v := read(s); string(v.Get("a")) != "++++" || s.agreed.of(p) != 4 {
		t.Fatalf("after four changes there is %q, and version %d is settled", v.Get("a"), s.agreed.of(p))
	}
}

// TestLedgerLane: changes of a part wait for each other, as long as they care to.
func TestLedgerLane(t *testing.T) {
	s, p := open(t), aPart()
	change := func(ctx context.Context, inside func()) error {
		return s.ChangePart(ctx, p, ledger.Want{}, ledger.View{}, nil, func(ledger.View) ([]ledger.Row, error) {
			inside()
			return []ledger.Row{{Key: "a", Value: []byte("1")}}, nil
		})
	}
	err := change(t.Context(), func() {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := change(ctx, func() { t.Error("two changes of one part at once") }); !errors.Is(err, fault.Unavailable) {
			t.Errorf("a change that waited for too long: %v", err)
		}
		if err := s.ChangePart(t.Context(), aPart(), ledger.Want{}, ledger.View{}, nil, func(ledger.View) ([]ledger.Row, error) { return nil, nil }); err != nil {
			t.Errorf("a change of another part: %v", err)
		}
	})
	if err != nil || len(s.lanes.of) != 0 {
		t.Fatalf("%d lanes are left (%v)", len(s.lanes.of), err)
	}
	if err := change(t.Context(), func() {}); err != nil {
		t.Fatal(err)
	}
}

// TestVersionBytes: a version survives being handed out; what is none is told.
func TestVersionBytes(t *testing.T) {
	v := version{}
	for range 2 * triesKept {
		got, ok := decodeVersion(encodeVersion(v))
		if !ok || got.number != v.number || !slices.Equal(got.tries, v.tries) {
			t.Fatalf("%v became %v", v, got)
		}
		v = v.next(newTry())
	}
	for _, bad := range []string{"", "1234567", "123456789", strings.Repeat("x", 16)} {
		if _, ok := decodeVersion([]byte(bad)); ok {
			t.Errorf("%q is a version", bad)
		}
	}
}

// dueSlotsOf are the slots of a queue that are listed.
func dueSlotsOf(t *testing.T, s *Store, queue string) (slots []int64) {
	t.Helper()
	iter := s.cql.Query(`SELECT slot FROM due_slots WHERE queue=?`, queue).Consistency(gocql.LocalQuorum).Iter()
	for slot := int64(0); iter.Scan(&slot); {
		slots = append(slots, slot)
	}
	if err := iter.Close(); err != nil {
		t.Fatal(err)
	}
	return slots
}

// TestDueSlots: minutes in which nothing is owed any more are not looked into for
// ever, and what is due later is found then, whoever emptied the list around it.
func TestDueSlots(t *testing.T) {
	s, other := open(t), open(t)
	var ahead time.Duration
	clock := func() time.Time { return time.Now().Add(ahead) }
	s.now, other.now = clock, clock
	queue, at := "test-"+uuid.NewString(), time.Now().UTC().Truncate(dueLength)
	due := func(at time.Time, id string) ledger.Due { return ledger.Due{Queue: queue, At: at, ID: id} }
	first, same, behind, months := due(at, "a"), due(at.Add(dueLength/2), "b"), due(at.Add(dueLength), "c"), due(at.AddDate(0, 7, 0), "d")
	owe := func(s *Store, dues ...ledger.Due) {
		t.Helper()
		if err := s.Owe(t.Context(), dues...); err != nil {
			t.Fatal(err)
		}
	}
	find := func(by time.Time, want ...string) {
		t.Helper()
		dues, err := other.Owed(t.Context(), queue, by, 10)
		var got []string
		for _, d := range dues {
			got = append(got, d.ID)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("by %v %v is owed (%v), want %v", by, got, err, want)
		}
	}
	listed := func(want int) {
		t.Helper()
		if got := dueSlotsOf(t, s, queue); len(got) != want {
			t.Fatalf("the slots %v are listed, want %d", got, want)
		}
	}
	settle := func(dues ...ledger.Due) {
		t.Helper()
		if err := s.Settled(t.Context(), dues...); err != nil {
			t.Fatal(err)
		}
	}
	owe(s, first, same, behind, months)
	listed(3)
	find(at, "a")
	settle(first)
	ahead = 3 * dueLasts
	find(at) // what is due later in this minute is still owed
	listed(3)
	find(at.Add(dueLength/2), "b")
	settle(same, behind)
	ahead = 0
	find(behind.At)
	listed(3) // they may be written to
	ahead = 3 * dueLasts
	find(behind.At)
	listed(1)
	find(months.At.Add(-time.Millisecond))
	find(months.At.AddDate(1, 0, 0), "d")
	listed(1)

	owe(s, first) // it knows that its own listing is too old
	find(at, "a")
	since := s.dueSlots.since(dueSlotAt(queue, at))
	ahead += time.Second
	if err := s.listDueSlot(t.Context(), dueSlotAt(queue, at)); err != nil {
		t.Fatal(err)
	}
	if err := other.unlistDueSlot(t.Context(), dueSlotAt(queue, at), since); err != nil {
		t.Fatal(err)
	}
	find(at, "a") // what was listed since is not taken away
	settle(first, months)
	ahead += 3 * dueLasts
	find(months.At)
	listed(0)
}
