package push

import (
	"sync"
	"time"
)

// absentMost bounds the names of one generation; there are two.
const absentMost = 1 << 16

// absence remembers for a while that something is not there. What is forgotten
// too early is only looked up again.
type absence struct {
	life time.Duration

	mu       sync.Mutex
	turn     int64                // moves whenever something appears
	now, old map[string]time.Time // until when
}

// has tells whether name is known to be absent.
func (a *absence) has(name string, now time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	until, ok := a.now[name]
	if !ok {
		until, ok = a.old[name]
	}
	return ok && now.Before(until)
}

// begin is called before looking, and what it returns goes to note.
func (a *absence) begin() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.turn
}

// note remembers that name was not there, unless something has appeared since begin.
func (a *absence) note(name string, begun int64, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.turn != begun {
		return
	}
	if len(a.now) >= absentMost || a.now == nil {
		a.now, a.old = map[string]time.Time{}, a.now
	}
	a.now[name] = now.Add(a.life)
}

// appeared forgets a name; "" forgets all.
func (a *absence) appeared(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.turn++
	if name == "" {
		a.now, a.old = nil, nil
		return
	}
	delete(a.now, name)
	delete(a.old, name)
}
