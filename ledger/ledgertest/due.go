package ledgertest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/ledger"
)

// dues owes work over years, in no order, and looks at it from different times.
func dues(t *testing.T, s ledger.Store) {
	q, other := newQueue(), newQueue()
	var want []ledger.Due
	for i := range 40 {
		at := longAgo.Add(time.Duration(i*i*i) * time.Hour).Add(time.Duration(i%3) * time.Millisecond)
		if i == 0 {
			at = time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC)
		}
		want = append(want, due(q, at, fmt.Sprintf("%02d", i)))
	}
	want[0].Body = nil
	for _, i := range rand.Perm(len(want)) {
		if i%2 == 0 {
			must(t, s.Owe(t.Context(), want[i], due(other, want[i].At, "another queue's")))
		} else {
			change(t, s, newPart(), []ledger.Row{row("a", "1")}, want[i])
		}
	}
	find := func(by time.Time, limit int, want []ledger.Due) {
		t.Helper()
		same(t, owed(t, s, q, by, limit), want)
	}
	for _, n := range []int{0, 1, 7, 39} {
		find(want[n].At, 1000, want[:n+1])
		find(want[n].At.Add(-time.Millisecond), 1000, want[:n])
		find(want[n].At.Add(999*time.Microsecond), 1000, want[:n+1])
	}
	find(time.Time{}, 1000, nil)
	for _, limit := range []int{-1, 0} {
		find(want[39].At, limit, nil)
	}
	find(want[39].At, 1, want[:1])
	find(want[39].At, 11, want[:11])
	must(t, s.Settled(t.Context(), want[3], want[10], want[39], due(q, longAgo, "never owed")))
	want = slices.Delete(slices.Delete(want[:39], 10, 11), 3, 4)
	find(longAgo.AddDate(100, 0, 0), 1000, want)
	must(t, s.Settled(t.Context(), want...))
	must(t, s.Settled(t.Context()))
	must(t, s.Owe(t.Context()))
	find(longAgo.AddDate(100, 0, 0), 1000, nil)
}

// crowd owes much work of one time, more than is asked for at once.
func crowd(t *testing.T, s ledger.Store) {
	q := newQueue()
	var all []ledger.Due
	for i := range 100 {
		all = append(all, due(q, longAgo.Add(time.Duration(i/30)*time.Millisecond), fmt.Sprintf("%02d", i)))
	}
	must(t, s.Owe(t.Context(), all...))
	same(t, owed(t, s, q, longAgo, 200), all[:30])
	same(t, owed(t, s, q, time.Now(), 13), all[:13])
	var got []ledger.Due
	for len(got) < len(all) {
		some := owed(t, s, q, time.Now(), 7)
		if len(some) == 0 {
			t.Fatalf("after %d of %d nothing is owed", len(got), len(all))
		}
		must(t, s.Settled(t.Context(), some...))
		got = append(got, some...)
	}
	same(t, got, all)
	same(t, owed(t, s, q, time.Now(), 7), []ledger.Due{})
}

// named: what has queue, time and id is the same work; what differs in one is not.
func named(t *testing.T, s ledger.Store) {
	q := newQueue()
	first := due(q, longAgo, "a")
	must(t, s.Owe(t.Context(), first))
	first.Body = []byte("something else")
	must(t, s.Owe(t.Context(), first))
	later, other := due(q, longAgo.Add(time.Millisecond), "a"), due(q, longAgo, "b")
	must(t, s.Owe(t.Context(), later, other))
	same(t, owed(t, s, q, time.Now(), 10), []ledger.Due{first, other, later})
	must(t, s.Settled(t.Context(), ledger.Due{Queue: q, At: longAgo, ID: "a"})) // its name is enough
	same(t, owed(t, s, q, time.Now(), 10), []ledger.Due{other, later})
}

// dueFirst has one look for changes, and for the work that they owe when it sees one.
func dueFirst(t *testing.T, s ledger.Store) {
	const changes = 30
	p, q := newPart(), newQueue()
	stop := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		defer close(done)
		for i := range changes {
			key := fmt.Sprintf("%02d", i)
			if err := s.ChangePart(t.Context(), p, ledger.Want{}, ledger.View{}, []ledger.Due{due(q, longAgo, key)},
				func(ledger.View) ([]ledger.Row, error) { return []ledger.Row{row(key, "1")}, nil }); err != nil {
				done <- err
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	defer close(stop)
	for seen := 0; seen < changes; {
		rows, err := s.ListPart(t.Context(), p, "", "", changes)
		must(t, err)
		seen = len(rows)
		if work := owed(t, s, q, longAgo, changes); len(work) < seen {
			t.Fatalf("%d changes, and work for %d", seen, len(work))
		}
		select {
		case err, failed := <-done:
			if failed {
				t.Fatal(err)
			}
			done = nil
		default:
		}
	}
}
