package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/stream"
)

// A shelf is what people have uploaded, and which answers carry it.
type shelf struct {
	mu      sync.Mutex
	uploads map[id.Media]upload
	carried map[id.Media][]string
	carries func(carrier string) error // asked first, if there is one
	doubted []id.Media
}

type upload struct {
	owner        id.User
	digest, look string
}

func (s *shelf) put(u upload) id.Media {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := id.NewMedia()
	s.uploads[m] = u
	return m
}

func (s *shelf) Enclosed(_ context.Context, u id.User, _ stream.Kind, body []byte) (notify.Medium, error) {
	var b struct {
		Media id.Media `json:"media"`
		Width *int     `json:"width"`
		Name  *string  `json:"name"`
	}
	if err := json.Unmarshal(body, &b); err != nil || b.Width == nil && b.Name == nil {
		return notify.Medium{}, fault.BadRequest
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	of, there := s.uploads[b.Media]
	if !there || of.owner != u {
		return notify.Medium{}, fault.NotFound
	}
	return notify.Medium{ID: b.Media, Body: body, Digest: of.digest, Look: of.look}, nil
}

func (s *shelf) Carry(_ context.Context, m id.Media, carrier string) error {
	if s.carries != nil {
		if err := s.carries(carrier); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.carried[m], carrier) {
		s.carried[m] = append(s.carried[m], carrier)
	}
	return nil
}

func (s *shelf) Doubt(_ context.Context, m id.Media) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.doubted = append(s.doubted, m)
	return nil
}

// sees tells who of some people may read a medium, by any of its carriers.
func (h *house) sees(m id.Media, people ...grant.By) (who []id.User) {
	h.t.Helper()
	for _, by := range people {
		for _, c := range h.shelf.carried[m] {
			ok, err := h.MayRead(h.ctx(), by.User, c, m)
			if good(h.t, err); ok {
				who = append(who, by.User)
			}
		}
	}
	return who
}

// kept tells whether anything carries a medium.
func (h *house) kept(m id.Media) bool {
	h.t.Helper()
	for _, c := range h.shelf.carried[m] {
		ok, err := h.Carries(h.ctx(), c, m)
		if good(h.t, err); ok {
			return true
		}
	}
	return false
}

func picture(m id.Media, caption string) with {
	body := map[string]any{"media": m, "width": 4, "height": 3}
	if caption != "" {
		body["caption"] = caption
	}
	return with{"kind": "image", "body": body}
}

func file(m id.Media, name string) with {
	return with{"kind": "file", "body": map[string]any{"media": m, "name": name, "size": 10}}
}

func digestOf(n int) string {
	return strings.Repeat(fmt.Sprintf("%016x", 0x9e3779b97f4a7c15*uint64(n+1)), 4)
}

// What the developer has uploaded can be an answer. It is noted before there is an
// entry, and read by the one it was sent to.
func TestPictureInAWindow(t *testing.T) {
	h := open(t)
	a, user, other := h.app("dev"), h.guest(), h.guest()
	window := h.writes(user, a)
	h.writes(other, a)
	tea, bill := h.shelf.put(upload{"dev", digestOf(1), "00ff00ff00ff"}), h.shelf.put(upload{"dev", digestOf(2), ""})
	if h.shelf.carries = func(string) error {
		if n := len(h.heard(user.User, a)); n != 0 {
			t.Errorf("%d entries were there before the note", n)
		}
		return nil
	}; h.says(a, window, "", picture(tea, "Our tea")) != grant.Accepted {
		t.Fatal("the picture")
	}
	h.shelf.carries = nil
	if h.says(a, window, "", file(bill, "bill.pdf")) != grant.Accepted {
		t.Fatal("the file")
	}
	entries, err := h.store.Range(h.ctx(), id.ServiceStream(user.User, a), 1, 10)
	if good(t, err); len(entries) != 2 || entries[0].Kind != "image" || entries[1].Kind != "file" || !strings.Contains(string(entries[0].Body), `"caption":"Our tea"`) {
		t.Fatalf("the conversation has %+v", entries)
	}
	for _, m := range []id.Media{tea, bill} {
		if got := h.sees(m, user, other); !slices.Equal(got, []id.User{user.User}) || !h.kept(m) {
			t.Errorf("%s is seen by %v", m, got)
		}
	}
	carrier := h.shelf.carried[tea][0]
	if ok, err := h.MayRead(h.ctx(), user.User, carrier, bill); err != nil || ok {
		t.Error("a carrier carries another medium", err)
	}
	for _, c := range []string{"", "/", string(user.User), string(user.User) + "/", string(user.User) + "/user", string(user.User) + "/key/x"} {
		if ok, err := h.MayRead(h.ctx(), user.User, c, tea); err != nil || ok {
			t.Errorf("the carrier %q: %v %v", c, ok, err)
		}
	}
	if left := h.windows(a)[0].Left; left != 3 {
		t.Errorf("%d answers are left", left)
	}
}

// The same again is the same answer, also when its medium is gone by then.
func TestPictureReplayed(t *testing.T) {
	h := open(t)
	a, user := h.app("dev"), h.guest()
	window, tea := h.writes(user, a), h.shelf.put(upload{"dev", digestOf(1), ""})
	key := with{"idempotency_key": "k"}
	say := func(over with) string { maps.Copy(over, key); return h.says(a, window, "", over) }
	for range 2 {
		if got := say(picture(tea, "Tea")); got != grant.Accepted {
			t.Errorf("the same: %s", got)
		}
	}
	if len(h.shelf.carried[tea]) != 1 {
		t.Errorf("noted as %v", h.shelf.carried[tea])
	}
	raw := json.RawMessage(fmt.Sprintf(`{ "height":3.0, "width":4e0, "media":%q, "caption":"\u0054ea" }`, tea))
	if got := say(with{"kind": "image", "body": raw}); got != grant.Accepted {
		t.Errorf("the same in another spelling: %s", got)
	}
	delete(h.shelf.uploads, tea)
	if got := say(picture(tea, "Tea")); got != grant.Accepted {
		t.Errorf("the same when it is gone: %s", got)
	}
	for _, other := range []with{picture(tea, "Cup"), picture(tea, ""), picture(id.NewMedia(), "Tea"), file(tea, "Tea")} {
		if got := say(other); got != "idempotency_mismatch" {
			t.Errorf("%v: %s", other, got)
		}
	}
	if n := len(h.heard(user.User, a)); n != 1 || h.windows(a)[0].Left != 4 {
		t.Errorf("the user heard %d", n)
	}
}

// Whose a medium is, and whether there is one, is not told by a refusal, which costs nothing.
func TestPicturesOfOthers(t *testing.T) {
	h := open(t)
	a, user := h.app("dev"), h.guest()
	window := h.writes(user, a)
	theirs, rivals := h.shelf.put(upload{user.User, digestOf(1), ""}), h.shelf.put(upload{"rival", digestOf(2), ""})
	var first *fault.Fault
	for _, m := range []id.Media{theirs, rivals, id.NewMedia(), "m-nothing", "x", "../" + theirs, "m-" + id.Media(strings.Repeat("a", 300))} {
		for _, over := range []with{picture(m, ""), file(m, "tea.pdf")} {
			body, err := json.Marshal(with{"window": window, "kind": over["kind"], "body": over["body"], "idempotency_key": string(m[:1]) + "k"})
			good(t, err)
			_, err = h.Reply(h.ctx(), a, body)
			f := fault.From(err)
			if first == nil {
				first = f
			}
			if f.Code != fault.BadRequest.Code || f.Message != first.Message || !slices.Equal(f.Fields, first.Fields) || f.Fields[0].Pointer != "/body/media" {
				t.Errorf("%s is answered %+v, the first %+v", m, f, first)
			}
		}
	}
	mine := h.shelf.put(upload{"dev", digestOf(1), ""})
	for _, c := range []struct {
		over with
		want string
	}{
		{picture(mine, strings.Repeat("x", 2001)), "bad_request"},
		{picture(mine, "a\u202eb"), "bad_request"},
		{picture(mine, " \n"), "bad_request"},
		{with{"kind": "image", "body": map[string]any{"media": mine}}, "bad_request"},
		{with{"kind": "image", "body": map[string]any{"media": mine, "name": "x"}}, "unknown_field"},
		{with{"kind": "file", "body": map[string]any{"media": mine, "caption": "x"}}, "unknown_field"},
		{with{"kind": "image", "body": map[string]any{"media": mine, "width": 1, "height": 1, "user": "x"}}, "recipient_not_accepted"},
		{with{"kind": "image", "body": json.RawMessage(`{"media":"a","media":"b"}`)}, "bad_request"},
		{with{"kind": "video", "body": map[string]any{"media": mine, "width": 1, "height": 1, "duration_ms": 1}}, "unknown_field"},
	} {
		if got := h.says(a, window, "", c.over); got != c.want {
			t.Errorf("%v: %s, not %s", c.over, got, c.want)
		}
	}
	if w := h.windows(a); w[0].Left != 5 || len(h.shelf.carried) != 0 || len(h.heard(user.User, a)) != 0 {
		t.Errorf("%d answers are left, noted %v", w[0].Left, h.shelf.carried)
	}
	// It was forgotten between the look and the note.
	h.shelf.carries = func(string) error { return fault.NotFound }
	if got := h.says(a, window, "", picture(mine, "")); got != "bad_request" || h.windows(a)[0].Left != 5 {
		t.Errorf("a forgotten one: %s", got)
	}
}

// The same picture to many is a broadcast: with another caption each time, uploaded
// anew, made smaller or marked. Pictures of different things are none.
func TestPicturesInManyWindows(t *testing.T) {
	for name, c := range map[string]struct {
		show func(h *house, i int) with
		want string
	}{
		"the same": {func(h *house, i int) with {
			return picture(h.shelf.put(upload{"dev", digestOf(1), "0f0f0f0f0f0f"}), babble())
		}, "map[accepted:20 held:10]"},
		"marked": {func(h *house, i int) with {
			return picture(h.shelf.put(upload{"dev", digestOf(i), fmt.Sprintf("%012x", 0x35a7c9e1b264^1<<(i%48)^1<<(i*7%48)^1<<(i*5%48))}), "")
		}, "map[accepted:20 held:10]"},
		"with the same words": {func(h *house, i int) with {
			return picture(h.shelf.put(upload{"dev", digestOf(i), ""}), "Great shoes in town, only today")
		}, "map[accepted:20 held:10]"},
		"the same file": {func(h *house, i int) with {
			return file(h.shelf.put(upload{"dev", digestOf(1), ""}), fmt.Sprintf("%d.pdf", i))
		}, "map[accepted:20 held:10]"},
		"a file that says it": {func(h *house, i int) with {
			return file(h.shelf.put(upload{"dev", digestOf(i), ""}), "Great shoes in town.pdf")
		}, "map[accepted:20 held:10]"},
		"one upload, as it was long ago": {func() func(h *house, i int) with {
			var m id.Media
			return func(h *house, i int) with {
				if i == 0 {
					m = h.shelf.put(upload{owner: "dev"})
				}
				return picture(m, babble())
			}
		}(), "map[accepted:20 held:10]"},
		"others": {func(h *house, i int) with {
			return picture(h.shelf.put(upload{"dev", digestOf(i), fmt.Sprintf("%012x", 0x9e3779b97f4a7c15*uint64(i+1)>>16)}), babble())
		}, "map[accepted:30]"},
		"bills": {func(h *house, i int) with { return file(h.shelf.put(upload{"dev", digestOf(i), ""}), "bill.pdf") }, "map[accepted:30]"},
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t)
			a := h.app("dev")
			out := map[string]int{}
			for i := range 30 {
				out[h.says(a, h.writes(h.guest(), a), "", c.show(h, i))]++
			}
			h.expect(out, c.want)
		})
	}
}

// A picture that is held is kept, and seen by nobody before it is released.
func TestHeldPictures(t *testing.T) {
	h := open(t)
	a := h.app("dev")
	m := h.shelf.put(upload{"dev", digestOf(1), ""})
	var all []grant.By
	for range 22 {
		by := h.guest()
		all = append(all, by)
		h.says(a, h.writes(by, a), "", picture(m, ""))
	}
	late := h.shelf.put(upload{"dev", digestOf(1), ""})
	last := h.guest()
	if got := h.says(a, h.writes(last, a), "", picture(late, "")); got != grant.Held {
		t.Fatal(got)
	}
	if got := h.sees(m, all...); len(got) != 20 {
		t.Errorf("%d see it", len(got))
	}
	if got := h.sees(late, last); len(got) != 0 || !h.kept(late) {
		t.Errorf("what is held is seen by %v, kept %v", got, h.kept(late))
	}
	h.advance(9 * day)
	n, err := h.ReleaseHeld(h.ctx(), id.Template(a))
	if good(t, err); n != 3 || len(h.sees(late, last)) != 1 || len(h.sees(m, all...)) != 22 {
		t.Errorf("released %d, then %v", n, h.sees(late, last))
	}
	gone, loser := h.shelf.put(upload{"dev", digestOf(7), ""}), h.guest()
	for range 21 {
		h.says(a, h.writes(h.guest(), a), "", picture(gone, ""))
	}
	dropped := h.shelf.put(upload{"dev", digestOf(7), ""})
	if got := h.says(a, h.writes(loser, a), "", picture(dropped, "")); got != grant.Held {
		t.Fatal(got)
	}
	if len(h.shelf.doubted) > 0 {
		t.Errorf("let go of %v, and nothing was dropped", h.shelf.doubted)
	}
	if _, err := h.DropHeld(h.ctx(), id.Template(a)); err != nil || h.kept(dropped) || len(h.sees(dropped, loser)) != 0 {
		t.Errorf("what was dropped is kept, %v", err)
	}
	if got := h.shelf.doubted; len(got) != 2 || !slices.Contains(got, gone) || !slices.Contains(got, dropped) {
		t.Errorf("let go of %v, not of %v and %v", h.shelf.doubted, gone, dropped)
	}
}

// A node that dies between the note and the redemption leaves a note that leads
// nowhere, until the same is sent again.
func TestKilledBetweenNoteAndAnswer(t *testing.T) {
	h := open(t)
	a, user := h.app("dev"), h.guest()
	window, m := h.writes(user, a), h.shelf.put(upload{"dev", digestOf(1), ""})
	say := picture(m, "Tea")
	say["idempotency_key"], say["window"] = "k", window
	raw, err := json.Marshal(say)
	good(t, err)
	h.end()
	h.start(&failing{Store: h.store, parts: []string{"notices/"}})
	_, err = h.Reply(h.ctx(), a, raw)
	is(t, err, grant.ErrBusy)
	if len(h.shelf.carried[m]) != 1 || h.kept(m) || len(h.sees(m, user)) != 0 {
		t.Errorf("noted %v, kept %v", h.shelf.carried[m], h.kept(m))
	}
	h.restart()
	if got, err := h.Reply(h.ctx(), a, raw); err != nil || got.Replayed || len(h.shelf.carried[m]) != 1 || len(h.sees(m, user)) != 1 {
		t.Errorf("again: %+v, %v, noted %v", got, err, h.shelf.carried[m])
	}
	for _, err := range h.forgive() {
		if !errors.Is(err, fault.Unavailable) {
			t.Error(err)
		}
	}
}
