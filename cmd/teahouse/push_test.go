package main

import (
	"io"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/notify/push"
	"github.com/teahouse-im/teahouse/notify/push/pushtest"
)

// browsers are people's, behind one push service.
type browsers struct {
	*pushtest.Server
	t   *testing.T
	got []pushtest.Delivered // of streams that are watched, in order
}

func newBrowsers(t *testing.T) *browsers {
	t.Setenv("TEAHOUSE_WEBHOOK_ALLOW", "127.0.0.0/8")
	t.Setenv("TEAHOUSE_PUSH_SUBJECT", pushtest.Subject)
	return &browsers{Server: pushtest.New(t), t: t}
}

// wake has a person's device woken, and tells its address.
func (b *browsers) wake(who *person) string {
	b.t.Helper()
	sub := b.Subscription()
	must(b.t, who.api.Wake(b.t.Context(), client.PushSubscription{
		Kind: sub.Kind, Endpoint: sub.Endpoint, Keys: &client.PushKeys{P256dh: sub.Keys.P256dh, Auth: sub.Keys.Auth},
	}))
	return sub.Endpoint
}

// next waits for a push to a device, of that stream, and takes it out.
func (b *browsers) next(device, stream string) push.Message {
	b.t.Helper()
	is := func(d pushtest.Delivered) bool { return d.Endpoint == device && d.Stream == stream }
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) { // between two looks
		b.got = append(b.got, b.Take()...)
		if i := slices.IndexFunc(b.got, is); i >= 0 {
			m := b.got[i].Message
			b.got = slices.Delete(b.got, i, i+1)
			return m
		}
		if time.Now().After(end) {
			b.t.Fatalf("no push of %s to %s; there are %+v", stream, device, b.got)
		}
	}
}

// text waits for a push that says that.
func (b *browsers) text(device, stream, want string) push.Message {
	b.t.Helper()
	m := b.next(device, stream)
	if m.Type != push.TypeMessage || m.Text != want {
		b.t.Fatalf("pushed %+v, want %q", m, want)
	}
	return m
}

// none checks that nothing else has come to a device of that stream.
func (b *browsers) none(device, stream string) {
	b.t.Helper()
	b.got = append(b.got, b.Take()...)
	for _, d := range b.got {
		if d.Endpoint == device && d.Stream == stream {
			b.t.Errorf("pushed %+v", d.Message)
		}
	}
}

// alone waits until a server has no live sessions.
func (p *process) alone() {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) { // between two looks
		r, err := http.Get(p.ops + "/metrics")
		must(p.t, err)
		all, err := io.ReadAll(r.Body)
		r.Body.Close()
		must(p.t, err)
		if strings.Contains(string(all), "\nteahouse_sessions 0\n") {
			return
		}
		if time.Now().After(end) {
			p.t.Fatal("there are live sessions")
		}
	}
}

func (p *person) say(t *testing.T, stream, text string) int64 {
	t.Helper()
	sent, err := p.api.Post(t.Context(), client.Message{
		ID: uuid.Must(uuid.NewV7()).String(), Stream: stream, Body: client.Text{Text: text},
	})
	must(t, err)
	return sent.Seq
}

// A device without a live session is woken, shows the latest under one tag, and
// closes it when it was read elsewhere.
func TestSleepingDevicesAreWoken(t *testing.T) {
	b := newBrowsers(t)
	p := launch(t, "--data", t.TempDir())
	s := client.Server{URL: p.url}
	ann, bob := join(t, s, "ann"), join(t, s, "bob")
	befriend(t, ann, bob)
	st, err := ann.api.OpenDirect(t.Context(), "bob")
	must(t, err)
	tablet := signIn(t, s, "bob", "tablet")
	phoneAt, tabletAt := b.wake(bob), b.wake(tablet)
	live := listen(t, tablet)

	ann.say(t, st, "one")
	first := b.text(phoneAt, st, "one")
	if first.Title != "ann" || first.Count != 1 || first.Seq != 1 || first.URL == "" {
		t.Errorf("the push is %+v", first)
	}
	seq := ann.say(t, st, "two")
	if second := b.text(phoneAt, st, "two"); second.Tag != first.Tag || second.Count != 2 {
		t.Errorf("after %+v it is %+v", first, second)
	}
	_, err = live.Read(t.Context(), st, seq)
	must(t, err)
	if m := b.next(phoneAt, st); m.Type != push.TypeWithdraw || m.Tag != first.Tag {
		t.Errorf("after it was read, %+v", m)
	}
	b.none(tabletAt, st) // it is live

	live.close()
	p.alone()
	recalled := ann.say(t, st, "three")
	b.text(phoneAt, st, "three")
	b.text(tabletAt, st, "three")
	_, err = ann.api.Recall(t.Context(), st, recalled)
	must(t, err)
	for _, at := range []string{phoneAt, tabletAt} {
		if m := b.next(at, st); m.Type != push.TypeWithdraw {
			t.Errorf("after it was taken back, %+v", m)
		}
	}

	must(t, bob.api.SignOut(t.Context()))
	ann.say(t, st, "four")
	b.text(tabletAt, st, "four")
	must(t, tablet.api.LetSleep(t.Context()))
	again := b.wake(tablet)
	ann.say(t, st, "five")
	b.text(again, st, "five")
	b.none(phoneAt, st)
	b.none(tabletAt, st)
}

// Whoever wants screens to show nothing, or quiet, has that.
func TestPushesKeepToTheirSettings(t *testing.T) {
	b := newBrowsers(t)
	p := launch(t, "--data", t.TempDir())
	s := client.Server{URL: p.url}
	ann, bob, cat := join(t, s, "ann"), join(t, s, "bob"), join(t, s, "cat")
	befriend(t, ann, bob, cat)
	g, err := ann.api.CreateGroup(t.Context(), "Tea", "bob", "cat")
	must(t, err)
	bobs, cats := b.wake(bob), b.wake(cat)

	ann.say(t, g.Stream, "shown")
	if m := b.text(bobs, g.Stream, "ann: shown"); m.Title != "Tea" {
		t.Errorf("the push is %+v", m)
	}
	b.text(cats, g.Stream, "ann: shown")
	for show, want := range map[string]string{"nothing": "Teahouse", "sender": "Tea"} {
		set, err := bob.api.SetPushShow(t.Context(), show)
		must(t, err)
		if set.Show != show {
			t.Errorf("the settings are %+v", set)
		}
		ann.say(t, g.Stream, "secret")
		if m := b.text(bobs, g.Stream, "New message"); m.Title != want {
			t.Errorf("showing %s it is %+v", show, m)
		}
		b.text(cats, g.Stream, "ann: secret")
	}

	now := time.Now().UTC()
	minute := now.Hour()*60 + now.Minute()
	set, err := bob.api.SetQuietHours(t.Context(), &client.QuietHours{From: (minute + 1380) % 1440, To: (minute + 60) % 1440, Zone: "UTC"})
	must(t, err)
	if set.Quiet == nil || set.Quiet.Zone != "UTC" {
		t.Errorf("the settings are %+v", set)
	}
	ann.say(t, g.Stream, "psst")
	b.text(cats, g.Stream, "ann: psst")
	set, err = bob.api.SetQuietHours(t.Context(), nil)
	must(t, err)
	if set.Quiet != nil {
		t.Errorf("the settings are %+v", set)
	}
	_, err = bob.api.SetPushShow(t.Context(), "all")
	must(t, err)
	ann.say(t, g.Stream, "loud")
	b.text(bobs, g.Stream, "ann: loud")
	b.none(bobs, g.Stream)
	muted := true
	_, err = bob.api.Configure(t.Context(), g.Stream, client.Settings{Muted: &muted})
	must(t, err)
	for _, text := range []string{"one", "two"} {
		ann.say(t, g.Stream, text)
		for b.next(cats, g.Stream).Text != "ann: "+text {
		}
	}
	b.none(bobs, g.Stream)
}

// Of an app only its notices with an alert wake anybody.
func TestNoticesWake(t *testing.T) {
	b := newBrowsers(t)
	p := launch(t, "--data", t.TempDir(), "--grant-delay", "0s", "--operator-token", "secret")
	s := client.Server{URL: p.url}
	ann, bob, mo, dev := join(t, s, "ann"), join(t, s, "bob"), join(t, s, "mo"), join(t, s, "dev")
	befriend(t, ann, bob)
	at := b.wake(bob)
	cmd := exec.Command(program, "user", "role", "mo", "moderator", "--ops-listen", strings.TrimPrefix(p.ops, "http://"), "--operator-token", "secret")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make a moderator: %v\n%s", err, out)
	}
	own, err := dev.api.CreateApp(t.Context(), "Noodles", "food", "")
	must(t, err)
	app, err := client.NewApp(s, own.App, own.Secret)
	must(t, err)
	made, err := app.Submit(t.Context(), client.TemplateDraft{
		Title: "Your table", Category: "food", Scope: "progress", PagePattern: "/table",
		Params: []client.TemplateParam{
			{Key: "order", Label: "Order", Type: "code", Role: "locked"},
			{Key: "step", Label: "Step", Type: "enum", Role: "free", Values: []string{"soon", "now"}},
		},
		States: []string{"waiting", "next", "ready"},
		Edges:  []client.TemplateEdge{{From: "waiting", To: "next"}, {From: "next", To: "ready", Alert: true}},
	})
	must(t, err)
	_, err = mo.api.ReviewTemplate(t.Context(), made.Template, made.Version, true, "looks fine")
	must(t, err)
	grant := granted(t, bob, app, own.App, made.Template)
	send := func(state, step string, alert bool) {
		t.Helper()
		sent, err := app.Notify(t.Context(), client.NoticeDraft{
			Grant: grant, Template: made.Template, Page: "/table", Key: state, State: state, Data: client.Values{"step": {"enum": step}},
		})
		must(t, err)
		if sent.Alert != alert {
			t.Fatalf("%s is %+v", state, sent)
		}
	}
	send("waiting", "soon", true)
	first := b.next(at, "@notices")
	if first.Title != "Noodles" || !strings.Contains(first.Text, "Your table") || !strings.Contains(first.Text, "soon") {
		t.Errorf("the push is %+v", first)
	}
	send("next", "soon", false)
	st, err := ann.api.OpenDirect(t.Context(), "bob")
	must(t, err)
	ann.say(t, st, "later")
	b.text(at, st, "later")
	b.none(at, "@notices")
	send("ready", "now", true)
	if m := b.next(at, "@notices"); m.Tag != first.Tag || m.Seq <= first.Seq+1 || !strings.Contains(m.Text, "now") {
		t.Errorf("the push is %+v", m)
	}
}

// look is how long somebody takes for a sheet; a shorter one is a slip of the finger.
const look = 450 * time.Millisecond

// granted has somebody grant an app what a template is for, and fetches the grant.
func granted(t *testing.T, who *person, app *client.App, name, template string) string {
	t.Helper()
	tap, err := who.api.Tap(t.Context(), name, "/table")
	must(t, err)
	sheet, err := who.api.Ask(t.Context(), name, tap, client.Wish{Template: template, Subject: "A17", Locked: client.Values{"order": {"code": "A17"}}})
	must(t, err)
	time.Sleep(look) // the least that has to go by
	must(t, who.api.Decide(t.Context(), sheet, sheet.Items[0].Item))
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) { // between two looks
		all, _, err := app.Grants(t.Context(), "")
		must(t, err)
		if len(all) == 1 {
			return all[0].Grant
		}
		if time.Now().After(end) {
			t.Fatal("the app was not handed the grant")
		}
	}
}

// A device that is live on one node is not woken by another, and what is read on
// one is withdrawn of the other's pushes.
func TestPushesOfACluster(t *testing.T) {
	redis := server(t, "TEAHOUSE_TEST_REDIS")
	b := newBrowsers(t)
	nodes := cluster(t, redis, 2)
	one, two := client.Server{URL: nodes[0].url}, client.Server{URL: nodes[1].url}
	ann, bob, cat := join(t, one, "ann"), join(t, two, "bob"), join(t, two, "cat")
	bobs, cats := b.wake(bob), b.wake(cat) // before anybody could have looked for their devices
	befriend(t, ann, bob, cat)
	g, err := ann.api.CreateGroup(t.Context(), "Tea", "bob", "cat")
	must(t, err)
	live := listen(t, bob)
	for _, text := range []string{"one", "two"} {
		ann.say(t, g.Stream, text)
		b.text(cats, g.Stream, "ann: "+text)
	}
	b.none(bobs, g.Stream)
	live.close()
	nodes[1].alone()
	ann.say(t, g.Stream, "three")
	b.text(cats, g.Stream, "ann: three")
	b.text(bobs, g.Stream, "ann: three")

	_, err = bob.api.Read(t.Context(), g.Stream, 1<<40) // on the other node
	must(t, err)
	if m := b.next(bobs, g.Stream); m.Type != push.TypeWithdraw {
		t.Errorf("after it was read, %+v", m)
	}
	b.none(cats, g.Stream)
}
