package pebble_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/storage/pebble"
)

// More rows of one part than stay in memory, of which some are there and some are
// not, alone and under prefixes, small and too large, are changed, also by who has not looked at them: all
// are as they were changed last, and what is in memory stays within its bound.
func TestRowsInMemory(t *testing.T) {
	s, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	is := map[string][]byte{}
	some := func() string { // one of many, or one of what are few at first
		if rng.IntN(2) == 0 {
			return fmt.Sprint("row/", rng.IntN(300))
		}
		return fmt.Sprint("of/", rng.IntN(8), "/", rng.IntN(20+rng.IntN(100)))
	}
	for i := range 10000 {
		r := ledger.Row{Key: some(), Value: bytes.Repeat(fmt.Append(nil, i), rng.IntN(5)*rng.IntN(2400))}
		look := ledger.Want{Keys: []string{r.Key}}
		v, err := s.ReadPart(t.Context(), "p", look)
		if err != nil || !bytes.Equal(v.Get(r.Key), is[r.Key]) {
			t.Fatalf("step %d found %d bytes at %s (%v), want %d", i, len(v.Get(r.Key)), r.Key, err, len(is[r.Key]))
		}
		if rng.IntN(2) == 0 {
			r.Key, look = some(), ledger.Want{}
		}
		if err := s.ChangePart(t.Context(), "p", look, v, nil, func(ledger.View) ([]ledger.Row, error) {
			return []ledger.Row{r}, nil
		}); err != nil {
			t.Fatal(err)
		}
		is[r.Key] = r.Value
		if kept, most := s.PartBytes("p"); kept > most {
			t.Fatalf("%d bytes of rows are in memory, may be %d", kept, most)
		}
	}
}

// Several look at once for a row that nobody has looked for since the store was
// opened, and for one that is not there.
func TestRowsAreFoundByAll(t *testing.T) {
	disk := vfs.NewMem()
	s, err := pebble.Open("data", pebble.Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	const parts = 500
	name := func(i int) ledger.Part { return ledger.Part(fmt.Sprint("p", i)) }
	for i := range parts {
		if err := s.ChangePart(t.Context(), name(i), ledger.Want{}, ledger.View{}, nil, func(ledger.View) ([]ledger.Row, error) {
			return []ledger.Row{{Key: "of/a/row", Value: []byte("there")}}, nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = pebble.Open("data", pebble.Options{FS: disk}); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all sync.WaitGroup
	for i := range parts {
		for range 4 {
			all.Go(func() {
				v, err := s.ReadPart(t.Context(), name(i), ledger.Want{Keys: []string{"of/a/row", "of/a/none"}})
				if err != nil || len(v.Rows) != 1 || string(v.Get("of/a/row")) != "there" {
					t.Errorf("of %s somebody found %q (%v)", name(i), v.Rows, err)
				}
			})
		}
	}
	all.Wait()
}
