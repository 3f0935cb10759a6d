package grant_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// step is a notice of one state that may follow some.
func step(o grant.Offer, state string, terminal bool, allowed ...string) grant.Spend {
	s := spend(o)
	s.State, s.Terminal, s.Allowed = state, terminal, allowed
	return s
}

func TestProgress(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), ride(id.NewTemplate(), "a17")
		h.delay = time.Hour // not for this scope
		handle := h.mint(by, app, o)[0]
		_, err := h.send(app, handle, step(o, "arrived", true, "on_the_way"))
		want(t, "state_illegal", err)
		for i, s := range []grant.Spend{step(o, "ordered", false, ""), step(o, "on_the_way", false, "ordered")} {
			answer, err := h.send(app, handle, s)
			good(t, err)
			if answer.Left != 4-i {
				t.Fatalf("step %d: %+v", i, answer)
			}
			_, err = h.send(app, handle, s)
			want(t, "state_illegal", err)
		}
		_, err = h.send(app, handle, step(o, "arrived", true, "on_the_way"))
		good(t, err)
		_, err = h.send(app, handle, step(o, "ordered", false, "arrived"))
		want(t, "grant_closed", err)
		if len(h.inbox(by.User)) != 3 || len(h.grants(by.User)) != 0 {
			t.Fatal(len(h.inbox(by.User)), h.grants(by.User))
		}
		h.lawful()
	})
}

func TestProgressSixth(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), ride(id.NewTemplate(), "a17")
		handle, before := h.mint(by, app, o)[0], ""
		for i := range 6 {
			state := fmt.Sprint(i)
			_, err := h.send(app, handle, step(o, state, false, before))
			before = state
			if i < 5 {
				good(t, err)
				continue
			}
			want(t, "grant_consumed", err)
		}
		h.lawful()
	})
}

func TestProgressLives(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		app, o := id.NewApp(), ride(id.NewTemplate(), "a17")
		o2 := o
		o2.Subject = "b18"
		by := h.guest()
		s := h.sheet(by, app, o, o2)
		good(t, h.decide(by, s, true))
		minted := h.clock()
		used, unused := h.handle(app, o.Template, "a17"), h.handle(app, o.Template, "b18")
		h.advance(minted.Add(5*time.Minute - time.Millisecond).Sub(h.clock()))
		answer, err := h.send(app, used, step(o, "1", false, ""))
		good(t, err)
		if !answer.ExpiresAt.Equal(h.clock().Add(day)) || answer.ExpiresAt.After(s.Items[0].Until) {
			t.Fatalf("it lives until %v, shown was %v", answer.ExpiresAt, s.Items[0].Until)
		}
		h.advance(time.Millisecond)
		_, err = h.send(app, unused, step(o2, "1", false, ""))
		want(t, "grant_not_activated", err)
		h.advance(day - 2*time.Millisecond)
		_, err = h.send(app, used, step(o, "2", false, "1"))
		good(t, err)
		h.advance(time.Millisecond)
		_, err = h.send(app, used, step(o, "3", false, "2"))
		want(t, "grant_expired", err)
		h.lawful()
	})
}

func TestStandingCadence(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), bus(id.NewTemplate(), "line 1")
		weekly := bus(o.Template, "line 2")
		weekly.Cadence = &grant.Cadence{Uses: 2, Per: "week"}
		handles := h.mint(by, app, o, weekly)
		for i := range 3 {
			answer, err := h.send(app, handles[0], spend(o))
			good(t, err)
			if answer.Left != 0 {
				t.Fatalf("%+v", answer)
			}
			for range 2 {
				_, err = h.send(app, handles[0], spend(o))
				want(t, "cadence", err)
			}
			_, err = h.send(app, handles[1], spend(weekly))
			want(t, []fault.Code{"", "", "cadence"}[i], err)
			h.advance(day - time.Millisecond)
			_, err = h.send(app, handles[0], spend(o))
			want(t, "cadence", err)
			h.advance(time.Millisecond)
		}
		h.advance(4 * day)
		_, err := h.send(app, handles[1], spend(weekly))
		good(t, err)
		h.advance(180 * day)
		_, err = h.send(app, handles[0], spend(o))
		want(t, "grant_expired", err)
		h.lawful()
	})
}

// After five in a row that stayed unread a standing grant closes by itself.
func TestStandingPausesUnread(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		reader, silent, app, o := h.guest(), h.guest(), id.NewApp(), bus(id.NewTemplate(), "line 1")
		mine, theirs := h.mint(silent, app, o)[0], h.mint(reader, app, bus(o.Template, "line 2"))[0]
		for i := range 12 {
			_, err := h.send(app, theirs, spend(o))
			good(t, err)
			if i%5 == 4 { // just in time
				h.mu.Lock()
				h.read[reader.User] = id.Seq(i + 1)
				h.mu.Unlock()
			}
			_, err = h.send(app, mine, spend(o))
			if i < 5 {
				good(t, err)
			} else {
				want(t, "grant_closed", err)
			}
			h.advance(day)
		}
		h.mu.Lock()
		h.read[silent.User] = 5
		h.mu.Unlock()
		_, err := h.send(app, mine, spend(o)) // reading it later does not revive it
		want(t, "grant_closed", err)
		if len(h.grants(silent.User)) != 0 {
			t.Fatal("a closed grant is listed")
		}
		_, err = h.send(app, h.mint(silent, app, o)[0], spend(o)) // asking does
		good(t, err)
		h.lawful()
	})
}

// What has not arrived has not been read.
func TestStandingPausesUndelivered(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), bus(id.NewTemplate(), "line 1")
		handle := h.mint(by, app, o)[0]
		h.read[by.User] = 100
		for i := range 6 {
			f, err := h.Find(h.ctx(), app, handle, fmt.Sprint(i), [32]byte{})
			good(t, err)
			_, _, err = h.Redeem(h.ctx(), f, spend(o))
			want(t, []fault.Code{"", "", "", "", "", "grant_closed"}[i], err)
			h.advance(day)
		}
		h.lawful()
	})
}

// The user writes, and the app may answer five times within two days.
func TestWindow(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app := h.guest(), id.NewApp()
		write := func() uuid.UUID {
			t.Helper()
			m := id.NewEntry(h.clock())
			good(t, h.Wrote(h.ctx(), by, app, appName, m, h.clock()))
			return m
		}
		window := func() grant.Handed {
			t.Helper()
			got := h.handed(app)
			if len(got) != 1 || got[0].Scope != grant.Window || got[0].Left != 5 || got[0].Template != "" {
				t.Fatalf("handed %+v", got)
			}
			return got[0]
		}
		reply := func(handle string) error {
			_, err := h.send(app, handle, answer("We are here"))
			return err
		}
		if len(h.handed(app)) != 0 {
			t.Fatal("a window before the user wrote")
		}
		first := write()
		w := window()
		for range 5 {
			good(t, reply(w.Handle))
		}
		want(t, "window_spent", reply(w.Handle))
		if len(h.handed(app)) != 0 {
			t.Fatal("a spent window is listed")
		}
		good(t, h.Wrote(h.ctx(), by, app, appName, first, h.clock())) // told again
		want(t, "window_spent", reply(w.Handle))
		write()
		if again := window(); again.Handle != w.Handle || again.Event == w.Event {
			t.Fatalf("first %+v, again %+v", w, again)
		}
		good(t, reply(w.Handle))
		good(t, h.Wrote(h.ctx(), by, app, appName, first, h.clock().Add(-2*time.Minute)))
		h.advance(2*day - 2*grant.Grace)
		good(t, reply(w.Handle))
		h.advance(2 * grant.Grace)
		want(t, "window_closed", reply(w.Handle))
		write()
		good(t, reply(w.Handle))
		_, err := h.send(app, w.Handle, spend(queue(id.NewTemplate(), ""))) // a notice is no answer
		want(t, "grant_template_mismatch", err)
		entries, err := h.store.Range(h.ctx(), id.ServiceStream(by.User, app), 1, 100)
		good(t, err)
		if len(entries) != 8 || entries[0].Kind != "text" || entries[0].From != id.Principal(app) || string(entries[0].Body) != `{"text":"We are here"}` {
			t.Fatalf("%d entries: %+v", len(entries), entries[0])
		}
		if len(h.inbox(by.User)) != 0 {
			t.Fatal("an answer is among the notices")
		}
		h.lawful()
	})
}

// A message that is told again, such as by a client that did not hear that it was
// stored, does not open the window that its user has closed since.
func TestOldMessageOpensNoWindow(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, m := h.guest(), id.NewApp(), id.NewEntry(h.clock())
		at := h.clock()
		good(t, h.Wrote(h.ctx(), by, app, appName, m, at))
		h.sweep()
		good(t, h.Mute(h.ctx(), by.User, app))
		good(t, h.Unmute(h.ctx(), by.User, app))
		good(t, h.Wrote(h.ctx(), by, app, appName, m, at))
		h.advance(2 * time.Minute)
		if len(h.handed(app)) != 0 || len(h.grants(by.User)) != 0 {
			t.Fatal("an old message opened a window")
		}
		good(t, h.Wrote(h.ctx(), by, app, appName, id.NewEntry(h.clock()), h.clock()))
		good(t, h.Wrote(h.ctx(), by, app, appName, id.NewEntry(at), at)) // whoever is late
		if got := h.grants(by.User); len(got) != 1 || got[0].Turn != 1 {
			t.Fatalf("%+v", got)
		}
	})
}

func answer(text string) grant.Spend {
	return grant.Spend{AppName: appName, Alert: true, Kind: "text", Body: json.RawMessage(fmt.Sprintf(`{"text":%q}`, text))}
}

// A block closes the window, and no message opens one until it is lifted.
func TestWindowOfABlockedApp(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app := h.guest(), id.NewApp()
		good(t, h.Wrote(h.ctx(), by, app, appName, id.NewEntry(h.clock()), h.clock()))
		handle := h.handed(app)[0].Handle
		good(t, h.Block(h.ctx(), by.User, app))
		_, err := h.send(app, handle, answer("wait"))
		want(t, "window_closed", err)
		good(t, h.Wrote(h.ctx(), by, app, appName, id.NewEntry(h.clock()), h.clock()))
		if len(h.handed(app)) != 0 {
			t.Fatal("handed to an app that is blocked")
		}
		good(t, h.Unblock(h.ctx(), by.User, app))
		_, err = h.send(app, handle, answer("wait"))
		want(t, "window_closed", err)
		good(t, h.Wrote(h.ctx(), by, app, appName, id.NewEntry(h.clock()), h.clock()))
		got := h.handed(app)
		if len(got) != 1 || got[0].Handle == handle {
			t.Fatalf("handed %+v", got)
		}
		_, err = h.send(app, got[0].Handle, answer("hello"))
		good(t, err)
		h.advance(2 * time.Minute) // what was owed for the blocked message is forgotten
		h.lawful()
	})
}
