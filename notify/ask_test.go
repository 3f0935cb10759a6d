package notify_test

import (
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
)

func locked(code string) grant.Values { return grant.Values{"order": {"code": code}} }

// What is not fit to be shown brings up no sheet, and costs the user's tap nothing.
func TestUnfitSheets(t *testing.T) {
	h := open(t)
	a := h.app()
	tpl, other, draft := h.template(a, queue()), h.template(h.app(), queue()), queue()
	unread, err := h.Submit(h.ctx(), a, draft)
	good(t, err)
	user := h.guest()
	tap, until, err := h.Tap(h.ctx(), user, string(a), "tap", "/queue?no=4")
	good(t, err)
	if got := until.Sub(h.clock()); got != 5*time.Second {
		t.Errorf("a tap lives for %v", got)
	}
	name := string(tpl.ID)
	for _, c := range []struct {
		items []notify.Item
		want  error
	}{
		{nil, fault.BadRequest},
		{[]notify.Item{item(tpl, "a"), item(tpl, "b"), item(tpl, "c"), item(tpl, "d")}, fault.BadRequest},
		{[]notify.Item{{name, "", locked("A17")}}, fault.BadRequest},
		{[]notify.Item{{name, "   ", locked("A17")}}, fault.BadRequest},
		{[]notify.Item{{name, strings.Repeat("x", 33), locked("A17")}}, fault.BadRequest},
		{[]notify.Item{{name, "a\u202eb", locked("A17")}}, fault.BadRequest},
		{[]notify.Item{{name, "a\u200bb", locked("A17")}}, fault.BadRequest},
		{[]notify.Item{{name, "a\nb", locked("A17")}}, fault.BadRequest},
		{[]notify.Item{{name, "50% OFF", locked("A17")}}, notify.ErrContent},
		{[]notify.Item{{name, "tea.com", locked("A17")}}, notify.ErrContent},
		{[]notify.Item{{name, "a", nil}}, notify.ErrParam},
		{[]notify.Item{{name, "a", locked("")}}, notify.ErrParam},
		{[]notify.Item{{name, "a", locked("50% OFF today!!")}}, notify.ErrParam},
		{[]notify.Item{{name, "a", locked("A17\u200b")}}, notify.ErrParam},
		{[]notify.Item{{name, "a", locked("50-OFF")}}, notify.ErrContent},
		{[]notify.Item{{name, "a", grant.Values{"order": {"text20": "A17"}}}}, notify.ErrParam},
		{[]notify.Item{{name, "a", grant.Values{"order": {"code": "A17"}, "status": {"enum": "called"}}}}, notify.ErrParam},
		{[]notify.Item{item(tpl, "a"), {name, "b", nil}}, notify.ErrParam},
		{[]notify.Item{{"t-nothere", "a", locked("A17")}}, notify.ErrTemplate},
		{[]notify.Item{item(other, "a")}, notify.ErrTemplate},
		{[]notify.Item{item(unread, "a")}, notify.ErrTemplate},
	} {
		_, err := h.Ask(h.ctx(), user, string(a), string(tap), c.items)
		is(t, err, c.want)
	}
	s, err := h.Ask(h.ctx(), user, string(a), string(tap), []notify.Item{item(tpl, "a"), item(tpl, "b")})
	good(t, err)
	i := s.Items[0]
	if len(s.Items) != 2 || i.Title != tpl.Title || i.AppName != "Noodles" || i.Uses != 1 || i.Page != "/queue" || i.Subject != "a" || i.Locked["order"]["code"] != "A17" ||
		!i.Until.Equal(h.clock().Add(7*day)) {
		t.Errorf("the sheet: %+v", s.Items)
	}
}

func TestTaps(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), queue())
	a, user := string(tpl.App), h.guest()
	for _, c := range []struct {
		app, kind, page string
		want            error
	}{
		{string(id.NewApp()), "tap", "/queue", fault.NotFound},
		{"app-nothere", "tap", "/queue", fault.NotFound},
		{a, "timer", "/queue", fault.BadRequest},
		{a, "", "/queue", fault.BadRequest},
		{a, "tap", "", fault.BadRequest},
		{a, "tap", "https://evil.example", fault.BadRequest},
		{a, "tap", "//evil.example", fault.BadRequest},
		{a, "tap", "/a/../queue", fault.BadRequest},
		{a, "tap", "/queue?" + strings.Repeat("x", 257), fault.BadRequest},
	} {
		_, _, err := h.Tap(h.ctx(), user, c.app, c.kind, c.page)
		is(t, err, c.want)
	}
	tap, _, err := h.Tap(h.ctx(), user, a, "tap", "/elsewhere")
	good(t, err)
	_, err = h.Ask(h.ctx(), user, a, string(tap), []notify.Item{item(tpl, "a")})
	is(t, err, grant.ErrActivation)
	_, err = h.Ask(h.ctx(), user, a, "remembered", []notify.Item{item(tpl, "a")})
	is(t, err, grant.ErrActivation)
	if _, err := h.ask(user, tpl, item(tpl, "a")); err != nil {
		t.Errorf("the honest one: %v", err)
	}
}

// While an app or a template is stopped, nobody is asked for it.
func TestNoSheetWhileStopped(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), queue())
	until := h.clock().Add(hour)
	good(t, h.PauseTemplate(h.ctx(), tpl.ID, until, "look"))
	good(t, h.PauseTemplate(h.ctx(), tpl.ID, until.Add(-30*minute), "shorter"))
	h.advance(59 * minute)
	_, err := h.ask(h.guest(), tpl, item(tpl, "a"))
	is(t, err, notify.ErrMintPaused)
	h.advance(2 * minute)
	h.mint(h.guest(), tpl, "a")
	good(t, h.Suspend(h.ctx(), tpl.App, time.Time{}, "look"))
	_, err = h.ask(h.guest(), tpl, item(tpl, "a"))
	is(t, err, notify.ErrMintPaused)
	h.resume(tpl.App)
	h.mint(h.guest(), tpl, "b")
	is(t, h.PauseTemplate(h.ctx(), id.NewTemplate(), until, "look"), notify.ErrTemplate)
}

// What a sheet promises of each scope.
func TestPromises(t *testing.T) {
	h := open(t)
	a := h.app()
	month, weekly := queue(), line()
	month.ExpiresDays = 30
	weekly.Cadence = &grant.Cadence{Uses: 2, Per: "week"}
	for _, c := range []struct {
		draft notify.Draft
		uses  int
		lives time.Duration
	}{{queue(), 1, 7 * day}, {month, 1, 30 * day}, {ride(), 5, day}, {weekly, 2, 180 * day}} {
		tpl := h.template(a, c.draft)
		s, err := h.ask(h.guest(), tpl, item(tpl, "a"))
		good(t, err)
		if i := s.Items[0]; i.Uses != c.uses || i.Until.Sub(h.clock()).Round(hour) != c.lives {
			t.Errorf("%s: %d uses until %v", c.draft.Scope, i.Uses, i.Until)
		}
	}
}

// A subject that only looks different is the same one: nothing is granted twice.
// The app finds it as it wrote it.
func TestPaddedSubjects(t *testing.T) {
	h := open(t)
	a, user := h.app(), h.guest()
	tpl, other := h.template(a, line()), h.template(a, line())
	good(t, h.Mute(h.ctx(), user.User, string(h.app()))) // stands beside it
	first := h.mint(user, tpl, "Policy 42")
	for _, subject := range []string{"Policy 42 ", "ｐolicy 42", "policy  42", "POLICY 42", " policy\u00a042", "Policy 42"} {
		h.advance(8 * hour)
		s, err := h.ask(user, tpl, item(tpl, subject), item(tpl, subject+" "))
		good(t, err)
		h.accept(user, s)
	}
	if got := h.handles(tpl); len(got) != 1 || got["Policy 42"] != first {
		t.Errorf("the app holds %v", got)
	}
	h.advance(8 * hour)
	another := h.mint(user, other, "POLICY 42")
	h.advance(8 * hour)
	if h.mint(user, tpl, "Policy 43") == first || h.attempt(other, another, nil) != grant.Accepted {
		t.Error("another matter")
	}
}
