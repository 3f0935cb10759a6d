package client

import (
	"context"
	"errors"
	"time"

	"github.com/teahouse-im/teahouse/wire"
)

// History is a page of a stream that ends before a position (0: with the newest
// entry), in ascending order. limit is 200 at most, and 0 for the server's choice.
func (c *Client) History(ctx context.Context, stream string, before int64, limit int) (wire.Page, error) {
	req := historyRequest{Stream: stream, Limit: limit}
	if before > 0 {
		req.Before = &before
	}
	var page wire.Page
	err := c.call(ctx, "history", req, &page)
	return page, err
}

// HistoryAfter is a page of a stream that begins right after a position, in ascending order.
func (c *Client) HistoryAfter(ctx context.Context, stream string, after int64, limit int) (wire.Page, error) {
	var page wire.Page
	err := c.call(ctx, "history", historyRequest{Stream: stream, After: &after, Limit: limit}, &page)
	return page, err
}

// Read moves the user's read position to seq; it never moves back.
func (c *Client) Read(ctx context.Context, stream string, seq int64) (wire.Position, error) {
	var at wire.Position
	err := c.call(ctx, "read", wire.Read{Stream: stream, Seq: &seq}, &at)
	return at, err
}

// Typing tells the others of a conversation what this user is doing: "typing",
// "voice" or "stop". It is told now or not at all (ErrOffline).
func (c *Client) Typing(ctx context.Context, stream, state string) error {
	c.mu.Lock()
	l := c.link
	c.mu.Unlock()
	if l == nil {
		return ErrOffline
	}
	err := l.call(ctx, "typing", wire.Typing{Stream: stream, State: state}, &wire.Empty{})
	if errors.Is(err, errLost) {
		return ErrOffline
	}
	return err
}

// Ping asks the server for its time.
func (c *Client) Ping(ctx context.Context) (time.Time, error) {
	var pong wire.Pong
	err := c.call(ctx, "ping", wire.Ping{}, &pong)
	return pong.ServerTime.Time, err
}

// Sync makes the client look again for news in all streams, as it does by itself
// whenever the server or a new connection calls for it.
func (c *Client) Sync() {
	c.mu.Lock()
	c.resync = true
	c.mu.Unlock()
	wake(c.tend)
}

// call makes a request on the present connection, or on the next one. What may
// have got lost with a connection is asked again.
func (c *Client) call(ctx context.Context, op string, req, reply any) error {
	for {
		l, err := c.live(ctx)
		if err != nil {
			return err
		}
		if err = l.call(ctx, op, req, reply); !errors.Is(err, errLost) {
			return err
		}
		select {
		case <-l.gone: // the next call of live waits for its successor
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
