package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/time/rate"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// helloCursors bounds the cursors that hello and sync carry, in bytes, so that
// the message stays within what every server takes.
const helloCursors = 48 << 10

// A dialError is a WebSocket that the server would not open.
type dialError struct {
	status int // of the refused upgrade
	retry  time.Duration
	err    error
}

func (e *dialError) Error() string { return e.err.Error() }
func (e *dialError) Unwrap() error { return e.err }

// run is the life of a client: one session after another until one ends for good.
func (c *Client) run() {
	defer c.http.CloseIdleConnections()
	been := false // there has been a session
	for failures := 0; ; failures++ {
		l, err := c.connect()
		if err == nil {
			failures, been = 0, true
			err = c.serve(l)
		}
		wait, again := c.judge(l, err, failures, been)
		if !again {
			c.finish(err)
			return
		}
		c.mu.Lock()
		c.state(StateChange{Reconnecting, err, wait})
		c.mu.Unlock()
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-c.ctx.Done():
			timer.Stop()
		}
	}
}

// connect opens a connection and signs it in.
func (c *Client) connect() (*link, error) {
	if c.ctx.Err() != nil {
		return nil, ErrClosed
	}
	ctx, cancel := context.WithTimeout(c.ctx, c.opt.Timeout)
	defer cancel()
	l := &link{
		timeout: c.opt.Timeout, frame: wire.MaxFrame,
		pending: map[int64]func(jsontext.Value, error){}, gone: make(chan struct{}),
	}
	ws, resp, err := websocket.Dial(ctx, c.url, &websocket.DialOptions{
		HTTPClient:     c.http,
		Subprotocols:   []string{wire.Subprotocol},
		OnPingReceived: func(context.Context, []byte) bool { l.heard.Store(time.Now().UnixNano()); return true },
	})
	if err != nil {
		return nil, refusedUpgrade(resp, err)
	}
	ws.SetReadLimit(c.opt.FrameMost)
	l.ws = ws
	l.heard.Store(time.Now().UnixNano())
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	// While hello is under way the connection ends with ctx; later only for a reason of its own.
	stop := context.AfterFunc(ctx, func() { l.cancel(fmt.Errorf("%w: no answer to hello", errLost)) })
	err = c.hello(l)
	if !stop() && err == nil {
		err = context.Cause(l.ctx)
	}
	if err != nil {
		l.end(err)
		ws.CloseNow()
		return l, err
	}
	return l, nil
}

// refusedUpgrade reads what an answer other than an upgrade means.
func refusedUpgrade(resp *http.Response, err error) error {
	if resp == nil || resp.StatusCode == http.StatusSwitchingProtocols {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	d := &dialError{status: resp.StatusCode, err: err}
	if s, bad := strconv.Atoi(resp.Header.Get("Retry-After")); bad == nil {
		d.retry = time.Duration(s) * time.Second
	}
	if resp.Body != nil {
		body, _ := io.ReadAll(resp.Body)
		d.err = problem(resp.StatusCode, resp.Header, body)
	}
	return d
}

// hello signs the connection in with the positions of this device. Events that
// come before the reply are taken as any other.
func (c *Client) hello(l *link) error {
	c.mu.Lock()
	chunks := split(c.track.cursors(), helloCursors)
	c.track.settling = true
	c.mu.Unlock()
	var answer jsontext.Value
	var refused error
	answered := false
	err := l.begin("hello", wire.Hello{Token: c.opt.Token, Device: c.opt.Device, Cursors: chunks[0]}, func(d jsontext.Value, err error) {
		answer, refused, answered = d, err, true
	})
	if err != nil {
		return err
	}
	for !answered {
		f, err := l.read()
		if err != nil {
			return err
		}
		c.heed(l, f)
	}
	if refused != nil {
		return refused
	}
	var w wire.Welcome
	if err := json.Unmarshal(answer, &w); err != nil {
		return fmt.Errorf("the answer to hello: %w", err)
	}
	if w.Limits.FrameBytes > 0 {
		l.frame = w.Limits.FrameBytes
	}
	if n := w.Limits.FramesPerSecond; n > 0 {
		l.pace = rate.NewLimiter(rate.Limit(n)*0.9, max(1, w.Limits.FramesBurst/2))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l.first = &syncRun{chunks: chunks, next: w.Sync.Next}
	c.synced(w.Sync, chunks[0])
	l.first.turn()
	w.Sync = wire.Sync{}
	c.welcome = w
	return nil
}

// serve is a session: it takes what the server sends until the connection ends, and tells why.
func (c *Client) serve(l *link) error {
	c.mu.Lock()
	c.link = l
	close(c.linked)
	c.out.restart(id.User(c.welcome.User))
	for _, p := range c.track.places {
		p.asking = false
	}
	c.state(StateChange{State: Connected})
	c.mu.Unlock()

	var helpers sync.WaitGroup
	helpers.Go(func() { c.repair(l) })
	helpers.Go(func() { c.ship(l) })
	helpers.Go(func() { c.fulfil(l) })
	leave := context.AfterFunc(c.ctx, func() { c.goodbye(l) })
	var err error
	for err == nil {
		var f frame
		if f, err = l.read(); err == nil {
			c.heed(l, f)
		}
	}
	c.mu.Lock()
	c.link, c.linked = nil, make(chan struct{})
	c.mu.Unlock()
	close(l.gone)
	l.end(err)
	if leave() {
		l.ws.CloseNow()
	}
	helpers.Wait()
	c.settle()
	return err
}

// goodbye closes a connection in good order, within a second.
func (c *Client) goodbye(l *link) {
	timer := time.AfterFunc(time.Second, func() { l.cancel(ErrClosed) })
	defer timer.Stop()
	l.ws.Close(websocket.StatusNormalClosure, "")
	l.cancel(ErrClosed)
}

// heed takes one message of the server.
func (c *Client) heed(l *link, f frame) {
	if f.Event == "" {
		l.reply(f)
		return
	}
	switch f.Event {
	case "entry":
		var e wire.Entry
		if json.Unmarshal(f.Data, &e) == nil {
			c.arrived(e)
		}
	case "resync":
		c.mu.Lock()
		c.resync = true
		c.mu.Unlock()
		wake(c.tend)
	case "read":
		pass[wire.ReadEvent](c, f.Data, func(e wire.ReadEvent) Event { return PeerRead{e} })
	case "typing":
		pass[wire.TypingEvent](c, f.Data, func(e wire.TypingEvent) Event { return PeerTyping{e} })
	case "presence":
		pass[wire.Presence](c, f.Data, func(e wire.Presence) Event { return PeerPresence{e} })
	case "feed":
		pass[wire.FeedEvent](c, f.Data, func(e wire.FeedEvent) Event { return MomentWaits{e} })
	case "bye":
		var b wire.Bye
		if json.Unmarshal(f.Data, &b) == nil {
			l.mu.Lock()
			l.bye = &b
			l.mu.Unlock()
		}
	}
}

// pass hands a lossy event to the application.
func pass[T any](c *Client, data jsontext.Value, as func(T) Event) {
	var v T
	if json.Unmarshal(data, &v) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tell(as(v))
}

// arrived takes a live entry. When nobody takes events it is left to be asked for later.
func (c *Client) arrived(e wire.Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.full() {
		c.track.heard(e.Stream, e.Seq, time.Now())
		return
	}
	c.track.live(e, time.Now())
	c.hand()
}

// judge decides whether to come back after err, and when. l is nil if there was no connection.
func (c *Client) judge(l *link, err error, failures int, been bool) (wait time.Duration, again bool) {
	if c.ctx.Err() != nil {
		return 0, false
	}
	wait = c.opt.Backoff.Wait(failures)
	if l != nil {
		l.mu.Lock()
		bye := l.bye
		l.mu.Unlock()
		if bye != nil && bye.RetryMS > 0 {
			wait = time.Duration(bye.RetryMS) * time.Millisecond
		}
	}
	if d, ok := errors.AsType[*dialError](err); ok {
		denied := d.status >= 400 && d.status < 500 && d.status != http.StatusRequestTimeout && d.status != http.StatusTooManyRequests
		return max(wait, d.retry), been || !denied
	}
	if refused, ok := errors.AsType[*Error](err); ok {
		return max(wait, refused.Retry), refused.Temporary() || refused.Code == fault.Internal.Code
	}
	if closed, ok := errors.AsType[*CloseError](err); ok {
		return wait, !forGood(closed.Code)
	}
	return wait, c.Err() == nil
}

// fail ends the client because the application's side cannot go on.
func (c *Client) fail(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	c.mu.Unlock()
	c.cancel()
}

// finish ends the client.
func (c *Client) finish(err error) {
	if c.ctx.Err() != nil {
		err = ErrClosed
	}
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	c.state(StateChange{State: Closed, Err: c.err})
	c.out.abandon(c.err)
	close(c.linked)
	c.mu.Unlock()
	c.cancel()
	close(c.done)
}
