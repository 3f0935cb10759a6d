package gateway

import "sync"

// Writers serve the sessions that have something to write, first come first
// served, with a few goroutines that are there only while there is work. While a
// session waits for its turn more frames gather in its queue, and its turn is one
// system call: the busier the server, the fewer calls per frame. For the same
// reason the reply to who caused a large fan-out is written after it.
type writers struct {
	gw   *Gateway
	most int // goroutines

	mu      sync.Mutex
	waiting []*session // from head on
	head    int
	working int
}

const (
	// turn is how many sessions a writer takes at a time.
	turn = 8
	// scratchSize bounds what one call writes of several frames.
	scratchSize = 64 << 10
)

var scratches = sync.Pool{New: func() any { return new([scratchSize]byte) }}

// written is what a writer has done.
type written struct{ calls, frames, bytes int }

// push has sessions written that were told to start.
func (w *writers) push(sessions ...*session) {
	polled := sessions
	for i, s := range sessions {
		if s.link.own() {
			polled = w.apart(sessions, i)
			break
		}
	}
	if len(polled) == 0 {
		return
	}
	w.mu.Lock()
	w.waiting = append(w.waiting, polled...)
	more := 0
	for w.working < w.most && len(w.waiting)-w.head > w.working*turn {
		w.working++
		more++
	}
	w.mu.Unlock()
	for range more {
		if !w.gw.run(w.work) {
			return // nothing is written any more
		}
	}
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
	n := 0
	for {
		n = w.next(mine[:], n)
		if n == 0 {
			break
		}
		again := 0
		for _, s := range mine[:n] {
			if s.flush(scratch[:], &done) {
				mine[again] = s
				again++
			}
		}
		n = again
		w.gw.stats.wrote(&done)
	}
}

// next puts the first again sessions of mine back to the end and fills mine with
// those whose turn it is.
func (w *writers) next(mine []*session, again int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting = append(w.waiting, mine[:again]...)
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
	if n == 0 {
		w.working--
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
