package gateway

import "sync/atomic"

// A gate counts who is inside and can be shut: then nobody comes in any more,
// and whoever leaves last is told so, once.
type gate struct{ state atomic.Int64 }

const gateShut = 1 << 62

// enter lets somebody in; false: the gate is shut.
func (g *gate) enter() bool {
	for {
		n := g.state.Load()
		if n&gateShut != 0 {
			return false
		}
		if g.state.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// leave reports whether the gate is shut and everybody has left.
func (g *gate) leave() (last bool) { return g.state.Add(-1) == gateShut }

// shut closes the gate. It reports whether nobody is inside, and false if it was shut before.
func (g *gate) shut() (last bool) { return g.state.Or(gateShut) == 0 }
