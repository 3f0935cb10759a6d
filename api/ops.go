package api

import (
	"context"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

// A Check tells whether a part of the node can work, and if not, why.
type Check struct {
	Part  string // "store", "bus" …
	Ready func(context.Context) error
}

// OpsParts are what the operations listener shows and moves.
type OpsParts struct {
	Operators Operators
	Tiers     Tiers
	Checker   Checker
	Checks    []Check       // of which one that fails makes the node not ready
	Stats     func() []Stat // more numbers for the metrics; may be nil
	Metrics   *Metrics
	Drain     func() // begins to drain the node and returns; calling it again does nothing
}

// OpsOptions of the operations listener.
type OpsOptions struct {
	Logger  zerolog.Logger
	Version string
	Token   string                                // the operator's; "" lets nobody in
	Hosts   []string                              // names this listener is asked for, beside addresses, localhost and names without a dot
	Now     func() time.Time                      // the domains' clock
	Clock   func(advance time.Duration) time.Time // moves that clock and tells the time; nil where it cannot be moved
}

const (
	checkWait = 2 * time.Second
	profiles  = "/debug/pprof/"
	// advanceMost keeps a moved clock within what times can hold.
	advanceMost = 100 * 365 * 24 * time.Hour
)

// NewOps makes the handler of the operations listener. It is for the machine
// and those who run it: whoever reaches it may read profiles and drain the node;
// accounts change with the operator's token only.
func NewOps(p OpsParts, opt OpsOptions) http.Handler {
	o := &ops{OpsParts: p, opt: opt}
	mux := http.NewServeMux()
	mount(mux, &server{operators: p.Operators, tiers: p.Tiers, checker: p.Checker, operator: opt}, opt.Version, operator)
	mux.HandleFunc("GET /livez", o.livez)
	mux.HandleFunc("GET /readyz", o.readyz)
	mux.HandleFunc("POST /drain", o.drain)
	if opt.Clock != nil {
		mux.HandleFunc("POST /dev/clock", o.clock)
	}
	p.Metrics.Register(readiness(p.Checks))
	if p.Stats != nil {
		p.Metrics.Register(stats(p.Stats))
	}
	mux.Handle("GET /metrics", promhttp.HandlerFor(p.Metrics.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET "+profiles, pprof.Index)
	mux.HandleFunc("GET "+profiles+"cmdline", pprof.Cmdline)
	mux.HandleFunc("GET "+profiles+"profile", pprof.Profile)
	mux.HandleFunc("GET "+profiles+"symbol", pprof.Symbol)
	mux.HandleFunc("GET "+profiles+"trace", pprof.Trace)
	return &edge{mux: mux, log: opt.Logger, guard: o.guard}
}

type ops struct {
	OpsParts
	opt  OpsOptions
	once sync.Once
}

// guard keeps web pages away from a listener that trusts whoever reaches it. A
// page can make a browser send requests to loopback, by its address or under a
// name of its own that resolves to it: so names are those that no page can own,
// and what changes something must not come from a page of elsewhere.
func (o *ops) guard(_ *exchange, r *http.Request) error {
	if !o.hosts(r.Host) {
		return fault.Forbidden.Saying("This listener does not answer to that host name.")
	}
	if http.NewCrossOriginProtection().Check(r) != nil {
		return fault.Forbidden.Saying("This listener takes nothing from web pages of elsewhere.")
	}
	return nil
}

func (o *ops) hosts(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	_, err = netip.ParseAddr(name)
	return err == nil || !strings.Contains(name, ".") || slices.Contains(o.opt.Hosts, name)
}

// livez says that the process answers; whether it can work is readyz's to say.
func (o *ops) livez(w http.ResponseWriter, _ *http.Request) {
	write(w.(*exchange), http.StatusOK, jsonType, map[string]bool{"live": true})
}

// ready is the state of a node.
type ready struct {
	Ready   bool     `json:"ready"`
	Reasons []string `json:"reasons"` // why not
}

func (o *ops) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkWait)
	defer cancel()
	reasons := make([]string, len(o.Checks))
	var all sync.WaitGroup
	for i, c := range o.Checks {
		all.Go(func() {
			if err := c.Ready(ctx); err != nil {
				reasons[i] = c.Part + ": " + err.Error()
			}
		})
	}
	all.Wait()
	reasons = slices.DeleteFunc(reasons, func(s string) bool { return s == "" })
	status := http.StatusOK
	if len(reasons) > 0 {
		status = http.StatusServiceUnavailable
	}
	write(w.(*exchange), status, jsonType, ready{len(reasons) == 0, reasons})
}

func (o *ops) drain(w http.ResponseWriter, _ *http.Request) {
	o.once.Do(o.Drain)
	w.WriteHeader(http.StatusNoContent)
}

// clock moves the domains' clock forward.
func (o *ops) clock(w http.ResponseWriter, r *http.Request) {
	x := w.(*exchange)
	raw, err := readBody(x, r)
	if err != nil {
		refuse(x, r, err)
		return
	}
	in, err := decode[struct {
		Seconds float64 `json:"advance_s"`
	}](raw, []string{"advance_s"})
	if err == nil && (in.Seconds < 0 || in.Seconds > advanceMost.Seconds()) {
		err = fault.BadRequest.At("/advance_s", "is not from 0 to 100 years")
	}
	if err != nil {
		refuse(x, r, err)
		return
	}
	now := o.opt.Clock(time.Duration(in.Seconds * float64(time.Second)))
	write(x, http.StatusOK, jsonType, struct {
		Now wire.Time `json:"now"`
	}{wire.Time{Time: now}})
}
