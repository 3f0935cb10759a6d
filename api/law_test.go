package api

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/miniprogram"
	"github.com/teahouse-im/teahouse/moderation"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/notify/shape"
	"github.com/teahouse-im/teahouse/storage/blob"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/webhook"
)

// A law is what a house has for mini-programs.
type law struct {
	book       *grant.Book
	programs   *miniprogram.Service
	notices    *notify.Service
	webhooks   *webhook.Service
	moderation *moderation.Service

	stop    context.CancelFunc
	running sync.WaitGroup
	of      *testApp
}

func openLaw(h *house, store *pebble.Store, seq *stream.Sequencer) *law {
	h.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	files, err := blob.OpenFiles(h.t.TempDir())
	if err != nil {
		h.t.Fatal(err)
	}
	l := &law{stop: stop}
	secret, err := grant.Secret(ctx, store)
	if err != nil {
		h.t.Fatal(err)
	}
	hooks := webhook.DefaultOptions()
	hooks.Now = h.time
	hooks.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	l.webhooks = webhook.NewService(store, hooks)
	l.book = grant.New(store, store, seq, seq.Door(), grant.Options{
		Now: h.time, Secret: secret,
		Handed: func(ctx context.Context, g grant.Handed, a id.App, _ bool) error {
			return l.webhooks.Emit(ctx, a, g.Event, "grant.minted", map[string]any{
				"grant": g.Handle, "template": g.Template, "version": g.Version, "subject": g.Subject, "scope": g.Scope,
			})
		},
		ReadUpTo: func(context.Context, id.User) (id.Seq, error) { return 0, nil },
		Wording: func(ctx context.Context, t id.Template, version int, data grant.Values, state string) (grant.Wording, error) {
			return l.notices.Wording(ctx, t, version, data, state)
		},
	})
	apps := miniprogram.DefaultOptions()
	apps.Now = h.time
	l.programs = miniprogram.NewService(store, files, l.book, apps)
	l.moderation = moderation.NewService(store, store, moderation.Options{Now: h.time, Notices: ofGate{l}, Apps: l.programs})
	gate := notify.DefaultOptions()
	gate.Now = h.time
	l.notices = notify.New(l.book, shape.NewMemory(shape.DefaultLimits(), shape.Options{}), store, store, gateApps{l.programs, h.time},
		gateModerators{l.moderation}, l.programs, gate)
	l.running.Go(func() { l.book.Run(ctx) })
	l.running.Go(func() { l.notices.Run(ctx) })
	l.running.Go(func() { l.webhooks.Run(ctx) })
	return l
}

func (l *law) close() {
	l.stop()
	l.running.Wait()
	l.moderation.Close()
	l.programs.Close()
}

// ofGate is what moderators can do about notices: the gate is made after them.
type ofGate struct{ *law }

func (g ofGate) PauseTemplate(ctx context.Context, t id.Template, until time.Time, reason string) error {
	return g.notices.PauseTemplate(ctx, t, until, reason)
}

func (g ofGate) ResumeTemplate(ctx context.Context, t id.Template) error {
	return g.notices.ResumeTemplate(ctx, t)
}

func (g ofGate) ReleaseHeld(ctx context.Context, t id.Template) (int, error) {
	return g.notices.ReleaseHeld(ctx, t)
}

func (g ofGate) DropHeld(ctx context.Context, t id.Template) (int, error) {
	return g.notices.DropHeld(ctx, t)
}

// gateApps are apps as the gate has them.
type gateApps struct {
	*miniprogram.Service
	now func() time.Time
}

func (g gateApps) App(ctx context.Context, a id.App) (notify.App, error) {
	of, err := g.Service.App(ctx, string(a))
	return notify.App{
		ID: of.ID, Name: of.Name, Category: of.Category, Developer: of.Developer, Reach: miniprogram.Reaches[of.Tier],
		Suspended: of.Suspension.Holds(g.now()) || of.NoticesSuspension.Holds(g.now()),
	}, err
}

type gateModerators struct{ *moderation.Service }

func (m gateModerators) Refused(ctx context.Context, r notify.Refusal) error {
	return m.Service.Refused(ctx, moderation.Refusal(r))
}

func (m gateModerators) Reviewed(ctx context.Context, by id.User, t notify.Template) error {
	return m.Record(ctx, moderation.Act{
		Actor: string(by), Role: moderation.RoleModerator, Action: "review_template", Reason: t.Reason, Subject: moderation.Subject{Kind: "template", ID: string(t.ID)},
	})
}

// wroteTo has apps hear of messages to them.
type wroteTo struct{ *law }

func (w wroteTo) AppName(ctx context.Context, a id.App) (string, error) {
	of, err := w.programs.App(ctx, string(a))
	return of.Name, err
}

func (w wroteTo) MayWrite(ctx context.Context, u id.User, a id.App) error {
	_, blocked, err := w.notices.Muted(ctx, u, a)
	if blocked {
		return fault.New("blocked", "You block this app.")
	}
	return err
}

func (w wroteTo) Wrote(ctx context.Context, u id.User, a id.App, message uuid.UUID, at time.Time) error {
	return w.notices.Wrote(ctx, grant.By{User: u}, string(a), message, at)
}

// A testApp is an app with its developer's and its own token.
type testApp struct{ id, secret, token, developer string }

// app is the app of a house.
func (h *house) app() *testApp {
	h.t.Helper()
	if h.law.of == nil {
		h.law.of = h.newApp("dana", "Noodles", "transport")
	}
	return h.law.of
}

// newApp makes an app of a new developer.
func (h *house) newApp(developer, name, category string) *testApp {
	h.t.Helper()
	token := h.user(developer)
	made := h.post("/v1/developer/apps", token, map[string]any{"name": name, "category": category}).want(201).object()
	a := &testApp{id: made["app"].(string), secret: made["secret"].(string), developer: token}
	a.token = h.appToken(a)
	return a
}

func (h *house) appToken(a *testApp) string {
	h.t.Helper()
	got := h.askToken(a.id, a.secret, "grant_type=client_credentials").want(200).object()
	return got["access_token"].(string)
}

// askToken asks for an app's token.
func (h *house) askToken(name, secret, form string) answer {
	h.t.Helper()
	r := h.request("POST", "/v1/app/token", "", form)
	r.Header.Set("Content-Type", urlType)
	r.SetBasicAuth(name, secret)
	return h.do(r)
}

// as is a token of such a principal: always the same one of a house.
func (h *house) as(who principal) string {
	h.t.Helper()
	if h.tokens[who] == "" {
		switch who {
		case session:
			h.tokens[who] = h.user("ann")
		case moderator, auditor:
			h.tokens[who] = h.withRole("mo-"+string(who), account.RoleModerator)
		case app:
			h.tokens[who] = h.app().token
		}
	}
	return h.tokens[who]
}

// withRole makes somebody with a role.
func (h *house) withRole(name string, r account.Role) string {
	h.t.Helper()
	token := h.user(name)
	if err := h.accounts.SetRole(context.Background(), id.User(name), r); err != nil {
		h.t.Fatal(err)
	}
	return token
}

// template hands one in and has it approved.
func (h *house) template(a *testApp) string {
	h.t.Helper()
	made := h.post("/v1/app/templates", a.token, `{"title":"Table is ready","category":"transport","scope":"once","page_pattern":"/queue",`+
		`"params":[{"key":"order","label":"Order","type":"code","role":"locked"},{"key":"status","label":"Status","type":"enum","role":"free","values":["called","waiting"]}]}`).want(201).object()
	if made["status"] != "review" || made["version"] != 1.0 {
		h.t.Fatalf("a template that was handed in is %v", made)
	}
	t := made["template"].(string)
	h.post("/v1/moderation/templates/"+t+"/review", h.as(moderator), `{"version":1,"decision":"approve","reason":"looked at it"}`).want(200)
	return t
}

// mint has a user allow one notice, and gives the handle.
func (h *house) mint(user string, a *testApp, template, subject string) string {
	h.t.Helper()
	tap := h.post("/v1/activations", user, map[string]any{"app": a.id, "kind": "tap", "page": "/queue"}).want(201).object()["activation"]
	sheet := h.post("/v1/consents", user, map[string]any{
		"app": a.id, "activation": tap,
		"items": []any{map[string]any{"template": template, "subject": subject, "locked": map[string]any{"order": map[string]any{"code": "A17"}}}},
	}).want(201).object()
	h.pass(time.Second)
	item := sheet["sheet"].([]any)[0].(map[string]any)["item"]
	got := h.post("/v1/consents/"+sheet["consent"].(string)+"/decision", user, map[string]any{"items": []any{map[string]any{"item": item, "decision": "accept"}}}).want(200)
	if !strings.Contains(string(got.body), `"recorded"`) {
		h.t.Fatalf("a decision is answered %s", got.body)
	}
	return h.handed(a, subject)["grant"].(string)
}

// handed waits for a grant about a subject.
func (h *house) handed(a *testApp, subject string) map[string]any {
	h.t.Helper()
	for range 3000 { // far longer than it takes
		for _, g := range h.get("/v1/app/grants", a.token).items() {
			if g["subject"] == subject {
				return g
			}
		}
		time.Sleep(10 * time.Millisecond) // the hand-over is somebody else's work
	}
	h.t.Fatalf("no grant about %q was handed over", subject)
	return nil
}

func TestFromTapToNotice(t *testing.T) {
	h := open(t)
	a, ann := h.app(), h.as(session)
	tmpl := h.template(a)
	handle := h.mint(ann, a, tmpl, "table 17")
	mine := h.get("/v1/me/grants", ann).items()
	if len(mine) != 1 || mine[0]["app"] != a.id || mine[0]["uses_left"] != 1.0 || mine[0]["subject"] != "table 17" {
		t.Fatalf("granted is %v", mine)
	}
	body := map[string]any{
		"grant": handle, "template": tmpl, "data": map[string]any{"status": map[string]any{"enum": "called"}}, "page": "/queue?no=17", "idempotency_key": "k1",
	}
	sent := h.post("/v1/app/notices", a.token, body).want(201).object()
	if sent["status"] != "accepted" || sent["replayed"] != false || sent["uses_left"] != 0.0 {
		t.Fatalf("sent %v", sent)
	}
	again := h.post("/v1/app/notices", a.token, body).want(http.StatusOK).object()
	if again["notice"] != sent["notice"] || again["replayed"] != true {
		t.Fatalf("sent again %v", again)
	}
	notices := h.get("/v1/me/notices", ann).items()
	if len(notices) != 1 || notices[0]["notice"] != sent["notice"] || notices[0]["app_name"] != "Noodles" || notices[0]["seq"] != 1.0 {
		t.Fatalf("got %v", notices)
	}
	name := sent["notice"].(string)
	why := h.get("/v1/me/notices/"+name+"/why", ann).want(200).object()
	if why["act"] != "tap" || why["page"] != "/queue" || why["device"] != "phone" || why["uses"] != 1.0 || why["sheet"] == nil {
		t.Fatalf("it came because %v", why)
	}
	if got := h.get("/v1/app/notices/"+name, a.token).want(200).object(); got["status"] != "accepted" {
		t.Fatalf("the app sees %v", got)
	}
	h.get("/v1/me/notices/"+name+"/why", h.user("eve")).refused("not_found")
	h.post("/v1/me/notices/"+name+"/report", ann, `{"reason":"spam"}`).want(204)
	h.post("/v1/me/notices/"+name+"/stop", ann, nil).want(204)
	body["idempotency_key"], body["touser"] = "k2", "ann"
	h.post("/v1/app/notices", a.token, body).refused("recipient_not_accepted")
	delete(body, "touser")
	h.post("/v1/app/notices", a.token, body).refused("grant_consumed")
	rows := h.get("/v1/moderation/audit?actor="+a.id, h.as(moderator)).items()
	if len(rows) < 2 || rows[0]["reason"] != "grant_consumed" || rows[1]["reason"] != "recipient_not_accepted" {
		t.Fatalf("the audit has %v", rows)
	}
}
