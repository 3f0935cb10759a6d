package client

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/wire"
)

const (
	// askers bounds the streams whose holes are asked for at once.
	askers = 4
	// pageMost is the longest page of history a server gives.
	pageMost = 200
	// breath is how long to wait after a refusal that says nothing of when to try again.
	breath = time.Second
)

// The requests as they go out; what is not set is left out.
type (
	syncRequest struct {
		Cursors map[string]int64 `json:"cursors"`
		After   string           `json:"after,omitzero"`
	}
	historyRequest struct {
		Stream string `json:"stream"`
		Before *int64 `json:"before,omitzero"`
		After  *int64 `json:"after,omitzero"`
		Limit  int    `json:"limit,omitzero"`
	}
)

// A syncRun is a sync that takes more than one request: page by page, and once
// more for every further part of a set of cursors too large for one message.
type syncRun struct {
	chunks []map[string]int64
	next   *string
}

// turn goes on to the next part when the last page of one has come.
func (r *syncRun) turn() {
	if r.next == nil {
		r.chunks = r.chunks[1:]
	}
}

// split cuts cursors into parts of at most size bytes as JSON; there is at least one part.
func split(cursors map[string]int64, size int) []map[string]int64 {
	var parts []map[string]int64
	part, used := map[string]int64{}, 0
	for _, name := range slices.Sorted(maps.Keys(cursors)) {
		cost := len(name) + 24
		if used+cost > size && len(part) > 0 {
			parts = append(parts, part)
			part, used = map[string]int64{}, 0
		}
		part[name] = cursors[name]
		used += cost
	}
	return append(parts, part)
}

// synced takes a page of sync that was asked for with sent. The caller holds mu.
func (c *Client) synced(page wire.Sync, sent map[string]int64) {
	for _, s := range page.Streams {
		if c.full() {
			// Nobody takes events: another sync tells the rest when there is room.
			c.resync = true
			return
		}
		c.track.listed(s, sent, time.Now())
		s.Entries = nil
		c.queue.push(Listed{s})
		c.hand()
		wake(c.more)
	}
}

// repair brings the device up to date for as long as the connection lives: it
// syncs when that is wanted, asks for what is missing, and notices a server
// that has fallen silent.
func (c *Client) repair(l *link) {
	var asking sync.WaitGroup
	defer asking.Wait()
	slots := make(chan struct{}, askers)
	run := l.first
	heartbeat := time.Duration(c.Welcome().HeartbeatMS) * time.Millisecond
	for l.ctx.Err() == nil {
		if heartbeat > 0 && time.Since(time.Unix(0, l.heard.Load())) > 2*heartbeat+5*time.Second {
			l.cancel(errors.Join(errLost, errors.New("the server has fallen silent")))
			return
		}
		step := c.plan(&run)
		switch {
		case step.sync:
			if err := c.syncPage(l, run); err != nil {
				l.cancel(err)
				return
			}
			continue
		case step.hole != "":
			slots <- struct{}{}
			asking.Go(func() {
				defer func() { <-slots; wake(c.tend) }()
				c.fill(l, step.hole)
			})
			continue
		}
		wait := step.wait
		if heartbeat > 0 && (wait == 0 || heartbeat < wait) {
			wait = heartbeat
		}
		if wait == 0 {
			wait = time.Hour
		}
		timer := time.NewTimer(wait)
		select {
		case <-c.tend:
		case <-timer.C:
		case <-l.ctx.Done():
		}
		timer.Stop()
	}
}

// A step is what to repair next: a page of sync, a hole, or nothing for a while.
type step struct {
	sync bool
	hole string
	wait time.Duration
}

// plan decides on the next step. While nobody takes events there is none.
func (c *Client) plan(run **syncRun) step {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.full() {
		return step{}
	}
	if *run != nil && len((*run).chunks) == 0 {
		*run = nil
		c.track.settling = false
	}
	if *run == nil && c.resync {
		c.resync = false
		*run = &syncRun{chunks: split(c.track.cursors(), helloCursors)}
	}
	if *run != nil {
		return step{sync: true}
	}
	name, due, ok := c.track.next()
	if !ok {
		return step{}
	}
	if wait := time.Until(due); wait > 0 {
		return step{wait: wait}
	}
	c.track.places[name].asking = true
	return step{hole: name}
}

// syncPage asks for the next page of a sync.
func (c *Client) syncPage(l *link, run *syncRun) error {
	sent := run.chunks[0]
	req := syncRequest{Cursors: sent}
	if run.next != nil {
		req.After = *run.next
	}
	var page wire.Sync
	for {
		err := l.call(l.ctx, "sync", req, &page)
		if err == nil {
			break
		}
		refused, ok := errors.AsType[*Error](err)
		if !ok || !refused.Temporary() {
			return err
		}
		if pause(l.ctx, refused.Retry) != nil {
			return errLost
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.synced(page, sent)
	run.next = page.Next
	run.turn()
	return nil
}

// fill asks for what is missing in one stream until nothing is.
func (c *Client) fill(l *link, name string) {
	defer func() {
		c.mu.Lock()
		c.track.at(name).asking = false
		c.mu.Unlock()
	}()
	for {
		c.mu.Lock()
		p := c.track.at(name)
		after, done := p.cursor, p.head <= p.cursor || c.full()
		c.mu.Unlock()
		if done {
			return
		}
		var page wire.Page
		err := l.call(l.ctx, "history", historyRequest{Stream: name, After: &after, Limit: pageMost}, &page)
		c.mu.Lock()
		refused, ok := errors.AsType[*Error](err)
		switch {
		case err == nil:
			c.track.page(name, after, page, time.Now())
			c.hand()
		case ok && refused.Temporary() || ok && refused.Code == "internal":
			c.track.later(name, time.Now().Add(max(refused.Retry, breath)))
		case ok: // not this user's any more
			c.track.giveUp(name)
		}
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// pause waits d, or a breath if that is 0.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		d = breath
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
