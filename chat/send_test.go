package chat_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
)

func TestOnlyFriendsWrite(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob")
	h.join("eve")
	st, err := h.chat.OpenDirect(h.ctx, "ann", "bob")
	must(t, err)
	h.say("ann", st, "hello")
	stranger := string(id.DirectStream("ann", "eve"))
	_, err = h.trySay("eve", stranger, "psst")
	refused(t, err, contact.ErrNotFriends)
	_, err = h.trySay("eve", st, "psst")
	refused(t, err, fault.NotFound)
	must(t, h.friends.Block(h.ctx, "bob", "ann"))
	_, err = h.trySay("ann", st, "still there?")
	refused(t, err, contact.ErrBlocked)
	_, err = h.trySay("bob", st, "no")
	refused(t, err, contact.ErrBlocked)
	must(t, h.friends.Unblock(h.ctx, "bob", "ann"))
	h.say("ann", st, "again")
	must(t, h.friends.Remove(h.ctx, "bob", "ann"))
	_, err = h.trySay("ann", st, "gone")
	refused(t, err, contact.ErrNotFriends)
	if got := h.texts("bob", st); !slices.Equal(got, []string{"hello", "again"}) {
		t.Fatalf("the history is %q", got)
	}
}

func TestStrangersMayWriteWhereAllowed(t *testing.T) {
	h := open(t, func(o *chat.Options) { o.Strangers = true })
	h.join("ann", "bob", "cat")
	st := string(id.DirectStream("ann", "bob"))
	h.say("ann", st, "hello")
	h.group("ann", "bob", "cat")
	must(t, h.friends.Block(h.ctx, "bob", "ann"))
	_, err := h.trySay("ann", st, "hello?")
	refused(t, err, contact.ErrBlocked)
	_, err = h.trySay("ann", string(id.DirectStream("ann", "nobody")), "hello?")
	refused(t, err, fault.NotFound)
	for by, other := range map[id.User]string{"ann": "bob", "bob": "ann"} {
		_, err = h.chat.CreateGroup(h.ctx, by, "Tea", []string{"cat", other})
		refused(t, err, contact.ErrBlocked)
		if fields := fault.From(err).Fields; len(fields) != 1 || fields[0].Pointer != "/members/1" {
			t.Fatalf("who is blocked is told as %+v", fields)
		}
	}
}

func TestTheSameIDIsTheSameMessage(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob")
	d := chat.Draft{From: "ann", Send: wire.Send{To: "bob", MessageID: newID(), Kind: "text", Body: text("once")}}
	first, repeat, err := h.chat.Send(h.ctx, d)
	must(t, err)
	if repeat {
		t.Fatal("the first is said to be a repeat")
	}
	again, repeat, err := h.chat.Send(h.ctx, d)
	must(t, err)
	if again != first || !repeat {
		t.Fatalf("the repeat got %+v (repeat %v), the first %+v", again, repeat, first)
	}
	spaced := d
	spaced.Send.Body = []byte(` { "text" : "\u006fnce" } `)
	if again, _, err = h.chat.Send(h.ctx, spaced); err != nil || again != first {
		t.Fatalf("the same text written otherwise got %+v, %v", again, err)
	}
	other := d
	other.Send.Body = text("twice")
	_, _, err = h.chat.Send(h.ctx, other)
	refused(t, err, stream.ErrReused)
	other = d
	other.From, other.Send.To = "bob", "ann"
	_, _, err = h.chat.Send(h.ctx, other)
	refused(t, err, stream.ErrReused)
}

func TestBadMessages(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob")
	for _, c := range []struct {
		kind, body string
		want       *fault.Fault
	}{
		{"text", `{"text":""}`, fault.BadRequest},
		{"text", `{"text":" \n\t "}`, fault.BadRequest},
		{"text", `{"text":"a\u0000"}`, fault.BadRequest},
		{"text", `{"text":"\ud800"}`, fault.BadRequest},
		{"text", `{"text":"a","text":"b"}`, fault.BadRequest},
		{"text", `{"text":"a","html":"b"}`, fault.UnknownField},
		{"text", `{"text":"` + strings.Repeat("a", 8193) + `"}`, fault.TooLarge},
		{"text", `{"text":"a","mentions":["eve"]}`, fault.BadRequest},
		{"text", `{"text":"a","mentions":["@all"]}`, fault.BadRequest},
		{"text", `{"text":"a","reply_to":0}`, fault.BadRequest},
		{"recall", `{"seq":1}`, fault.BadRequest},
		{"member", `{"action":"add","users":["eve"]}`, fault.BadRequest},
		{"location", `{"lat":91,"lng":0}`, fault.BadRequest},
		{"contact", `{"user":"nobody"}`, fault.NotFound},
	} {
		_, _, err := h.chat.Send(h.ctx, chat.Draft{From: "ann", Send: wire.Send{
			To: "bob", MessageID: newID(), Kind: c.kind, Body: []byte(c.body),
		}})
		refused(t, err, c.want)
	}
	_, err := h.trySay("ann", "@contacts", "note to self")
	refused(t, err, fault.Forbidden)
	if got := h.state("bob", "@contacts"); got.Unread != 0 {
		t.Fatalf("bob has %d unread contact events", got.Unread)
	}
}

func TestRecall(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob")
	st := string(id.DirectStream("ann", "bob"))
	id1 := newID()
	draft := chat.Draft{From: "ann", Send: wire.Send{Stream: st, MessageID: id1, Kind: "text", Body: text("secret")}}
	sent, _, err := h.chat.Send(h.ctx, draft)
	must(t, err)
	_, err = h.chat.Recall(h.ctx, "bob", st, sent.Seq)
	refused(t, err, fault.Forbidden)
	_, err = h.chat.Recall(h.ctx, "ann", st, sent.Seq+7)
	refused(t, err, fault.NotFound)
	at, err := h.chat.Recall(h.ctx, "ann", st, sent.Seq)
	must(t, err)
	if at != sent.Seq+1 {
		t.Fatalf("the recall is at %d", at)
	}
	again, err := h.chat.Recall(h.ctx, "ann", st, sent.Seq)
	must(t, err)
	if again != at {
		t.Fatalf("a second recall is at %d, the first at %d", again, at)
	}
	retry, repeat, err := h.chat.Send(h.ctx, draft)
	must(t, err)
	if retry.Seq != sent.Seq || !repeat {
		t.Fatalf("a retry of the recalled message got %+v", retry)
	}
	log := h.history("bob", st)
	if len(log) != 2 || log[0].Kind != "recalled" || string(log[0].Body) != "{}" || log[1].Kind != "recall" {
		t.Fatalf("the history is %+v", log)
	}
	_, err = h.chat.Recall(h.ctx, "ann", st, at)
	refused(t, err, fault.BadRequest)
	late := h.say("ann", st, "late")
	h.clock.Advance(2*time.Minute + time.Second)
	_, err = h.chat.Recall(h.ctx, "ann", st, late.Seq)
	refused(t, err, chat.ErrRecallExpired)
}

func TestNobodyIsInTheWayOfARecall(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob")
	st := string(id.DirectStream("ann", "bob"))
	sent := h.say("ann", st, "oops")
	first := uuid.MustParse(h.history("bob", st)[0].ID)
	_, _, err := h.chat.Send(h.ctx, chat.Draft{From: "bob", Send: wire.Send{
		Stream: st, MessageID: id.Derive(first, string(chat.Recall)).String(), Kind: "text", Body: text("first"),
	}})
	refused(t, err, fault.BadRequest)
	_, err = h.chat.Recall(h.ctx, "ann", st, sent.Seq)
	must(t, err)
}

func TestLeadersRecall(t *testing.T) {
	h := open(t, nil)
	h.befriend("own", "adm", "one", "two")
	g := h.group("own", "adm", "one", "two")
	_, err := h.chat.ChangeMember(h.ctx, "own", g, "adm", chat.MemberChange{Role: ptr("admin")})
	must(t, err)
	seqs := map[id.User]int64{}
	for _, u := range []id.User{"own", "adm", "one"} {
		seqs[u] = h.say(u, g, "by "+string(u)).Seq
	}
	h.clock.Advance(time.Hour)
	for _, c := range []struct {
		who, whose id.User
		want       *fault.Fault
	}{
		{"two", "one", fault.Forbidden},
		{"one", "one", chat.ErrRecallExpired},
		{"adm", "own", fault.Forbidden},
		{"adm", "adm", chat.ErrRecallExpired},
	} {
		_, err := h.chat.Recall(h.ctx, c.who, g, seqs[c.whose])
		refused(t, err, c.want)
	}
	first, err := h.chat.Recall(h.ctx, "adm", g, seqs["one"])
	must(t, err)
	second, err := h.chat.Recall(h.ctx, "own", g, seqs["one"])
	must(t, err)
	if first != second {
		t.Fatalf("two recalls of one message stand at %d and %d", first, second)
	}
	_, err = h.chat.Recall(h.ctx, "own", g, seqs["adm"])
	must(t, err)
	if got := h.texts("two", g); !slices.Equal(got, []string{"by own"}) {
		t.Fatalf("left are %q", got)
	}
}

func TestTyping(t *testing.T) {
	h := open(t, nil)
	h.befriend("ann", "bob")
	h.join("eve")
	st := string(id.DirectStream("ann", "bob"))
	h.say("ann", st, "hi")
	must(t, h.chat.Typing(h.ctx, "ann", wire.Typing{Stream: st, State: "typing"}, 7))
	if got := h.ears.events(bus.UserTopic("bob"), "typing"); len(got) != 1 {
		t.Fatalf("bob was told %q", got)
	}
	if got := h.ears.events(bus.UserTopic("ann"), "typing"); len(got) != 0 {
		t.Fatalf("ann was told %q", got)
	}
	refused(t, h.chat.Typing(h.ctx, "ann", wire.Typing{Stream: st, State: "dancing"}, 0), fault.BadRequest)
	refused(t, h.chat.Typing(h.ctx, "eve", wire.Typing{Stream: st, State: "typing"}, 0), fault.NotFound)
	must(t, h.chat.MayType(h.ctx, "ann", wire.Typing{Stream: st, State: "voice"}))
	refused(t, h.chat.MayType(h.ctx, "ann", wire.Typing{Stream: st, State: "dancing"}), fault.BadRequest)
	refused(t, h.chat.MayType(h.ctx, "eve", wire.Typing{Stream: st, State: "voice"}), fault.NotFound)
	if got := h.ears.events(bus.UserTopic("bob"), "typing"); len(got) != 1 {
		t.Fatalf("asking told bob %q", got)
	}
}
