package gateway

import (
	"maps"
	"sync"
	"sync/atomic"
)

// Stats are counts since the gateway began, and Sessions as it is now.
type Stats struct {
	Sessions  int64         // live ones
	Waiting   int64         // connected, without hello
	Accepted  int64         // connections
	Refused   int64         // connections before the upgrade
	FramesIn  int64         // messages and control frames
	BytesIn   int64         //
	FramesOut int64         //
	BytesOut  int64         //
	Writes    int64         // system calls that wrote them
	Dropped   int64         // events not written because the client did not keep up
	Behind    int64         // how often that began
	Panics    int64         // requests that failed on a fault of the server
	Closed    map[int]int64 // by close code; 0: without one
}

type counters struct {
	open, waiting, sessions     atomic.Int64
	accepted, refused, panics   atomic.Int64
	framesIn, bytesIn           atomic.Int64
	framesOut, bytesOut, writes atomic.Int64
	dropped, behind             atomic.Int64

	mu     sync.Mutex
	closed map[int]int64
}

func (c *counters) wrote(w *written) {
	c.writes.Add(int64(w.calls))
	c.framesOut.Add(int64(w.frames))
	c.bytesOut.Add(int64(w.bytes))
	*w = written{}
}

// over counts the end of a session that was in phase was.
func (c *counters) over(was phase, code int) {
	if was == live {
		c.sessions.Add(-1)
	} else {
		c.waiting.Add(-1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed[code]++
}

// Stats tells how the gateway is doing.
func (g *Gateway) Stats() Stats {
	c := &g.stats
	s := Stats{
		Sessions: c.sessions.Load(), Waiting: c.waiting.Load(), Accepted: c.accepted.Load(), Refused: c.refused.Load(),
		FramesIn: c.framesIn.Load(), BytesIn: c.bytesIn.Load(),
		FramesOut: c.framesOut.Load(), BytesOut: c.bytesOut.Load(), Writes: c.writes.Load(),
		Dropped: c.dropped.Load(), Behind: c.behind.Load(), Panics: c.panics.Load(),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Closed = maps.Clone(c.closed)
	return s
}
