package client

import (
	"context"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/teahouse-im/teahouse/wire"
)

// Watch replaces the set of users whose presence comes as PeerPresence, and tells
// how they are now. It holds for the connections that follow too: each begins
// with a PeerPresence for everybody watched.
func (c *Client) Watch(ctx context.Context, users ...string) ([]wire.Presence, error) {
	all := wire.Watch{Users: append([]string{}, users...)}
	w := &wish{op: "watch", data: all}
	if len(users) > 0 {
		w.again = all
	}
	reply, err := c.wish(ctx, w)
	if err != nil {
		return nil, err
	}
	var seen wire.Watched
	err = json.Unmarshal(reply, &seen)
	return seen.Presence, err
}

// seen takes how those who are watched are seen at the beginning of a connection.
// The caller holds mu.
func (c *Client) seen(reply jsontext.Value) {
	var w wire.Watched
	if json.Unmarshal(reply, &w) != nil {
		return
	}
	for _, p := range w.Presence {
		c.tell(PeerPresence{p})
	}
}

// status is wire.Status as it goes out: null is no value of the protocol.
type status struct {
	State string  `json:"state"`
	Text  *string `json:"text,omitzero"`
}

// Status tells how the user wants to be seen: "active", "away" or "invisible". A
// connection begins as active; one that follows is told "away" again. Invisible is
// the user, on all devices, until one says "active".
func (c *Client) Status(ctx context.Context, state string) error {
	return c.status(ctx, status{State: state})
}

// StatusText is Status with what is shown beside it.
func (c *Client) StatusText(ctx context.Context, state, text string) error {
	return c.status(ctx, status{State: state, Text: &text})
}

func (c *Client) status(ctx context.Context, s status) error {
	w := &wish{op: "status", data: s}
	if s.State == "away" { // anything else would end what another device has said since
		w.again = status{State: s.State}
	}
	_, err := c.wish(ctx, w)
	return err
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
