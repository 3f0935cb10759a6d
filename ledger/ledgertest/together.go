package ledgertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/ledger"
)

// Together changes one part from many sides, over stores that share their truth,
// some of which may lose answers. Each change adds one to a sum, writes what it
// made of it, and owes work; who gets no answer changes again under the same name.
// In the end all was done once, one after the other.
func Together(t *testing.T, stores ...ledger.Store) {
	const writers, changes = 6, 12
	p, q := newPart(), newQueue()
	var all sync.WaitGroup
	var unknown atomic.Int64
	for n := range writers {
		all.Go(func() {
			for range changes {
				id := uuid.NewString()
				for { // whoever wants something keeps at it, at any node
					s := stores[(n+rand.N(2))%len(stores)]
					err := addOne(t, s, p, id, due(q, longAgo, id))
					if err == nil {
						break
					}
					unknown.Add(1)
					if !errors.Is(err, fault.Unavailable) || t.Context().Err() != nil {
						t.Errorf("add one: %v", err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	t.Logf("%d answers were lost", unknown.Load())
	holdsSum(t, stores[0], p, q, writers*changes)
}

// addOne is one change, from a view of before or without.
func addOne(t *testing.T, s ledger.Store, p ledger.Part, id string, owed ledger.Due) error {
	w := ledger.Want{Keys: []string{"sum", "by/" + id}}
	var have ledger.View
	if rand.N(2) == 0 {
		var err error
		if have, err = s.ReadPart(t.Context(), p, w); err != nil {
			return err
		}
	}
	return inOneOfTwoWays(t.Context(), s, p, w, have, []ledger.Due{owed}, func(v ledger.View) ([]ledger.Row, error) {
		if v.Get("by/"+id) != nil {
			return nil, nil // its own work
		}
		sum, _ := strconv.Atoi(string(v.Get("sum")))
		next := strconv.Itoa(sum + 1)
		return []ledger.Row{row("sum", next), row("by/"+id, next), row("at/"+next, id)}, nil
	})
}

// inOneOfTwoWays is ChangePart, or BeginPart and then what it begins.
func inOneOfTwoWays(ctx context.Context, s ledger.Store, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	if rand.N(2) == 0 {
		return s.ChangePart(ctx, p, w, have, owed, change)
	}
	settled, err := ledger.BeginPart(ctx, s, p, w, have, owed, change)
	if err != nil {
		return err
	}
	return settled()
}

func holdsSum(t *testing.T, s ledger.Store, p ledger.Part, q string, sum int) {
	t.Helper()
	v := look(t, s, p, ledger.Want{Keys: []string{"sum"}, Prefixes: []string{"by/", "at/"}})
	if got := string(v.Get("sum")); got != strconv.Itoa(sum) {
		t.Fatalf("the sum of %d is %s", sum, got)
	}
	by, at := v.Under("by/"), v.Under("at/")
	if len(by) != sum || len(at) != sum {
		t.Fatalf("%d changes are told of by name and %d by number, of %d", len(by), len(at), sum)
	}
	for _, r := range by {
		if id := "by/" + string(v.Get("at/"+string(r.Value))); id != r.Key {
			t.Fatalf("%s made %s, which tells of %s", r.Key, r.Value, id)
		}
	}
	if work := owed(t, s, q, longAgo, sum+1); len(work) != sum {
		t.Fatalf("%d pieces of work are owed, of %d", len(work), sum)
	}
}

// moment moves one token between places that are read by key and by prefix, and
// writes the number of the move in two. Whoever looks finds the token once, and one
// number.
func moment(t *testing.T, s ledger.Store) {
	const moves, readers = 60, 2
	p := newPart()
	token := ledger.Want{Keys: places[:1], Prefixes: []string{"b/", "c/"}}
	number := ledger.Want{Keys: []string{"n"}, Prefixes: []string{"m/"}}
	change(t, s, p, []ledger.Row{row(places[0], "token")})
	must(t, move(t, s, p, 0, token))
	var done atomic.Bool
	var all sync.WaitGroup
	reader := func(w ledger.Want, holds func(v ledger.View) bool) {
		for !done.Load() {
			if v, err := s.ReadPart(t.Context(), p, w); err != nil || !holds(v) {
				t.Errorf("a reader finds %q (%v)", v.Rows, err)
				return
			}
		}
	}
	for range readers {
		all.Go(func() { reader(token, func(v ledger.View) bool { return len(v.Rows) == 1 }) })
		all.Go(func() { reader(number, func(v ledger.View) bool { return string(v.Get("n")) == string(v.Get("m/n")) }) })
	}
	for i := 1; i < moves; i++ {
		if err := move(t, s, p, i, token); err != nil {
			t.Error(err)
			break
		}
		time.Sleep(time.Duration(rand.N(500)) * time.Microsecond) // so that readers come in between
	}
	done.Store(true)
	all.Wait()
}

var places = []string{"a", "b/1", "b/2", "c/1"}

// move takes the token from one place to the next.
func move(t *testing.T, s ledger.Store, p ledger.Part, i int, w ledger.Want) error {
	from, to, n := places[i%len(places)], places[(i+1)%len(places)], strconv.Itoa(i)
	return s.ChangePart(t.Context(), p, w, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		if len(v.Rows) != 1 || v.Rows[0].Key != from {
			return nil, fmt.Errorf("move %d finds the token at %v", i, v.Rows)
		}
		return []ledger.Row{row(from, ""), row(to, "token"), row("n", n), row("m/n", n)}, nil
	})
}
