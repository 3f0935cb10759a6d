package client

import (
	"context"
	"iter"
	"time"

	"github.com/teahouse-im/teahouse/wire"
)

type (
	// GroupChange says what to change of a group; nil leaves things as they are.
	GroupChange struct {
		Name    *string `json:"name,omitzero"`
		MuteAll *bool   `json:"mute_all,omitzero"`
	}
	// MemberChange says what to change of a member; nil leaves things as they are.
	MemberChange struct {
		Role     *string `json:"role,omitzero"` // "admin" or "member"
		Nickname *string `json:"nickname,omitzero"`
		Muted    *Mute   `json:"muted_until,omitzero"`
	}
	// Mute keeps a member from writing until a time; the zero Mute lifts it.
	Mute struct{ Until time.Time }
)

// MarshalJSON writes the time, or null.
func (m Mute) MarshalJSON() ([]byte, error) {
	if m.Until.IsZero() {
		return []byte("null"), nil
	}
	return wire.Time{Time: m.Until}.MarshalJSON()
}

// CreateGroup makes a group of the user and up to 500 others.
func (a *API) CreateGroup(ctx context.Context, name string, members ...string) (wire.Group, error) {
	if members == nil {
		members = []string{}
	}
	var g wire.Group
	err := a.do(ctx, "POST", "/groups", struct {
		Name    string   `json:"name"`
		Members []string `json:"members"`
	}{name, members}, &g)
	return g, err
}

// ChangeGroup changes a group for all of its members.
func (a *API) ChangeGroup(ctx context.Context, stream string, change GroupChange) (wire.Group, error) {
	var g wire.Group
	err := a.do(ctx, "PATCH", "/groups"+seg(stream), change, &g)
	return g, err
}

// Dissolve closes a group for writing.
func (a *API) Dissolve(ctx context.Context, stream string) error {
	return a.do(ctx, "DELETE", "/groups"+seg(stream), nil, nil)
}

// Members are a group's members.
func (a *API) Members(ctx context.Context, stream string) iter.Seq2[wire.Member, error] {
	return all[wire.Member](ctx, a, "/groups"+seg(stream)+"/members")
}

// AddMembers puts up to 500 people into a group and tells who was added.
func (a *API) AddMembers(ctx context.Context, stream string, users ...string) ([]string, error) {
	var r struct {
		Added []string `json:"added"`
	}
	err := a.do(ctx, "POST", "/groups"+seg(stream)+"/members", map[string][]string{"users": users}, &r)
	return r.Added, err
}

// RemoveMember takes somebody out of a group; oneself: leaves it.
func (a *API) RemoveMember(ctx context.Context, stream, user string) error {
	return a.do(ctx, "DELETE", "/groups"+seg(stream)+"/members"+seg(user), nil, nil)
}

// ChangeMember changes a member's standing.
func (a *API) ChangeMember(ctx context.Context, stream, user string, change MemberChange) error {
	return a.do(ctx, "PUT", "/groups"+seg(stream)+"/members"+seg(user), change, nil)
}

// TransferGroup makes another member the owner.
func (a *API) TransferGroup(ctx context.Context, stream, to string) error {
	return a.do(ctx, "POST", "/groups"+seg(stream)+"/transfer", map[string]string{"to": to}, nil)
}
