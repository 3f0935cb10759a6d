// Package ledgertest is the contract of ledger.Store as tests that every backend
// runs. Each test works on parts and queues of its own, so that many may share one
// store.
package ledgertest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/ledger"
)

// Open gives a test a store to work on and cleans up after it.
type Open func(t *testing.T) ledger.Store

// Run holds a backend to the contract.
func Run(t *testing.T, open Open) {
	for name, run := range map[string]func(*testing.T, ledger.Store){
		"a part that was never written is empty":      nothing,
		"rows are read by key and by prefix":          read,
		"many rows are read at once":                  readMany,
		"rows are changed and taken away":             changed,
		"a change that fails stores nothing":          failed,
		"a change that was begun is there":            begun,
		"a view that is out of date is looked again":  outdated,
		"a change sees what came under its prefixes":  phantom,
		"a view of another part's version is no harm": foreign,
		"rows are listed from where one was":          list,
		"work comes when it is due, the oldest first": dues,
		"work of one time comes whole":                crowd,
		"work is owed once by its name":               named,
		"work is there no later than its change":      dueFirst,
		"a reader sees one moment":                    moment,
		"changes of one part lose nothing":            func(t *testing.T, s ledger.Store) { Together(t, s) },
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
	t.Run("Walk", func(t *testing.T) { walk(t, open(t)) })
}

// Restart checks that a store is the same after it was closed and opened again.
// reopen does that to one that open gave.
func Restart(t *testing.T, open Open, reopen func(t *testing.T, s ledger.Store) ledger.Store) {
	s, p, q := open(t), newPart(), newQueue()
	ahead := due(q, time.Now().Add(1000*time.Hour), "ahead")
	change(t, s, p, []ledger.Row{row("gone", "1"), row("a/1", "2"), row("a/2", "3")}, ahead)
	change(t, s, p, []ledger.Row{row("gone", ""), row("a/1", "4")}, due(q, longAgo, "late"), due(q, longAgo, "done"))
	must(t, s.Settled(t.Context(), due(q, longAgo, "done")))
	all := ledger.Want{Keys: []string{"gone"}, Prefixes: []string{"a/"}}
	before := look(t, s, p, all)
	for n := range 2 {
		s = reopen(t, s)
		want := []ledger.Row{row("a/1", "4"), row("a/2", "3")}
		same(t, look(t, s, p, all).Rows, want)
		same(t, owed(t, s, q, ahead.At, 10), []ledger.Due{due(q, longAgo, "late"), ahead})
		if n == 0 { // what was seen before counts
			must(t, s.ChangePart(t.Context(), p, all, before, nil, func(v ledger.View) ([]ledger.Row, error) {
				same(t, v.Rows, want)
				return []ledger.Row{row("b", "5")}, nil
			}))
		}
		same(t, look(t, s, p, ledger.Want{Prefixes: []string{"b"}}).Rows, []ledger.Row{row("b", "5")})
	}
}

// longAgo is when work was due that is late.
var longAgo = time.Date(2021, 3, 4, 5, 6, 7, 8e6, time.UTC)

var errRefused = errors.New("the change does not want to")

func newPart() ledger.Part { return ledger.Part("test/" + uuid.NewString()) }

func newQueue() string { return "test-" + uuid.NewString() }

func row(key, value string) ledger.Row { return ledger.Row{Key: key, Value: []byte(value)} }

func due(queue string, at time.Time, id string) ledger.Due {
	return ledger.Due{Queue: queue, At: at.UTC().Truncate(time.Millisecond), ID: id, Body: fmt.Appendf(nil, "do %s", id)}
}

// change stores rows, whatever is there.
func change(t *testing.T, s ledger.Store, p ledger.Part, rows []ledger.Row, owed ...ledger.Due) {
	t.Helper()
	must(t, s.ChangePart(t.Context(), p, ledger.Want{}, ledger.View{}, owed, func(ledger.View) ([]ledger.Row, error) { return rows, nil }))
}

func look(t *testing.T, s ledger.Store, p ledger.Part, w ledger.Want) ledger.View {
	t.Helper()
	v, err := s.ReadPart(t.Context(), p, w)
	must(t, err)
	return v
}

func owed(t *testing.T, s ledger.Store, queue string, by time.Time, limit int) []ledger.Due {
	t.Helper()
	all, err := s.Owed(t.Context(), queue, by, limit)
	must(t, err)
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
}
