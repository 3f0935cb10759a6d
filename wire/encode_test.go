package wire_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/wire"
	"github.com/teahouse-im/teahouse/wire/wiretest"
)

// noon is a moment in a zone that is not UTC, with more digits than are told.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 123_999_999, time.FixedZone("", 8*60*60))

func message(text string) stream.Entry {
	body, _ := json.Marshal(map[string]string{"text": text})
	return stream.Entry{
		Stream: "d-alice~bob", Seq: 12, Count: 11, ID: id.NewEntry(noon), Kind: "text", From: "alice", At: noon, Body: body,
	}
}

// plainEntry is a wire.Entry that encoding/json writes by itself.
type plainEntry struct {
	Stream string          `json:"stream"`
	Seq    int64           `json:"seq"`
	Count  int64           `json:"count"`
	ID     string          `json:"id"`
	Kind   string          `json:"kind"`
	From   string          `json:"from"`
	At     string          `json:"at"`
	Body   json.RawMessage `json:"body"`
}

func plain(e stream.Entry) plainEntry {
	return plainEntry{
		e.Stream.Name(), int64(e.Seq), e.Count, e.ID.String(), string(e.Kind), string(e.From),
		e.At.UTC().Format("2006-01-02T15:04:05.000Z"), e.Body,
	}
}

// as is what encoding/json makes of a value, without its care for HTML.
func as(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func someEntry(r *rand.Rand) stream.Entry {
	streams := []id.Stream{id.DirectStream("bob", "alice.the-2nd"), id.NewGroup(), id.PersonalStream(id.Contacts, "alice")}
	e := message(strings.Repeat("茶\"\\\n<&>\u2028 ", r.IntN(50)+1))
	e.Stream = streams[r.IntN(len(streams))]
	e.Seq, e.Count = id.Seq(r.Int64N(int64(id.MaxSeq))+1), r.Int64N(int64(id.MaxSeq))
	e.ID = id.NewEntry(time.UnixMilli(r.Int64N(1 << 42)))
	e.At = time.Unix(r.Int64N(4e9), r.Int64N(1e9))
	return e
}

// What is written by hand is what encoding/json would write, and conforms to the document.
func TestEntryByHand(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		e := someEntry(r)
		want := as(plain(e))
		if got := string(wire.EntryEvent(e)); got != `{"event":"entry","data":`+want+`}` {
			t.Fatalf("got %s, want the event of %s", got, want)
		}
		if got := as(wire.EntryOf(e)); got != want {
			t.Fatalf("encoding/json writes %s, want %s", got, want)
		}
		page := wire.Page{Entries: wire.EntriesOf([]stream.Entry{e}), Head: int64(e.Seq)}
		if got := string(wire.Reply(3, page)); got != fmt.Sprintf(`{"id":3,"data":{"entries":[%s],"head":%d}}`, want, e.Seq) {
			t.Fatalf("got %s, want the page of %s", got, want)
		}
		n := r.Int64N(int64(id.MaxSeq)) + 1
		sent := struct {
			Stream string `json:"stream"`
			Seq    int64  `json:"seq"`
			Count  int64  `json:"count"`
			At     string `json:"at"`
		}{e.Stream.Name(), int64(e.Seq), e.Count, plain(e).At}
		if got := string(wire.SentOf(e).AppendReply([]byte("x"), n)); got != fmt.Sprintf(`x{"id":%d,"data":%s}`, n, as(sent)) {
			t.Fatalf("got %s, want the reply %s", got, as(sent))
		}
		if got, by := string(wire.Reply(n, wire.SentOf(e))), string(wire.SentOf(e).AppendReply(nil, n)); got != by {
			t.Fatalf("by json %s, by hand %s", got, by)
		}
		wiretest.Check(t, wiretest.FromServer, wire.EntryEvent(e))
		var back struct{ Data wire.Entry }
		if err := json.Unmarshal(wire.EntryEvent(e), &back); err != nil || back.Data.Seq != int64(e.Seq) || !back.Data.At.Equal(e.At.Truncate(time.Millisecond)) {
			t.Fatalf("read back as %+v: %v", back.Data, err)
		}
		if u, err := back.Data.ParseID(); err != nil || u != e.ID {
			t.Fatalf("the id is read back as %v: %v", u, err)
		}
	}
}

func TestTime(t *testing.T) {
	const want = "2026-11-24T04:00:00.123Z"
	at := wire.Time{Time: noon}
	text, err := at.MarshalText()
	if string(text) != want || err != nil {
		t.Errorf("text is %s: %v", text, err)
	}
	raw, err := json.Marshal(map[string]any{"at": at, "p": &at})
	if string(raw) != `{"at":"`+want+`","p":"`+want+`"}` || err != nil {
		t.Errorf("JSON is %s: %v", raw, err)
	}
	whole := wire.Time{Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if raw, _ = json.Marshal(whole); string(raw) != `"2026-01-02T03:04:05.000Z"` {
		t.Errorf("whole seconds are %s", raw)
	}
	var back wire.Time
	if err := json.Unmarshal([]byte(`"`+want+`"`), &back); err != nil || !back.Equal(noon.Truncate(time.Millisecond)) {
		t.Errorf("read back as %v: %v", back, err)
	}
	if got := wire.Millis(1500 * time.Microsecond); got != 1 {
		t.Errorf("1.5 ms are %d", got)
	}
}

// frames are what the encoders make of the protocol's types.
func frames() map[string][]byte {
	next, when := "g-aaaaaaaaaaaaaaaaaaaaaaaaaa", wire.Time{Time: noon}
	entry, recalled := wire.EntryOf(message("hi")), message("")
	recalled.Kind, recalled.Body = stream.Recalled, stream.RedactedBody
	group := &wire.Group{
		Stream: next, Name: "Tea at four", Owner: "alice", Admins: nil, MemberCount: 3, MyRole: "member",
		Settings: wire.GroupSettings{MuteAll: true},
	}
	page := wire.Sync{Streams: []wire.Stream{
		{Stream: "@contacts", Kind: "personal"},
		{Stream: "d-alice~bob", Kind: "direct", Head: 12, Count: 11, Unread: 1, ReadSeq: 11, Title: "Bob", Peer: "bob", Last: &entry},
		{Stream: next, Kind: "group", Head: 12, Title: "Tea", Group: group, Entries: []wire.Entry{entry, wire.EntryOf(recalled)}, Limited: true, Left: true},
		{Stream: next, Kind: "group", Head: 12, Title: "Tea", Group: group, Entries: []wire.Entry{}},
	}, Next: &next}
	return map[string][]byte{
		"helloReply":        wire.Reply(1, wire.Welcome{User: "bob", Session: "ses-1", ServerTime: when, HeartbeatMS: 30000, Limits: wire.Limits{TextBytes: 8192}, Sync: page}),
		"syncReply":         wire.Reply(1<<53-1, page),
		"syncReply, empty":  wire.Reply(2, wire.Sync{}),
		"sendReply":         wire.SentOf(message("hi")).AppendReply(nil, 3),
		"historyReply":      wire.Reply(4, wire.Page{Entries: []wire.Entry{entry}, Head: 12}),
		"historyReply, two": wire.Reply(4, wire.Page{}),
		"readReply":         wire.Reply(5, wire.Position{Seq: 12}),
		"typingReply":       wire.Reply(6, wire.Empty{}),
		"pingReply":         wire.Reply(7, wire.Pong{ServerTime: when}),
		"refusal":           wire.ErrorReply(8, fault.NotFound),
		"refusal, later":    wire.ErrorReply(8, fault.Unavailable),
		"refusal, fields":   wire.ErrorReply(8, fault.BadRequest.At("/a~1b", "is <odd>").At("", "\xff")),
		"entryEvent":        wire.EntryEvent(recalled),
		"resyncEvent":       wire.Event("resync", wire.Resync{Reason: "bus"}),
		"readEvent":         wire.Event("read", wire.ReadEvent{Stream: "d-alice~bob", User: "bob", Seq: 12}),
		"typingEvent":       wire.Event("typing", wire.TypingEvent{Stream: "d-alice~bob", User: "bob", State: "voice"}),
		"byeEvent":          wire.Event("bye", wire.Bye{Reason: "shutdown", RetryMS: 900}),
	}
}

func TestFramesConform(t *testing.T) {
	for name, frame := range frames() {
		if err := wiretest.Verify(wiretest.FromServer, frame); err != nil {
			t.Errorf("%s: %s: %v", name, frame, err)
		}
	}
	for kind, body := range map[string]string{
		"member":   `{"action":"create","users":["ann","bob"],"by":"ann"}`,
		"group":    `{"mute_all":true}`,
		"recall":   `{"seq":11}`,
		"location": `{"lat":31.2,"lng":-121.5}`,
		"contact":  `{"user":"bob"}`,
		"request":  `{"from":"bob","greeting":""}`,
		"accepted": `{"user":"bob"}`, "removed": `{"user":"bob"}`, "joined": `{"stream":"g-1"}`, "left": `{"stream":"g-1"}`,
		"something_of_later": `{"x":[]}`,
	} {
		e := message("")
		e.Kind, e.Body = stream.Kind(kind), json.RawMessage(body)
		wiretest.Check(t, wiretest.FromServer, wire.EntryEvent(e))
		e.Body = json.RawMessage(`{"wrong":1}`)
		if err := wiretest.Verify(wiretest.FromServer, wire.EntryEvent(e)); (err == nil) != (kind == "something_of_later") {
			t.Errorf("%s with a wrong body: %v", kind, err)
		}
	}
}

// What cannot be encoded is told as an internal error, never as half a frame.
func TestReplyThatCannotBe(t *testing.T) {
	frame := wire.Reply(9, map[string]any{"x": func() {}})
	if string(frame) != string(wire.ErrorReply(9, fault.Internal)) {
		t.Errorf("the reply is %s", frame)
	}
}

func TestSignal(t *testing.T) {
	for _, s := range []wire.Signal{
		{Join: "g-1"},
		{Leave: "g-1"},
		{End: &wire.End{Sessions: []id.Session{"ses-1", "ses-2"}, Code: wire.CloseSignedOut}},
		{End: &wire.End{Except: "ses-1", Code: wire.CloseSuspended}},
		{Live: &wire.Live{Session: "ses-1", Connection: uuid.NewString()}},
	} {
		back, err := wire.DecodeSignal(s.Encode())
		if err != nil || as(back) != as(s) {
			t.Errorf("%s is read back as %s: %v", as(s), as(back), err)
		}
	}
	if _, err := wire.DecodeSignal([]byte(`{"join":`)); err == nil {
		t.Error("half a signal is accepted")
	}
}
