package scylla

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gocql/gocql"
)

// avoidFor is how long a host that did not answer is asked last.
const avoidFor = 30 * time.Second

// lastResort is a policy that asks hosts in another's order, but those that have
// lately not answered after all others. A host that hangs is still connected and
// counts as up: without this every request it leads would wait for its time-out.
type lastResort struct {
	gocql.HostSelectionPolicy

	slow  sync.Map // host id → time.Time until which it is asked last
	count atomic.Int32
	up    atomic.Bool
}

func newLastResort(inner gocql.HostSelectionPolicy) *lastResort {
	return &lastResort{HostSelectionPolicy: inner}
}

// HostUp is told of a host that can be asked.
func (p *lastResort) HostUp(h *gocql.HostInfo) {
	p.HostSelectionPolicy.HostUp(h)
	p.up.Store(true)
}

// Ready lets a session begin with the first host: one that hangs does not hold it up.
func (p *lastResort) Ready() bool { return p.up.Load() }

// Pick orders the hosts for a query.
func (p *lastResort) Pick(q gocql.ExecutableQuery) gocql.NextHost {
	next := p.HostSelectionPolicy.Pick(q)
	var put []gocql.SelectedHost
	return func() gocql.SelectedHost {
		for {
			h := next()
			if h == nil {
				break
			}
			if !p.avoided(h.Info()) {
				return &watchedHost{h, p}
			}
			put = append(put, h)
		}
		if len(put) == 0 {
			return nil
		}
		h := put[0]
		put = put[1:]
		return &watchedHost{h, p}
	}
}

func (p *lastResort) avoided(h *gocql.HostInfo) bool {
	if h == nil || p.count.Load() == 0 {
		return false
	}
	until, ok := p.slow.Load(h.HostID())
	if ok && time.Now().After(until.(time.Time)) {
		p.answered(h)
		ok = false
	}
	return ok
}

func (p *lastResort) silent(h *gocql.HostInfo) {
	if _, there := p.slow.Swap(h.HostID(), time.Now().Add(avoidFor)); !there {
		p.count.Add(1)
	}
}

func (p *lastResort) answered(h *gocql.HostInfo) {
	if p.count.Load() == 0 {
		return
	}
	if _, there := p.slow.LoadAndDelete(h.HostID()); there {
		p.count.Add(-1)
	}
}

// A watchedHost tells the policy how its request ended.
type watchedHost struct {
	gocql.SelectedHost
	policy *lastResort
}

// Mark is called with what became of a request; also with nil when the caller gave up.
func (h *watchedHost) Mark(err error) {
	h.SelectedHost.Mark(err)
	if errors.Is(err, gocql.ErrTimeoutNoResponse) {
		h.policy.silent(h.Info())
	}
}
