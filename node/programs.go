package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/miniprogram"
	"github.com/teahouse-im/teahouse/moderation"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/notify/shape"
	shaperedis "github.com/teahouse-im/teahouse/notify/shape/redis"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/webhook"
)

// programs puts together mini-programs, and the gate that every word of theirs
// has to pass.
func (n *Node) programs(ctx context.Context, c *Config, blobs media.Blobs, secret []byte, now func() time.Time) error {
	apps := miniprogram.DefaultOptions()
	apps.Now, apps.Failed, apps.Changed, apps.Allow = now, n.failed("mini-programs"), n.appChanged, c.WebhookAllow
	n.Programs = miniprogram.NewService(n.store, blobs, grantsOf{n}, apps)
	n.closers = append(n.closers, closing(n.Programs.Close))

	hooks := webhook.DefaultOptions()
	hooks.Now, hooks.Allow, hooks.Failed = now, c.WebhookAllow, n.failed("webhooks")
	n.Webhooks = webhook.NewService(n.store, hooks)

	n.Moderation = moderation.NewService(n.store, n.store, moderation.Options{
		Now: now, Notices: templatesOf{n}, Apps: n.Programs, Moderates: n.moderates(now),
	})
	n.closers = append(n.closers, closing(n.Moderation.Close))

	board, err := n.board(ctx, c)
	if err != nil {
		return err
	}
	if n.grants, err = n.book(c, secret, now); err != nil {
		return err
	}
	gate := notify.DefaultOptions()
	gate.Now, gate.Failed, gate.Media = now, n.failed("notices"), answerMedia{n}
	n.Notices = notify.New(n.grants, board, n.store, n.store, gateApps{n.Programs, now}, gateModerators{n.Moderation}, n.Programs, gate)
	return n.bus.Subscribe(ctx, appsTopic)
}

// moderates tells whether somebody can decide cases: who has left cannot, nor can who
// has no such role any more or is kept out.
func (n *Node) moderates(now func() time.Time) func(context.Context, id.User) (bool, error) {
	return func(ctx context.Context, u id.User) (bool, error) {
		a, err := n.Accounts.Profile(ctx, u)
		if errors.Is(err, fault.NotFound) {
			return false, nil
		}
		by := moderation.Moderator{User: u, Role: string(a.Role)}
		return by.Moderates() && !a.SuspendedAt(now()), err
	}
}

// failed logs what a part could not do and will try again.
func (n *Node) failed(part string) func(error) {
	return func(err error) { n.log.Warn().Err(err).Msg(part + ": will be tried again") }
}

// book opens the law's book. Nobody else gets the door to @notices.
func (n *Node) book(c *Config, secret []byte, now func() time.Time) (*grant.Book, error) {
	from, to, err := c.grantDelay()
	if err != nil {
		return nil, err
	}
	return grant.New(n.store, n.store, n.seq, n.seq.Door(), grant.Options{
		Now: now, Secret: secret, ReadUpTo: n.noticesRead, Handed: n.handed, Failed: n.failed("grants"),
		Delay: func() time.Duration { return from + rand.N(to-from+1) }, Wording: n.wording,
	}), nil
}

// wording is how people read what a notice says. The gate knows the templates.
func (n *Node) wording(ctx context.Context, t id.Template, version int, data grant.Values, state string) (grant.Wording, error) {
	return n.Notices.Wording(ctx, t, version, data, state)
}

// board opens what counts who was told the same: in this process, or with the
// other nodes in Redis.
func (n *Node) board(ctx context.Context, c *Config) (shape.Board, error) {
	if schemeOf(c.Bus) != "memory" {
		b, err := shaperedis.New(c.Bus, shape.DefaultLimits(), 0, n.failed("broadcast shapes"))
		if err != nil {
			return nil, err
		}
		n.closers = append(n.closers, b.Close)
		return b, nil
	}
	m := shape.NewMemory(shape.DefaultLimits(), shape.Options{Store: n.store, Failed: n.failed("broadcast shapes")})
	if err := m.Restore(ctx); err != nil {
		return nil, fmt.Errorf("read what was counted of notices: %w", err)
	}
	n.closers = append(n.closers, m.Close)
	return m, nil
}

// noticesRead is how far a user has read their notices.
func (n *Node) noticesRead(ctx context.Context, u id.User) (id.Seq, error) {
	m, err := n.store.Membership(ctx, u, id.PersonalStream(id.Notices, u))
	if errors.Is(err, chat.ErrUnknown) {
		return 0, nil
	}
	return m.Read.Seq, err
}

// handed tells an app's server of a grant.
func (n *Node) handed(ctx context.Context, h grant.Handed, a id.App, first bool) error {
	kind := "grant.minted"
	data := map[string]any{
		"grant": h.Handle, "template": h.Template, "version": h.Version, "subject": h.Subject, "scope": h.Scope,
		"uses_left": h.Left, "expires_at": h.ExpiresAt.UTC().Format(wireTime), "first": first,
	}
	if h.Scope == grant.Window {
		kind = "window.opened"
		messages, err := n.written(ctx, h.User, a)
		if err != nil {
			return err
		}
		data["messages"] = messages
	}
	return n.Webhooks.Emit(ctx, a, h.Event, kind, data)
}

const (
	writtenMost = 10 // messages to an app that it is told with its window
	writtenSpan = 40 // entries among which they are looked for
)

// A writing is what a user wrote to an app, as the app's server is told of it.
type writing struct {
	Message string          `json:"message"`
	Kind    stream.Kind     `json:"kind"`
	Body    json.RawMessage `json:"body"`
	At      string          `json:"at"`
}

// written are the latest messages of a user to an app, the oldest first. Windows
// that are opened twice in a moment are told of once; so it is not the last one alone.
func (n *Node) written(ctx context.Context, u id.User, a id.App) ([]writing, error) {
	st := id.ServiceStream(u, a)
	heads, err := n.store.Heads(ctx, []id.Stream{st})
	if err != nil {
		return nil, err
	}
	entries, err := n.store.Range(ctx, st, max(1, heads[0].Seq-writtenSpan+1), heads[0].Seq)
	if err != nil {
		return nil, err
	}
	all := []writing{}
	for _, e := range entries {
		if e.From == id.Principal(u) && !e.Kind.Redacted() && e.Kind != chat.Recall {
			all = append(all, writing{e.ID.String(), e.Kind, e.Body, e.At.UTC().Format(wireTime)})
		}
	}
	return all[max(0, len(all)-writtenMost):], nil
}

// wireTime is how times are written for clients.
const wireTime = "2006-01-02T15:04:05.000Z07:00"

// grantsOf closes what a user granted an app.
type grantsOf struct{ n *Node }

func (g grantsOf) CloseAll(ctx context.Context, u id.User, a id.App) error {
	return g.n.Notices.CloseAll(ctx, u, a)
}

// templatesOf are templates and held notices as package moderation has them.
type templatesOf struct{ n *Node }

func (t templatesOf) PauseTemplate(ctx context.Context, of id.Template, until time.Time, reason string) error {
	return t.n.Notices.PauseTemplate(ctx, of, until, reason)
}

func (t templatesOf) ResumeTemplate(ctx context.Context, of id.Template) error {
	return t.n.Notices.ResumeTemplate(ctx, of)
}

func (t templatesOf) ReleaseHeld(ctx context.Context, of id.Template) (int, error) {
	return t.n.Notices.ReleaseHeld(ctx, of)
}

func (t templatesOf) DropHeld(ctx context.Context, of id.Template) (int, error) {
	return t.n.Notices.DropHeld(ctx, of)
}

// gateApps are mini-programs as package notify has them.
type gateApps struct {
	programs *miniprogram.Service
	now      func() time.Time
}

func (g gateApps) App(ctx context.Context, a id.App) (notify.App, error) {
	app, err := g.programs.App(ctx, string(a))
	if err != nil {
		return notify.App{}, err
	}
	now := g.now()
	return notify.App{
		ID: app.ID, Name: app.Name, Category: app.Category, Developer: app.Developer, Reach: miniprogram.Reaches[app.Tier],
		Suspended: app.Suspension.Holds(now) || app.NoticesSuspension.Holds(now),
	}, nil
}

// gateModerators are moderators as package notify has them.
type gateModerators struct{ *moderation.Service }

func (g gateModerators) Refused(ctx context.Context, r notify.Refusal) error {
	return g.Service.Refused(ctx, moderation.Refusal(r))
}

func (g gateModerators) Reviewed(ctx context.Context, by id.User, t notify.Template) error {
	after, err := json.Marshal(map[string]any{"app": t.App, "version": t.Version, "status": t.Status})
	if err != nil {
		return err
	}
	return g.Record(ctx, moderation.Act{
		Actor: string(by), Role: moderation.RoleModerator, Action: "template_reviewed", At: t.ReviewedAt,
		Subject: moderation.Subject{Kind: "template", ID: string(t.ID)}, Reason: t.Reason, After: after,
	})
}

// chatApps are apps as package chat has them.
type chatApps struct {
	n   *Node
	now func() time.Time
}

var (
	errBlockedApp   = fault.New("blocked", "You have blocked this app.")
	errSuspendedApp = fault.New("stream_closed", "This app is suspended.")
)

func (c chatApps) AppName(ctx context.Context, a id.App) (string, error) {
	app, err := c.n.Programs.App(ctx, string(a))
	return app.Name, err
}

func (c chatApps) MayWrite(ctx context.Context, u id.User, a id.App) error {
	app, err := c.n.Programs.App(ctx, string(a))
	if err != nil {
		return err
	}
	if app.Suspension.Holds(c.now()) {
		return errSuspendedApp
	}
	_, blocked, err := c.n.Notices.Muted(ctx, u, a)
	if err == nil && blocked {
		err = errBlockedApp
	}
	return err
}

func (c chatApps) Wrote(ctx context.Context, u id.User, a id.App, message uuid.UUID, at time.Time) error {
	return c.n.Notices.Wrote(ctx, grant.By{User: u}, string(a), message, at)
}

// exists tells whether there is an app, for cards that show one.
func (n *Node) exists(ctx context.Context, a id.App) error {
	_, err := n.Programs.App(ctx, string(a))
	return err
}

// appsTopic carries the ids of apps that have changed. Every node listens to it.
const appsTopic = bus.Topic("apps")

// appChanged tells every node that an app is not as it was.
func (n *Node) appChanged(a id.App) {
	n.bus.Publish(appsTopic, bus.Message{Kind: bus.Signal, Body: []byte(a)})
}

// An ear hears what concerns the node itself, and leaves the rest to the gateway.
type ear struct {
	bus.Listener
	n *Node
}

func (e ear) Heard(t bus.Topic, m bus.Message) {
	if t == appsTopic {
		e.n.Programs.Forget(id.App(m.Body))
		return
	}
	e.Listener.Heard(t, m)
}
