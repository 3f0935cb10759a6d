package law

import (
	"github.com/teahouse-im/teahouse/client"
)

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
