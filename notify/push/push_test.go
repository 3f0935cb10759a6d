package push_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/push"
	"github.com/teahouse-im/teahouse/stream"
)

func TestMessageWakesWhoSleeps(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	h.subscribe("alice", "d1")
	e := h.text(direct, "alice", "First flush is here")
	got := h.one() // bob's: nobody is pushed what they wrote
	want := push.Message{
		Type: "message", Tag: got.Tag, Stream: string(direct), Seq: e.Seq, Title: "Alice", Text: "First flush is here", Count: 1, URL: "/chats/d-alice~bob",
	}
	if got.Message != want {
		t.Errorf("%+v, want %+v", got.Message, want)
	}
	if got.Header.Get("Urgency") != "high" || got.Header.Get("TTL") != "86400" || got.Bytes%512 != 86+16 {
		t.Errorf("headers %v, %d bytes", got.Header, got.Bytes)
	}
}

func TestOnlySleepingDevices(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	phone := h.subscribe("bob", "d2")
	h.set(func() { h.live["bob"] = []id.Device{"d1"} })
	h.text(direct, "alice", "hello")
	if got := h.one(); !strings.HasSuffix(phone.Endpoint, got.Endpoint) {
		t.Errorf("pushed to %s", got.Endpoint)
	}
	h.set(func() { h.live["bob"] = []id.Device{"d1", "d2"} })
	h.text(direct, "alice", "hello again")
	h.none("all devices are live")
	h.set(func() { h.live["bob"] = nil })
	h.text(direct, "alice", "and again")
	if n := len(h.pushed()); n != 2 {
		t.Errorf("%d pushes to two sleeping devices", n)
	}
}

func TestManyCollapse(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	for i := range 100 {
		h.text(direct, "alice", fmt.Sprint("line ", i))
	}
	first := h.one()
	if first.Count != 100 || first.Text != "line 99" {
		t.Errorf("%+v", first.Message)
	}
	h.text(direct, "alice", "one more")
	if next := h.one(); next.Tag != first.Tag || next.Count != 101 {
		t.Errorf("%+v does not take the place of %+v", next.Message, first.Message)
	}
	h.text("d-bob~cat", "cat", "hi")
	if next := h.one(); next.Tag == first.Tag {
		t.Error("two conversations share a tag")
	}
}

func TestReadElsewhereWithdraws(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	e := h.text(direct, "alice", "hello")
	shown := h.one()

	two := h.node() // on which it is read
	h.set(func() { h.read["bob "+string(direct)] = e.Seq })
	two.Read("bob", direct, e.Seq)
	got := h.pushed(two)
	if len(got) != 1 || got[0].Type != "withdraw" || got[0].Tag != shown.Tag || got[0].Text != "" {
		t.Fatalf("%+v", got)
	}
	two.Read("bob", direct, e.Seq)
	if got := h.pushed(two); len(got) != 0 {
		t.Errorf("withdrawn twice: %+v", got)
	}
	h.Entry(e) // late
	h.none("it was read")
}

func TestReadOfLessWithdrawsNothing(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	h.text(direct, "alice", "one")
	e := h.text(direct, "alice", "two")
	h.one()
	h.Read("bob", direct, e.Seq-1)
	h.none("the newest is unread")
}

func TestReadOfOneLeavesTheOthers(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	h.text("d-bob~cat", "cat", "hi")
	h.one()
	h.text(direct, "alice", "one")
	e := h.text(direct, "alice", "two")
	mine := h.one()
	h.Read("bob", direct, e.Seq)
	if got := h.one(); got.Tag != mine.Tag {
		t.Errorf("%+v", got.Message)
	}
}

func TestReadBeforeItIsPushed(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	e := h.text(direct, "alice", "hello")
	h.Read("bob", direct, e.Seq)
	h.none("it was read at once")
}

func TestOwnAnswerWithdraws(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	h.text(direct, "alice", "hello")
	h.one()
	h.text(direct, "bob", "hello yourself")
	if got := h.one(); got.Type != "withdraw" {
		t.Errorf("%+v", got.Message)
	}
}

func TestRecalledIsNotPushed(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	e := h.text(direct, "alice", "a secret")
	good(t, h.store.Redact(h.ctx, direct, e.Seq, stream.Recalled, stream.RedactedBody)) // on another node
	h.none("it was recalled before it was looked at")

	e = h.text(direct, "alice", "another secret")
	h.set(func() {
		h.pause = func() { _ = h.store.Redact(h.ctx, direct, e.Seq, stream.Recalled, stream.RedactedBody) }
	})
	h.none("it was recalled before it was sent")
}

func TestRecallWithdraws(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	e := h.text(direct, "alice", "a secret")
	shown := h.one()
	good(t, h.store.Redact(h.ctx, direct, e.Seq, stream.Recalled, stream.RedactedBody))
	h.append(direct, "alice", "recall", fmt.Sprintf(`{"seq":%d}`, e.Seq))
	if got := h.one(); got.Type != "withdraw" || got.Tag != shown.Tag {
		t.Errorf("%+v", got.Message)
	}
}

func TestMutedUnlessMentioned(t *testing.T) {
	h := open(t, nil)
	h.rosters[group] = []id.User{"alice", "bob", "cat"}
	h.subscribe("bob", "d1")
	h.set(func() { h.muted["bob "+string(group)] = true })
	h.text(group, "alice", "chatter")
	h.none("the group is muted")
	e := h.append(group, "alice", "text", `{"text":"bob, look","mentions":["bob"]}`)
	h.text(group, "cat", "more chatter")
	if got := h.one(); got.Seq != e.Seq || got.Title != "Tasting" || got.Text != "Alice: bob, look" || got.Header.Get("Urgency") != "high" {
		t.Errorf("%+v %v", got.Message, got.Header)
	}
	h.append(group, "alice", "text", `{"text":"everybody","mentions":["@all"]}`)
	h.one()
}

func TestGroupWakesItsMembersOnly(t *testing.T) {
	h := open(t, nil)
	h.rosters[group] = []id.User{"alice", "bob", "cat"}
	for _, u := range []id.User{"alice", "bob", "cat", "dan"} {
		h.subscribe(u, "d1")
	}
	h.text(group, "alice", "tea?")
	if n := len(h.pushed()); n != 2 {
		t.Errorf("%d pushes, want bob's and cat's", n)
	}
	h.append(group, "alice", "member", `{"action":"add","users":["eve"],"by":"alice"}`)
	h.none("no message")
}

func TestQuietHours(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	_, err := h.ChangeSettings(h.ctx, "bob", push.SettingsChange{Quiet: &push.Quiet{From: 22 * 60, To: 7 * 60, Zone: "Europe/Berlin"}})
	good(t, err)
	h.text(direct, "alice", "noon")
	e := h.one()
	h.set(func() { h.now = time.Date(2026, 5, 1, 20, 0, 0, 0, time.UTC) }) // 22:00 in Berlin
	h.text(direct, "alice", "late")
	h.none("it is quiet")
	h.Read("bob", direct, e.Seq)
	if got := h.one(); got.Type != "withdraw" { // makes no sound
		t.Errorf("%+v", got.Message)
	}
	h.set(func() { h.now = time.Date(2026, 5, 2, 5, 0, 0, 0, time.UTC) }) // 7:00
	h.text(direct, "alice", "morning")
	h.one()
	if _, err = h.ChangeSettings(h.ctx, "bob", push.SettingsChange{Always: true}); err != nil {
		t.Fatal(err)
	}
	h.set(func() { h.now = time.Date(2026, 5, 2, 22, 0, 0, 0, time.UTC) })
	h.text(direct, "alice", "midnight")
	h.one()
}

func TestWhatIsShown(t *testing.T) {
	h := open(t, nil)
	h.rosters[group] = []id.User{"alice", "bob"}
	h.subscribe("bob", "d1")
	for _, c := range []struct {
		show        string
		st          id.Stream
		title, text string
	}{
		{push.ShowAll, group, "Tasting", "Alice: secret"},
		{push.ShowSender, group, "Tasting", "New message"},
		{push.ShowSender, direct, "Alice", "New message"},
		{push.ShowNothing, direct, "Teahouse", "New message"},
		{push.ShowNothing, group, "Teahouse", "New message"},
	} {
		_, err := h.ChangeSettings(h.ctx, "bob", push.SettingsChange{Show: &c.show})
		good(t, err)
		h.text(c.st, "alice", "secret")
		if got := h.one(); got.Title != c.title || got.Text != c.text || got.Stream != string(c.st) {
			t.Errorf("%s: %+v", c.show, got.Message)
		}
	}
}

func TestPersonalStreams(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	moments, contacts := id.PersonalStream(id.Moments, "bob"), id.PersonalStream(id.Contacts, "bob")
	for _, c := range []struct {
		st                  id.Stream
		kind, body          string
		title, text, urgent string
	}{
		{moments, "like", `{"post":"p","user":"alice"}`, "Alice", "likes your moment", "low"},
		{moments, "comment", `{"post":"p","id":"1","user":"cat","text":"nice"}`, "Cat", "nice", "low"},
		{moments, "mention", `{"post":"p","user":"dan"}`, "Dan", "mentioned you in a moment", "low"},
		{contacts, "request", `{"from":"eve","greeting":"hi"}`, "Eve", "wants to be your friend: hi", "normal"},
	} {
		h.append(c.st, "alice", c.kind, c.body)
		got := h.one()
		if got.Title != c.title || got.Text != c.text || got.Stream != c.st.Name() || got.Header.Get("Urgency") != c.urgent {
			t.Errorf("%s: %+v, urgency %s", c.kind, got.Message, got.Header.Get("Urgency"))
		}
	}
	for kind, body := range map[string]string{"accepted": `{"user":"eve"}`, "removed": `{"user":"eve"}`, "joined": `{"stream":"g-a"}`, "undone": `{"seq":99}`, "hint": `{}`} {
		h.append(contacts, "bob", kind, body)
		h.append(moments, "bob", kind, body)
	}
	h.none("nobody is woken for these")
}

func TestMomentsAreCounted(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	moments := id.PersonalStream(id.Moments, "bob")
	like := func() { h.append(moments, "alice", "like", `{"post":"p","user":"alice"}`) }
	like()
	like()
	if got := h.one(); got.Count != 2 {
		t.Errorf("%+v", got.Message)
	}
	like()
	got := h.one()
	if got.Count != 3 {
		t.Errorf("%+v", got.Message)
	}
	h.set(func() { h.read["bob "+string(moments)] = got.Seq })
	h.Read("bob", moments, got.Seq)
	h.one()
	like()
	if got := h.one(); got.Count != 1 {
		t.Errorf("%+v", got.Message)
	}
}

func TestTwoNodesPushOnce(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	two := h.node()
	for i := range 50 {
		e := h.text(direct, "alice", fmt.Sprint("line ", i))
		two.Entry(e)
		h.Hurry()
		if got := h.pushed(two); len(got) != 1 || got[0].Seq != e.Seq {
			t.Fatalf("%d: %+v", i, got)
		}
	}
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	for i := range 70 {
		h.text(id.DirectStream("bob", id.User(fmt.Sprintf("peer-%02d", i))), fmt.Sprintf("peer-%02d", i), "hello")
		h.set(func() { h.now = h.now.Add(time.Second) })
		h.one()
	}
	v, err := h.store.ReadPart(h.ctx, push.UserPart("bob"), ledger.Want{Prefixes: []string{"shown/"}})
	good(t, err)
	if len(v.Rows) != 64 || strings.Contains(fmt.Sprintf("%s", v.Rows), "peer-05") || !strings.Contains(fmt.Sprintf("%s", v.Rows), "peer-06") {
		t.Errorf("%d rows: %s", len(v.Rows), v.Rows)
	}
}

func TestUndoneMomentIsWithdrawn(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	moments := id.PersonalStream(id.Moments, "bob")
	e := h.append(moments, "alice", "like", `{"post":"p","user":"alice"}`)
	h.one()
	good(t, h.store.Redact(h.ctx, moments, e.Seq, stream.Recalled, stream.RedactedBody))
	h.append(moments, "bob", "undone", fmt.Sprintf(`{"seq":%d}`, e.Seq))
	if got := h.one(); got.Type != "withdraw" || got.Stream != "@moments" {
		t.Errorf("%+v", got.Message)
	}
}

func TestNoticesPassTheGate(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	notices := id.PersonalStream(id.Notices, "bob")
	notice := func(app string, alert bool) stream.Entry {
		return h.append(notices, app, "notice", fmt.Sprintf(
			`{"notice":"n","app":%q,"app_name":"Noodles","template":"t","title":"Your table","data":{"table":{"code":"A17"},"status":{"enum":"called"}},"state":"now","state_label":"It is free",`+
				`"params":[{"key":"table","label":"Table","type":"code","value":"A17"},{"key":"status","label":"Status","type":"enum","value":"called"}],"page":"/","alert":%v}`, app, alert))
	}
	notice(app, false)
	h.none("it is silent")
	e := notice(app, true)
	first := h.one()
	if first.Title != "Noodles" || first.Text != "Your table · It is free · A17 · called" || first.Stream != "@notices" || first.URL != "/notices" || first.Header.Get("Urgency") != "high" {
		t.Errorf("%+v", first.Message)
	}
	notice(other, true)
	if second := h.one(); second.Tag == first.Tag {
		t.Error("one app's notice takes another's place")
	}

	forged := e // by the same app, but nobody's redemption wrote it
	forged.Seq += 100
	h.Entry(forged)
	h.none("what does not stand in @notices is pushed by nobody")
	silent := notice(app, false)
	silent.Body = e.Body
	h.Entry(silent)
	h.none("what stands there counts, not what is said of it")

	h.set(func() { h.silenced["bob "+app] = true })
	notice(app, true)
	h.none("the app is muted")
	h.Read("bob", notices, e.Seq)
	if got := h.one(); got.Type != "withdraw" || got.Tag != first.Tag {
		t.Errorf("%+v", got.Message)
	}
}

func TestServiceConversation(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	st := id.ServiceStream("bob", app)
	h.text(st, "bob", "is it ready?")
	h.none("one's own question")
	h.text(st, app, "in five minutes")
	if got := h.one(); got.Title != "Noodles" || got.Text != "in five minutes" || got.URL != "/chats/s-bob~"+app {
		t.Errorf("%+v", got.Message)
	}
	h.set(func() { h.silenced["bob "+app] = true })
	h.text(st, app, "and now")
	h.none("the app is muted")
}

func TestTextIsALine(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	h.append(direct, "alice", "text", `{"text":"a\u0000b\n\n c\u202etxt.exe `+strings.Repeat("好", 500)+`"}`)
	got := h.one()
	if n := len([]rune(got.Text)); !strings.HasPrefix(got.Text, "a b ctxt.exe 好") || !strings.HasSuffix(got.Text, "好…") || n != 180 {
		t.Errorf("%d %q", n, got.Text)
	}
}
