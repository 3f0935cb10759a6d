package scylla

import (
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gocql/gocql"
)

const (
	// avoidFor is how long a host that did not answer is asked last.
	avoidFor = 30 * time.Second
	// probeFor is how long, after that, one request alone tries whether it answers again.
	probeFor = requestTimeout + time.Second
)

// lastResort is a policy that asks hosts in another's order, but those that have
// lately not answered after all others. A host that hangs is still connected and
// counts as up: without this every request it leads would wait for its time-out.
type lastResort struct {
	gocql.HostSelectionPolicy
	up atomic.Bool

	count  atomic.Int32 // of hosts in silent; most of the time there are none
	mu     sync.Mutex
	silent map[string]silence // by host id
}

// A silence is how long a host is asked last.
type silence struct {
	until   time.Time
	probing bool // it is over for one request; if that gets its answer, for all
}

func newLastResort(inner gocql.HostSelectionPolicy) *lastResort {
	return &lastResort{HostSelectionPolicy: inner, silent: map[string]silence{}}
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
			if !p.avoids(h.Info()) {
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

// avoids tells whether a host is to be asked last. Of those who ask when its time
// is over, the first is told no and tries it.
func (p *lastResort) avoids(h *gocql.HostInfo) bool {
	if h == nil || p.count.Load() == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ok := p.silent[h.HostID()]
	switch now := time.Now(); {
	case !ok:
		return false
	case now.Before(s.until):
		return true
	case s.probing: // the driver tells of failures only: there was none
		delete(p.silent, h.HostID())
	default:
		p.silent[h.HostID()] = silence{until: now.Add(probeFor), probing: true}
	}
	p.count.Store(int32(len(p.silent)))
	return false
}

func (p *lastResort) avoid(h *gocql.HostInfo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent[h.HostID()] = silence{until: time.Now().Add(avoidFor)}
	p.count.Store(int32(len(p.silent)))
}

// A watchedHost tells the policy how its request ended.
type watchedHost struct {
	gocql.SelectedHost
	policy *lastResort
}

// Mark is called with a request's error; with nil when the caller gave up.
func (h *watchedHost) Mark(err error) {
	h.SelectedHost.Mark(err)
	if errors.Is(err, gocql.ErrTimeoutNoResponse) {
		h.policy.avoid(h.Info())
	}
}
