package notify_test

import (
	"fmt"
	"testing"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// Few reports of many deliveries do nothing, more pause the template, and many
// suspend the app. One user counts once.
func TestReports(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), queue())
	all := h.crowd(tpl, 40)
	h.expect(h.sendAll(tpl, all, func(int) with { return nil }), "map[accepted:40]")
	report := func(m member) error {
		return h.Report(h.ctx(), m.User, h.inbox(m.User)[0].Notice, "spam")
	}
	is(t, h.Report(h.ctx(), all[0].User, h.inbox(all[1].User)[0].Notice, "spam"), fault.NotFound)
	is(t, h.Report(h.ctx(), all[0].User, "n-nothing", "spam"), fault.NotFound)
	is(t, h.Report(h.ctx(), all[0].User, h.inbox(all[0].User)[0].Notice, "boring"), fault.BadRequest)
	for range 20 {
		good(t, report(all[0]))
	}
	good(t, report(all[1]))
	if got, err := h.Template(h.ctx(), tpl.App, string(tpl.ID)); err != nil || got.Status != notify.Approved {
		t.Errorf("after two: %+v, %v", got, err)
	}
	good(t, report(all[2]))
	if got, err := h.Template(h.ctx(), tpl.App, string(tpl.ID)); err != nil || got.Status != notify.Paused || h.acts(notify.DidPause) != 1 {
		t.Errorf("after three: %+v, %v", got, err)
	}
	good(t, report(all[3]))
	if app, _ := h.App(h.ctx(), tpl.App); app.Suspended {
		t.Error("four of forty suspend")
	}
	good(t, report(all[4]))
	if app, _ := h.App(h.ctx(), tpl.App); !app.Suspended || h.acts(notify.DidSuspend) != 1 {
		t.Error("five of forty do not suspend")
	}
	if last := h.reports[len(h.reports)-1]; last != fmt.Sprint(all[4].User, " ", tpl.ID, " ", notify.DidSuspend) || len(h.reports) != 24 {
		t.Errorf("moderators were told %q of %d", last, len(h.reports))
	}

	// A moderator who lifts it has dealt with those reports.
	h.resume(tpl.App)
	h.advance(minute)
	good(t, h.ResumeTemplate(h.ctx(), tpl.ID))
	h.advance(minute)
	good(t, report(all[5]))
	if got := h.attempt(tpl, h.mint(h.guest(), tpl, "again"), nil); got != grant.Accepted {
		t.Errorf("after that: %s", got)
	}
}

// Where much is delivered, it takes a share.
func TestReportsAreAShare(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), queue())
	h.advance(day)
	all := h.crowd(tpl, 50)
	h.sendAll(tpl, all, func(int) with { return nil })
	h.Delivered(tpl, 1949) // 2,000 in all, but one
	report := func(m member) { good(t, h.Report(h.ctx(), m.User, h.inbox(m.User)[0].Notice, "spam")) }
	status := func() string {
		got, err := h.Template(h.ctx(), tpl.App, string(tpl.ID))
		good(t, err)
		return got.Status
	}
	for i := range 5 { // 2.5 of a thousand
		report(all[i])
	}
	if got := status(); got != notify.Approved {
		t.Errorf("after five: %s", got)
	}
	report(all[5])
	if got := status(); got != notify.Paused {
		t.Errorf("after six: %s", got)
	}
	for i := 6; i < 19; i++ {
		report(all[i])
	}
	if app, _ := h.App(h.ctx(), tpl.App); app.Suspended {
		t.Error("19 of 1,999 suspend")
	}
	report(all[19])
	if app, _ := h.App(h.ctx(), tpl.App); !app.Suspended {
		t.Error("20 of 1,999 do not suspend")
	}
}
