package client

import (
	"context"
)

type (
	// PushSubscription is where a device is woken: a browser at Endpoint, under Keys,
	// or a phone by its Token.
	PushSubscription struct {
		Kind     string    `json:"kind"` // "web", "apns" or "fcm"
		Endpoint string    `json:"endpoint,omitempty"`
		Keys     *PushKeys `json:"keys,omitempty"`
		Token    string    `json:"token,omitempty"`
	}
	// PushKeys are a browser's, base64url.
	PushKeys struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	}
	// PushSettings are a user's, for all devices.
	PushSettings struct {
		Show  string      `json:"show"`  // "all", "sender" or "nothing"
		Quiet *QuietHours `json:"quiet"` // nil: never
	}
	// QuietHours are when nothing is pushed, in minutes after midnight. They may span it.
	QuietHours struct {
		From int    `json:"from"`
		To   int    `json:"to"`
		Zone string `json:"zone"` // IANA, such as "Europe/Berlin"
	}
	// Pushed is what a browser finds in a push, once it has opened it. It replaces
	// what was shown under its tag.
	Pushed struct {
		Type   string `json:"type"` // "message", or "withdraw": close what is shown
		Tag    string `json:"tag"`
		Stream string `json:"stream"`
		Seq    int64  `json:"seq"`
		Title  string `json:"title"`
		Text   string `json:"text"`
		Count  int64  `json:"count"` // how many there are to read
		URL    string `json:"url"`   // where in the web client
	}
)

// PushKey is what a browser subscribes with, base64url.
func (a *API) PushKey(ctx context.Context) (string, error) {
	var out struct {
		Key string `json:"key"`
	}
	err := a.do(ctx, "GET", "/push/key", nil, &out)
	return out.Key, err
}

// Wake has the device of this sign-in woken while it has no live session, in
// place of what it had asked for before.
func (a *API) Wake(ctx context.Context, sub PushSubscription) error {
	return a.do(ctx, "PUT", "/me/push", sub, nil)
}

// LetSleep has the device of this sign-in woken no more.
func (a *API) LetSleep(ctx context.Context) error { return a.do(ctx, "DELETE", "/me/push", nil, nil) }

// PushSettings are the user's.
func (a *API) PushSettings(ctx context.Context) (PushSettings, error) {
	var set PushSettings
	err := a.do(ctx, "GET", "/me/push/settings", nil, &set)
	return set, err
}

// SetPushShow changes what may be shown: "all", "sender" or "nothing".
func (a *API) SetPushShow(ctx context.Context, show string) (PushSettings, error) {
	return a.changePush(ctx, map[string]any{"show": show})
}

// SetQuietHours changes when nothing is pushed; nil: there is no such time.
func (a *API) SetQuietHours(ctx context.Context, q *QuietHours) (PushSettings, error) {
	return a.changePush(ctx, map[string]any{"quiet": q})
}

func (a *API) changePush(ctx context.Context, to map[string]any) (PushSettings, error) {
	var set PushSettings
	err := a.do(ctx, "PATCH", "/me/push/settings", to, &set)
	return set, err
}
