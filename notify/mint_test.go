package notify_test

import (
	"slices"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// Drafts of templates.

var order = notify.Param{Key: "order", Label: "Order", Type: "code", Role: notify.Locked}

func queue() notify.Draft {
	return notify.Draft{
		Title: "Table is ready", Category: "transport", Scope: grant.Once, PagePattern: "/queue",
		Params: []notify.Param{order, {Key: "status", Label: "Status", Type: "enum", Role: notify.Free, Values: []string{"called", "waiting"}}},
	}
}

func remark() notify.Draft {
	d := queue()
	d.Title, d.Params = "About your order", []notify.Param{order, {Key: "note", Label: "Note", Type: "text20", Role: notify.Free}}
	return d
}

func ride() notify.Draft {
	d := queue()
	d.Title, d.Scope, d.States = "Your order", grant.Progress, []string{"placed", "cooking", "riding", "there"}
	d.Edges = []notify.Edge{{From: "placed", To: "cooking"}, {From: "cooking", To: "riding", Alert: true}, {From: "riding", To: "there", Alert: true}}
	return d
}

func line() notify.Draft {
	d := queue()
	d.Title, d.Scope, d.Cadence = "Your line", grant.Standing, &grant.Cadence{Uses: 1, Per: "day"}
	return d
}

// template is one that a moderator has approved.
func (h *house) template(a id.App, d notify.Draft) notify.Template {
	h.t.Helper()
	t, err := h.Submit(h.ctx(), a, d)
	good(h.t, err)
	t, err = h.ReviewTemplate(h.ctx(), "mo", string(t.ID), t.Version, true, "fine")
	good(h.t, err)
	return t
}

// From a tap to a handle.

func item(t notify.Template, subject string) notify.Item {
	return notify.Item{Template: string(t.ID), Subject: subject, Locked: grant.Values{"order": {"code": "A17"}}}
}

func (h *house) ask(by grant.By, t notify.Template, items ...notify.Item) (grant.Sheet, error) {
	h.t.Helper()
	tap, _, err := h.Tap(h.ctx(), by, string(t.App), "tap", t.PagePattern)
	good(h.t, err)
	return h.Ask(h.ctx(), by, string(t.App), string(tap), items)
}

func (h *house) accept(by grant.By, s grant.Sheet) {
	h.t.Helper()
	h.advance(500 * time.Millisecond)
	var ds []grant.Decision
	for _, i := range s.Items {
		ds = append(ds, grant.Decision{Item: i.Item, Accept: true})
	}
	good(h.t, h.Decide(h.ctx(), by, string(s.Consent), ds, false))
}

// mint is what an honest user does. It gives the handle.
func (h *house) mint(by grant.By, t notify.Template, subject string) string {
	h.t.Helper()
	s, err := h.ask(by, t, item(t, subject))
	good(h.t, err)
	h.accept(by, s)
	return h.handle(t, subject)
}

func (h *house) handle(t notify.Template, subject string) string {
	h.t.Helper()
	got := h.handles(t)
	for end := time.Now().Add(10 * time.Second); got[subject] == ""; got = h.handles(t) {
		if time.Now().After(end) {
			h.t.Fatalf("no handle for %q", subject)
		}
		time.Sleep(time.Millisecond)
	}
	return got[subject]
}

// handles are all of a template that its app holds, by subject.
func (h *house) handles(t notify.Template) map[string]string {
	h.t.Helper()
	got := map[string]string{}
	for after := ""; ; {
		items, next, err := h.Handed(h.ctx(), t.App, after, 200)
		good(h.t, err)
		for _, i := range items {
			if i.Template == t.ID {
				got[i.Subject] = i.Handle
			}
		}
		if len(items) == 0 {
			return got
		}
		after = next
	}
}

// A crowd are people with a grant each, of subjects of their own.
type member struct {
	grant.By
	handle string
}

func (h *house) crowd(t notify.Template, n int) []member {
	h.t.Helper()
	all, subjects := make([]member, n), make([]string, n)
	for i := range all {
		all[i].By, subjects[i] = h.guest(), h.next("s")
		s, err := h.ask(all[i].By, t, item(t, subjects[i]))
		good(h.t, err)
		h.accept(all[i].By, s)
	}
	var got map[string]string
	for slices.ContainsFunc(subjects, func(s string) bool { return got[s] == "" }) {
		h.handle(t, subjects[n-1])
		got = h.handles(t)
	}
	for i, s := range subjects {
		all[i].handle = got[s]
	}
	return all
}
