package gateway

import "sync"

// A crew serves the input of sessions whose links are not own. Each session that
// has something gets a hand at once, a new one if all are busy: serving may wait
// for the store. A hand that is done stays for a while, because its stack has
// grown to what serving needs, and growing it anew for each message costs more
// than the message.
type crew struct {
	gw *Gateway

	mu   sync.Mutex
	idle []chan served // the last one is the warmest
	over bool
}

// served is a link with input.
type served interface{ run(d *desk) }

// idleMost bounds the hands that wait for work.
const idleMost = 32

func (c *crew) serve(l served) {
	c.mu.Lock()
	last := len(c.idle) - 1
	if last < 0 {
		c.mu.Unlock()
		c.gw.run(func() { c.work(l) })
		return
	}
	hand := c.idle[last]
	c.idle = c.idle[:last]
	c.mu.Unlock()
	hand <- l
}

// work is the life of a hand.
func (c *crew) work(l served) {
	d := desks.Get().(*desk)
	defer desks.Put(d)
	next := make(chan served, 1)
	for l != nil {
		l.run(d)
		c.mu.Lock()
		if c.over || len(c.idle) == idleMost {
			c.mu.Unlock()
			return
		}
		c.idle = append(c.idle, next)
		c.mu.Unlock()
		l = <-next
	}
}

// close sends the idle hands home; those at work follow when they are done.
func (c *crew) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	for _, hand := range c.idle {
		hand <- nil
	}
	c.idle = nil
}
