package client

import (
	"context"
	"iter"
	"net/url"

	"github.com/teahouse-im/teahouse/wire"
)

type (
	// Moment is what somebody shares, as the caller sees it.
	Moment struct {
		Post     string    `json:"post"`
		Author   string    `json:"author"`
		At       wire.Time `json:"at"`
		Text     string    `json:"text"`
		Media    []Picture `json:"media"`
		Location *Location `json:"location,omitzero"`
		AppCard  *AppCard  `json:"app_card,omitzero"`
		Mentions []string  `json:"mentions"`
		Audience *Audience `json:"audience"` // of one's own
		Likes    []Like    `json:"likes"`    // that the caller may see, as the comments
		Comments []Comment `json:"comments"`
	}
	// Picture is a picture or film in a moment.
	Picture struct {
		Media       string `json:"media"` // see Download
		Type        string `json:"type"`
		Width       int    `json:"width"`
		Height      int    `json:"height"`
		Placeholder string `json:"placeholder"` // a blurhash
	}
	// Like says who likes a moment.
	Like struct {
		User string    `json:"user"`
		At   wire.Time `json:"at"`
	}
	// Comment is what somebody said to a moment.
	Comment struct {
		ID      string    `json:"id"`
		From    string    `json:"from"`
		Text    string    `json:"text"`
		ReplyTo *Reply    `json:"reply_to"`
		At      wire.Time `json:"at"`
	}
	// Reply is the comment another one answers.
	Reply struct {
		ID   string `json:"id"`
		User string `json:"user"`
	}
	// Audience is for whom a moment is: "friends", "private", "only" or "except".
	Audience struct {
		Kind  string   `json:"kind"`
		Users []string `json:"users,omitzero"`
		Tags  []string `json:"tags,omitzero"`
		Mode  string   `json:"mode,omitzero"` // "live", which is the default, or "snapshot"
	}
	// MomentDraft is a moment to be shared.
	MomentDraft struct {
		Text     string    `json:"text"`
		Media    []string  `json:"media,omitzero"` // own uploads
		Audience Audience  `json:"audience"`
		Mentions []string  `json:"mentions,omitzero"`
		Location *Location `json:"location,omitzero"`
		AppCard  *AppCard  `json:"app_card,omitzero"`
	}
	// Verdict is whether a friend may see a moment, and by which rule.
	Verdict struct {
		User string `json:"user"`
		Sees bool   `json:"sees"`
		Rule string `json:"rule"`
	}
)

// Share posts a moment. A draft without an audience is for all friends.
func (a *API) Share(ctx context.Context, d MomentDraft) (Moment, error) {
	if d.Audience.Kind == "" {
		d.Audience.Kind = "friends"
	}
	var m Moment
	err := a.do(ctx, "POST", "/moments", d, &m)
	return m, err
}

// Moments are the caller's own and those of friends, the newest first.
func (a *API) Moments(ctx context.Context) iter.Seq2[Moment, error] {
	return pages[Moment](ctx, a, "/moments?limit=50", "before")
}

// MomentsOf are those of one person, the newest first.
func (a *API) MomentsOf(ctx context.Context, user string) iter.Seq2[Moment, error] {
	return pages[Moment](ctx, a, "/users"+seg(user)+"/moments?limit=50", "before")
}

// MomentsAs are the caller's own as a friend sees them.
func (a *API) MomentsAs(ctx context.Context, friend string) iter.Seq2[Moment, error] {
	return pages[Moment](ctx, a, "/users/me/moments?limit=50&as="+url.QueryEscape(friend), "before")
}

// Moment is one of them.
func (a *API) Moment(ctx context.Context, post string) (Moment, error) {
	var m Moment
	err := a.do(ctx, "GET", "/moments"+seg(post), nil, &m)
	return m, err
}

// SetAudience changes for whom a moment is, at once.
func (a *API) SetAudience(ctx context.Context, post string, to Audience) (Moment, error) {
	var m Moment
	err := a.do(ctx, "PATCH", "/moments"+seg(post), map[string]Audience{"audience": to}, &m)
	return m, err
}

// DeleteMoment takes a moment away from everybody.
func (a *API) DeleteMoment(ctx context.Context, post string) error {
	return a.do(ctx, "DELETE", "/moments"+seg(post), nil, nil)
}

// Like likes a moment.
func (a *API) Like(ctx context.Context, post string) error {
	return a.do(ctx, "PUT", "/moments"+seg(post)+"/like", nil, nil)
}

// Unlike takes a like back.
func (a *API) Unlike(ctx context.Context, post string) error {
	return a.do(ctx, "DELETE", "/moments"+seg(post)+"/like", nil, nil)
}

// Comment says something to a moment; replyTo is the comment it answers, or "".
func (a *API) Comment(ctx context.Context, post, text, replyTo string) (Comment, error) {
	in := struct {
		Text    string `json:"text"`
		ReplyTo string `json:"reply_to,omitzero"`
	}{text, replyTo}
	var c Comment
	err := a.do(ctx, "POST", "/moments"+seg(post)+"/comments", in, &c)
	return c, err
}

// DeleteComment takes a comment away.
func (a *API) DeleteComment(ctx context.Context, post, comment string) error {
	return a.do(ctx, "DELETE", "/moments"+seg(post)+"/comments"+seg(comment), nil, nil)
}

// MuteMoment keeps the user from hearing of a moment.
func (a *API) MuteMoment(ctx context.Context, post string) error {
	return a.do(ctx, "PUT", "/moments"+seg(post)+"/mute", nil, nil)
}

// UnmuteMoment lets the user hear of a moment again.
func (a *API) UnmuteMoment(ctx context.Context, post string) error {
	return a.do(ctx, "DELETE", "/moments"+seg(post)+"/mute", nil, nil)
}

// WhoSees tells the author of a moment which friends see it, and why.
func (a *API) WhoSees(ctx context.Context, post string) iter.Seq2[Verdict, error] {
	return all[Verdict](ctx, a, "/moments"+seg(post)+"/why")
}

// PreviewAudience tells which friends would see a moment for that audience.
func (a *API) PreviewAudience(ctx context.Context, of Audience) ([]string, error) {
	var out struct {
		Users []string `json:"users"`
	}
	err := a.do(ctx, "POST", "/moments/audience-preview", map[string]Audience{"audience": of}, &out)
	return out.Users, err
}

// SetLookBack sets how far back others see the user's moments: "all", "6m", "1m" or "3d".
func (a *API) SetLookBack(ctx context.Context, to string) error {
	return a.do(ctx, "PATCH", "/me", map[string]string{"moments_look_back": to}, nil)
}
