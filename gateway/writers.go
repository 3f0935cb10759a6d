package gateway

import (
	"sync"
	"time"
)

// Writers serve the sessions that have something to write, first come first
// served, with a few goroutines. While a session waits for its turn more frames
// gather in its queue, and its turn is one system call: the busier the server,
// the fewer calls per frame. Those of a large fan-out wait a moment in any case;
// writing is nearly all of what it costs, and a busy group's next message is near.
type writers struct {
	gw   *Gateway
	most int // goroutines

	mu      sync.Mutex
	waiting []*session // from head on
	head    int
	idle    int // goroutines that wait for news
	news    sync.Cond
	over    bool
	soon    []*session // of large fan-outs; a timer runs if there are any
}

const (
	// gatherFrom is how many sessions make a large fan-out.
	gatherFrom = 64
	// gatherFor is how long those wait. It took the cost of a delivery to 1,000
	// from 3.2 µs to 1.8 µs where one member sends with four messages in flight.
	gatherFor = time.Millisecond

	// turn is how many sessions a writer takes at a time.
	turn = 8
	// scratchSize bounds what one call writes of several frames.
	scratchSize = 64 << 10
)

var scratches = sync.Pool{New: func() any { return new([scratchSize]byte) }}

// written is what a writer has done.
type written struct{ calls, frames, bytes int }

func newWriters(gw *Gateway, most int) *writers {
	w := &writers{gw: gw, most: most}
	w.news.L = &w.mu
	return w
}

func (w *writers) start() {
	for range w.most {
		w.gw.run(w.work)
	}
}

// close sends the writers home.
func (w *writers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	w.news.Broadcast()
}

// push has sessions written that were told to start.
func (w *writers) push(sessions ...*session) {
	for i, s := range sessions {
		if s.link.own() {
			sessions = w.apart(sessions, i)
			break
		}
	}
	if len(sessions) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, sessions...)
	wanted := (len(w.waiting) - w.head + turn - 1) / turn
	for ; w.idle > 0 && wanted > w.most-w.idle; w.idle-- { // as many as are busy with it already need not be woken
		w.news.Signal()
	}
}

// gather is push for the sessions of one fan-out; it keeps none of the slice.
func (w *writers) gather(sessions []*session) {
	if len(sessions) < gatherFrom {
		w.push(sessions...)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.soon) == 0 {
		time.AfterFunc(gatherFor, w.release)
	}
	w.soon = append(w.soon, sessions...)
}

func (w *writers) release() {
	w.mu.Lock()
	sessions := w.soon
	w.soon = nil
	w.mu.Unlock()
	w.push(sessions...)
}

// apart gives those whose writing may block a goroutine of their own, and returns the others.
func (w *writers) apart(sessions []*session, from int) (polled []*session) {
	polled = append(polled, sessions[:from]...)
	for _, s := range sessions[from:] {
		if s.link.own() {
			w.gw.run(func() { w.alone(s) })
		} else {
			polled = append(polled, s)
		}
	}
	return polled
}

// work is the life of a writer.
func (w *writers) work() {
	scratch := scratches.Get().(*[scratchSize]byte)
	defer scratches.Put(scratch)
	var mine [turn]*session
	var done written
	for n := w.next(mine[:], 0); n > 0; {
		again := 0
		for _, s := range mine[:n] {
			if s.flush(scratch[:], &done) {
				mine[again] = s
				again++
			}
		}
		w.gw.stats.wrote(&done)
		n = w.next(mine[:], again)
	}
}

// next puts the first again sessions of mine back to the end and fills mine with
// those whose turn it is. 0: go home.
func (w *writers) next(mine []*session, again int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, mine[:again]...)
	for len(w.waiting) == w.head && !w.over {
		w.idle++
		w.news.Wait()
	}
	n := copy(mine, w.waiting[w.head:])
	clear(w.waiting[w.head : w.head+n])
	w.head += n
	switch {
	case w.head == len(w.waiting):
		w.waiting, w.head = w.waiting[:0], 0
		if cap(w.waiting) > 4096 {
			w.waiting = nil
		}
	case w.head > 1024 && w.head > len(w.waiting)/2:
		rest := copy(w.waiting, w.waiting[w.head:])
		clear(w.waiting[rest:])
		w.waiting, w.head = w.waiting[:rest], 0
	}
	return n
}

// alone writes for one session until its queue is empty.
func (w *writers) alone(s *session) {
	scratch := scratches.Get().(*[scratchSize]byte)
	defer scratches.Put(scratch)
	var done written
	for s.flush(scratch[:], &done) {
		w.gw.stats.wrote(&done)
	}
	w.gw.stats.wrote(&done)
}
