package pebble_test

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

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

// The power goes, before and after every time something is synced, while parts are
// changed and read: what was acknowledged and what somebody has read is there, a
// change is there whole or not at all, and so is what it owes.
func TestPowerLossOfLedger(t *testing.T) {
	const writers, changes = 2, 30 // of each part
	d := &cutDisk{MemFS: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(rand.Uint64(), 0)), acked: map[id.Stream]id.Seq{}}
	s := opened(t, d)
	d.on(true)
	var parts [3]ledger.Part
	var done atomic.Bool
	var reading, writing sync.WaitGroup
	for i := range parts {
		parts[i] = ledger.Part(fmt.Sprint("notices/user-", i))
		for range writers {
			writing.Go(func() {
				for range changes {
					n, err := count(t.Context(), s, parts[i])
					if err != nil {
						t.Error(err)
						return
					}
					d.know(id.Stream(parts[i]), n)
				}
			})
		}
		for _, look := range looks {
			reading.Go(func() {
				for !done.Load() {
					n, err := look(t.Context(), s, parts[i])
					if err != nil {
						t.Error(err)
						return
					}
					d.know(id.Stream(parts[i]), n)
				}
			})
		}
	}
	writing.Wait()
	done.Store(true)
	reading.Wait()
	d.cut()
	d.on(false)
	for i, c := range d.cuts {
		after, err := pebble.Open("data", pebble.Options{FS: c.disk})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts {
			partHolds(t, after, p, c.acked[id.Stream(p)])
		}
		if err := after.Close(); err != nil || t.Failed() {
			t.Fatalf("after cut %d of %d (%v)", i, len(d.cuts), err)
		}
	}
	t.Logf("%d cuts", len(d.cuts))
}

// The power goes while changes of parts are begun and something else is stored
// because of each, before it is settled: what is there of that has its change.
func TestPowerLossKeepsTheOrder(t *testing.T) {
	const writers, changes = 3, 30
	d := &cutDisk{MemFS: vfs.NewCrashableMem(), rng: rand.New(rand.NewPCG(rand.Uint64(), 0)), acked: map[id.Stream]id.Seq{}}
	s := opened(t, d)
	d.on(true)
	name := func(i int) (ledger.Part, id.Stream) {
		return ledger.Part(fmt.Sprint("notices/user-", i)), id.Stream(fmt.Sprint("g-", i))
	}
	var writing sync.WaitGroup
	for i := range writers {
		writing.Go(func() {
			p, st := name(i)
			for n := id.Seq(1); n <= changes; n++ {
				settled, err := s.BeginPart(t.Context(), p, ledger.Want{}, ledger.View{}, nil, func(ledger.View) ([]ledger.Row, error) {
					return []ledger.Row{{Key: "sum", Value: fmt.Append(nil, n)}}, nil
				})
				if err == nil {
					err = errors.Join(appendOrStart(t, s, st, []stream.Entry{lineAt(st, n)}), settled())
				}
				if err != nil {
					t.Error(err)
					return
				}
				d.know(st, n)
			}
		})
	}
	writing.Wait()
	d.cut()
	d.on(false)
	for _, c := range d.cuts {
		after, err := pebble.Open("data", pebble.Options{FS: c.disk})
		if err != nil {
			t.Fatal(err)
		}
		for i := range writers {
			p, st := name(i)
			heads, err := after.Heads(t.Context(), []id.Stream{st})
			v, err2 := after.ReadPart(t.Context(), p, ledger.Want{Keys: []string{"sum"}})
			if err := errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			if heads[0].Seq < c.acked[st] || sumOf(v) < heads[0].Seq {
				t.Fatalf("%d changes and %d entries, of which %d were known", sumOf(v), heads[0].Seq, c.acked[st])
			}
		}
		if err := after.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d cuts", len(d.cuts))
}

func sumOf(v ledger.View) id.Seq {
	n, _ := strconv.Atoi(string(v.Get("sum")))
	return id.Seq(n)
}

// looks are the ways to learn how many changes a part has.
var looks = []func(ctx context.Context, s *pebble.Store, p ledger.Part) (id.Seq, error){
	func(ctx context.Context, s *pebble.Store, p ledger.Part) (id.Seq, error) {
		v, err := s.ReadPart(ctx, p, ledger.Want{Keys: []string{"sum"}})
		return sumOf(v), err
	},
	func(ctx context.Context, s *pebble.Store, p ledger.Part) (id.Seq, error) {
		rows, err := s.ListPart(ctx, p, "sum", "", 1)
		return sumOf(ledger.View{Rows: rows}), err
	},
	func(ctx context.Context, s *pebble.Store, p ledger.Part) (n id.Seq, err error) { // and changes nothing
		err = s.ChangePart(ctx, p, ledger.Want{Keys: []string{"sum"}}, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
			n = sumOf(v)
			return nil, nil
		})
		return n, err
	},
}

// rowsKept is how many changes of a part have a row.
const rowsKept = 4

// count makes one more change of a part, which owes something, and tells of which number.
func count(ctx context.Context, s *pebble.Store, p ledger.Part) (n id.Seq, err error) {
	owed := []ledger.Due{{Queue: string(p), At: time.UnixMilli(1).UTC(), ID: uuid.NewString()}}
	err = s.ChangePart(ctx, p, ledger.Want{Keys: []string{"sum"}}, ledger.View{}, owed, func(v ledger.View) ([]ledger.Row, error) {
		n = sumOf(v) + 1
		return []ledger.Row{
			{Key: "sum", Value: fmt.Append(nil, n)}, {Key: fmt.Sprint("at/", n), Value: []byte("x")}, {Key: fmt.Sprint("at/", n-rowsKept)},
		}, nil
	})
	return n, err
}

// partHolds checks a part of which so many changes were known.
func partHolds(t *testing.T, s *pebble.Store, p ledger.Part, known id.Seq) {
	t.Helper()
	v, err := s.ReadPart(t.Context(), p, ledger.Want{Keys: []string{"sum"}, Prefixes: []string{"at/"}})
	if err != nil {
		t.Error(err)
	}
	owed, err := s.Owed(t.Context(), string(p), time.UnixMilli(1<<40), 1000)
	if err != nil {
		t.Error(err)
	}
	sum, rows := sumOf(v), len(v.Under("at/"))
	if sum < known || rows != min(rowsKept, int(sum)) || len(owed) != int(sum) {
		t.Errorf("%s has %d changes, %d rows and owes %d, after %d were known", p, sum, rows, len(owed), known)
	}
}
