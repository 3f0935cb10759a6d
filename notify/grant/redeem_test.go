package grant_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// I1, I2: one tap, one accept, one notice, with all that it should show.
func TestOnce(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		handle := h.mint(by, app, o)[0]
		got := h.handed(app)[0]
		if got.Scope != grant.Once || got.Left != 1 || got.Version != 1 || !got.ExpiresAt.After(h.clock()) {
			t.Fatalf("handed %+v", got)
		}
		answer, err := h.send(app, handle, spend(o))
		good(t, err)
		if answer.Status != grant.Accepted || !answer.Alert || answer.Left != 0 || answer.Replayed {
			t.Fatalf("answer %+v", answer)
		}
		for range 3 {
			_, err := h.send(app, handle, spend(o))
			want(t, "grant_consumed", err)
		}
		entries := h.inbox(by.User)
		if len(entries) != 1 || entries[0].Kind != "notice" || entries[0].From != id.Principal(app) || entries[0].Count != 1 {
			t.Fatalf("in the inbox: %+v", entries)
		}
		var body map[string]any
		good(t, json.Unmarshal(entries[0].Body, &body))
		wantBody := map[string]any{
			"notice": answer.Notice, "app": string(app), "app_name": appName, "template": string(o.Template), "title": o.Title, "page": "/queue", "alert": true,
			"data": map[string]any{"order": map[string]any{"code": "A17"}, "status": map[string]any{"enum": "called"}},
			"params": []any{
				map[string]any{"key": "status", "label": "STATUS", "type": "enum", "value": "called"},
				map[string]any{"key": "order", "label": "ORDER", "type": "code", "value": "A17"},
			},
		}
		if fmt.Sprint(body) != fmt.Sprint(wantBody) {
			t.Fatalf("got %v, want %v", body, wantBody)
		}
		if len(h.handed(app)) != 0 || len(h.grants(by.User)) != 0 {
			t.Fatal("a spent grant is still listed")
		}
		if r := h.lawful(); r.Notices != 1 || r.Entries != 1 || r.Grants != 1 {
			t.Fatalf("checked %+v", r)
		}
	})
}

// I4: of any number of redemptions of one use, on any nodes, exactly one wins.
func TestOneUseOnTwoNodes(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		handle := h.mint(by, app, o)[0]
		won, lost := h.storm(app, handle, spend(o), 200, func(int) string { return uuid.NewString() })
		if len(won) != 1 || lost["grant_consumed"] != 199 {
			t.Fatalf("%d won, others got %v", len(won), lost)
		}
		equal(t, h.shown(by.User), []string{won[0].Notice})
		h.lawful()
	})
}

// storm sends many times at once, from both nodes, and gives the answers and how
// many got which code.
func (h *house) storm(app id.App, handle string, s grant.Spend, times int, key func(int) string) (won []grant.Answer, lost map[string]int) {
	lost = map[string]int{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for i := range times {
		wait.Go(func() {
			answer, err := sendOn(h.ctx(), []*grant.Book{h.Book, h.second}[i%2], app, handle, key(i), s)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				lost[string(codeOf(err))]++
				return
			}
			won = append(won, answer)
		})
	}
	wait.Wait()
	return won, lost
}

// I4: the same key many times at once is one notice, and everybody hears of it.
func TestOneKeyOnTwoNodes(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), ride(id.NewTemplate(), "a17")
		handle := h.mint(by, app, o)[0]
		s := spend(o)
		s.State, s.Allowed = "cooking", []string{""}
		won, lost := h.storm(app, handle, s, 50, func(int) string { return "one key" })
		fresh := 0
		for _, a := range won {
			if !a.Replayed {
				fresh++
			}
			if a.Notice != won[0].Notice || a.Left != 4 || a.Alert != won[0].Alert || !a.ExpiresAt.Equal(won[0].ExpiresAt) {
				t.Fatalf("answers differ: %+v, %+v", a, won[0])
			}
		}
		if len(won) != 50 || fresh != 1 {
			t.Fatalf("%d answers, %d of them the first; others %v", len(won), fresh, lost)
		}
		equal(t, h.shown(by.User), []string{won[0].Notice})
		h.lawful()
	})
}

// What was answered is answered again, whatever has become of the grant.
func TestReplay(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		handle := h.mint(by, app, o, queue(o.Template, "b18"))
		first, err := sendOn(h.ctx(), h.Book, app, handle[0], "k", spend(o))
		good(t, err)
		good(t, h.Mute(h.ctx(), by.User, app))
		h.advance(10 * day)
		again, err := sendOn(h.ctx(), h.second, app, handle[0], "k", spend(o))
		good(t, err)
		if !again.Replayed || again.Notice != first.Notice || again.Alert != first.Alert || again.Left != first.Left {
			t.Fatalf("first %+v, again %+v", first, again)
		}
		other := spend(o)
		other.Page = "/queue?no=2"
		_, err = sendOn(h.ctx(), h.Book, app, handle[0], "k", other)
		want(t, "idempotency_mismatch", err)
		_, err = sendOn(h.ctx(), h.Book, app, handle[1], "k", spend(o)) // the key is of the app and the user
		want(t, "idempotency_mismatch", err)
		equal(t, h.shown(by.User), []string{first.Notice})
		h.lawful()
	})
}

// Two requests under one key that were both new when their grants were found: the
// second is told.
func TestOneKeyForTwoRequests(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		handles := h.mint(by, app, o, queue(o.Template, "b18"))
		one, err := h.Find(h.ctx(), app, handles[0], "k", [32]byte{1})
		good(t, err)
		two, err := h.second.Find(h.ctx(), app, handles[1], "k", [32]byte{2})
		good(t, err)
		_, _, err = h.Redeem(h.ctx(), one, spend(o))
		good(t, err)
		_, _, err = h.second.Redeem(h.ctx(), two, spend(o))
		want(t, "idempotency_mismatch", err)
		h.lawful()
	})
}

// A grant that was found, and is spent and put out of the way before it is
// redeemed, says the same as any spent one.
func TestMovedSinceItWasFound(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		handle := h.mint(by, app, o)[0]
		f, err := h.Find(h.ctx(), app, handle, "k", [32]byte{})
		good(t, err)
		good(t, f.Live(h.clock()))
		_, err = sendOn(h.ctx(), h.second, app, handle, "k2", spend(o))
		good(t, err)
		later, err := h.Find(h.ctx(), app, handle, "k3", [32]byte{})
		good(t, err)
		h.mint(by, app, queue(o.Template, "b18"))
		for _, f := range []*grant.Found{f, later} {
			_, _, err = h.Redeem(h.ctx(), f, spend(o))
			want(t, "grant_consumed", err)
		}
		_, err = h.send(app, handle, spend(o))
		want(t, "grant_consumed", err)
		h.lawful()
	})
}

// A key belongs to an app and a user: others may use the same.
func TestKeysOfOthers(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		o := queue(id.NewTemplate(), "a17")
		a, b, one, two := h.guest(), h.guest(), id.NewApp(), id.NewApp()
		for _, x := range []struct {
			by  grant.By
			app id.App
		}{{a, one}, {b, one}, {a, two}} {
			answer, err := sendOn(h.ctx(), h.Book, x.app, h.mint(x.by, x.app, o)[0], "k", spend(o))
			good(t, err)
			if answer.Replayed {
				t.Fatal("another's answer")
			}
		}
		h.lawful()
	})
}

func TestOnceExpires(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		s := h.sheet(by, app, o)
		good(t, h.decide(by, s, true))
		handle := h.handle(app, o.Template, o.Subject)
		other := h.mint(by, app, queue(o.Template, "b18"))[0]
		h.advance(s.Items[0].Until.Sub(h.clock()) - time.Millisecond)
		f, err := h.Find(h.ctx(), app, handle, "k", [32]byte{})
		good(t, err)
		good(t, f.Live(h.clock()))
		h.advance(time.Millisecond)
		for range 2 {
			_, err = h.send(app, handle, spend(o))
			want(t, "grant_expired", err)
		}
		_, err = h.send(app, other, spend(o)) // it is from a minute later
		good(t, err)
		h.advance(30 * day)
		_, err = h.send(app, handle, spend(o))
		want(t, "grant_expired", err)
		_, err = h.send(app, other, spend(o))
		want(t, "grant_consumed", err)
		if len(h.grants(by.User)) != 0 {
			t.Fatal("what has run out is listed")
		}
		h.lawful()
	})
}

// I2: a grant is for one version of one template.
func TestOtherTemplate(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		handle := h.mint(by, app, o)[0]
		s := spend(o)
		s.Version = 2
		_, err := h.send(app, handle, s)
		want(t, "grant_template_mismatch", err)
		s = spend(o)
		s.Template = id.NewTemplate()
		_, err = h.send(app, handle, s)
		want(t, "grant_template_mismatch", err)
		s.Template = "" // as an answer in a window would say
		_, err = h.send(app, handle, s)
		want(t, "grant_template_mismatch", err)
		if len(h.inbox(by.User)) != 0 {
			t.Fatal("I8: a refusal left an entry")
		}
		_, err = h.send(app, handle, spend(o))
		good(t, err)
		h.lawful()
	})
}

// Beyond three alerts a day from one app, and twenty from all, it stays silent.
func TestAlertCaps(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by := h.guest()
		alerts := 0
		for i := range 8 {
			app, o := id.NewApp(), queue(id.NewTemplate(), "")
			var offers []grant.Offer
			for j := range 4 {
				o.Subject = fmt.Sprint(j)
				offers = append(offers, o)
			}
			handles := append(h.mint(by, app, offers[:3]...), h.mint(by, app, offers[3:]...)...)
			for j, handle := range handles {
				answer, err := h.send(app, handle, spend(offers[j]))
				good(t, err)
				if answer.Alert {
					alerts++
				}
				if wantAlert := j < 3 && alerts <= 20; answer.Alert && !wantAlert || !answer.Alert && j < 3 && alerts < 20 {
					t.Fatalf("app %d, notice %d after %d alerts: %+v", i, j, alerts, answer)
				}
			}
		}
		if alerts != 20 || len(h.inbox(by.User)) != 32 {
			t.Fatalf("%d alerts, %d delivered", alerts, len(h.inbox(by.User)))
		}
		h.advance(day)
		app, o := id.NewApp(), queue(id.NewTemplate(), "next day")
		quiet := spend(o)
		quiet.Alert = false
		handles := h.mint(by, app, o, queue(o.Template, "quiet"))
		if answer, err := h.send(app, handles[0], spend(o)); err != nil || !answer.Alert {
			t.Fatal(answer, err)
		}
		if answer, err := h.send(app, handles[1], quiet); err != nil || answer.Alert {
			t.Fatal(answer, err)
		}
		h.lawful()
	})
}

// I5: when a mute has returned, nothing is accepted any more.
func TestMuteRacesSends(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		for range 20 {
			by, app, o := h.guest(), id.NewApp(), ride(id.NewTemplate(), "a17")
			handle := h.mint(by, app, o)[0]
			s := spend(o)
			s.State, s.Allowed = "on", []string{"", "on"}
			var wait sync.WaitGroup
			var mu sync.Mutex
			var muted bool
			late := 0
			for i := range 8 {
				wait.Go(func() {
					mu.Lock()
					after := muted
					mu.Unlock()
					_, err := sendOn(h.ctx(), []*grant.Book{h.Book, h.second}[i%2], app, handle, uuid.NewString(), s)
					if err == nil && after {
						mu.Lock()
						late++
						mu.Unlock()
					}
				})
				if i == 3 {
					wait.Go(func() {
						if err := h.second.Mute(h.ctx(), by.User, app); err != nil {
							t.Error(err)
						}
						mu.Lock()
						muted = true
						mu.Unlock()
					})
				}
			}
			wait.Wait()
			if late > 0 {
				t.Fatalf("%d were accepted after the mute", late)
			}
			_, err := h.send(app, handle, s)
			if c := codeOf(err); c != "grant_closed" && c != "grant_consumed" {
				t.Fatal(err)
			}
		}
		h.lawful()
	})
}
