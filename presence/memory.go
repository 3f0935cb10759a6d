package presence

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// Memory is a board for the nodes of one process, of which there is one unless
// somebody tries what two do.
type Memory struct {
	mu     sync.RWMutex // guards what follows, and the nodes
	nodes  map[*memoryNode]struct{}
	leases int // how many have begun or ended
}

// NewMemory makes a board on which nothing stands.
func NewMemory() *Memory { return &Memory{nodes: map[*memoryNode]struct{}{}} }

// memoryNode is the board as one node has it.
type memoryNode struct {
	*Memory
	lease time.Duration
	lines map[id.User]standing
	until time.Time // of the lease; zero: there is none
	seen  int       // leases, at the latest Renew
}

// standing is what a line says.
type standing struct {
	state   State
	devices []id.Device
}

// Node is the board for one more node, whose lease lasts that long without being renewed.
func (m *Memory) Node(lease time.Duration) Board {
	return &memoryNode{Memory: m, lease: lease, lines: map[id.User]standing{}, seen: -1}
}

// Wipe loses everything, as a board elsewhere may.
func (m *Memory) Wipe() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for n := range m.nodes {
		m.end(n)
	}
}

// end ends a lease.
func (m *Memory) end(n *memoryNode) {
	if _, known := m.nodes[n]; known {
		delete(m.nodes, n)
		m.leases++
	}
	n.until = time.Time{}
	clear(n.lines)
}

// lapse ends the leases that were not renewed.
func (m *Memory) lapse(now time.Time) {
	for n := range m.nodes {
		if !now.Before(n.until) {
			m.end(n)
		}
	}
}

func (n *memoryNode) Put(_ context.Context, lines ...Line) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range lines {
		n.lines[l.User] = standing{l.State, l.Devices}
	}
	return nil
}

func (n *memoryNode) Drop(_ context.Context, users ...id.User) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, u := range users {
		delete(n.lines, u)
	}
	return nil
}

func (n *memoryNode) Look(_ context.Context, users []id.User) ([]State, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	now := time.Now()
	states := make([]State, len(users))
	for i, u := range users {
		states[i] = Offline
		for o := range n.nodes {
			if now.Before(o.until) {
				states[i] = Better(states[i], o.lines[u].state)
			}
		}
	}
	return states, nil
}

func (n *memoryNode) Devices(_ context.Context, u id.User) ([]id.Device, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	now := time.Now()
	var devices []id.Device
	for o := range n.nodes {
		if now.Before(o.until) {
			devices = append(devices, o.lines[u].devices...)
		}
	}
	slices.Sort(devices)
	return slices.Compact(devices), nil
}

func (n *memoryNode) Renew(context.Context) (wiped, moved bool, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	n.lapse(now)
	first := n.seen < 0
	moved = !first && n.seen != n.leases
	if _, known := n.nodes[n]; !known {
		wiped = true
		n.nodes[n] = struct{}{}
		n.leases++
	}
	n.seen = n.leases
	n.until = now.Add(n.lease)
	return wiped, moved, nil
}

func (n *memoryNode) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.end(n)
	return nil
}
