package client

import (
	"context"
	"net/url"
	"strings"

	"github.com/teahouse-im/teahouse/wire"
)

// Watch replaces the set of users whose presence comes as PeerPresence, and tells
// how they are now. It holds for the connections that follow too: each begins
// with a PeerPresence for everybody watched.
func (c *Client) Watch(ctx context.Context, users ...string) ([]wire.Presence, error) {
	c.watching.Lock()
	defer c.watching.Unlock()
	req := wire.Watch{Users: append([]string{}, users...)}
	c.mu.Lock()
	before := c.watch
	c.watch = req.Users
	c.mu.Unlock()
	var w wire.Watched
	err := c.call(ctx, "watch", req, &w)
	if err != nil {
		c.mu.Lock()
		c.watch = before
		c.mu.Unlock()
	}
	return w.Presence, err
}

// Status tells how the user wants to be seen: "active", "away" or "invisible". A
// connection begins as active; one that follows is told again what was set here.
func (c *Client) Status(ctx context.Context, state string) error {
	return c.status(ctx, wire.Status{State: state})
}

// StatusText is Status with what is shown beside it.
func (c *Client) StatusText(ctx context.Context, state, text string) error {
	return c.status(ctx, wire.Status{State: state, Text: &text})
}

func (c *Client) status(ctx context.Context, s wire.Status) error {
	c.watching.Lock()
	defer c.watching.Unlock()
	// encode leaves out what is nil: null is no value of the protocol.
	req := struct {
		State string  `json:"state"`
		Text  *string `json:"text,omitzero"`
	}{s.State, s.Text}
	if err := c.call(ctx, "status", req, &wire.Empty{}); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = s.State
	return nil
}

// look tells a new connection what the one before was told about presence.
func (c *Client) look(l *link) {
	c.mu.Lock()
	users, state := c.watch, c.seen
	c.mu.Unlock()
	if state == "away" || state == "invisible" {
		_ = l.call(c.ctx, "status", map[string]string{"state": state}, &wire.Empty{})
	}
	if len(users) == 0 {
		return
	}
	var w wire.Watched
	if l.call(c.ctx, "watch", wire.Watch{Users: users}, &w) != nil {
		return // the next connection tries again
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range w.Presence {
		c.tell(PeerPresence{p})
	}
}

// Presence is how users are seen by the caller, in the order asked.
func (a *API) Presence(ctx context.Context, users ...string) ([]wire.Presence, error) {
	var out struct {
		Items []wire.Presence `json:"items"`
	}
	err := a.do(ctx, "GET", "/presence?users="+url.QueryEscape(strings.Join(users, ",")), nil, &out)
	return out.Items, err
}

// SetPresenceVisible sets who sees whether the user is around: "friends" or "nobody".
func (a *API) SetPresenceVisible(ctx context.Context, to string) error {
	return a.do(ctx, "PUT", "/me/presence", map[string]string{"visible_to": to}, nil)
}
