package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/teahouse-im/teahouse/wire"
)

type (
	// Friend is a contact as its owner sees it.
	Friend struct {
		User             string    `json:"user"`
		DisplayName      string    `json:"display_name"`
		Alias            string    `json:"alias"`
		Tags             []string  `json:"tags"`
		Starred          bool      `json:"starred"`
		ChatOnly         bool      `json:"chat_only"`
		HideMyMoments    bool      `json:"hide_my_moments"`
		HideTheirMoments bool      `json:"hide_their_moments"`
		Since            wire.Time `json:"since"`
	}
	// FriendChange says what to change of a contact; nil leaves things as they are.
	FriendChange struct {
		Alias            *string   `json:"alias,omitzero"`
		Tags             *[]string `json:"tags,omitzero"`
		Starred          *bool     `json:"starred,omitzero"`
		ChatOnly         *bool     `json:"chat_only,omitzero"`
		HideMyMoments    *bool     `json:"hide_my_moments,omitzero"`
		HideTheirMoments *bool     `json:"hide_their_moments,omitzero"`
	}
	// Increment is what has changed among the contacts since a version.
	Increment struct {
		Items   []Friend `json:"items"`   // new and changed
		Removed []string `json:"removed"` // no friends any more
		Version string   `json:"version"` // to ask with next time
	}
	// ContactRequest is somebody who wants to be a friend.
	ContactRequest struct {
		From     string    `json:"from"`
		Greeting string    `json:"greeting"`
		At       wire.Time `json:"at"`
	}
	// Blocked is somebody the user has blocked.
	Blocked struct {
		User string    `json:"user"`
		At   wire.Time `json:"at"`
	}
)

// RequestContact asks somebody to be a friend. It answers "pending", or
// "friends" if the other had asked already.
func (a *API) RequestContact(ctx context.Context, to, greeting string) (state string, err error) {
	var r struct {
		State string `json:"state"`
	}
	err = a.do(ctx, "POST", "/contact-requests", map[string]string{"to": to, "greeting": greeting}, &r)
	return r.State, err
}

// ContactRequests are those the user has not answered.
func (a *API) ContactRequests(ctx context.Context) iter.Seq2[ContactRequest, error] {
	return all[ContactRequest](ctx, a, "/contact-requests")
}

// AcceptContact makes friends with who has asked.
func (a *API) AcceptContact(ctx context.Context, from string) error {
	return a.do(ctx, "POST", "/contact-requests"+seg(from)+"/accept", nil, nil)
}

// DeclineContact forgets a request; who asked is not told.
func (a *API) DeclineContact(ctx context.Context, from string) error {
	return a.do(ctx, "POST", "/contact-requests"+seg(from)+"/decline", nil, nil)
}

// Contacts are the changes among the user's friends since a version; "" is from the beginning.
func (a *API) Contacts(ctx context.Context, since string) (Increment, error) {
	path := "/contacts"
	if since != "" {
		path += "?since=" + url.QueryEscape(since)
	}
	var inc Increment
	err := a.do(ctx, "GET", path, nil, &inc)
	return inc, err
}

// ChangeContact changes what the user notes about a friend.
func (a *API) ChangeContact(ctx context.Context, user string, change FriendChange) (Friend, error) {
	var f Friend
	err := a.do(ctx, "PATCH", "/contacts"+seg(user), change, &f)
	return f, err
}

// RemoveContact ends a friendship; the other is not told.
func (a *API) RemoveContact(ctx context.Context, user string) error {
	return a.do(ctx, "DELETE", "/contacts"+seg(user), nil, nil)
}

// Block keeps somebody from writing to the user.
func (a *API) Block(ctx context.Context, user string) error {
	return a.do(ctx, "PUT", "/blocks"+seg(user), nil, nil)
}

// Unblock lifts a block.
func (a *API) Unblock(ctx context.Context, user string) error {
	return a.do(ctx, "DELETE", "/blocks"+seg(user), nil, nil)
}

// Blocks are the people the user has blocked.
func (a *API) Blocks(ctx context.Context) iter.Seq2[Blocked, error] {
	return all[Blocked](ctx, a, "/blocks")
}
