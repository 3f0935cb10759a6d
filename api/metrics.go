package api

import (
	"context"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics counts what a node does. No label ever names a user, a conversation or
// an address: operations and statuses are few, people are not.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// NewMetrics makes the counters of one node, in a registry of their own.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "teahouse_http_requests_total", Help: "Requests answered, by operation and status; 499: the client did not wait.",
		}, []string{"operation", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "teahouse_http_request_seconds", Help: "How long requests took, by operation.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10},
		}, []string{"operation"}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "teahouse_build_info", Help: "Always 1; the labels tell what is running.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.seconds, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Register adds counters that another part of the node keeps.
func (m *Metrics) Register(c prometheus.Collector) { m.registry.MustRegister(c) }

// answered counts a request. m may be nil.
func (m *Metrics) answered(operation string, status int, took time.Duration) {
	if m == nil {
		return
	}
	if operation == "" {
		operation = "none"
	}
	m.requests.WithLabelValues(operation, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(operation).Observe(took.Seconds())
}

// A Stat is a number that a part of the node keeps.
type Stat struct {
	Name  string // without the "teahouse_" in front of it
	Help  string
	Value float64
	Total bool // it only ever grows
}

// stats are asked for their numbers whenever metrics are read.
type stats func() []Stat

// Describe describes nothing: which numbers there are is known when they are read.
func (stats) Describe(chan<- *prometheus.Desc) {}

func (f stats) Collect(to chan<- prometheus.Metric) {
	for _, s := range f() {
		kind := prometheus.GaugeValue
		if s.Total {
			kind = prometheus.CounterValue
		}
		to <- prometheus.MustNewConstMetric(prometheus.NewDesc("teahouse_"+s.Name, s.Help, nil, nil), kind, s.Value)
	}
}

// readiness tells whether each part can work at the moment.
type readiness []Check

var readyDesc = prometheus.NewDesc("teahouse_ready", "1 if the part can work at the moment.", []string{"part"}, nil)

func (readiness) Describe(to chan<- *prometheus.Desc) { to <- readyDesc }

func (checks readiness) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), checkWait)
	defer cancel()
	for _, c := range checks {
		value := 1.0
		if c.Ready(ctx) != nil {
			value = 0
		}
		to <- prometheus.MustNewConstMetric(readyDesc, prometheus.GaugeValue, value, c.Part)
	}
}
