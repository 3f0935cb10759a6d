package client

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// sendInBackground starts a Send and returns where its outcome arrives.
func sendInBackground(ctx context.Context, c *Client, m Message) chan outcome {
	done := make(chan outcome, 1)
	go func() {
		sent, err := c.Send(ctx, m)
		done <- outcome{sent, err}
	}()
	return done
}

func TestAMessageSurvivesLostConnections(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		opt := p.options()
		opt.Journal = memory(map[string]int64{"d-alice~bob": 0})
		c, v := p.open(opt)
		defer c.Close()
		done := sendInBackground(t.Context(), c, Message{To: "bob", Body: Text{Text: "hi"}})
		first := data[wire.Send](t, v.expect("send"))
		if _, ok := id.ParseMessage(first.MessageID); !ok || first.To != "bob" || first.Kind != "text" || string(first.Body) != `{"text":"hi"}` {
			t.Fatalf("send %+v", first)
		}
		v.close(0)
		v = p.welcome()
		if again := data[wire.Send](t, v.expect("send")); again.MessageID != first.MessageID {
			t.Fatalf("sent again as %s, was %s", again.MessageID, first.MessageID)
		}
		v.close(wire.CloseBehind)
		v = p.welcome()
		at := wire.Time{Time: time.Unix(1e9, 0).UTC()}
		v.reply(v.expect("send"), wire.Sent{Stream: "d-alice~bob", Seq: 1, Count: 1, At: at})
		if got := <-done; got.err != nil || got.sent.Seq != 1 {
			t.Fatalf("%+v", got)
		}
		// What was sent more than once is read back: it may have been recalled meanwhile.
		r := v.expect("history")
		e := text("d-alice~bob", 1)
		e.Kind, e.Body = "recalled", stdjson.RawMessage("{}")
		v.reply(r, wire.Page{Entries: []wire.Entry{e}, Head: 1})
		if got := next[NewEntry](t, c); got.Kind != "recalled" {
			t.Fatalf("entry %+v", got)
		}
		v.close(wire.CloseReplaced)
	})
}

func TestAnOwnMessageIsAnEntry(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		opt := p.options()
		opt.Journal = memory(map[string]int64{"d-alice~bob": 4})
		c, v := p.open(opt)
		defer c.Close()
		at := wire.Time{Time: time.Unix(1e9, 0).UTC()}
		sent, err := c.Post(Message{Stream: "d-alice~bob", Body: Text{Text: "<茶>", Mentions: []string{"bob"}, ReplyTo: 3}})
		if err != nil {
			t.Fatal(err)
		}
		v.reply(v.expect("send"), wire.Sent{Stream: "d-alice~bob", Seq: 5, Count: 5, At: at})
		got := next[NewEntry](t, c)
		want := wire.Entry{
			Stream: "d-alice~bob", Seq: 5, Count: 5, ID: sent, Kind: "text", From: "alice", At: at,
			Body: stdjson.RawMessage(`{"text":"<茶>","mentions":["bob"],"reply_to":3}`),
		}
		if a, b := encode(got.Entry), encode(want); a != b {
			t.Fatalf("got %s, wanted %s", a, b)
		}
		// Of a body this package does not know, only the server knows the stored form.
		if _, err := c.Post(Message{Stream: "d-alice~bob", Body: RawBody{"location", []byte(`{"lat": 1.50, "lng": 2}`)}}); err != nil {
			t.Fatal(err)
		}
		v.reply(v.expect("send"), wire.Sent{Stream: "d-alice~bob", Seq: 6, Count: 6, At: at})
		e := text("d-alice~bob", 6)
		e.Kind, e.Body = "location", stdjson.RawMessage(`{"lat":1.5,"lng":2}`)
		v.reply(v.expect("history"), wire.Page{Entries: []wire.Entry{e}, Head: 6})
		if got := next[NewEntry](t, c); string(got.Body) != string(e.Body) {
			t.Fatalf("body %s", got.Body)
		}
		v.close(wire.CloseReplaced)
	})
}

func encode(e wire.Entry) string {
	b, _ := e.MarshalJSON()
	return string(b)
}

func TestMessagesToOneConversationKeepTheirOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		c, v := p.open(p.options())
		defer c.Close()
		var ids []string
		for _, m := range []Message{{To: "bob"}, {Stream: "d-alice~bob"}, {Stream: "g-1"}} {
			m.Body = Text{Text: "x"}
			one, err := c.Post(m)
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, one)
		}
		first, other := v.expect("send"), v.expect("send")
		if a, b := data[wire.Send](t, first).MessageID, data[wire.Send](t, other).MessageID; a != ids[0] || b != ids[2] {
			t.Fatalf("sent %s and %s of %v", a, b, ids)
		}
		v.refuse(first, "unavailable", 900)
		start := time.Now()
		again := v.expect("send")
		if data[wire.Send](t, again).MessageID != ids[0] || time.Since(start) != 900*time.Millisecond {
			t.Fatalf("then sent %s after %v", again.Data, time.Since(start))
		}
		v.refuse(again, "not_friends", 0)
		if u := next[Unsent](t, c); u.ID != ids[0] || CodeOf(u.Err) != "not_friends" || u.To != "bob" {
			t.Fatalf("%+v", u)
		}
		if r := v.expect("send"); data[wire.Send](t, r).MessageID != ids[1] {
			t.Fatalf("then sent %s", r.Data)
		}
		v.close(wire.CloseReplaced)
	})
}

func TestContextEndsWaitingNotTheSend(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		keep := memory(nil)
		opt := p.options()
		opt.Journal = keep
		c, err := Open(opt) // not connected yet
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Send(ctx, Message{To: "bob", Body: Text{Text: "hi"}}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		v := p.welcome()
		r := v.expect("send")
		if saved, _ := keep.Load(); len(saved.Outbox) != 1 || saved.Outbox[0].To != "bob" {
			t.Fatalf("the journal has %+v", saved)
		}
		// The program ends before the answer; the next run sends it again.
		v.close(0)
		c.Close()
		if !errors.Is(c.Err(), ErrClosed) {
			t.Fatal(c.Err())
		}
		c, v = p.open(opt)
		defer c.Close()
		again := v.expect("send")
		if data[wire.Send](t, again).MessageID != data[wire.Send](t, r).MessageID {
			t.Fatalf("sent %s, was %s", again.Data, r.Data)
		}
		flushed := make(chan error, 1)
		go func() { flushed <- c.Flush(t.Context()) }()
		synctest.Wait()
		v.reply(again, wire.Sent{Stream: "d-alice~bob", Seq: 1})
		if err := <-flushed; err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if saved, _ := keep.Load(); len(saved.Outbox) != 0 {
			t.Fatalf("the journal still has %+v", saved)
		}
		v.close(wire.CloseReplaced)
	})
}

func TestCallsAreMadeAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		c, v := p.open(p.options())
		defer c.Close()
		done := make(chan error, 1)
		go func() {
			pos, err := c.Read(t.Context(), "d-a", 7)
			if err == nil && (pos.Seq != 7 || pos.Unread != 2) {
				err = errors.New("another position")
			}
			done <- err
		}()
		v.expect("read")
		v.close(0)
		v = p.welcome()
		v.reply(v.expect("read"), wire.Position{Seq: 7, Unread: 2})
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		go func() { done <- c.Typing(t.Context(), "d-a", "typing") }()
		r := v.expect("typing")
		v.refuse(r, "not_found", 0)
		if err := <-done; !errors.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		v.close(0)
		synctest.Wait()
		if err := c.Typing(t.Context(), "d-a", "typing"); err != ErrOffline {
			t.Fatal(err)
		}
		p.welcome().close(wire.CloseReplaced)
	})
}

func TestWhatIsTooLargeIsRefusedHere(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		c, v := p.open(p.options())
		defer c.Close()
		_, err := c.Send(t.Context(), Message{To: "bob", Body: Text{Text: strings.Repeat("x", wire.MaxFrame)}})
		if CodeOf(err) != fault.TooLarge.Code {
			t.Fatal(err)
		}
		for _, m := range []Message{{To: "bob"}, {Body: Text{}}, {To: "a", Stream: "b", Body: Text{}}} {
			if _, err := c.Send(t.Context(), m); err == nil {
				t.Errorf("%+v was sent", m)
			}
		}
		v.close(wire.CloseReplaced)
	})
}

func TestRequestsKeepToTheServersPace(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		c, err := Open(p.options())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		v := p.visit()
		w := greeting()
		w.Limits.FramesPerSecond, w.Limits.FramesBurst = 30, 60
		v.reply(v.expect("hello"), w)
		go func() {
			for range 120 {
				c.Post(Message{Stream: "g-" + strings.Repeat("x", 3), Body: Text{Text: "x"}})
			}
		}()
		start, seq := time.Now(), int64(0)
		for range 120 {
			seq++
			v.reply(v.expect("send"), wire.Sent{Stream: "g-xxx", Seq: seq})
		}
		if took := time.Since(start); took < 2*time.Second || took > 5*time.Second {
			t.Errorf("120 messages at 30 a second took %v", took)
		}
		v.close(wire.CloseReplaced)
	})
}

func TestTheOutboxTellsWhoeverWaitsWhenTheClientEnds(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		c, v := p.open(p.options())
		done := sendInBackground(t.Context(), c, Message{To: "bob", Body: Text{Text: "hi"}})
		v.expect("send")
		v.close(wire.CloseSuspended)
		if got := <-done; !errors.Is(got.err, c.Err()) || got.err == nil {
			t.Fatalf("%+v", got)
		}
		if s := next[StateChange](t, c); s.State != Closed {
			t.Fatalf("state %+v", s)
		}
	})
}
