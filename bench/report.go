package bench

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Machine is where it was measured.
type Machine struct {
	CPU      string `json:"cpu"`
	Cores    int    `json:"cores"`
	MemoryMB int64  `json:"memory_mb"`
	Kernel   string `json:"kernel"`
	System   string `json:"system"`
	Go       string `json:"go"`
	Commit   string `json:"commit"`
	Load     string `json:"load_average"` // when the report was made
}

// A Report is everything one command measured.
type Report struct {
	At       time.Time `json:"at"`
	Machine  Machine   `json:"machine"`
	Command  []string  `json:"command"`
	Results  []Result  `json:"results"`
	Medians  []Row     `json:"medians"`
	Failures []string  `json:"failures,omitempty"`
}

// A Row is a figure over all runs, beside its target.
type Row struct {
	Scenario string  `json:"scenario"`
	N        int     `json:"n"`
	Path     string  `json:"path"`
	Nodes    int     `json:"nodes"`
	Key      string  `json:"key"`
	Words    string  `json:"words"`
	Median   float64 `json:"median"`
	Min      float64 `json:"min"`
	Max      float64 `json:"max"`
	Runs     int     `json:"runs"`
	Goal     float64 `json:"goal,omitzero"`
	Most     bool    `json:"goal_is_a_maximum,omitzero"`
	Ratio    float64 `json:"ratio,omitzero"` // of the goal that is reached; 1 and more is met
	Verdict  string  `json:"verdict,omitempty"`
}

// Commit is what a program was built from, as its build information has it.
func Commit(info *debug.BuildInfo) string {
	if info == nil {
		return "unknown"
	}
	of := map[string]string{}
	for _, s := range info.Settings {
		of[s.Key] = s.Value
	}
	switch {
	case of["vcs.revision"] == "": // built outside of a checkout, or with -buildvcs=false
		return "unknown"
	case of["vcs.modified"] == "true":
		return of["vcs.revision"] + " and changes"
	}
	return of["vcs.revision"]
}

func machine() Machine {
	info, _ := debug.ReadBuildInfo()
	m := Machine{Cores: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Commit: Commit(info)}
	describe(&m)
	return m
}

// report prints the table, writes the file, and says whether all of it counts.
func (l *lab) report(results []Result, failed []error) error {
	r := Report{At: time.Now().UTC(), Machine: machine(), Command: os.Args, Results: results, Medians: rows(results)}
	for _, err := range failed {
		r.Failures = append(r.Failures, err.Error())
	}
	r.print(os.Stdout)
	if l.JSON != "" {
		b, err := json.Marshal(r, jsontext.WithIndent("  "), json.Deterministic(true))
		if err != nil {
			return err
		}
		if err := os.WriteFile(l.JSON, append(b, '\n'), 0o644); err != nil {
			return err
		}
	}
	void := 0
	for _, res := range results {
		if len(res.Void) > 0 {
			void++
		}
	}
	if void > 0 {
		failed = append(failed, fmt.Errorf("%d of %d results are void", void, len(results)))
	}
	if len(failed) > 0 {
		return fmt.Errorf("bench: %w", failed[len(failed)-1])
	}
	return nil
}

// rows puts figures of the same kind together, in the order of the targets; what
// no target names comes after, under its own name.
func rows(results []Result) (out []Row) {
	type kind struct {
		scenario string
		n, nodes int
		path     string
	}
	var kinds []kind
	of := map[kind][]Result{}
	for _, r := range results {
		k := kind{r.Scenario, r.N, r.Nodes, r.Path}
		if of[k] == nil {
			kinds = append(kinds, k)
		}
		of[k] = append(of[k], r)
	}
	order := map[string]int{}
	for i, t := range targets {
		if _, seen := order[t.scenario]; !seen {
			order[t.scenario] = i
		}
	}
	slices.SortStableFunc(kinds, func(a, b kind) int { return order[a.scenario] - order[b.scenario] })
	for _, k := range kinds {
		done := map[string]bool{}
		for _, t := range targets {
			if t.scenario == k.scenario && (t.n == 0 || t.n == k.n) && !done[t.key] {
				if row, ok := rowOf(of[k], t); ok {
					out = append(out, row)
					done[t.key] = true
				}
			}
		}
		for _, f := range of[k][0].Figures {
			if !done[f.Key] {
				row, _ := rowOf(of[k], target{scenario: k.scenario, key: f.Key, words: "  " + strings.ReplaceAll(f.Key, "_", " ")})
				out = append(out, row)
			}
		}
	}
	return out
}

// rowOf is one figure over all runs.
func rowOf(results []Result, t target) (Row, bool) {
	var values []float64
	void := false
	for _, r := range results {
		if v, ok := r.figure(t.key); ok {
			values = append(values, v)
		}
		void = void || len(r.Void) > 0
	}
	if len(values) == 0 {
		return Row{}, false
	}
	first := results[0]
	row := Row{
		Scenario: first.Scenario, N: first.N, Path: first.Path, Nodes: first.Nodes, Key: t.key, Words: t.words,
		Min: slices.Min(values), Max: slices.Max(values), Median: median(values), Runs: len(values), Goal: t.goal(first.Path), Most: t.most,
	}
	if row.Goal > 0 {
		if row.Ratio = row.Median / row.Goal; t.most && row.Median > 0 {
			row.Ratio = row.Goal / row.Median
		}
		row.Verdict = "missed"
		if row.Ratio >= 1 {
			row.Verdict = "met"
		}
	}
	if void {
		row.Verdict = "void"
	}
	return row, true
}

// print writes the table.
func (r Report) print(w io.Writer) {
	m := r.Machine
	fmt.Fprintf(w, "%s, %d cores, %s %s, %s, commit %s, load average %s\n\n", m.CPU, m.Cores, m.System, m.Kernel, m.Go, m.Commit, m.Load)
	table := [][]string{{"", "n", "median", "min–max", "target", "ratio", ""}}
	for _, row := range r.Medians {
		table = append(table, row.cells())
	}
	width := make([]int, len(table[0]))
	for _, cells := range table {
		for i, c := range cells {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	for _, cells := range table {
		var line strings.Builder
		for i, c := range cells {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if i == 0 {
				line.WriteString(c + pad)
			} else {
				line.WriteString("  " + pad + c)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
	}
	for _, res := range r.Results {
		for _, why := range res.Void {
			fmt.Fprintf(w, "VOID %s %d: %s\n", res.Scenario, res.N, why)
		}
	}
	for _, f := range r.Failures {
		fmt.Fprintln(w, "FAILED", f)
	}
}

func (r Row) cells() []string {
	what := ""
	if !strings.HasPrefix(r.Words, " ") {
		what = number(float64(r.N))
		if r.N == 0 {
			what = ""
		}
		if r.Nodes > 1 {
			what += fmt.Sprintf(" (%d nodes)", r.Nodes)
		}
	}
	spread, goal, ratio := "", "", ""
	if r.Runs > 1 {
		spread = number(r.Min) + "–" + number(r.Max)
	}
	if r.Goal > 0 {
		sign := "≥ "
		if r.Most {
			sign = "≤ "
		}
		goal, ratio = sign+number(r.Goal), fmt.Sprintf("%.2f", r.Ratio)
	}
	return []string{r.Words, what, number(r.Median), spread, goal, ratio, r.Verdict}
}

// number writes a figure with as many digits as it is worth.
func number(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 0:
		return "-" + number(-v)
	case v >= 1000:
		s := fmt.Sprintf("%.0f", v)
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
		return s
	case v >= 100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.3g", v)
}
