package api

import (
	"cmp"
	"context"
	"slices"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// What is asked.
type (
	newAccount struct {
		User        string `json:"user" doc:"2 to 32 of a–z, 0–9, '.', '_' and '-', beginning with a letter or digit and not with \"app-\". It never changes."`
		Password    string `json:"password" format:"password" minLength:"8" doc:"Any text of 8 characters or more that is not the user id."`
		DisplayName string `json:"display_name,omitempty" doc:"What others see, at most 64 characters; the user id if left out."`
	}
	newSession struct {
		User      *string `json:"user,omitempty"`
		Password  *string `json:"password,omitempty" format:"password"`
		Assertion *string `json:"assertion,omitempty" doc:"A JWT of the operator's identity provider, instead of user and password."`
		Device    string  `json:"device" minLength:"1" maxLength:"64" doc:"What the client calls this installation; the same at every sign-in of it. Printable ASCII."`
	}
	meChange struct {
		DisplayName *string `json:"display_name,omitempty" doc:"At most 64 characters."`
		Avatar      *string `json:"avatar,omitempty" doc:"A picture of my own uploads; empty takes it away. All may see it."`
		LookBack    *string `json:"moments_look_back,omitempty" enum:"all,6m,1m,3d" doc:"How far back others see my moments: 3 days, 30 days, 182 days, or all."`
	}
	passwordChange struct {
		Old string `json:"old" format:"password"`
		New string `json:"new" format:"password" minLength:"8"`
	}
)

// What is answered.
type (
	profile struct {
		User        string `json:"user"`
		DisplayName string `json:"display_name"`
		Avatar      string `json:"avatar" doc:"A picture's id; empty for none."`
	}
	me struct {
		User        string    `json:"user"`
		DisplayName string    `json:"display_name"`
		Avatar      string    `json:"avatar" doc:"A picture's id; empty for none."`
		Role        string    `json:"role,omitempty" enum:"moderator,senior,auditor" doc:"Left out for plain users."`
		CreatedAt   wire.Time `json:"created_at"`
		LookBack    string    `json:"moments_look_back" enum:"all,6m,1m,3d" doc:"How far back others see my moments."`
		VisibleTo   string    `json:"presence_visible_to" enum:"friends,nobody" doc:"Who sees whether I am around."`
		Invisible   bool      `json:"invisible" doc:"I am seen as offline, on whichever device, until I am active again."`
		StatusText  string    `json:"status_text" doc:"What is shown beside my state."`
	}
	signedIn struct {
		Token     string    `json:"token" doc:"Opaque. It is told this once."`
		User      string    `json:"user"`
		Session   string    `json:"session"`
		ExpiresAt wire.Time `json:"expires_at"`
	}
	signIn struct {
		Session    string    `json:"session"`
		Device     string    `json:"device"`
		CreatedAt  wire.Time `json:"created_at"`
		LastSeenAt wire.Time `json:"last_seen_at" doc:"To the minute or so."`
		Current    bool      `json:"current" doc:"It is the one that asks."`
	}
)

func profileOf(a account.Account) profile {
	return profile{string(a.User), a.DisplayName, a.Avatar}
}

func meOf(a account.Account) me {
	return me{
		string(a.User), a.DisplayName, a.Avatar, string(a.Role),
		wire.Time{Time: a.CreatedAt},
		cmp.Or(a.LookBack, account.LookBackAll), cmp.Or(a.VisibleTo, account.VisibleToFriends),
		a.Invisible, a.StatusText,
	}
}

func (s *server) createAccount(ctx context.Context, _ *call, in newAccount) (me, error) {
	a, err := s.accounts.Register(ctx, in.User, in.Password, in.DisplayName)
	return meOf(a), err
}

func (s *server) createSession(ctx context.Context, c *call, in newSession) (signedIn, error) {
	byPassword := in.User != nil && in.Password != nil && in.Assertion == nil
	byAssertion := in.User == nil && in.Password == nil && in.Assertion != nil
	var got account.SignedIn
	var err error
	switch {
	case byPassword:
		got, err = s.accounts.SignIn(ctx, account.SignIn{User: *in.User, Password: *in.Password, Device: in.Device, From: c.from})
	case byAssertion:
		got, err = s.accounts.SignInByAssertion(ctx, *in.Assertion, in.Device)
	default:
		err = fault.BadRequest.Saying("Sign in with user and password, or with an assertion.")
	}
	of := got.Session
	return signedIn{got.Token, string(of.User), string(of.ID), wire.Time{Time: of.ExpiresAt}}, err
}

func (s *server) listSessions(ctx context.Context, c *call, _ none) (list[signIn], error) {
	cursor, limit, err := c.page()
	if err != nil {
		return list[signIn]{}, err
	}
	all, err := s.accounts.Sessions(ctx, c.user)
	if err != nil {
		return list[signIn]{}, err
	}
	slices.SortFunc(all, func(a, b account.Session) int { return cmp.Compare(a.ID, b.ID) })
	if cursor != "" {
		at := slices.IndexFunc(all, func(of account.Session) bool { return string(of.ID) == cursor })
		if at < 0 {
			return list[signIn]{}, errCursor
		}
		all = all[at+1:]
	}
	next := ""
	if len(all) > limit {
		all = all[:limit]
		next = string(all[limit-1].ID)
	}
	items := make([]signIn, len(all))
	for i, of := range all {
		items[i] = signIn{
			string(of.ID), string(of.Device), wire.Time{Time: of.CreatedAt}, wire.Time{Time: of.LastSeenAt}, of.ID == c.session.ID,
		}
	}
	return listOf(items, next), nil
}

func (s *server) endCurrentSession(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.accounts.EndSession(ctx, c.user, c.session.ID)
}

func (s *server) endSession(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.accounts.EndSession(ctx, c.user, id.Session(c.named("session")))
}

func (s *server) getMe(_ context.Context, c *call, _ none) (me, error) {
	return meOf(c.account), nil
}

func (s *server) changeMe(ctx context.Context, c *call, in meChange) (me, error) {
	a, err := s.accounts.Change(ctx, c.user, account.ProfileChange(in))
	return meOf(a), err
}

func (s *server) deleteMe(ctx context.Context, c *call, _ none) (none, error) {
	return none{}, s.accounts.Erase(ctx, c.user)
}

func (s *server) changePassword(ctx context.Context, c *call, in passwordChange) (none, error) {
	return none{}, s.accounts.ChangePassword(ctx, c.session, in.Old, in.New)
}

func (s *server) getUser(ctx context.Context, c *call, _ none) (profile, error) {
	u, err := c.somebody()
	if err != nil {
		return profile{}, err
	}
	a, err := s.accounts.Profile(ctx, u)
	return profileOf(a), err
}
