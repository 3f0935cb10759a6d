package notify_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/notify"
)

func TestHeldAndReleased(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), remark())
	all := h.crowd(tpl, 24)
	h.expect(h.sendAll(tpl, all, same), "map[accepted:20 held:4]")
	good(t, h.Mute(h.ctx(), all[22].User, string(tpl.App)))
	h.restart()
	n, err := h.ReleaseHeld(h.ctx(), tpl.ID)
	if good(t, err); n != 4 {
		t.Errorf("released %d", n)
	}
	if n := h.delivered(all); n != 23 || len(h.inbox(all[22].User)) != 0 {
		t.Errorf("after the release %d have come", n)
	}
	if _, err := h.DropHeld(h.ctx(), tpl.ID); err != nil || h.delivered(all) != 23 || len(h.held()) != 0 {
		t.Error("dropping took something back")
	}
	if page, next, err := h.HeldNotices(h.ctx(), "", 0); err != nil || len(page) != 0 || next != "" {
		t.Errorf("still listed: %v %q %v", page, next, err)
	}
	// What was released does not count towards a pause any more.
	h.advance(minute)
	h.expect(h.sendAll(tpl, h.crowd(tpl, 1), same), "map[held:1]")
	if f := h.floodsOf(tpl.ID); f[len(f)-1].held != 1 {
		t.Errorf("moderators were told %+v", f[len(f)-1])
	}
	for _, cursor := range []string{"x", string(tpl.ID), string(tpl.ID) + "/x", "/", "t-/" + uuid.NewString()} {
		_, _, err := h.HeldNotices(h.ctx(), cursor, 0)
		is(t, err, fault.BadRequest)
	}
}

// A new template's first fifty get theirs, the others half an hour later, unless
// somebody has reported it or it is stopped.
func TestPace(t *testing.T) {
	for _, against := range []string{"", "a report", "a pause", "a suspension"} {
		h := open(t)
		tpl := h.template(h.app(), queue())
		all := h.crowd(tpl, 56)
		h.advance(minute)
		h.expect(h.sendAll(tpl, all, func(int) with { return nil }), "map[accepted:50 held:6]")
		if held := h.held(); len(held) != 6 || held[0].Reason != "pace" || len(h.floodsOf(tpl.ID)) != 0 {
			t.Errorf("held: %+v", held)
		}
		switch against {
		case "a report":
			good(t, h.Report(h.ctx(), all[0].User, h.inbox(all[0].User)[0].Notice, "spam"))
		case "a pause":
			good(t, h.PauseTemplate(h.ctx(), tpl.ID, h.clock().Add(hour), "look"))
		}
		if against == "a suspension" {
			good(t, h.Suspend(h.ctx(), tpl.App, time.Time{}, "spam"))
		}
		h.advance(29 * minute)
		h.Sweep(h.ctx())
		if n := h.delivered(all); n != 50 {
			t.Errorf("%d came too early", n)
		}
		h.restart()
		h.advance(2 * minute)
		h.Sweep(h.ctx())
		came, left := h.delivered(all), len(h.held())
		if against == "" && (came != 56 || left != 0) || against != "" && (came != 50 || left != 6) {
			t.Errorf("with %q: %d came, %d are held", against, came, left)
		}
		if against != "" {
			_, err := h.ReleaseHeld(h.ctx(), tpl.ID)
			good(t, err)
			if n := h.delivered(all); n != 56 {
				t.Errorf("after the release %d have come", n)
			}
		}
	}
}

// A node that dies between spending a grant and listing what is held leaves it to
// the others; so does one that dies in a moderator's decision.
func TestHeldSurvivesAnything(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), remark())
	all := h.crowd(tpl, 22)
	h.expect(h.sendAll(tpl, all[:20], same), "map[accepted:20]")
	h.end()
	h.start(&failing{Store: h.store, parts: []string{"held"}})
	h.expect(h.sendAll(tpl, all[20:], same), "map[held:2]")
	if len(h.held()) != 0 || len(h.forgive()) != 2 {
		t.Error("nothing failed")
	}
	h.restart()
	h.advance(2 * minute)
	h.Sweep(h.ctx())
	if len(h.held()) != 2 || len(h.floodsOf(tpl.ID)) == 0 {
		t.Fatalf("held: %v, told: %v", h.held(), h.floodsOf(tpl.ID))
	}

	h.end()
	h.start(&failing{Store: h.store, parts: []string{"held", "notices"}, from: 2})
	if _, err := h.DropHeld(h.ctx(), tpl.ID); err == nil {
		t.Error("nothing failed")
	}
	h.restart()
	h.advance(minute)
	late := h.crowd(tpl, 1) // of which that moderator knew nothing
	h.expect(h.sendAll(tpl, late, same), "map[held:1]")
	h.advance(minute)
	h.Sweep(h.ctx())
	if len(h.held()) != 1 {
		t.Errorf("held: %v", h.held())
	}
	_, err := h.ReleaseHeld(h.ctx(), tpl.ID)
	good(t, err)
	if n := h.delivered(all); n != 20 || h.delivered(late) != 1 || len(h.held()) != 0 {
		t.Errorf("%d came, held: %v", n, h.held())
	}
}

// However long a pause is in coming, what is held has a bound.
func TestHeldHasABound(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), remark())
	h.Service = h.node(h, func(o *notify.Options) { o.HeldRefuses = 3 })
	all := h.crowd(tpl, 25)
	h.expect(h.sendAll(tpl, all, same), "map[accepted:20 broadcast_shape:2 held:3]")
}

// What is due is done while Run runs, and what was counted is stored when it ends.
func TestRun(t *testing.T) {
	h := open(t)
	tpl := h.template(h.app(), queue())
	all := h.crowd(tpl, 51)
	h.expect(h.sendAll(tpl, all, func(int) with { return nil }), "map[accepted:50 held:1]")
	h.advance(31 * minute)
	s := h.node(h, func(o *notify.Options) { o.SweepEvery = time.Millisecond })
	ctx, cancel := context.WithCancel(h.ctx())
	var run sync.WaitGroup
	run.Go(func() { s.Run(ctx) })
	for h.delivered(all) < 51 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	h.Service = s
	h.attempt(tpl, "gh1_x", nil)
	cancel()
	run.Wait()
	h.restart()
	stats, err := h.Stats(h.ctx(), tpl.App)
	if good(t, err); len(stats.Days) != 1 || stats.Days[0].Accepted != 1 || stats.Days[0].Refused["grant_invalid"] != 1 {
		t.Errorf("stored: %+v", stats)
	}
}
