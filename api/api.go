// Package api is Teahouse over HTTP: everything under /v1, for people, for apps'
// servers and for moderators, the documents that describe it (and the
// WebSocket), the pages of mini-programs, and the operator's listener. It reads strictly, asks the domains, and tells their
// faults as problem documents; it has no rules of its own about who may do what.
//
// Every operation is one row of routes. From the row come the mux entry, the
// OpenAPI operation and the readable page, so that none can say what another
// does not.
package api

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// Accounts is who somebody is. *account.Service fits.
type Accounts interface {
	Authenticate(ctx context.Context, token string) (account.Session, account.Account, error)
	Register(ctx context.Context, user, password, displayName string) (account.Account, error)
	SignIn(ctx context.Context, in account.SignIn) (account.SignedIn, error)
	SignInByAssertion(ctx context.Context, assertion, device string) (account.SignedIn, error)
	Sessions(ctx context.Context, u id.User) ([]account.Session, error)
	EndSession(ctx context.Context, u id.User, s id.Session) error
	ChangePassword(ctx context.Context, by account.Session, old, new string) error
	Profile(ctx context.Context, u id.User) (account.Account, error)
	Change(ctx context.Context, u id.User, c account.ProfileChange) (account.Account, error)
	ChangePresence(ctx context.Context, u id.User, c account.PresenceChange) (account.Settings, error)
	Erase(ctx context.Context, u id.User) error
}

// Contacts is how people stand to each other. *contact.Service fits.
type Contacts interface {
	Request(ctx context.Context, from id.User, to, greeting string) (state string, err error)
	Requests(ctx context.Context, u id.User, cursor string, limit int) ([]contact.Incoming, string, error)
	Accept(ctx context.Context, u id.User, from string) error
	Decline(ctx context.Context, u id.User, from string) error
	Contacts(ctx context.Context, u id.User, since string) (contact.Increment, error)
	Change(ctx context.Context, u id.User, other string, c contact.FriendChange) (contact.Friend, error)
	Remove(ctx context.Context, u id.User, other string) error
	Block(ctx context.Context, u id.User, other string) error
	Unblock(ctx context.Context, u id.User, other string) error
	Blocks(ctx context.Context, u id.User, cursor string, limit int) ([]contact.Blocked, string, error)
}

// Chat is conversations and what is said in them. *chat.Service fits, for Groups too.
type Chat interface {
	Send(ctx context.Context, d chat.Draft) (sent wire.Sent, repeat bool, err error)
	History(ctx context.Context, u id.User, h wire.History) (wire.Page, error)
	Read(ctx context.Context, u id.User, r wire.Read) (wire.Position, error)
	Recall(ctx context.Context, u id.User, stream string, seq int64) (int64, error)
	OpenDirect(ctx context.Context, u id.User, with string) (string, error)
	Conversations(ctx context.Context, u id.User, cursor string, limit int) ([]wire.Stream, string, error)
	Conversation(ctx context.Context, u id.User, stream string) (wire.Conversation, error)
	Configure(ctx context.Context, u id.User, stream string, to chat.SettingsChange) (wire.Conversation, error)
}

// Groups is who is in a group and who leads it.
type Groups interface {
	CreateGroup(ctx context.Context, u id.User, name string, members []string) (wire.Group, error)
	ChangeGroup(ctx context.Context, u id.User, stream string, to chat.GroupChange) (wire.Group, error)
	Dissolve(ctx context.Context, u id.User, stream string) error
	Members(ctx context.Context, u id.User, stream, cursor string, limit int) ([]wire.Member, string, error)
	AddMembers(ctx context.Context, u id.User, stream string, users []string) ([]id.User, error)
	RemoveMember(ctx context.Context, u id.User, stream, user string) error
	ChangeMember(ctx context.Context, u id.User, stream, user string, to chat.MemberChange) (wire.Member, error)
	Transfer(ctx context.Context, u id.User, stream, to string) error
}

// Parts are the domains behind the API.
type Parts struct {
	Accounts Accounts
	Contacts Contacts
	Chat     Chat
	Groups   Groups
	Moments  Moments
	Presence Presence
	Media    Media

	Programs   MiniPrograms
	Notices    Notices
	Webhooks   Webhooks
	Moderation Moderation
	Push       Push
}

// Options of the API.
type Options struct {
	Logger         zerolog.Logger
	Version        string           // of the server, for the documents
	Limits         Limits           // the zero Limits: none
	TrustedProxies []netip.Prefix   // whose X-Forwarded-For is believed
	Origins        []string         // web pages of elsewhere that may use the API, as "https://host[:port]"
	Metrics        *Metrics         // where requests are counted; nil: nowhere
	Now            func() time.Time // the domains' clock; nil: time.Now
}

// server is what operations are carried out with.
type server struct {
	accounts  Accounts
	contacts  Contacts
	chat      Chat
	groups    Groups
	moments   Moments
	presence  Presence
	media     Media
	operators Operators
	tiers     Tiers
	checker   Checker

	programs   MiniPrograms
	notices    Notices
	webhooks   Webhooks
	moderation Moderation
	push       Push

	now      func() time.Time
	limits   limits
	trusted  []netip.Prefix
	operator OpsOptions
}

// New makes the handler of everything under /v1, of /openapi.json, /asyncapi.json
// and /docs, and of the pages of mini-programs under /m/. Any other path is not_found.
func New(p Parts, opt Options) http.Handler {
	mux := http.NewServeMux()
	s := &server{
		accounts: p.Accounts, contacts: p.Contacts, chat: p.Chat, groups: p.Groups, moments: p.Moments, presence: p.Presence, media: p.Media,
		programs: p.Programs, notices: p.Notices, webhooks: p.Webhooks, moderation: p.Moderation, push: p.Push, now: opt.Now,
		limits: newLimits(opt.Limits), trusted: opt.TrustedProxies,
	}
	if s.now == nil {
		s.now = time.Now
	}
	doc := mount(mux, s, opt.Version, public, session, moderator, auditor, app)
	describe(mux, doc)
	mux.HandleFunc("GET "+pagesPath+"{app}/{path...}", s.showPage)
	return &edge{mux: mux, log: opt.Logger, metrics: opt.Metrics, guard: origins(opt.Origins).admit}
}
