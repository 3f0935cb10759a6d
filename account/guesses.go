package account

import (
	"net/netip"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
)

// How often somebody may be wrong: a number at once, then one in so long.
// Whoever knows the password is never counted.
//
// An account is counted mostly together with an address, so that a stranger
// elsewhere cannot lock its owner out. The count of the account alone slows down
// guessing from many addresses at once; an address from which somebody has
// signed in lately is exempt from it.
var (
	perPair    = allowance{burst: 10, every: 20 * time.Second} // one account from one address: 4,300 a day
	perAddress = allowance{burst: 100, every: time.Second}     // any accounts from one address
	perAccount = allowance{burst: 100, every: 10 * time.Second}
)

const (
	// countsMost bounds what is remembered, countsFor how long after the last use.
	countsMost = 64 << 10
	countsFor  = 24 * time.Hour
)

// guesses counts wrong passwords. A nil one counts nothing.
type guesses struct {
	counts *otter.Cache[string, *count]
	now    func() time.Time
}

func newGuesses(now func() time.Time) *guesses {
	return &guesses{now: now, counts: otter.Must(&otter.Options[string, *count]{
		MaximumSize:      countsMost,
		ExpiryCalculator: otter.ExpiryAccessing[string, *count](countsFor),
	})}
}

func (g *guesses) close() {
	if g != nil {
		g.counts.StopAllGoroutines()
	}
}

// An attempt is one look at a password; it counts as wrong until told otherwise.
type attempt struct {
	pair  *count
	taken []func()
}

// begin counts an attempt, or refuses it with RateLimited.
func (g *guesses) begin(u id.User, from string) (*attempt, error) {
	if g == nil {
		return &attempt{}, nil
	}
	where := network(from)
	a := &attempt{pair: g.count("p " + string(u) + " " + where)}
	limits := []limit{{a.pair, perPair}}
	if where != "" {
		limits = append(limits, limit{g.count("n " + where), perAddress})
	}
	if !a.pair.isTrusted() {
		limits = append(limits, limit{g.count("u " + string(u)), perAccount})
	}
	for _, l := range limits {
		if wait := l.count.take(l.allow, g.now()); wait > 0 {
			a.forget()
			return nil, fault.RateLimited.Saying("Too many wrong passwords. Wait a little.").After(wait)
		}
		a.taken = append(a.taken, func() { l.count.giveBack(l.allow) })
	}
	return a, nil
}

// forget is for an attempt that told nothing about the password.
func (a *attempt) forget() {
	for _, giveBack := range a.taken {
		giveBack()
	}
	a.taken = nil
}

// succeed is for the right password.
func (a *attempt) succeed() {
	a.forget()
	if a.pair != nil {
		a.pair.trust()
	}
}

func (g *guesses) count(key string) *count {
	c, _ := g.counts.ComputeIfAbsent(key, func() (*count, bool) { return &count{}, false })
	return c
}

// network is what counts as one address: for IPv6 the /64 that one customer has.
func network(from string) string {
	addr, err := netip.ParseAddr(from)
	if err != nil {
		port, err := netip.ParseAddrPort(from)
		if err != nil {
			return from[:min(len(from), 64)]
		}
		addr = port.Addr()
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr.String()
	}
	p, _ := addr.Prefix(64)
	return p.String()
}

// An allowance is a burst, refilled by one every so long.
type allowance struct {
	burst int
	every time.Duration
}

type limit struct {
	count *count
	allow allowance
}

// A count remembers when its allowance will be whole again.
type count struct {
	mu      sync.Mutex
	whole   time.Time
	trusted bool
}

// take uses one of the allowance, or tells how long until there is one.
func (c *count) take(a allowance, now time.Time) (wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	whole := c.whole
	if whole.Before(now) {
		whole = now
	}
	whole = whole.Add(a.every)
	if wait = whole.Sub(now) - time.Duration(a.burst)*a.every; wait > 0 {
		return wait
	}
	c.whole = whole
	return 0
}

func (c *count) giveBack(a allowance) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.whole = c.whole.Add(-a.every)
}

func (c *count) trust() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trusted = true
}

func (c *count) isTrusted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trusted
}
