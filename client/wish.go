package client

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// A wish is what the server is to know about a connection for as long as it
// lasts, and of each that follows. Of each op the latest counts.
type wish struct {
	op     string
	data   any
	again  any // for connections that follow; nil: they need not be told
	before *wish

	// Guarded by the client's mu until done is closed.
	answered bool
	reply    jsontext.Value
	err      error
	done     chan struct{}
}

// wish makes a wish known and waits for the first answer. Refused, the one before
// holds again; if ctx ends first, it stands all the same.
func (c *Client) wish(ctx context.Context, w *wish) (jsontext.Value, error) {
	c.wishing.Lock()
	defer c.wishing.Unlock()
	w.done = make(chan struct{})
	c.mu.Lock()
	if w.before = c.wishes[w.op]; w.before != nil {
		w.before.before = nil // no longer of use
	}
	c.wishes[w.op] = w
	c.mu.Unlock()
	wake(c.look)
	select {
	case <-w.done:
		return w.reply, w.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.done:
		return nil, c.Err()
	}
}

// fulfil tells the server the wishes, for as long as the connection lasts.
// Nobody else does, so that the latest is told last.
func (c *Client) fulfil(l *link) {
	told := map[string]*wish{}
	for {
		for _, op := range []string{"status", "watch"} {
			if !c.tellWish(l, op, told) {
				return
			}
		}
		select {
		case <-c.look:
		case <-l.ctx.Done():
			return
		}
	}
}

// tellWish tells the wish of one op, if it was not; false: the connection has ended.
func (c *Client) tellWish(l *link, op string, told map[string]*wish) bool {
	for {
		c.mu.Lock()
		w, before := c.wishes[op], told[op]
		known, data := before == w, any(nil)
		if !known {
			if data = w.data; w.answered {
				data = w.again
			}
		}
		c.mu.Unlock()
		if known {
			return true
		}
		told[op] = w
		if data == nil {
			continue
		}
		var reply jsontext.Value
		err := l.call(l.ctx, op, data, &reply)
		if l.ctx.Err() != nil || errors.Is(err, errLost) {
			return false
		}
		if !c.granted(w, reply, err) {
			told[op] = before
		}
	}
}

// granted takes the answer to a wish; false: it was refused the first time. A
// connection that follows and refuses it does without.
func (c *Client) granted(w *wish, reply jsontext.Value, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w.answered {
		if err == nil && w.op == "watch" {
			c.seen(reply)
		}
		return true
	}
	w.answered, w.reply, w.err = true, reply, err
	close(w.done)
	if err != nil && c.wishes[w.op] == w {
		c.wishes[w.op] = w.before
	}
	return err == nil
}
