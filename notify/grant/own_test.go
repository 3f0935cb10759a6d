package grant_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// What the user ends is over when it has returned, on every node, and to the app
// each way looks like the others. Other apps and users go on.
func TestWaysToEnd(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		ways := map[string]func(ctx context.Context, u id.User, a id.App) error{
			"mute": h.Mute, "block": h.Block, "openid": h.CloseAll,
			"revoke": func(ctx context.Context, u id.User, a id.App) error {
				for _, g := range h.grants(u) {
					if g.App == a {
						good(t, h.Revoke(ctx, u, string(g.ID)))
						good(t, h.Revoke(ctx, u, string(g.ID))) // again changes nothing
					}
				}
				return nil
			},
		}
		for name, end := range ways {
			by, bystander, app, other, template := h.guest(), h.guest(), id.NewApp(), id.NewApp(), id.NewTemplate()
			o, r := queue(template, "once-"+name), ride(template, "ride-"+name)
			handles := h.mint(by, app, o, r)
			_, err := h.send(app, handles[1], step(r, "1", false, ""))
			good(t, err)
			kept, theirs := h.mint(by, other, o)[0], h.mint(bystander, app, queue(template, "theirs-"+name))[0]
			good(t, end(h.ctx(), by.User, app))
			for _, b := range []*grant.Book{h.Book, h.second} {
				_, err := sendOn(h.ctx(), b, app, handles[0], uuid.NewString(), spend(o))
				want(t, "grant_closed", err)
				_, err = sendOn(h.ctx(), b, app, handles[1], uuid.NewString(), step(r, "2", false, "1"))
				want(t, "grant_closed", err)
			}
			if got := h.grants(by.User); len(got) != 1 || got[0].App != other {
				t.Fatalf("%s: still granted: %+v", name, got)
			}
			if got := h.handed(app); len(got) != 1 || got[0].Handle != theirs {
				t.Fatalf("%s: still handed: %+v", name, got)
			}
			_, err = h.send(other, kept, spend(o))
			good(t, err)
			_, err = h.send(app, theirs, spend(o))
			good(t, err)
			_, err = h.ask(by, app, o)
			want(t, map[string]fault.Code{"mute": "ask_silenced", "block": "ask_silenced"}[name], err)
			muted, blocked, err := h.second.Muted(h.ctx(), by.User, app)
			if err != nil || muted != (name == "mute") || blocked != (name == "block") {
				t.Fatal(name, muted, blocked, err)
			}
			good(t, h.Unmute(h.ctx(), by.User, app))
			good(t, h.Unblock(h.ctx(), by.User, app))
			_, err = h.send(app, handles[0], spend(o)) // lifting it revives nothing
			want(t, "grant_closed", err)
			_, err = h.send(app, h.mint(by, app, o)[0], spend(o))
			good(t, err)
		}
		h.lawful()
	})
}

// I5: a grant that its user takes back before the app's server may know it is never handed over.
func TestEndedWithinTheDelay(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		h.delay = 90 * time.Second
		by, control, app, template := h.guest(), h.guest(), id.NewApp(), id.NewTemplate()
		good(t, h.decide(by, h.sheet(by, app, queue(template, "mine")), true))
		good(t, h.decide(control, h.sheet(control, app, queue(template, "theirs")), true))
		grants := h.grants(by.User)
		if len(grants) != 1 {
			t.Fatal("the user does not see the grant at once")
		}
		h.advance(60 * time.Second)
		if got := h.handed(app); len(got) != 0 {
			t.Fatalf("handed too early: %+v", got)
		}
		good(t, h.Revoke(h.ctx(), by.User, string(grants[0].ID)))
		h.advance(40 * time.Second)
		if got := h.handed(app); len(got) != 1 || got[0].Subject != "theirs" {
			t.Fatalf("handed %+v", got)
		}
		if len(h.told) == 0 {
			t.Fatal("the app was not told")
		}
		for _, told := range h.told {
			if told.Subject != "theirs" || told.Event != h.told[0].Event {
				t.Fatalf("the app was told of %+v", told)
			}
		}
		h.lawful()
	})
}

// Stopping one notice closes all grants of its template, and no other.
func TestStop(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, template, other := h.guest(), id.NewApp(), id.NewTemplate(), id.NewTemplate()
		offers := []grant.Offer{queue(template, "1"), queue(template, "2"), queue(other, "3")}
		handles := h.mint(by, app, offers...)
		answer, err := h.send(app, handles[0], spend(offers[0]))
		good(t, err)
		want(t, "not_found", h.Stop(h.ctx(), h.guest().User, answer.Notice))
		want(t, "not_found", h.Stop(h.ctx(), by.User, "n-1"))
		good(t, h.Stop(h.ctx(), by.User, answer.Notice))
		_, err = h.send(app, handles[1], spend(offers[1]))
		want(t, "grant_closed", err)
		_, err = h.send(app, handles[0], spend(offers[0]))
		want(t, "grant_consumed", err)
		_, err = h.send(app, handles[2], spend(offers[2]))
		good(t, err)
		h.lawful()
	})
}

func TestWhy(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		s := h.sheet(by, app, o)
		tapped := h.clock()
		good(t, h.decide(by, s, true))
		answer, err := h.send(app, h.handle(app, o.Template, "a17"), spend(o))
		good(t, err)
		check := func() {
			t.Helper()
			n, g, err := h.Why(h.ctx(), by.User, answer.Notice)
			good(t, err)
			if n.App != app || n.Template != o.Template || n.Version != 1 || g.Act.Kind != "tap" || g.Act.Page != "/queue" || !g.Act.At.Equal(tapped) || g.Act.Device != "phone" {
				t.Fatalf("notice %+v, grant %+v", n, g)
			}
			if g.Sheet == nil || g.Sheet.AppName != appName || g.Sheet.Title != o.Title || fmt.Sprint(*g.Sheet) != fmt.Sprint(s.Items[0]) {
				t.Fatalf("the sheet as shown: %+v", g.Sheet)
			}
		}
		check()
		h.mint(by, app, queue(o.Template, "b18")) // the first grant goes out of the way
		check()
		_, _, err = h.Why(h.ctx(), h.guest().User, answer.Notice)
		want(t, "not_found", err)
		for _, name := range []string{"", "n-", answer.Notice + "A", answer.Notice[:len(answer.Notice)-1], strings.ToUpper(answer.Notice), answer.Notice[:30] + "A" + answer.Notice[31:]} {
			if name == answer.Notice {
				continue
			}
			_, _, err = h.Why(h.ctx(), by.User, name)
			want(t, "not_found", err)
			_, err = h.Notice(h.ctx(), app, name)
			want(t, "not_found", err)
		}
		_, err = h.Notice(h.ctx(), id.NewApp(), answer.Notice) // I7
		want(t, "not_found", err)
		n, err := h.Notice(h.ctx(), app, answer.Notice)
		good(t, err)
		if n.Status != grant.Accepted || h.Name(n) != answer.Notice {
			t.Fatalf("%+v", n)
		}
	})
}

func TestGrantsByPages(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, template := h.guest(), id.NewTemplate()
		for i := range 5 {
			app := id.NewApp()
			h.mint(by, app, queue(template, fmt.Sprint(i)), queue(template, fmt.Sprint(i, "b")))
			if i == 2 {
				good(t, h.Mute(h.ctx(), by.User, app))
			}
		}
		seen := map[id.Grant]bool{}
		cursor, pages := "", 0
		for {
			items, next, err := h.Grants(h.ctx(), by.User, cursor, 3)
			good(t, err)
			for _, g := range items {
				if seen[g.ID] {
					t.Fatal("a grant is listed twice")
				}
				seen[g.ID] = true
			}
			if pages++; next == "" {
				break
			}
			cursor = next
		}
		if len(seen) != 8 || pages > 4 {
			t.Fatalf("%d grants on %d pages", len(seen), pages)
		}
		_, _, err := h.Grants(h.ctx(), by.User, "app/nonsense", 3)
		want(t, "bad_request", err)
	})
}

// The list that an app's server reads loses and repeats nothing, and keeps its place.
func TestHandedByPages(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		app, o := id.NewApp(), queue(id.NewTemplate(), "")
		var handles []string
		for i := range 9 {
			o.Subject = fmt.Sprint(i)
			handles = append(handles, h.mint(h.guest(), app, o)[0])
		}
		for _, i := range []int{0, 4, 8} {
			_, err := h.send(app, handles[i], spend(o))
			good(t, err)
		}
		var got []string
		after := ""
		for {
			items, next, err := h.Handed(h.ctx(), app, after, 1)
			good(t, err)
			for _, x := range items {
				got = append(got, x.Subject)
			}
			if next == after {
				break
			}
			after = next
		}
		equal(t, got, []string{"1", "2", "3", "5", "6", "7"})
		for _, bad := range []string{"x", "-1", "01", "99999999999999999999"} {
			_, _, err := h.Handed(h.ctx(), app, bad, 1)
			want(t, "bad_request", err)
		}
		items, next, err := h.Handed(h.ctx(), id.NewApp(), "", 10) // I7: of another app there is nothing
		if err != nil || len(items) != 0 || next != "" {
			t.Fatal(items, next, err)
		}
	})
}

// Held notices come when they are released, or never; and never after their user
// has ended what they are of.
func TestHeld(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		o := queue(id.NewTemplate(), "a17")
		hold := func(app id.App) (grant.By, grant.Notice) {
			t.Helper()
			by := h.guest()
			s := spend(o)
			s.Hold = "shape"
			handle := h.mint(by, app, o)[0]
			answer, err := sendOn(h.ctx(), h.Book, app, handle, "k", s)
			good(t, err)
			if answer.Status != grant.Held || answer.Left != 0 {
				t.Fatalf("%+v", answer)
			}
			_, err = h.send(app, handle, s) // its use is spent
			want(t, "grant_consumed", err)
			again, err := sendOn(h.ctx(), h.second, app, handle, "k", s)
			if err != nil || !again.Replayed || again.Status != grant.Held {
				t.Fatal(again, err)
			}
			n, err := h.Notice(h.ctx(), app, answer.Notice)
			good(t, err)
			_, _, err = h.Why(h.ctx(), by.User, answer.Notice)
			want(t, "not_found", err)
			h.sweep()
			if len(h.inbox(by.User)) != 0 {
				t.Fatal("a held notice was delivered")
			}
			return by, n
		}
		by, n := hold(id.NewApp())
		for range 2 {
			good(t, h.Release(h.ctx(), by.User, n.ID))
			equal(t, h.shown(by.User), []string{h.Name(n)})
			good(t, h.Drop(h.ctx(), by.User, n.ID)) // too late
		}
		by, n = hold(id.NewApp())
		for range 2 {
			good(t, h.Drop(h.ctx(), by.User, n.ID))
			good(t, h.Release(h.ctx(), by.User, n.ID)) // too late
			if len(h.inbox(by.User)) != 0 {
				t.Fatal("a dropped notice was delivered")
			}
		}
		want(t, "not_found", h.Release(h.ctx(), by.User, uuid.New()))
		ends := []func(u id.User, a id.App) error{
			func(u id.User, a id.App) error { return h.Mute(h.ctx(), u, a) },
			func(u id.User, a id.App) error { return h.Block(h.ctx(), u, a) },
			func(u id.User, a id.App) error { return h.CloseAll(h.ctx(), u, a) },
			func(u id.User, a id.App) error {
				good(t, h.Mute(h.ctx(), u, a))
				return h.Unmute(h.ctx(), u, a)
			},
			func(u id.User, a id.App) error {
				answer, err := h.send(a, h.mint(grant.By{User: u, Session: "s"}, a, o)[0], spend(o))
				good(t, err)
				return h.Stop(h.ctx(), u, answer.Notice)
			},
		}
		for i, end := range ends {
			app := id.NewApp()
			by, n := hold(app)
			good(t, end(by.User, app))
			good(t, h.Release(h.ctx(), by.User, n.ID))
			h.sweep()
			if got := len(h.inbox(by.User)); got != i/4 {
				t.Fatalf("way %d: %d notices delivered", i, got)
			}
		}
		h.lawful()
	})
}

// A notice that was held rings, or not, as the day has it on which it comes.
func TestHeldAlerts(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "0")
		s := spend(o)
		s.Hold = "pace"
		answer, err := h.send(app, h.mint(by, app, o)[0], s)
		good(t, err)
		n, err := h.Notice(h.ctx(), app, answer.Notice)
		good(t, err)
		ring := func(subject string) bool {
			t.Helper()
			o.Subject = subject
			answer, err := h.send(app, h.mint(by, app, o)[0], spend(o))
			good(t, err)
			return answer.Alert
		}
		if got := []bool{ring("1"), ring("2")}; !got[0] || !got[1] {
			t.Fatal(got)
		}
		good(t, h.Release(h.ctx(), by.User, n.ID)) // its own alert is kept for it
		h.advance(day)
		n2, err := h.Notice(h.ctx(), app, answer.Notice)
		good(t, err)
		if !n2.Alert || !ring("3") {
			t.Fatal("it does not ring")
		}
		if ring("4") != true || ring("5") != true {
			t.Fatal("the day after does not ring")
		}
		h.lawful()
	})
}
