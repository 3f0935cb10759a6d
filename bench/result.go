package bench

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Result is what one run of a scenario gave.
type Result struct {
	Scenario string   `json:"scenario"`
	N        int      `json:"n"`    // sessions, pairs, members …
	Path     string   `json:"path"` // "embedded" or "cluster"
	Nodes    int      `json:"nodes"`
	Figures  []Figure `json:"figures"`
	Void     []string `json:"void,omitempty"` // why it is worth nothing
}

// A Figure is one measured number.
type Figure struct {
	Key   string  `json:"key"`
	Value float64 `json:"value"`
}

func (l *lab) result(scenario string, n, nodes int) *Result {
	return &Result{Scenario: scenario, N: n, Path: l.path(), Nodes: nodes}
}

// add puts a figure in; one that is no number says that nothing was measured.
func (r *Result) add(key string, v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		r.void("%s is no number", key)
		return
	}
	r.Figures = append(r.Figures, Figure{key, v})
}

func (r *Result) void(format string, args ...any) {
	r.Void = append(r.Void, fmt.Sprintf(format, args...))
}

// figure finds a number.
func (r *Result) figure(key string) (float64, bool) {
	for _, f := range r.Figures {
		if f.Key == key {
			return f.Value, true
		}
	}
	return 0, false
}

// cost puts in what CPU a span took, per unit: of the servers, of what runs
// beside them, and of all of it.
func (r *Result) cost(s span, key string, perUnit float64) {
	if !measurable || s.cpu == 0 && len(s.also) == 0 {
		return
	}
	r.add(key, s.cpu*perUnit)
	all := s.cpu
	for name, cpu := range s.also {
		r.add(name+"_"+key, cpu*perUnit)
		all += cpu
	}
	if len(s.also) > 0 {
		r.add("all_"+key, all*perUnit)
	}
	r.add("server_cores", s.cpu/s.seconds)
	r.add("generator_cores", s.own/s.seconds)
}

// latency puts in quantiles, in milliseconds.
func (r *Result) latency(key string, h *hdrhistogram.Histogram) {
	if h.TotalCount() == 0 {
		return
	}
	r.add(key+"_p50_ms", float64(h.ValueAtPercentile(50))/1000)
	r.add(key+"_p99_ms", float64(h.ValueAtPercentile(99))/1000)
}

// trouble counts what makes a result void while it is measured.
type trouble struct {
	refused atomic.Int64
	resyncs atomic.Int64
	once    sync.Once
	example string
}

// heed looks at a message that is neither an acknowledgement nor an entry.
func (t *trouble) heed(c *conn, msg []byte) {
	switch {
	case isReply(msg) && isRefusal(msg):
		t.refused.Add(1)
		t.once.Do(func() { t.example = fmt.Sprintf("%s: %.200s", c.person, msg) })
	case isEvent(msg, "resync"):
		t.resyncs.Add(1)
	}
}

// judge makes a result void if anything went wrong on the way.
func (t *trouble) judge(r *Result, undelivered int64, conns ...[]*conn) {
	if n := t.refused.Load(); n > 0 {
		r.void("%d refused, such as %s", n, t.example)
	}
	if n := t.resyncs.Load(); n > 0 {
		r.add("resyncs", float64(n))
	}
	if undelivered != 0 {
		r.void("%d undelivered", undelivered)
	}
	lost, why := 0, error(nil)
	for _, cs := range conns {
		for _, c := range cs {
			if c.lost() {
				lost, why = lost+1, c.err
			}
		}
	}
	if lost > 0 {
		r.void("%d connections lost: %v", lost, why)
	}
}
