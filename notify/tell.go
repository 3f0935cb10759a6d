package notify

import (
	"context"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// Events that an app's server is told of.
const (
	EventMinted = "grant.minted"
	EventOpened = "window.opened"
	EventReset  = "window.reset" // the user wrote again while it was there
)

// Minted is the data of an event about a grant. Nothing in it tells whose it is.
type Minted struct {
	Grant     string      `json:"grant"`
	Template  id.Template `json:"template,omitempty"`
	Version   int         `json:"version,omitempty"`
	Subject   string      `json:"subject,omitempty"`
	Scope     grant.Scope `json:"scope"`
	UsesLeft  int         `json:"uses_left"`
	ExpiresAt time.Time   `json:"expires_at"`
}

// Tell gives what a grant.Book calls when an app may know of a grant: it tells
// the app's server.
func Tell(hooks Hooks) func(ctx context.Context, h grant.Handed, a id.App, first bool) error {
	return func(ctx context.Context, h grant.Handed, a id.App, first bool) error {
		kind := EventMinted
		switch {
		case h.Scope == grant.Window && first:
			kind = EventOpened
		case h.Scope == grant.Window:
			kind = EventReset
		}
		return hooks.Emit(ctx, a, h.Event, kind, Minted{
			Grant: h.Handle, Template: h.Template, Version: h.Version, Subject: h.Subject, Scope: h.Scope, UsesLeft: h.Left, ExpiresAt: h.ExpiresAt,
		})
	}
}
