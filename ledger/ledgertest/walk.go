package ledgertest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/teahouse-im/teahouse/ledger"
)

// walk does random things to a part and a queue, and to a plain model of them: maps.
func walk(t *testing.T, s ledger.Store) {
	rapid.Check(t, func(r *rapid.T) {
		w := &walker{t: t, s: s, p: newPart(), q: newQueue(), rows: map[string]string{}, dues: map[string]ledger.Due{}}
		r.Repeat(map[string]func(*rapid.T){
			"change":  w.change,
			"outside": w.outside,
			"refuse":  w.refuse,
			"read":    w.read,
			"list":    w.list,
			"owe":     w.owe,
			"settle":  w.settle,
			"owed":    w.owed,
		})
		same(t, look(t, s, w.p, ledger.Want{Prefixes: []string{""}}).Rows, w.under("", ""))
	})
}

type walker struct {
	t    *testing.T
	s    ledger.Store
	p    ledger.Part
	q    string
	rows map[string]string     // the model
	dues map[string]ledger.Due // of what is owed
	have ledger.View           // of some want, at some time
	want ledger.Want
}

var (
	walkKeys   = rapid.StringMatching(`[ab/é]{1,3}`)
	walkPrefix = rapid.StringMatching(`[ab/é]{0,2}`)
)

// under are the model's rows that begin with prefix and are behind after.
func (w *walker) under(prefix, after string) []ledger.Row {
	var rows []ledger.Row
	for _, key := range slices.Sorted(maps.Keys(w.rows)) {
		if strings.HasPrefix(key, prefix) && key > after {
			rows = append(rows, row(key, w.rows[key]))
		}
	}
	return rows
}

// wanted are the model's rows that a want is of.
func (w *walker) wanted(want ledger.Want) []ledger.Row {
	return slices.DeleteFunc(w.under("", ""), func(r ledger.Row) bool {
		return !slices.Contains(want.Keys, r.Key) && !slices.ContainsFunc(want.Prefixes, func(p string) bool { return strings.HasPrefix(r.Key, p) })
	})
}

func drawWant(r *rapid.T) ledger.Want {
	return ledger.Want{
		Keys:     rapid.SliceOfN(walkKeys, 0, 4).Draw(r, "keys"),
		Prefixes: rapid.SliceOfN(walkPrefix, 0, 2).Draw(r, "prefixes"),
	}
}

// drawRows are rows to store, which the model takes over.
func (w *walker) drawRows(r *rapid.T) []ledger.Row {
	var rows []ledger.Row
	for _, key := range rapid.SliceOfNDistinct(walkKeys, 1, 4, rapid.ID).Draw(r, "rows") {
		value := rapid.SampledFrom([]string{"", "1", "22", "\x00"}).Draw(r, "value")
		if w.rows[key] = value; value == "" {
			delete(w.rows, key)
		}
		rows = append(rows, row(key, value))
	}
	return rows
}

func (w *walker) read(r *rapid.T) {
	w.want = drawWant(r)
	w.have = look(w.t, w.s, w.p, w.want)
	sameRows(r, w.have.Rows, w.wanted(w.want))
}

// change changes from the last look, which others may have outdated.
func (w *walker) change(r *rapid.T) {
	there := w.wanted(w.want)
	var owed []ledger.Due
	if rapid.Bool().Draw(r, "owes") {
		owed = append(owed, w.drawDue(r))
	}
	rows := w.drawRows(r)
	var saw []ledger.Row
	if err := w.s.ChangePart(w.t.Context(), w.p, w.want, w.have, owed, func(v ledger.View) ([]ledger.Row, error) {
		saw = v.Rows
		return rows, nil
	}); err != nil {
		r.Fatal(err)
	}
	sameRows(r, saw, there)
}

// outside changes the part without a look.
func (w *walker) outside(r *rapid.T) { change(w.t, w.s, w.p, w.drawRows(r)) }

func (w *walker) refuse(r *rapid.T) {
	err := w.s.ChangePart(w.t.Context(), w.p, w.want, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
		sameRows(r, v.Rows, w.wanted(w.want))
		return []ledger.Row{row("a", "refused")}, errRefused
	})
	if err != errRefused {
		r.Fatal(err)
	}
}

func (w *walker) list(r *rapid.T) {
	prefix, after := walkPrefix.Draw(r, "prefix"), walkPrefix.Draw(r, "after")
	limit := rapid.IntRange(0, 5).Draw(r, "limit")
	got, err := w.s.ListPart(w.t.Context(), w.p, prefix, after, limit)
	if err != nil {
		r.Fatal(err)
	}
	want := w.under(prefix, after)
	sameRows(r, got, want[:min(len(want), limit)])
}

func sameRows(r *rapid.T, got, want []ledger.Row) {
	if !slices.EqualFunc(got, want, func(a, b ledger.Row) bool { return a.Key == b.Key && string(a.Value) == string(b.Value) }) {
		r.Fatalf("there are %q, want %q", got, want)
	}
}

var walkTimes = rapid.Custom(func(r *rapid.T) time.Time {
	return longAgo.Add(time.Duration(rapid.IntRange(0, 5).Draw(r, "ms"))*time.Millisecond).
		AddDate(0, rapid.SampledFrom([]int{0, 0, 1, 7, 100}).Draw(r, "months"), 0)
})

func dueName(d ledger.Due) string { return d.At.String() + " " + d.ID }

func (w *walker) drawDue(r *rapid.T) ledger.Due {
	d := due(w.q, walkTimes.Draw(r, "at"), walkKeys.Draw(r, "id"))
	d.Body = []byte(rapid.SampledFrom([]string{"x", "yy"}).Draw(r, "body"))
	w.dues[dueName(d)] = d
	return d
}

func (w *walker) owe(r *rapid.T) {
	dues := []ledger.Due{w.drawDue(r), w.drawDue(r)}
	if dueName(dues[0]) == dueName(dues[1]) {
		dues = dues[1:]
	}
	if err := w.s.Owe(w.t.Context(), dues...); err != nil {
		r.Fatal(err)
	}
}

// sorted is what is owed by a time.
func (w *walker) sorted(by time.Time) []ledger.Due {
	all := slices.SortedFunc(maps.Values(w.dues), func(a, b ledger.Due) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return slices.DeleteFunc(all, func(d ledger.Due) bool { return d.At.After(by) })
}

func (w *walker) owed(r *rapid.T) {
	by, limit := walkTimes.Draw(r, "by"), rapid.IntRange(0, 5).Draw(r, "limit")
	got, err := w.s.Owed(w.t.Context(), w.q, by, limit)
	if err != nil {
		r.Fatal(err)
	}
	want := w.sorted(by)
	want = want[:min(len(want), limit)]
	if !slices.EqualFunc(got, want, func(a, b ledger.Due) bool {
		return a.At.Equal(b.At) && a.ID == b.ID && a.Queue == b.Queue && string(a.Body) == string(b.Body)
	}) {
		r.Fatalf("owed is %v, want %v", got, want)
	}
}

func (w *walker) settle(r *rapid.T) {
	all := w.sorted(longAgo.AddDate(100, 0, 0))
	if len(all) == 0 {
		return
	}
	d := rapid.SampledFrom(all).Draw(r, "settled")
	if err := w.s.Settled(w.t.Context(), d); err != nil {
		r.Fatal(err)
	}
	delete(w.dues, dueName(d))
}
