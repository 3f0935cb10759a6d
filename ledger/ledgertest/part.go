package ledgertest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/ledger"
)

func nothing(t *testing.T, s ledger.Store) {
	p := newPart()
	w := ledger.Want{Keys: []string{"a", "b"}, Prefixes: []string{"", "c/"}}
	same(t, look(t, s, p, w).Rows, []ledger.Row{})
	if v := look(t, s, p, w); v.Get("a") != nil || len(v.Under("")) > 0 {
		t.Fatalf("a part that was never written has %v", v)
	}
	rows, err := s.ListPart(t.Context(), p, "", "", 10)
	must(t, err)
	same(t, rows, []ledger.Row{})
	change(t, s, p, nil)
	same(t, look(t, s, p, w).Rows, []ledger.Row{})
	change(t, s, p, []ledger.Row{row("a", "")}) // which is not there
	same(t, look(t, s, p, w).Rows, []ledger.Row{})
}

func read(t *testing.T, s ledger.Store) {
	p, other := newPart(), newPart()
	rows := []ledger.Row{row("a", "0"), row("a/", "1"), row("a/1", "2"), row("a/é", "3"), row("a0", "4"), row("b", string([]byte{0, 255, 10})), row("~", "5")}
	shuffled := slices.Clone(rows)
	slices.Reverse(shuffled)
	change(t, s, p, shuffled)
	change(t, s, other, []ledger.Row{row("a/2", "another part's")})
	for _, c := range []struct {
		want ledger.Want
		rows []ledger.Row
	}{
		{ledger.Want{}, nil},
		{ledger.Want{Keys: []string{"c"}}, nil},
		{ledger.Want{Prefixes: []string{"c"}}, nil},
		{ledger.Want{Keys: []string{"b", "a", "c", "b"}}, []ledger.Row{rows[0], rows[5]}},
		{ledger.Want{Prefixes: []string{"a/"}}, rows[1:4]},
		{ledger.Want{Prefixes: []string{"b", "a/1", "c", "a/"}, Keys: []string{"a/1", "a", "a1"}}, []ledger.Row{rows[0], rows[1], rows[2], rows[3], rows[5]}},
		{ledger.Want{Prefixes: []string{""}}, rows},
	} {
		v := look(t, s, p, c.want)
		same(t, v.Rows, c.rows)
		must(t, s.ChangePart(t.Context(), p, c.want, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
			same(t, v.Rows, c.rows)
			return nil, nil
		}))
	}
	v := look(t, s, p, ledger.Want{Prefixes: []string{"a"}})
	same(t, v.Get("a/1"), []byte("2"))
	same(t, v.Get("a/2"), []byte{})
	same(t, v.Under("a/"), rows[1:4])
}

// readMany asks for more rows than one statement of a database may name.
func readMany(t *testing.T, s ledger.Store) {
	p := newPart()
	var rows []ledger.Row
	var w ledger.Want
	for i := range 250 {
		rows = append(rows, row(fmt.Sprintf("%03d", i), strings.Repeat("x", i+1)))
		w.Keys = append(w.Keys, rows[i].Key, rows[i].Key+"-")
	}
	change(t, s, p, rows)
	same(t, look(t, s, p, w).Rows, rows)
}

func changed(t *testing.T, s ledger.Store) {
	p := newPart()
	w := ledger.Want{Keys: []string{"sum"}, Prefixes: []string{"n/"}}
	v := look(t, s, p, w)
	for i := range 4 {
		called := 0
		must(t, s.ChangePart(t.Context(), p, w, v, nil, func(v ledger.View) ([]ledger.Row, error) {
			called++
			same(t, string(v.Get("sum")), strings.Repeat("+", i))
			same(t, len(v.Under("n/")), min(i, 1))
			return []ledger.Row{
				row(fmt.Sprintf("n/%d", i-1), ""), row(fmt.Sprintf("n/%d", i), "there"), {Key: "sum", Value: append(slices.Clone(v.Get("sum")), '+')},
			}, nil
		}))
		same(t, called, 1)
		v = look(t, s, p, w)
		same(t, v.Rows, []ledger.Row{row(fmt.Sprintf("n/%d", i), "there"), row("sum", strings.Repeat("+", i+1))})
	}
	change(t, s, p, []ledger.Row{row("sum", ""), row("n/3", "")})
	same(t, look(t, s, p, w).Rows, []ledger.Row{})
	change(t, s, p, []ledger.Row{row("sum", "again")})
	same(t, look(t, s, p, w).Rows, []ledger.Row{row("sum", "again")})
}

func failed(t *testing.T, s ledger.Store) {
	p := newPart()
	change(t, s, p, []ledger.Row{row("a", "1")})
	err := s.ChangePart(t.Context(), p, ledger.Want{}, ledger.View{}, nil, func(ledger.View) ([]ledger.Row, error) {
		return []ledger.Row{row("a", "2"), row("b", "2")}, errRefused
	})
	if !errors.Is(err, errRefused) {
		t.Fatalf("a change that does not want to: %v", err)
	}
	same(t, look(t, s, p, ledger.Want{Prefixes: []string{""}}).Rows, []ledger.Row{row("a", "1")})
}

// begun: what is begun is seen by whoever looks, and fails as it would at once.
func begun(t *testing.T, s ledger.Store) {
	p, w := newPart(), ledger.Want{Keys: []string{"a"}}
	for i, before := range []string{"", "0", "1"} {
		settled, err := ledger.BeginPart(t.Context(), s, p, w, ledger.View{}, nil, func(v ledger.View) ([]ledger.Row, error) {
			same(t, string(v.Get("a")), before)
			return []ledger.Row{row("a", fmt.Sprint(i))}, nil
		})
		must(t, err)
		same(t, string(look(t, s, p, w).Get("a")), fmt.Sprint(i))
		_, err = ledger.BeginPart(t.Context(), s, p, w, ledger.View{}, nil, func(ledger.View) ([]ledger.Row, error) { return nil, errRefused })
		if !errors.Is(err, errRefused) {
			t.Errorf("a change that does not want to: %v", err)
		}
		must(t, settled())
	}
}

// outdated changes a part from a view that others have changed meanwhile, in
// another row than those that are wanted too.
func outdated(t *testing.T, s ledger.Store) {
	p := newPart()
	w := ledger.Want{Keys: []string{"a"}}
	for i, between := range []ledger.Row{row("a", "1"), row("a", "2"), row("b", "1"), row("a", "")} {
		old := look(t, s, p, w)
		change(t, s, p, []ledger.Row{between})
		must(t, s.ChangePart(t.Context(), p, w, old, nil, func(v ledger.View) ([]ledger.Row, error) {
			return []ledger.Row{row(fmt.Sprint("c/", i), "saw "+string(v.Get("a")))}, nil
		}))
	}
	got := look(t, s, p, ledger.Want{Prefixes: []string{"c/"}}).Rows
	same(t, got, []ledger.Row{row("c/0", "saw 1"), row("c/1", "saw 2"), row("c/2", "saw 2"), row("c/3", "saw ")})
}

func phantom(t *testing.T, s ledger.Store) {
	p := newPart()
	w := ledger.Want{Prefixes: []string{"a/"}}
	old := look(t, s, p, w)
	change(t, s, p, []ledger.Row{row("a/1", "1")})
	took := false
	must(t, s.ChangePart(t.Context(), p, w, old, nil, func(v ledger.View) ([]ledger.Row, error) {
		if took = len(v.Rows) == 0; took {
			return []ledger.Row{row("a/2", "I am the first")}, nil
		}
		return nil, nil
	}))
	if took {
		t.Fatal("a change did not see what had come under its prefix")
	}
	same(t, look(t, s, p, w).Rows, []ledger.Row{row("a/1", "1")})
}

// foreign: rows that nobody's version tells of are read.
func foreign(t *testing.T, s ledger.Store) {
	p := newPart()
	change(t, s, p, []ledger.Row{row("a", "1")})
	w := ledger.Want{Keys: []string{"a"}}
	for _, version := range []string{"", "x", "a version", strings.Repeat("v", 24)} {
		have := ledger.View{Rows: []ledger.Row{row("a", "made up")}, Version: []byte(version)}
		must(t, s.ChangePart(t.Context(), p, w, have, nil, func(v ledger.View) ([]ledger.Row, error) {
			return []ledger.Row{{Key: "b", Value: v.Get("a")}}, nil
		}))
		same(t, look(t, s, p, ledger.Want{Keys: []string{"b"}}).Rows, []ledger.Row{row("b", "1")})
	}
}

func list(t *testing.T, s ledger.Store) {
	p := newPart()
	var rows []ledger.Row
	for i := range 25 {
		rows = append(rows, row(fmt.Sprintf("n/%03d", i), fmt.Sprint(i)))
	}
	change(t, s, p, append(slices.Clone(rows), row("m", "before"), row("n", "before"), row("n0", "behind"), row("z", "behind")))
	change(t, s, p, []ledger.Row{row("n/007", ""), row("n/024", "")})
	rows = slices.Delete(rows[:24], 7, 8)
	for _, limit := range []int{1, 4, 23, 24, 1000} {
		var got []ledger.Row
		for after := ""; ; {
			page, err := s.ListPart(t.Context(), p, "n/", after, limit)
			must(t, err)
			if len(page) == 0 {
				break
			}
			if len(page) > limit || len(got) > len(rows) {
				t.Fatalf("%d rows, asked for %d; %d before, of %d", len(page), limit, len(got), len(rows))
			}
			got, after = append(got, page...), page[len(page)-1].Key
		}
		same(t, got, rows)
	}
	for _, c := range []struct {
		prefix, after string
		limit         int
		want          []ledger.Row
	}{
		{"n/", "", 0, nil},
		{"n/", "a", 1, rows[:1]},
		{"n/", "n/007", 1, rows[7:8]},
		{"n/", "n/", 1, rows[:1]},
		{"n/", "n/02", 2, rows[19:21]},
		{"n/", "n/023", 2, nil},
		{"n/", "z", 2, nil},
		{"", "n/023", 5, []ledger.Row{row("n0", "behind"), row("z", "behind")}},
		{"", "", 2, []ledger.Row{row("m", "before"), row("n", "before")}},
		{"x", "", 2, nil},
	} {
		got, err := s.ListPart(t.Context(), p, c.prefix, c.after, c.limit)
		must(t, err)
		same(t, got, c.want)
	}
}
