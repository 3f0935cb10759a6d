package law

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/client"
)

// A scene is one attempt on its stage, with people and apps of its own.
type scene struct {
	*testing.T
	h      *house
	alone  bool // the clock is this attempt's, while it lasts
	mu     sync.Mutex
	people []*person
	apps   []*app
	later  []func()
	raced  int // notices that came of a race, in which they may
}

// after has something done when the attack is judged, such as to show that a grant
// that was not spent is good.
func (s *scene) after(do func()) { s.later = append(s.later, do) }

// pass lets time go by. Only scenes that are alone move the clock; others wait, by
// real time, for what is as short as a look at a sheet.
func (s *scene) pass(d time.Duration) {
	s.Helper()
	switch {
	case s.alone:
		s.h.clock.Advance(d)
	case d <= time.Second:
		time.Sleep(d) // the least that has to go by, not something to happen
	default:
		s.Fatalf("this attempt needs %s to go by and is not marked alone", d)
	}
}

// look is how long somebody looks at a sheet; less than 400 ms is a false tap.
const look = 450 * time.Millisecond

// A person is a signed-in user.
type person struct {
	h     *house
	name  string
	token string
	apis  []*client.API
}

// signIn makes somebody of a name that begins so.
func (h *house) signIn(t testing.TB, what string) *person {
	t.Helper()
	return h.signInOn(t, h.name(what), "phone")
}

func (h *house) signInOn(t testing.TB, name, device string) *person {
	t.Helper()
	p := &person{h: h, name: name}
	assertion := got(h.signer.assertion(name, h.clock.Now()))(t)
	p.token = got(apiAt(t, h.next()).SignInByAssertion(t.Context(), assertion, device))(t).Token
	p.connect(t)
	h.mu.Lock()
	defer h.mu.Unlock()
	if !slices.ContainsFunc(h.people, func(o *person) bool { return o.name == name }) {
		h.people = append(h.people, p)
	}
	return p
}

// connect speaks to the nodes that are there now.
func (p *person) connect(t testing.TB) {
	p.apis = nil
	for _, url := range p.h.urls {
		p.apis = append(p.apis, apiAt(t, url).As(p.token))
	}
}

// api speaks to the nodes in turn.
func (p *person) api() *client.API { return p.apis[int(p.h.turn.Add(1))%len(p.apis)] }

// user makes somebody for this scene.
func (s *scene) user(what string) *person {
	s.Helper()
	return s.take(s.h.signIn(s, what))
}

func (s *scene) take(p *person) *person {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people = append(s.people, p)
	return p
}

// crowd are so many people, who are in other scenes too.
func (s *scene) crowd(n int) []*person {
	s.Helper()
	h := s.h
	h.mu.Lock()
	missing := max(0, n-len(h.crowd))
	h.mu.Unlock()
	fresh := make([]*person, missing)
	places := make([]int, missing)
	for i := range places {
		places[i] = i
	}
	if together(s, 8, places, func(i int) error { fresh[i] = h.signIn(s, "crowd"); return nil }) > 0 {
		s.FailNow()
	}
	h.mu.Lock()
	h.crowd = append(h.crowd, fresh...)
	all := slices.Clone(h.crowd[:n])
	h.mu.Unlock()
	for _, p := range all {
		s.take(p)
	}
	return all
}

// inbox is how many notices and answers of the scene's apps somebody has.
func (s *scene) inbox(p *person) int {
	s.Helper()
	n := 0
	ours := func(app string) bool { return slices.ContainsFunc(s.apps, func(a *app_) bool { return a.id == app }) }
	for notice, err := range p.api().Notices(s.Context()) {
		must(s, err)
		if ours(notice.App) {
			n++
		}
	}
	for _, a := range s.apps {
		if a.spokenWith(p) {
			n += len(s.answers(p, a))
		}
	}
	return n
}

// answers are what an app has said in its service conversation with somebody.
func (s *scene) answers(p *person, a *app) (texts []string) {
	s.Helper()
	stream := got(p.api().OpenDirect(s.Context(), a.id))(s)
	got := s.ask("GET", "/conversations/"+url.PathEscape(stream)+"/messages?after=0&limit=200", p.token, nil)
	if got.status == 404 {
		return nil
	}
	must(s, got.err())
	items, _ := got.object()["items"].([]any)
	for _, i := range items {
		entry := i.(map[string]any)
		if entry["from"] == a.id {
			body, _ := entry["body"].(map[string]any)
			text, _ := body["text"].(string)
			texts = append(texts, text)
		}
	}
	return texts
}

// app_ is app, where a variable has that name.
type app_ = app

// An app is a mini-program with its developer's and its server's ways in.
type app struct {
	s         *scene
	id        string
	secret    string
	name      string
	category  string
	developer *person
	servers   []*client.App

	mu     sync.Mutex
	tokens []string
	spoke  map[string]bool // with whom in a service conversation
	after  string
	held   map[string][]client.HandedGrant // by subject
}

// app makes one of a developer of its own.
func (s *scene) app() *app { s.Helper(); return s.appOf(s.user("dev"), "transport") }

func (s *scene) appOf(developer *person, category string) *app {
	s.Helper()
	name := "Noodles " + letters(s.h.names.Add(1)) + " " + letters(int64(uuid.New().ID()))
	made := got(developer.api().CreateApp(s.Context(), name, category, "Tables and rides"))(s)
	a := &app{
		s: s, id: made.App, secret: made.Secret, name: name, category: category, developer: developer,
		spoke: map[string]bool{}, held: map[string][]client.HandedGrant{},
	}
	a.connect()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apps = append(s.apps, a)
	return a
}

// letters spells a number, for names that have none.
func letters(n int64) string {
	var b strings.Builder
	for ; n > 0; n /= 20 {
		b.WriteByte("bcdfghjklmnpqrstvwxz"[n%20])
	}
	return b.String()
}

func (a *app) connect() {
	a.servers = nil
	for _, url := range a.s.h.urls {
		a.servers = append(a.servers, got(client.NewApp(client.Server{URL: url}, a.id, a.secret))(a.s))
	}
}

// server is the app's server, connected to the nodes in turn.
func (a *app) server() *client.App { return a.servers[int(a.s.h.turn.Add(1))%len(a.servers)] }

// token is one for raw requests. It is asked for once in a scene.
func (a *app) token() string {
	a.s.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.tokens) == 0 {
		a.tokens = append(a.tokens, a.newToken())
	}
	return a.tokens[0]
}

func (a *app) newToken() string {
	a.s.Helper()
	got := a.s.askToken(a.id, a.secret, "grant_type=client_credentials")
	must(a.s, got.err())
	return got.object()["access_token"].(string)
}

func (s *scene) askToken(app, secret, form string) answer {
	s.Helper()
	return s.ask("POST", "/app/token", "", form, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(app, secret)
	})
}

func (a *app) spokenWith(p *person) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.spoke[p.name]
}

// approve hands a template in and has the moderator approve it.
func (a *app) approve(d client.TemplateDraft) *template {
	a.s.Helper()
	t := a.submit(d)
	got(a.s.h.mo.api().ReviewTemplate(a.s.Context(), t.id, t.version, true, "read"))(a.s)
	return t
}

// submit hands a template in.
func (a *app) submit(d client.TemplateDraft) *template {
	a.s.Helper()
	if d.Category == "" {
		d.Category = a.category
	}
	made := got(a.server().Submit(a.s.Context(), d))(a.s)
	return &template{app: a, id: made.Template, version: made.Version, draft: d}
}

// A template is one version that was handed in.
type template struct {
	app     *app
	id      string
	version int
	draft   client.TemplateDraft
}

// locked are values for its locked params.
func (t *template) locked() client.Values { return t.values("locked") }

// data are values for its free ones.
func (t *template) data() client.Values { return t.values("free") }

func (t *template) values(role string) client.Values {
	v := client.Values{}
	for _, p := range t.draft.Params {
		if p.Role != role {
			continue
		}
		good := map[string]string{
			"text20": "At the window seat", "name": "Mei", "number": "3", "amount": "12.50", "date": "2026-11-29", "time": "18:05", "code": "A17", "phone_masked": "138****8000",
		}[p.Type]
		if p.Type == "enum" {
			good = p.Values[0]
		}
		v[p.Key] = map[string]string{p.Type: good}
	}
	return v
}

// A ticket is a grant as its app holds it.
type ticket struct {
	t       *template
	by      *person
	subject string
	handle  string
}

// tap, ask and decide are one person's way to a grant, step by step.
func (t *template) tap(p *person) (string, error) {
	return p.api().Tap(t.app.s.Context(), t.app.id, t.draft.PagePattern)
}

func (t *template) wish(subject string) client.Wish {
	return client.Wish{Template: t.id, Subject: subject, Locked: t.locked()}
}

// sheet taps and asks.
func (t *template) sheet(p *person, subject string) (client.Sheet, error) {
	tap, err := t.tap(p)
	if err != nil {
		return client.Sheet{}, err
	}
	return p.api().Ask(t.app.s.Context(), t.app.id, tap, t.wish(subject))
}

// accept decides for all items.
func (t *template) accept(p *person, sheet client.Sheet) error {
	var items []string
	for _, i := range sheet.Items {
		items = append(items, i.Item)
		t.app.s.h.allow(p, t.app.id, t.uses())
	}
	return p.api().Decide(t.app.s.Context(), sheet, items...)
}

// uses bounds what one grant may bring.
func (t *template) uses() int {
	switch t.draft.Scope {
	case "progress":
		return 5
	case "standing":
		return 200
	}
	return 1
}

// grant has somebody allow what the template asks, about one subject.
func (t *template) grant(p *person) *ticket {
	t.app.s.Helper()
	return t.grants([]*person{p}, func(int) string { return t.app.s.h.name("s") })[0]
}

// grants has many people allow it at once, each about a subject.
func (t *template) grants(people []*person, subject func(i int) string) []*ticket {
	s := t.app.s
	s.Helper()
	sheets, tickets := make([]client.Sheet, len(people)), make([]*ticket, len(people))
	places := make([]int, len(people))
	for i := range people {
		places[i] = i
		tickets[i] = &ticket{t: t, by: people[i], subject: subject(i)}
	}
	failed := together(s, 8, places, func(i int) (err error) {
		sheets[i], err = t.sheet(people[i], tickets[i].subject)
		return err
	})
	s.pass(look)
	failed += together(s, 8, places, func(i int) error { return t.accept(people[i], sheets[i]) })
	if failed > 0 {
		s.Fatalf("the honest way from a tap to a grant failed %d times", failed)
	}
	for _, k := range tickets {
		k.handle = t.app.handle(k.subject)
	}
	return tickets
}

// handle waits until the app's server has been handed a grant about a subject.
// Where several are about the same, each is given once.
func (a *app) handle(subject string) string {
	a.s.Helper()
	var h string
	eventually(a.s, "handing over the grant about "+subject, func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		if len(a.held[subject]) == 0 {
			items, next, err := a.server().Grants(a.s.Context(), a.after)
			must(a.s, err)
			a.after = next
			for _, g := range items {
				a.held[g.Subject] = append(a.held[g.Subject], g)
			}
		}
		if all := a.held[subject]; len(all) > 0 {
			h, a.held[subject] = all[0].Grant, all[1:]
			return true
		}
		return false
	})
	return h
}

// draft is what a good notice by a grant says.
func (k *ticket) draft(key string) client.NoticeDraft {
	d := client.NoticeDraft{Grant: k.handle, Template: k.t.id, Data: k.t.data(), Page: k.t.draft.PagePattern, Key: key}
	if states := k.t.draft.States; len(states) > 0 {
		d.State = states[0]
	}
	return d
}

// body is draft as members, to be changed.
func (k *ticket) body(key string) map[string]any {
	d := k.draft(key)
	b := map[string]any{"grant": d.Grant, "template": d.Template, "data": d.Data, "page": d.Page, "idempotency_key": d.Key}
	if d.State != "" {
		b["state"] = d.State
	}
	return b
}

// send redeems the grant as it should be done, with a key of its own.
func (k *ticket) send() (client.SentNotice, error) {
	return k.t.app.server().Notify(k.t.app.s.Context(), k.draft(k.t.app.s.h.name("k")))
}

// deliver is send, and it has to be accepted.
func (k *ticket) deliver() client.SentNotice {
	s := k.t.app.s
	s.Helper()
	sent := got(k.send())(s)
	if sent.Status != "accepted" {
		s.Fatalf("an honest notice is %s", sent.Status)
	}
	return sent
}

// raw sends a body as it stands, and tells the refusal.
func (a *app) raw(body any, twists ...twist) error {
	a.s.Helper()
	return a.s.ask("POST", "/app/notices", a.token(), body, twists...).err()
}

// write has somebody write to an app, which opens a window, and gives its handle.
func (a *app) write(p *person, text string) string {
	a.s.Helper()
	a.send(p, text, uuid.Must(uuid.NewV7()).String())
	return a.handle("")
}

// send sends one message to the app.
func (a *app) send(p *person, text, message string) {
	s := a.s
	s.Helper()
	s.h.allow(p, a.id, 5)
	a.mu.Lock()
	a.spoke[p.name] = true
	a.mu.Unlock()
	stream := got(p.api().OpenDirect(s.Context(), a.id))(s)
	got(p.api().Post(s.Context(), client.Message{ID: message, Stream: stream, Body: client.Text{Text: text}}))(s)
}

// reply answers in a window.
func (a *app) reply(window, text string) (client.SentNotice, error) {
	return a.server().Reply(a.s.Context(), client.Answer{Window: window, Kind: "text", Body: map[string]string{"text": text}, Key: a.s.h.name("k")})
}

// refusals are what an attack was answered; nil is an answer that is none.
type refusals []error

// each makes a list of outcomes.
func each(errs ...error) refusals { return errs }

// only is an outcome whose value does not matter.
func only[T any](_ T, err error) error { return err }

// parallel does something n times at once.
func (s *scene) parallel(n int, do func(i int) error) refusals {
	out := make(refusals, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() { <-start; out[i] = do(i) })
	}
	close(start)
	all.Wait()
	return out
}

// audited counts the audit's rows of what was refused to an app. What is new is
// read once for all scenes.
func (s *scene) audited(a *app) int {
	s.Helper()
	h := s.h
	h.audit.Lock()
	defer h.audit.Unlock()
	if h.audit.rows == nil {
		h.audit.rows = map[string]int{}
	}
	newest := h.audit.upTo
	for cursor, more := "", true; more; {
		got := s.ask("GET", "/moderation/audit?limit=200"+cursor, h.mo.token, nil)
		must(s, got.err())
		page := got.object()
		next, _ := page["next"].(string)
		more, cursor = next != "", "&cursor="+url.QueryEscape(next)
		for _, i := range page["items"].([]any) {
			row := i.(map[string]any)
			seq := int64(row["seq"].(float64))
			if seq <= h.audit.upTo {
				more = false
				break
			}
			newest = max(newest, seq)
			actor, _ := row["actor"].(string)
			h.audit.rows[actor]++
		}
	}
	h.audit.upTo = newest
	return h.audit.rows[a.id]
}

func newUUID() string { return uuid.Must(uuid.NewV7()).String() }
