package shape_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/notify/shape/shapetest"
	"github.com/teahouse-im/teahouse/storage/pebble"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func openStore(t testing.TB) ledger.Store {
	t.Helper()
	s, err := pebble.Open("shape", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func kept(t testing.TB, store ledger.Store) *shape.Memory {
	t.Helper()
	m := shape.NewMemory(shape.DefaultLimits(), shape.Options{Store: store, Failed: func(err error) { t.Log(err) }})
	if err := m.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// restless is a board that is closed and made anew at every so many sightings.
type restless struct {
	t     *testing.T
	store ledger.Store
	board *shape.Memory
	every int
	n     int
}

func (r *restless) restart() {
	r.t.Helper()
	if err := r.board.Close(); err != nil {
		r.t.Fatal(err)
	}
	r.board = kept(r.t, r.store)
}

func (r *restless) See(ctx context.Context, s shape.Sighting) (shape.Verdict, error) {
	if r.n++; r.n%r.every == 0 {
		r.restart()
	}
	return r.board.See(ctx, s)
}

func (r *restless) Forget(ctx context.Context, t id.Template) error {
	defer r.restart()
	return r.board.Forget(ctx, t)
}

// Whatever a board promises, it promises over any number of restarts.
func TestRestarts(t *testing.T) {
	shapetest.Run(t, func(t *testing.T) shape.Board {
		store := openStore(t)
		every := 17
		if strings.Contains(t.Name(), "/Every") { // they are many
			every = 500
		}
		return &restless{t: t, store: store, board: kept(t, store), every: every}
	})
}

func dues(t testing.TB, store ledger.Store) (n int) {
	t.Helper()
	all, err := store.Owed(t.Context(), shape.Queue, shapetest.Start.AddDate(100, 0, 0), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// What is old is settled: a day of sightings, a week of hours, and the templates stay.
func TestJournalEnds(t *testing.T) {
	store := openStore(t)
	s := shapetest.On(t, nil)
	for day := range 20 {
		m := kept(t, store)
		s.Board = m
		for n := range 3 {
			s.Want("", s.Sight("app-a", n, "Big summer sale today"))
			s.Now = s.Now.Add(time.Minute)
		}
		settled := func() bool { return dues(t, store) <= 1+2+9*2 }
		for end := time.Now().Add(30 * time.Second); day > 9 && !settled(); time.Sleep(5 * time.Millisecond) { // between two looks
			if time.Now().After(end) {
				t.Fatalf("%d dues on day %d", dues(t, store), day)
			}
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		s.Now = s.Now.Add(24 * time.Hour)
	}
}

// Nobody has to close the board for what it saw to be kept.
func TestWritesInTheBackground(t *testing.T) {
	store := openStore(t)
	s := shapetest.On(t, kept(t, store))
	for n := range 20 {
		s.Want("", s.Sight("app-a", n, "Big summer sale today"))
	}
	for end := time.Now().Add(30 * time.Second); dues(t, store) < 3; time.Sleep(time.Millisecond) { // between two looks
		if time.Now().After(end) {
			t.Fatal("it is not written")
		}
	}
	x := s.Sight("app-a", 20, "Big summer sale today")
	x.At, x.Reach = x.At.Add(time.Hour), 1
	if v := shapetest.On(t, kept(t, store)).See(x); !v.TooFar {
		t.Fatalf("%+v: a board that begins after a crash knows nobody", v)
	}
}

// failing is a store that can be away.
type failing struct {
	ledger.Store
	away  atomic.Bool
	tries atomic.Int64
}

func (f *failing) Owe(ctx context.Context, dues ...ledger.Due) error {
	f.tries.Add(1)
	if f.away.Load() {
		return fmt.Errorf("away: %w", fault.Unavailable)
	}
	return f.Store.Owe(ctx, dues...)
}

// A journal that cannot be written is caught up on; when too much is not written, nothing more is seen.
func TestStoreIsAway(t *testing.T) {
	store := &failing{Store: openStore(t)}
	m := kept(t, store)
	store.away.Store(true)
	s := shapetest.On(t, m)
	n := 0
	for ; ; n++ {
		x := s.Sight("app-a", n)                        // without a text, for which it would wait
		x.At = x.At.Add(time.Duration(n) * time.Second) // all within a day
		if _, err := m.See(t.Context(), x); err != nil {
			if !errors.Is(err, fault.Unavailable) {
				t.Fatal(err)
			}
			break
		}
		if n > 100_000 {
			t.Fatal("it sees without end what it cannot keep")
		}
	}
	for end := time.Now().Add(30 * time.Second); store.tries.Load() == 0; time.Sleep(time.Millisecond) { // between two looks
		if time.Now().After(end) {
			t.Fatal("it does not try")
		}
	}
	store.away.Store(false)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	m = kept(t, store)
	x := s.Sight("app-a", n, "Text of its own")
	x.At, x.Reach = x.At.Add(time.Duration(n)*time.Second), n
	if v, err := m.See(t.Context(), x); err != nil || !v.TooFar {
		t.Fatalf("not all %d are known: %+v (%v)", n, v, err)
	}
	x.Reach = n + 1
	if v, err := m.See(t.Context(), x); err != nil || v.TooFar {
		t.Fatalf("more than %d are known: %+v (%v)", n, v, err)
	}
}

// The hours of a week are known although nothing else of their days is.
func TestHoursAreKept(t *testing.T) {
	store := openStore(t)
	m := kept(t, store)
	s := shapetest.On(t, m)
	s.Settle("app-a")
	for range 9 {
		s.Now = s.Now.Add(time.Hour)
		for n := range 20 {
			s.Want("", s.Sight("app-a", n))
		}
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		m = kept(t, store)
		s.Board = m
		s.Now = s.Now.Add(60 * time.Hour)
		for n := range 101 {
			x := s.Sight("app-a", n)
			x.Minted = s.Now.Add(-25 * time.Hour)
			s.Want(map[bool]string{true: shape.Hoard}[n == 100], x)
		}
	}
}

func TestLifeOfTheJournal(t *testing.T) {
	store := openStore(t)
	m := shape.NewMemory(shape.DefaultLimits(), shape.Options{Store: store})
	s := shapetest.On(t, m)
	if _, err := m.See(t.Context(), s.Sight("app-a", 1)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("before its journal was read: %v", err)
	}
	if err := m.Restore(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := m.Restore(t.Context()); err == nil {
		t.Error("it reads the journal twice")
	}
	s.Want("", s.Sight("app-a", 1))
	for range 2 {
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.See(t.Context(), s.Sight("app-a", 1)); !errors.Is(err, fault.Unavailable) {
		t.Errorf("after Close: %v", err)
	}
	for _, body := range []string{"x", "s", "s\x01", "t123", "h", "f"} {
		if err := store.Owe(t.Context(), ledger.Due{Queue: shape.Queue, At: shapetest.Start, ID: "odd", Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
		m := shape.NewMemory(shape.DefaultLimits(), shape.Options{Store: store})
		if err := m.Restore(t.Context()); err == nil {
			t.Errorf("%q is read", body)
		}
	}
}

// What says the same as something before is durable before it is answered, however
// the node ends; what says something new need not be.
func TestNoCrashForgetsACrowd(t *testing.T) {
	for _, n := range []int{2, 10, 20} {
		store := openStore(t)
		s := shapetest.On(t, kept(t, store))
		for i := range n {
			s.Want("", s.Sight("app-a", i, "Big summer sale today"))
		}
		s = shapetest.On(t, kept(t, store)) // at once, beside the one that has died
		for i := n; i < 20; i++ {
			s.Want("", s.Sight("app-a", i, "Big summer sale today"))
		}
		s.Want(shape.Crowd, s.Sight("app-a", 20, "Big summer sale today"))
		s = shapetest.On(t, kept(t, store))
		if v := s.Want(shape.Crowd, s.Sight("app-a", 21, "Big summer sale today")); v.OfTempl != 2 {
			t.Errorf("%+v", v)
		}
	}
}

// Nobody waits for ever for a store that is away.
func TestSameWhileTheStoreIsAway(t *testing.T) {
	store := &failing{Store: openStore(t)}
	m := kept(t, store)
	s := shapetest.On(t, m)
	s.Want("", s.Sight("app-a", 0, "Big summer sale today"))
	store.away.Store(true)
	s.Want("", s.Sight("app-a", 1, "Big summer sale today"))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.See(gone, s.Sight("app-a", 2, "Big summer sale today")); !errors.Is(err, context.Canceled) {
		t.Errorf("of somebody who has gone: %v", err)
	}
	store.away.Store(false)
	s.Want("", s.Sight("app-a", 3, "Big summer sale today"))
}
