package notify_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// babble is a text that resembles no other one.
func babble() string {
	return strings.Map(func(r rune) rune {
		if r < 'a' {
			r += 'q' - '2'
		}
		return r
	}, string(id.NewTemplate())[2:18])
}

// sendAll has every member of a crowd get one notice, and counts the outcomes.
func (h *house) sendAll(t notify.Template, all []member, say func(i int) with) map[string]int {
	h.t.Helper()
	out := map[string]int{}
	for i, m := range all {
		out[h.attempt(t, m.handle, say(i))]++
	}
	return out
}

func (h *house) expect(got map[string]int, want string) {
	h.t.Helper()
	if fmt.Sprint(got) != want {
		h.t.Errorf("%v, not %s", got, want)
	}
}

func same(int) with { return note("Fresh noodles today") }

// The same to more than twenty is held, from the first on a case is open, and what
// a moderator drops never comes, also after a restart.
func TestTheSameToMany(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), remark())
	all := h.crowd(tpl, 24)
	h.expect(h.sendAll(tpl, all, same), "map[accepted:20 held:4]")
	if n := h.delivered(all); n != 20 {
		t.Errorf("%d came", n)
	}
	if f := h.floodsOf(tpl.ID); len(f) != 4 || f[0].held != 1 || f[0].did != "" || f[0].app != tpl.App {
		t.Errorf("moderators were told %+v", f)
	}
	held := h.held()
	if len(held) != 4 || held[0].Template != tpl.ID || held[0].App != tpl.App || held[0].Reason != "shape" || !held[0].At.Before(h.clock().Add(1)) {
		t.Fatalf("held: %+v", held)
	}
	if got := h.attempt(tpl, all[23].handle, nil); got != "grant_consumed" {
		t.Errorf("the use of a held one: %s", got)
	}
	sent, err := h.Notice(h.ctx(), tpl.App, held[0].Notice)
	if good(t, err); sent.Status != grant.Held {
		t.Errorf("its app knows %+v", sent)
	}

	n, err := h.DropHeld(h.ctx(), tpl.ID)
	if good(t, err); n != 4 {
		t.Errorf("dropped %d", n)
	}
	h.restart()
	h.advance(day)
	h.Sweep(h.ctx())
	_, err = h.ReleaseHeld(h.ctx(), tpl.ID)
	good(t, err)
	if n := h.delivered(all); n != 20 || len(h.held()) != 0 {
		t.Errorf("after dropping, %d came and %d are held", n, len(h.held()))
	}
	if sent, err := h.Notice(h.ctx(), tpl.App, held[0].Notice); err != nil || sent.Status != grant.Held {
		t.Errorf("its app learns %+v", sent)
	}
}

// What cannot be sent is not counted.
func TestDeadGrantsCountNothing(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), remark())
	all := h.crowd(tpl, 50)
	h.expect(h.sendAll(tpl, all[:30], func(int) with { return note(babble()) }), "map[accepted:30]")
	h.expect(h.sendAll(tpl, all[:30], same), "map[grant_consumed:30]")
	h.expect(h.sendAll(tpl, all[30:], same), "map[accepted:20]")
}

// A developer reaches so many people in a day, with all apps together, and those
// as often as they granted it.
func TestReach(t *testing.T) {
	h := open(t)
	a, b := h.app("maker"), h.app("maker")
	h.apps[a].Reach, h.apps[b].Reach = 3, 3
	ours, theirs := h.template(a, queue()), h.template(b, queue())
	none := func(int) with { return nil }
	all := h.crowd(ours, 3)
	h.expect(h.sendAll(ours, all[:2], none), "map[accepted:2]")
	h.expect(h.sendAll(theirs, h.crowd(theirs, 2), none), "map[accepted:1 app_reach_limit:1]")
	h.expect(h.sendAll(ours, all[2:], none), "map[app_reach_limit:1]")
	if got := h.attempt(ours, h.mint(all[0].By, ours, "again"), nil); got != grant.Accepted {
		t.Errorf("somebody who was reached before: %s", got)
	}
	h.advance(day + minute)
	h.expect(h.sendAll(ours, all[2:], none), "map[accepted:1]")
}

// However it is dressed up, and over however many apps of one developer.
func TestTheSameInDisguise(t *testing.T) {
	emoji := []rune("😀😁😂🤣😃😄😅😆😉😊😋😎😍😘🥰😗😙🙂🤗🤩🤔🤨")
	h := open(t)
	tpl := h.template(h.app(), remark())
	all := h.crowd(tpl, len(emoji))
	got := h.sendAll(tpl, all, func(i int) with { return note("Fresh noodles " + string(emoji[i])) })
	h.expect(got, fmt.Sprintf("map[accepted:20 held:%d]", len(emoji)-20))

	h = open(t)
	out, maker := map[string]int{}, id.User("maker")
	for range 5 {
		tpl := h.template(h.app(maker), remark())
		for k, n := range h.sendAll(tpl, h.crowd(tpl, 5), same) {
			out[k] += n
		}
	}
	h.expect(out, "map[accepted:20 held:5]")
}

// A flight that everybody on it has chosen is no broadcast, up to the size that a
// moderator approved.
func TestSharedSubjects(t *testing.T) {
	h := open(t)
	draft := remark()
	draft.SubjectSize = 40
	tpl := h.template(h.app(), draft)
	var all []member
	for range 30 {
		by := h.guest()
		s, err := h.ask(by, tpl, item(tpl, "CA981"))
		good(t, err)
		h.accept(by, s)
		all = append(all, member{By: by})
	}
	h.handle(tpl, "CA981")
	handles := map[string]bool{}
	for len(handles) < len(all) {
		items, _, err := h.Handed(h.ctx(), tpl.App, "", 200)
		good(t, err)
		for _, i := range items {
			handles[i.Handle] = true
		}
	}
	out := map[string]int{}
	for handle := range handles {
		out[h.attempt(tpl, handle, note("Gate changes to B7"))]++
	}
	h.expect(out, "map[accepted:30]")
	if n := h.delivered(all); n != 30 {
		t.Errorf("%d came", n)
	}
}

// Over fifty held pause the template, longer each time and in the end for good;
// over two hundred suspend the app.
func TestPauseLadder(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), remark())
	all := h.crowd(tpl, 118)
	h.expect(h.sendAll(tpl, all[:72], same), "map[accepted:20 held:51 template_paused:1]")
	paused, err := h.Template(h.ctx(), tpl.App, string(tpl.ID))
	if good(t, err); paused.Status != notify.Paused || paused.PausedUntil.Sub(h.clock()) > 3*hour || paused.PausedUntil.Sub(h.clock()) < 2*hour {
		t.Errorf("it is %+v", paused)
	}
	if f := h.floodsOf(tpl.ID); f[len(f)-1].held != 51 || f[len(f)-1].did != notify.DidPause || h.acts(notify.DidPause) != 1 {
		t.Errorf("moderators were told %+v", f[len(f)-1])
	}
	if _, err := h.ask(h.guest(), tpl, item(tpl, "s")); err == nil {
		t.Error("a paused template shows a sheet")
	} else {
		is(t, err, notify.ErrMintPaused)
	}
	h.advance(3*hour + minute)
	h.expect(h.sendAll(tpl, all[72:94], same), "map[accepted:20 held:1 template_paused:1]")
	h.advance(5 * hour)
	h.expect(h.sendAll(tpl, all[94:95], same), "map[template_paused:1]")
	h.advance(hour + minute)
	h.expect(h.sendAll(tpl, all[95:117], same), "map[accepted:20 held:1 template_paused:1]")
	h.advance(30 * day)
	if got, err := h.Template(h.ctx(), tpl.App, string(tpl.ID)); err != nil || got.Status != notify.Disabled || got.Pauses != 3 || h.acts(notify.DidDisable) != 1 {
		t.Errorf("after the third: %+v, %v", got, err)
	}
	good(t, h.ResumeTemplate(h.ctx(), tpl.ID))
	if got := h.attempt(tpl, h.mint(h.guest(), tpl, "again"), note("Your bag is here")); got != grant.Accepted {
		t.Errorf("lifted by a moderator: %s", got)
	}
}

func TestAppOfFloods(t *testing.T) {
	h := open(t)
	a := h.app()
	out := map[string]int{}
	for i := range 4 {
		tpl := h.template(a, remark())
		say := func(int) with { return note(fmt.Sprintf("%d fresh noodles", i)) }
		for k, n := range h.sendAll(tpl, h.crowd(tpl, 72), say) {
			out[k] += n
		}
	}
	if app, err := h.App(h.ctx(), a); err != nil || !app.Suspended || h.acts(notify.DidSuspend) != 1 {
		t.Errorf("the app goes on: %v", out)
	}
	if out["held"] != 201 || out["app_suspended"] == 0 {
		t.Errorf("outcomes: %v", out)
	}
}

// Old grants spent in a burst.
func TestHoard(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), queue())
	all := h.crowd(tpl, 60)
	h.advance(2 * day)
	got := h.sendAll(tpl, all, func(int) with { return nil })
	if got[grant.Held] < 5 || got[grant.Accepted] > 55 {
		t.Errorf("outcomes: %v", got)
	}
	for _, n := range h.held() {
		if n.Reason == "hoard" && len(h.floodsOf(tpl.ID)) > 0 {
			return
		}
	}
	t.Errorf("held: %v", h.held())
}

// An app learns the same of a user who does not read, who muted and who blocked it.
func TestNobodyIsProbed(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), queue())
	all := h.crowd(tpl, 4)
	name := string(tpl.App)
	good(t, h.Mute(h.ctx(), all[0].User, name))
	good(t, h.Block(h.ctx(), all[1].User, name))
	good(t, h.CloseAll(h.ctx(), all[2].User, tpl.App))
	if got := h.sendAll(tpl, all, func(int) with { return nil }); fmt.Sprint(got) != "map[accepted:1 grant_closed:3]" {
		t.Errorf("outcomes: %v", got)
	}
	good(t, h.Unmute(h.ctx(), all[0].User, name))
	good(t, h.Unblock(h.ctx(), all[1].User, name))
	if got := h.attempt(tpl, all[0].handle, nil); got != "grant_closed" {
		t.Errorf("after lifting the mute: %s", got)
	}
	if s, err := h.Stats(h.ctx(), tpl.App); err != nil || strings.Contains(fmt.Sprint(s), "guest") {
		t.Errorf("stats: %v, %v", s, err)
	}
}
