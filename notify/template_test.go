package notify_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
)

func TestDrafts(t *testing.T) {
	h := open(t)
	a := h.app()
	edit := func(base func() notify.Draft, change func(*notify.Draft)) notify.Draft {
		d := base()
		d.Params = slices.Clone(d.Params)
		change(&d)
		return d
	}
	param := func(p notify.Param) notify.Draft {
		return edit(queue, func(d *notify.Draft) { d.Params = append(d.Params, p) })
	}
	text := notify.Param{Key: "note", Label: "Note", Type: "text20", Role: notify.Free}
	for i, d := range []notify.Draft{
		edit(queue, func(d *notify.Draft) { d.Title = "" }),
		edit(queue, func(d *notify.Draft) { d.Title = strings.Repeat("x", 65) }),
		edit(queue, func(d *notify.Draft) { d.Title = "a\u200bb" }),
		edit(queue, func(d *notify.Draft) { d.Title = "a\u202eb" }),
		edit(queue, func(d *notify.Draft) { d.Title = "a\ue000b" }),
		edit(queue, func(d *notify.Draft) { d.Title = "a\nb" }),
		edit(queue, func(d *notify.Draft) { d.Title = " a" }),
		edit(queue, func(d *notify.Draft) { d.Category = "" }),
		edit(queue, func(d *notify.Draft) { d.Scope = "always" }),
		edit(queue, func(d *notify.Draft) { d.Scope = grant.Window }),
		edit(queue, func(d *notify.Draft) { d.Scope = "" }),
		edit(queue, func(d *notify.Draft) { d.PagePattern = "" }),
		edit(queue, func(d *notify.Draft) { d.PagePattern = "queue" }),
		edit(queue, func(d *notify.Draft) { d.PagePattern = "//queue" }),
		edit(queue, func(d *notify.Draft) { d.PagePattern = "/queue?no=1" }),
		edit(queue, func(d *notify.Draft) { d.PagePattern = "/queue#a" }),
		edit(queue, func(d *notify.Draft) { d.PagePattern = "/a/../b" }),
		edit(queue, func(d *notify.Draft) { d.PagePattern = `/a\b` }),
		edit(queue, func(d *notify.Draft) { d.PagePattern = "/a b" }),
		edit(queue, func(d *notify.Draft) { d.PagePattern = "/%2e%2e/b" }),
		edit(queue, func(d *notify.Draft) { d.PagePattern = "https://evil.example/" }),
		edit(queue, func(d *notify.Draft) { d.PagePattern = "/" + strings.Repeat("x", 256) }),
		edit(queue, func(d *notify.Draft) { d.ExpiresDays = 31 }),
		edit(queue, func(d *notify.Draft) { d.ExpiresDays = -1 }),
		edit(queue, func(d *notify.Draft) { d.SubjectSize = -1 }),
		edit(queue, func(d *notify.Draft) { d.States = []string{"a"} }),
		edit(queue, func(d *notify.Draft) { d.Edges = []notify.Edge{{From: "a", To: "b"}} }),
		edit(queue, func(d *notify.Draft) { d.Cadence = &grant.Cadence{Uses: 1, Per: "day"} }),
		edit(queue, func(d *notify.Draft) { d.Params = slices.Repeat([]notify.Param{order}, 2) }),
		param(notify.Param{Key: "Bad", Label: "x", Type: "code", Role: notify.Free}),
		param(notify.Param{Key: "1a", Label: "x", Type: "code", Role: notify.Free}),
		param(notify.Param{Key: "", Label: "x", Type: "code", Role: notify.Free}),
		param(notify.Param{Key: strings.Repeat("k", 33), Label: "x", Type: "code", Role: notify.Free}),
		param(notify.Param{Key: "a", Label: "", Type: "code", Role: notify.Free}),
		param(notify.Param{Key: "a", Label: "a\u200b", Type: "code", Role: notify.Free}),
		param(notify.Param{Key: "a", Label: "x", Type: "html", Role: notify.Free}),
		param(notify.Param{Key: "a", Label: "x", Type: "code", Role: "open"}),
		param(notify.Param{Key: "a", Label: "x", Type: "code", Role: notify.Free, Max: 21}),
		param(notify.Param{Key: "a", Label: "x", Type: "code", Role: notify.Free, Max: -1}),
		param(notify.Param{Key: "a", Label: "x", Type: "date", Role: notify.Free, Max: 5}),
		param(notify.Param{Key: "a", Label: "x", Type: "code", Role: notify.Free, Values: []string{"b"}}),
		param(notify.Param{Key: "a", Label: "x", Type: "enum", Role: notify.Free}),
		param(notify.Param{Key: "a", Label: "x", Type: "enum", Role: notify.Free, Values: []string{"b", "b"}}),
		param(notify.Param{Key: "a", Label: "x", Type: "enum", Role: notify.Free, Values: []string{""}}),
		param(notify.Param{Key: "a", Label: "x", Type: "enum", Role: notify.Free, Values: []string{"ｂ"}}),
		edit(remark, func(d *notify.Draft) { p := text; p.Key = "more"; d.Params = append(d.Params, p) }),
		edit(line, func(d *notify.Draft) { d.Params = append(d.Params, text) }),
		edit(line, func(d *notify.Draft) { d.Cadence = nil }),
		edit(line, func(d *notify.Draft) { d.Cadence = &grant.Cadence{Uses: 0, Per: "day"} }),
		edit(line, func(d *notify.Draft) { d.Cadence = &grant.Cadence{Uses: 100, Per: "day"} }),
		edit(line, func(d *notify.Draft) { d.Cadence = &grant.Cadence{Uses: 1, Per: "hour"} }),
		edit(line, func(d *notify.Draft) { d.ExpiresDays = 30 }),
		edit(ride, func(d *notify.Draft) { d.States = nil }),
		edit(ride, func(d *notify.Draft) { d.States = append(d.States, "placed") }),
		edit(ride, func(d *notify.Draft) { d.Edges = append(d.Edges, notify.Edge{From: "there", To: "placed"}) }),
		edit(ride, func(d *notify.Draft) { d.Edges = append(d.Edges, notify.Edge{From: "placed", To: "placed"}) }),
		edit(ride, func(d *notify.Draft) { d.Edges = append(d.Edges, notify.Edge{From: "placed", To: "nowhere"}) }),
		edit(ride, func(d *notify.Draft) { d.Edges = append(d.Edges, notify.Edge{From: "placed", To: "cooking"}) }),
		edit(ride, func(d *notify.Draft) { d.States[1] = "a\u200bb" }),
		edit(ride, func(d *notify.Draft) { d.StateLabels = map[string]string{"nowhere": "Nowhere"} }),
		edit(ride, func(d *notify.Draft) { d.StateLabels = map[string]string{"riding": ""} }),
		edit(ride, func(d *notify.Draft) { d.StateLabels = map[string]string{"riding": strings.Repeat("x", 33)} }),
		edit(queue, func(d *notify.Draft) { d.StateLabels = map[string]string{"riding": "On the way"} }),
	} {
		if _, err := h.Submit(h.ctx(), a, d); fault.From(err).Code != "bad_request" {
			t.Errorf("draft %d: %v", i, err)
		}
	}
	for _, d := range []notify.Draft{
		edit(queue, func(d *notify.Draft) { d.Title = "See tea.com" }),
		edit(queue, func(d *notify.Draft) { d.Params[0].Label = "Call 13800138000" }),
		edit(queue, func(d *notify.Draft) { d.Params[1].Values = []string{"join our group"} }),
		edit(ride, func(d *notify.Draft) { d.StateLabels = map[string]string{"riding": "See tea.com"} }),
	} {
		_, err := h.Submit(h.ctx(), a, d)
		is(t, err, notify.ErrContent)
	}
	for _, d := range []notify.Draft{
		queue(), remark(), ride(), line(),
		edit(queue, func(d *notify.Draft) { d.Params, d.PagePattern, d.Title = nil, "/", "排队通知 🍜" }),
		edit(ride, func(d *notify.Draft) { d.Edges = append(d.Edges, notify.Edge{From: "placed", To: "there"}) }),
		edit(ride, func(d *notify.Draft) { d.States, d.Edges = []string{"done"}, nil }),
		edit(remark, func(d *notify.Draft) { d.Params[1].Max, d.ExpiresDays, d.SubjectSize = 10, 30, 400 }),
	} {
		if got, err := h.Submit(h.ctx(), a, d); err != nil || got.Status != notify.Review || got.Version != 1 || got.App != a {
			t.Errorf("%q: %+v, %v", d.Title, got, err)
		}
	}
}

// Standing is for what a moderator opened, and for apps that are of it.
func TestScopeDenied(t *testing.T) {
	h := open(t)
	shop := h.app()
	h.apps[shop].Category = "shopping"
	for _, category := range []string{"shopping", "transport", "health", ""} {
		d := line()
		d.Category = category
		_, err := h.Submit(h.ctx(), shop, d)
		is(t, err, notify.ErrScopeDenied)
	}
	d := line()
	d.Category = "health"
	_, err := h.Submit(h.ctx(), h.app(), d)
	is(t, err, notify.ErrScopeDenied)
	h.template(shop, queue())
	h.template(h.app(), line())
}

func TestReviews(t *testing.T) {
	h := open(t)
	a, b := h.app(), h.app()
	first, err := h.Submit(h.ctx(), a, queue())
	good(t, err)
	name := string(first.ID)
	review := func(version int, approve bool) error {
		_, err := h.ReviewTemplate(h.ctx(), "mo", name, version, approve, "looked at it")
		return err
	}
	waiting := func() (n int) {
		all, _, err := h.Reviews(h.ctx(), "", 0)
		good(t, err)
		return len(all)
	}
	if waiting() != 1 {
		t.Errorf("%d wait", waiting())
	}
	is(t, review(2, true), fault.Conflict)
	is(t, review(0, true), notify.ErrTemplate)
	_, err = h.ReviewTemplate(h.ctx(), h.apps[a].Developer, name, 1, true, "mine")
	is(t, err, fault.Forbidden)
	_, err = h.ReviewTemplate(h.ctx(), "mo", string(id.NewTemplate()), 1, true, "none")
	is(t, err, notify.ErrTemplate)
	good(t, review(1, false))
	is(t, review(1, true), fault.Conflict)
	good(t, review(1, false)) // the same again
	if got, err := h.Template(h.ctx(), a, name); err != nil || got.Status != notify.Rejected || got.Reason != "looked at it" || got.InForce != 0 || waiting() != 0 {
		t.Errorf("rejected: %+v, %v", got, err)
	}

	next := remark()
	next.Template = first.ID
	for _, foreign := range []func() error{
		func() error { _, err := h.Submit(h.ctx(), b, next); return err },
		func() error { _, err := h.Template(h.ctx(), b, name); return err },
		func() error { _, err := h.Template(h.ctx(), b, string(id.NewTemplate())); return err },
		func() error { _, err := h.Template(h.ctx(), b, "../x"); return err },
	} {
		is(t, foreign(), notify.ErrTemplate)
	}
	second, err := h.Submit(h.ctx(), a, next)
	good(t, err)
	is(t, review(1, true), fault.Conflict)
	good(t, review(second.Version, true))
	if got, err := h.Template(h.ctx(), a, name); err != nil || got.Status != notify.Approved || got.InForce != 2 || got.Title != next.Title {
		t.Errorf("approved: %+v, %v", got, err)
	}
	is(t, review(2, false), fault.Conflict) // what is approved stays as it is
	if h.reviews != 3 {
		t.Errorf("%d reviews left a trace", h.reviews)
	}
}

func TestTemplatesOfAnApp(t *testing.T) {
	h := open(t)
	a := h.app()
	var want, got []string
	for range 5 {
		h.advance(minute)
		want = append(want, string(h.template(a, queue()).ID))
	}
	h.template(h.app(), queue())
	for cursor := ""; ; {
		page, next, err := h.Templates(h.ctx(), a, cursor, 2)
		good(t, err)
		for _, p := range page {
			got = append(got, string(p.ID))
		}
		if cursor = next; next == "" {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, not %v", got, want)
	}
	for _, cursor := range []string{"x", "0/x", "\xff", "019/" + want[0] + "x"} {
		_, _, err := h.Templates(h.ctx(), a, cursor, 2)
		is(t, err, fault.BadRequest)
	}
	_, _, err := h.Templates(h.ctx(), a, "", 201)
	is(t, err, fault.BadRequest)
}
