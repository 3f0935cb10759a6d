package node

import (
	"sync/atomic"
	"time"
)

// A Clock is the real time moved forward. The zero Clock is the real time.
// Windows, expiries and dates of entries follow it; timeouts of sockets and
// calls do not.
type Clock struct{ ahead atomic.Int64 }

// Now is the clock's time.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

// Advance moves it forward and returns its new time.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.ahead.Add(int64(d))
	return c.Now()
}
