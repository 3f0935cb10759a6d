package redis

import "sync"

// peers are the other nodes as far as they are heard of. One that falls silent
// without a goodbye may have died with messages in its hands.
type peers struct {
	mu     sync.Mutex
	silent map[node]int // heartbeats since something was heard
}

func (p *peers) heard(from node, word byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if word == wordBye {
		delete(p.silent, from)
		return
	}
	if p.silent == nil {
		p.silent = map[node]int{}
	}
	p.silent[from] = 0
}

// beat counts a heartbeat and tells whether somebody has fallen silent with it.
func (p *peers) beat() (missing bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for n := range p.silent {
		if p.silent[n]++; p.silent[n] > silentMost {
			delete(p.silent, n)
			missing = true
		}
	}
	return missing
}

// forget is for a new connection, whose gap covers whatever they did meanwhile.
func (p *peers) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.silent)
}
