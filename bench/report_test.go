package bench

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

func result(scenario string, n int, figures ...Figure) Result {
	return Result{Scenario: scenario, N: n, Path: "embedded", Nodes: 1, Figures: figures}
}

func TestRowsAreMediansBesideTheirTargets(t *testing.T) {
	rs := []Result{
		result("fanout", 1000, Figure{"per_s", 150_000}, Figure{"cpu_per_100k", 0.5}),
		result("pairs", 50, Figure{"per_s", 20_000}, Figure{"odd_one", 3}),
		result("fanout", 1000, Figure{"per_s", 300_000}, Figure{"cpu_per_100k", 0.3}),
		result("pairs", 50, Figure{"per_s", 10_000}, Figure{"odd_one", 4}),
		result("fanout", 1000, Figure{"per_s", 250_000}, Figure{"cpu_per_100k", 0.1}),
		result("pairs", 7, Figure{"per_s", 1}),
	}
	rs[3].Void = []string{"2 undelivered"}
	var got []Row
	for _, r := range rows(rs) {
		r.Words = strings.TrimSpace(r.Words)
		got = append(got, r)
	}
	if len(got) != 5 {
		t.Fatalf("%d rows: %+v", len(got), got)
	}
	if r := got[0]; r.Scenario != "pairs" || r.Median != 15_000 || r.Min != 10_000 || r.Max != 20_000 || r.Goal != 18_000 || r.Verdict != "void" {
		t.Errorf("%+v", r)
	}
	if r := got[1]; r.Words != "odd one" || r.Goal != 0 || r.Median != 3.5 {
		t.Errorf("%+v", r)
	}
	if r := got[2]; r.N != 7 || r.Goal != 0 || r.Verdict != "" {
		t.Errorf("%+v", r)
	}
	if r := got[3]; r.Median != 250_000 || r.Verdict != "met" || r.Ratio != 1.25 || r.Runs != 3 {
		t.Errorf("%+v", r)
	}
	if r := got[4]; r.Key != "cpu_per_100k" || r.Median != 0.3 || math.Abs(r.Ratio-4.0/3) > 1e-9 || r.Verdict != "met" {
		t.Errorf("%+v", r)
	}
	var table bytes.Buffer
	Report{Machine: machine(), Results: rs, Medians: rows(rs), Failures: []string{"storecost: no"}}.print(&table)
	for _, want := range []string{"VOID pairs 50: 2 undelivered", "FAILED storecost: no", "≥ 200,000", "250,000", "150,000–300,000"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, table.String())
		}
	}
}

func TestNoNumberMakesAResultVoid(t *testing.T) {
	var r Result
	r.add("per_s", math.NaN())
	if len(r.Void) != 1 || len(r.Figures) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.04512: "0.0451", 3: "3", 1.234: "1.23", 12.34: "12.3", 123.4: "123", 1234.5: "1,234", 1234567: "1,234,567", -5: "-5",
	} {
		if got := number(v); got != want {
			t.Errorf("%v is written %s, not %s", v, got, want)
		}
	}
}
