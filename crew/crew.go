// Package crew runs short pieces of work on goroutines that stay warm. A new
// goroutine begins with a small stack and copies it each time it has to grow; for
// work that lasts microseconds and goes deep (storing a message, serving a frame)
// that costs more than the work. A hand of a crew that is done waits a while for
// more, its stack as large as it has become.
//
// It never makes work wait for a hand: where all are busy there is a new one.
package crew

import "sync"

// Crew is a number of hands. The zero Crew keeps none waiting; see New.
type Crew struct {
	most int

	mu   sync.Mutex
	idle []chan func() // the last one is the warmest
	over bool
	busy sync.WaitGroup
}

// New makes a crew of which at most that many hands wait for work.
func New(most int) *Crew { return &Crew{most: most} }

// Go has work done by a goroutine other than the caller's, at once.
func (c *Crew) Go(work func()) {
	c.busy.Add(1)
	c.mu.Lock()
	last := len(c.idle) - 1
	if last < 0 {
		c.mu.Unlock()
		go c.hand(work)
		return
	}
	next := c.idle[last]
	c.idle = c.idle[:last]
	c.mu.Unlock()
	next <- work
}

// hand is the life of one: work, wait, work again.
func (c *Crew) hand(work func()) {
	next := make(chan func(), 1)
	for work != nil {
		work()
		c.busy.Done()
		c.mu.Lock()
		if c.over || len(c.idle) >= c.most {
			c.mu.Unlock()
			return
		}
		c.idle = append(c.idle, next)
		c.mu.Unlock()
		work = <-next
	}
}

// Close waits until all work is done and sends the hands home. Go must not be called any more.
func (c *Crew) Close() {
	c.busy.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	for _, next := range c.idle {
		next <- nil
	}
	c.idle = nil
}
