package client

import (
	"context"
	"iter"

	"github.com/teahouse-im/teahouse/wire"
)

type (
	// Profile is a person as others see them.
	Profile struct {
		User        string    `json:"user"`
		DisplayName string    `json:"display_name"`
		Avatar      string    `json:"avatar"`
		CreatedAt   wire.Time `json:"created_at"`
	}
	// SignedIn is a sign-in: keep the token, it is told only here.
	SignedIn struct {
		Token     string    `json:"token"`
		User      string    `json:"user"`
		Session   string    `json:"session"`
		ExpiresAt wire.Time `json:"expires_at"`
	}
	// DeviceSession is one of the user's sign-ins.
	DeviceSession struct {
		Session    string    `json:"session"`
		Device     string    `json:"device"`
		CreatedAt  wire.Time `json:"created_at"`
		LastSeenAt wire.Time `json:"last_seen_at"`
		Current    bool      `json:"current"`
	}
)

// SignUp makes an account.
func (a *API) SignUp(ctx context.Context, user, password, displayName string) (Profile, error) {
	var p Profile
	err := a.do(ctx, "POST", "/accounts", map[string]string{"user": user, "password": password, "display_name": displayName}, &p)
	return p, err
}

// SignIn signs a device in. A device that is signed in already gets a new token
// instead of the old one.
func (a *API) SignIn(ctx context.Context, user, password, device string) (SignedIn, error) {
	var s SignedIn
	err := a.do(ctx, "POST", "/sessions", map[string]string{"user": user, "password": password, "device": device}, &s)
	return s, err
}

// SignInByAssertion signs a device in whose user the operator's identity
// provider vouches for, with a signed JWT.
func (a *API) SignInByAssertion(ctx context.Context, assertion, device string) (SignedIn, error) {
	var s SignedIn
	err := a.do(ctx, "POST", "/sessions", map[string]string{"assertion": assertion, "device": device}, &s)
	return s, err
}

// SignOut ends the sign-in whose token this API carries.
func (a *API) SignOut(ctx context.Context) error {
	return a.do(ctx, "DELETE", "/sessions/current", nil, nil)
}

// Sessions are the user's sign-ins.
func (a *API) Sessions(ctx context.Context) iter.Seq2[DeviceSession, error] {
	return all[DeviceSession](ctx, a, "/sessions")
}

// EndSession ends one of the user's sign-ins.
func (a *API) EndSession(ctx context.Context, session string) error {
	return a.do(ctx, "DELETE", "/sessions"+seg(session), nil, nil)
}

// ChangePassword ends all other sign-ins.
func (a *API) ChangePassword(ctx context.Context, old, new string) error {
	return a.do(ctx, "POST", "/me/password", map[string]string{"old": old, "new": new}, nil)
}

// Me is the user's own profile.
func (a *API) Me(ctx context.Context) (Profile, error) {
	var p Profile
	err := a.do(ctx, "GET", "/me", nil, &p)
	return p, err
}

// Rename changes the user's display name.
func (a *API) Rename(ctx context.Context, displayName string) (Profile, error) {
	var p Profile
	err := a.do(ctx, "PATCH", "/me", map[string]string{"display_name": displayName}, &p)
	return p, err
}

// SetAvatar shows a picture of the user's own uploads with the profile; "" takes it away.
func (a *API) SetAvatar(ctx context.Context, media string) (Profile, error) {
	var p Profile
	err := a.do(ctx, "PATCH", "/me", map[string]string{"avatar": media}, &p)
	return p, err
}

// DeleteAccount ends the account for good: with the answer, all sign-ins are over,
// this one too, and nobody can ever be called so again. What was written to others
// stays in their conversations.
func (a *API) DeleteAccount(ctx context.Context) error {
	return a.do(ctx, "DELETE", "/me", nil, nil)
}

// Profile is somebody's public profile.
func (a *API) Profile(ctx context.Context, user string) (Profile, error) {
	var p Profile
	err := a.do(ctx, "GET", "/users"+seg(user), nil, &p)
	return p, err
}
