package notify_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// writes has a user write to an app, and gives the window's handle.
func (h *house) writes(by grant.By, a id.App) string {
	h.t.Helper()
	known := map[string]bool{}
	for _, w := range h.windows(a) {
		known[w.Handle] = true
	}
	good(h.t, h.Wrote(h.ctx(), by, string(a), uuid.Must(uuid.NewV7()), h.clock()))
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		for _, w := range h.windows(a) {
			if !known[w.Handle] {
				return w.Handle
			}
		}
		if time.Now().After(end) {
			h.t.Fatal("no window")
		}
	}
}

func (h *house) windows(a id.App) (all []grant.Handed) {
	h.t.Helper()
	for after := ""; ; {
		items, next, err := h.Handed(h.ctx(), a, after, 200)
		good(h.t, err)
		for _, i := range items {
			if i.Scope == grant.Window {
				all = append(all, i)
			}
		}
		if len(items) == 0 {
			return all
		}
		after = next
	}
}

func (h *house) says(a id.App, window, text string, over with) string {
	h.t.Helper()
	body := with{"window": window, "kind": "text", "body": map[string]any{"text": text}, "idempotency_key": uuid.NewString()}
	for k, v := range over {
		if body[k] = v; v == nil {
			delete(body, k)
		}
	}
	raw, err := json.Marshal(body)
	good(h.t, err)
	before := h.traces()
	answer, err := h.Reply(h.ctx(), a, raw)
	if err == nil {
		return answer.Status
	}
	return h.traced(a, before, err)
}

func (h *house) heard(u id.User, a id.App) (texts []string) {
	h.t.Helper()
	entries, err := h.store.Range(h.ctx(), id.ServiceStream(u, a), 1, 1000)
	good(h.t, err)
	for _, e := range entries {
		var b struct{ Text string }
		good(h.t, json.Unmarshal(e.Body, &b))
		texts = append(texts, b.Text)
	}
	return texts
}

// Five answers to what the user wrote, for two days, and another five when they
// write again.
func TestReplies(t *testing.T) {
	h := open(t)
	a, user := h.app(), h.guest()
	window := h.writes(user, a)
	for i := range 5 {
		if got := h.says(a, window, fmt.Sprintf("Answer %d: see https://tea.example or call 030 1234567", i), nil); got != grant.Accepted {
			t.Errorf("answer %d: %s", i, got)
		}
	}
	if got := h.says(a, window, "more", nil); got != "window_spent" {
		t.Errorf("the sixth: %s", got)
	}
	good(t, h.Wrote(h.ctx(), user, string(a), uuid.Must(uuid.NewV7()), h.clock()))
	if got := h.says(a, window, "back", nil); got != grant.Accepted {
		t.Errorf("after another message: %s", got)
	}
	h.advance(2*day + minute)
	if got := h.says(a, window, "late", nil); got != "window_closed" {
		t.Errorf("beyond the window: %s", got)
	}
	if got := h.heard(user.User, a); len(got) != 6 || got[5] != "back" {
		t.Errorf("the user heard %q", got)
	}
	if n := h.inbox(user.User); len(n) != 0 {
		t.Errorf("answers are among the notices: %v", n)
	}
}

func TestUnfitReplies(t *testing.T) {
	h := open(t)
	a, b, user := h.app(), h.app(), h.guest()
	tpl := h.template(a, queue())
	notice, window := h.mint(user, tpl, "a"), h.writes(user, a)
	text := func(v any) with { return with{"body": v} }
	for _, c := range []struct {
		over with
		want string
	}{
		{with{"window": nil}, "bad_request"},
		{with{"window": ""}, "grant_invalid"},
		{with{"window": notice}, "grant_template_mismatch"},
		{with{"to": "x"}, "recipient_not_accepted"},
		{with{"openid": "x"}, "recipient_not_accepted"},
		{with{"more": 1}, "unknown_field"},
		{with{"idempotency_key": nil}, "idempotency_required"},
		{with{"kind": "image"}, "unknown_field"}, // its body has no text
		{with{"kind": "voice"}, "bad_request"},
		{with{"kind": "template"}, "bad_request"},
		{with{"kind": nil}, "bad_request"},
		{text(nil), "bad_request"},
		{text("hello"), "bad_request"},
		{text(map[string]any{}), "bad_request"},
		{text(map[string]any{"text": ""}), "bad_request"},
		{text(map[string]any{"text": " \n"}), "bad_request"},
		{text(map[string]any{"text": nil}), "bad_request"},
		{text(map[string]any{"text": "a", "user": "x"}), "recipient_not_accepted"},
		{text(map[string]any{"text": "a", "mentions": "x"}), "unknown_field"},
		{text(map[string]any{"text": strings.Repeat("x", 2001)}), "bad_request"},
		{text(map[string]any{"text": strings.Repeat("茶", 6000)}), "too_large"},
		{text(map[string]any{"text": "a\u202eb"}), "bad_request"},
		{text(map[string]any{"text": "a\x00b"}), "bad_request"},
	} {
		if got := h.says(a, window, "hello", c.over); got != c.want {
			t.Errorf("%v: %s, not %s", c.over, got, c.want)
		}
	}
	if got := h.says(b, window, "hello", nil); got != "grant_invalid" {
		t.Errorf("another app: %s", got)
	}
	if got := h.attempt(tpl, window, nil); got != "grant_template_mismatch" {
		t.Errorf("a notice in a window: %s", got)
	}
	good(t, h.Suspend(h.ctx(), a, time.Time{}, "look"))
	if got := h.says(a, window, "hello", nil); got != "app_suspended" {
		t.Errorf("a suspended app: %s", got)
	}
	h.resume(a)
	if got := h.says(a, window, strings.Repeat("茶", 2000)+"", nil); got != grant.Accepted {
		t.Errorf("the honest one: %s", got)
	}
	if got := h.says(a, window, "👩‍👩‍👧 is fine\nin two lines", nil); got != grant.Accepted {
		t.Errorf("the honest one: %s", got)
	}
	good(t, h.Block(h.ctx(), user.User, string(a)))
	if got := h.says(a, window, "hello", nil); got != "window_closed" {
		t.Errorf("of somebody who blocks it: %s", got)
	}
	is(t, h.Wrote(h.ctx(), user, "app-nothere", uuid.New(), h.clock()), fault.NotFound)
}

// The same in a hundred open windows is a broadcast too.
func TestAdvertInWindows(t *testing.T) {
	h := open(t)
	a := h.app()
	out := map[string]int{}
	var all []grant.By
	for i := range 100 {
		by := h.guest()
		all = append(all, by)
		out[h.says(a, h.writes(by, a), fmt.Sprintf("Fresh tea at half the price, only today! %c", '😀'+rune(i%50)), nil)]++
	}
	h.expect(out, "map[accepted:20 held:51 template_paused:29]")
	heard := 0
	for _, by := range all {
		heard += len(h.heard(by.User, a))
	}
	if heard != 20 {
		t.Errorf("%d heard it", heard)
	}
	held := h.held()
	if len(held) != 51 || held[0].App != a || held[0].Template != id.Template(a) {
		t.Fatalf("held: %d", len(held))
	}
	h.advance(3*hour + minute)
	if got := h.says(a, h.writes(h.guest(), a), "It opens at nine", nil); got != grant.Accepted {
		t.Errorf("after the pause: %s", got)
	}
	n, err := h.ReleaseHeld(h.ctx(), held[0].Template)
	if good(t, err); n != 51 {
		t.Errorf("released %d", n)
	}
	heard = 0
	for _, by := range all {
		heard += len(h.heard(by.User, a))
	}
	if heard != 71 {
		t.Errorf("after the release %d heard it", heard)
	}
	if len(h.floodsOf(notify.Template{}.ID)) != 0 {
		t.Error("a case about nothing")
	}
}

// Words that nobody reads do not make another text of it, in front or behind.
func TestAdvertInMuch(t *testing.T) {
	for before := range 10 {
		h := open(t)
		a := h.app()
		out := map[string]int{}
		for range 23 {
			var text strings.Builder
			for i := range 11 {
				if fmt.Fprintln(&text, babble()); i == before {
					fmt.Fprintln(&text, "Great shoes for the whole family have come to our shop in town, only today")
				}
			}
			out[h.says(a, h.writes(h.guest(), a), text.String(), nil)]++
		}
		h.expect(out, "map[accepted:20 held:3]")
	}
}

// What one says to everybody at the end of another answer is none.
func TestSignedAnswers(t *testing.T) {
	h := open(t)
	a := h.app()
	out := map[string]int{}
	for range 30 {
		out[h.says(a, h.writes(h.guest(), a), babble()+" "+babble()+" "+babble()+".\nKind regards, the Noodles team", nil)]++
	}
	h.expect(out, "map[accepted:30]")
}

// Whoever is written to by many answers many, with a new app too.
func TestManyWindows(t *testing.T) {
	h := open(t)
	a := h.app()
	out := map[string]int{}
	for range 60 {
		out[h.says(a, h.writes(h.guest(), a), babble(), nil)]++
	}
	h.expect(out, "map[accepted:60]")
}

func TestReplyReplayed(t *testing.T) {
	h := open(t)
	a, user := h.app(), h.guest()
	window, key := h.writes(user, a), with{"idempotency_key": "k"}
	for range 3 {
		if got := h.says(a, window, "hello", key); got != grant.Accepted {
			t.Errorf("the same: %s", got)
		}
	}
	if got := h.says(a, window, "Hello", key); got != "idempotency_mismatch" {
		t.Errorf("another text: %s", got)
	}
	if got := h.heard(user.User, a); len(got) != 1 {
		t.Errorf("the user heard %q", got)
	}
}
