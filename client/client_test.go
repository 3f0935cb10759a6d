package client

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/wire"
)

// memory is a journal with positions in it.
func memory(cursors map[string]int64) *Memory { return &Memory{cursors: cursors} }

func TestHelloResumesAndHolesAreAskedFor(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		opt := p.options()
		opt.Journal = memory(map[string]int64{"d-a": 3})
		c, err := Open(opt)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		v := p.visit()
		r := v.expect("hello")
		h := data[wire.Hello](t, r)
		if h.Token != "alice~secret" || h.Device != "d1" || !maps.Equal(h.Cursors, map[string]int64{"d-a": 3}) {
			t.Fatalf("hello %+v", h)
		}
		v.entries(text("d-a", 6)) // before the reply
		v.reply(r, greeting(listed("d-a", 5, false, texts("d-a", 4, 5)...)))
		if l := next[Listed](t, c); l.Stream.Stream != "d-a" || l.Head != 5 || l.Entries != nil {
			t.Fatalf("listed %+v", l)
		}
		wantSeqs(t, c, "d-a", 4, 6)

		start := time.Now()
		v.entries(text("d-a", 8), text("d-a", 6), text("d-a", 10))
		ask := v.expect("history")
		if waited := time.Since(start); waited != patience {
			t.Errorf("the hole was asked for after %v", waited)
		}
		if q := data[wire.History](t, ask); q.Stream != "d-a" || *q.After != 6 {
			t.Fatalf("history %s", ask.Data)
		}
		v.reply(ask, wire.Page{Entries: texts("d-a", 7, 9), Head: 10})
		wantSeqs(t, c, "d-a", 7, 10)

		v.entries(text("d-a", 12))
		v.entries(text("d-a", 11)) // fills the hole in time
		wantSeqs(t, c, "d-a", 11, 12)
		synctest.Wait()
		if got := c.Cursor("d-a"); got != 12 {
			t.Errorf("the cursor is %d", got)
		}
		v.close(wire.CloseReplaced)
		<-c.Done()
	})
}

func TestWhatLiesBeforeTheFloorIsSteppedOver(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		c, v := p.open(p.options())
		defer c.Close()
		v.entries(text("g-new", 41)) // put into a group
		ask := v.expect("history")
		if q := data[wire.History](t, ask); q.Stream != "g-new" || *q.After != 0 {
			t.Fatalf("history %s", ask.Data)
		}
		v.reply(ask, wire.Page{Entries: texts("g-new", 41, 41), Head: 41})
		wantSeqs(t, c, "g-new", 41, 41)
		v.entries(text("g-gone", 7))
		v.refuse(v.expect("history"), "not_member", 0)
		v.entries(text("g-new", 42))
		wantSeqs(t, c, "g-new", 42, 42)
		v.close(wire.CloseReplaced)
	})
}

func TestResyncPagesAndLimitedStreams(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		opt := p.options()
		opt.Journal = memory(map[string]int64{"d-a": 1, "d-b": 0})
		c, err := Open(opt)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		v := p.visit()
		r := v.expect("hello")
		w := greeting(listed("d-a", 2, false, text("d-a", 2)))
		next := "page2"
		w.Sync.Next = &next
		v.reply(r, w)
		r = v.expect("sync")
		q := data[wire.SyncRequest](t, r)
		if q.After != "page2" || !maps.Equal(q.Cursors, map[string]int64{"d-a": 1, "d-b": 0}) {
			t.Fatalf("sync %s", r.Data)
		}
		v.reply(r, wire.Sync{Streams: []wire.Stream{listed("d-b", 450, true, texts("d-b", 351, 450)...)}})
		wantSeqs(t, c, "d-a", 2, 2)
		for _, at := range []int64{0, 200} {
			r = v.expect("history")
			if q := data[wire.History](t, r); q.Stream != "d-b" || *q.After != at || *q.Limit != 200 {
				t.Fatalf("history %s, wanted after %d", r.Data, at)
			}
			v.reply(r, wire.Page{Entries: texts("d-b", at+1, at+200), Head: 450})
		}
		wantSeqs(t, c, "d-b", 1, 450)

		v.event("resync", wire.Resync{Reason: "bus"})
		r = v.expect("sync")
		if q := data[wire.SyncRequest](t, r); !maps.Equal(q.Cursors, map[string]int64{"d-a": 2, "d-b": 450}) {
			t.Fatalf("sync %s", r.Data)
		}
		v.reply(r, wire.Sync{Streams: []wire.Stream{listed("d-a", 3, false, text("d-a", 3))}})
		wantSeqs(t, c, "d-a", 3, 3)
		v.close(wire.CloseReplaced)
	})
}

func TestManyCursorsTakeSeveralMessages(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		cursors := map[string]int64{}
		for i := range 1500 {
			cursors[fmt.Sprintf("d-%s~user%04d", strings.Repeat("a", 30), i)] = 9
		}
		opt := p.options()
		opt.Journal = memory(cursors)
		c, err := Open(opt)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		v := p.visit()
		r := v.expect("hello")
		seen := data[wire.Hello](t, r).Cursors
		v.reply(r, greeting())
		for len(seen) < 1500 {
			r = v.expect("sync")
			if len(r.Data) > wire.MaxFrame-64 {
				t.Fatalf("a sync of %d bytes", len(r.Data))
			}
			maps.Copy(seen, data[wire.SyncRequest](t, r).Cursors)
			v.reply(r, wire.Sync{Streams: []wire.Stream{}})
		}
		if !maps.Equal(seen, cursors) {
			t.Error("not all cursors were told")
		}
		v.close(wire.CloseReplaced)
	})
}

func TestANewDeviceBeginsAtTheHeadOrAtTheFloor(t *testing.T) {
	for _, fromFloor := range []bool{false, true} {
		inBubble(t, func(t *testing.T, p *peer) {
			opt := p.options()
			opt.FromFloor = fromFloor
			keep := memory(nil)
			opt.Journal = keep
			last := text("d-a", 9)
			c, v := p.open(opt, wire.Stream{Stream: "d-a", Head: 9, FloorSeq: 6, Last: &last})
			defer c.Close()
			if fromFloor {
				r := v.expect("history")
				if q := data[wire.History](t, r); *q.After != 6 {
					t.Fatalf("history %s", r.Data)
				}
				v.reply(r, wire.Page{Entries: texts("d-a", 7, 9), Head: 9})
				wantSeqs(t, c, "d-a", 7, 9)
			} else if l := next[Listed](t, c); l.Last == nil || l.Last.Seq != 9 {
				t.Fatalf("listed %+v", l)
			}
			v.entries(text("d-a", 10))
			wantSeqs(t, c, "d-a", 10, 10)
			if saved, _ := keep.Load(); saved.Cursors["d-a"] != 10 {
				t.Errorf("the journal has %v", saved.Cursors)
			}
			v.close(wire.CloseReplaced)
		})
	}
}

func TestCloseCodes(t *testing.T) {
	for code, back := range map[int]bool{
		0: true, wire.CloseNormal: true, wire.CloseGoingAway: true, wire.CloseFraming: true, wire.CloseTooBig: true, wire.CloseBehind: true,
		wire.CloseSilent: true, wire.CloseRateLimited: true,
		wire.CloseProtocol: false, wire.CloseSignedOut: false, wire.CloseSuspended: false, wire.CloseReplaced: false, 4499: false,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			inBubble(t, func(t *testing.T, p *peer) {
				c, v := p.open(p.options())
				defer c.Close()
				if next[StateChange](t, c).State != Connected {
					t.Fatal("not connected")
				}
				v.close(code)
				if !back {
					<-c.Done()
					closed, ok := errors.AsType[*CloseError](c.Err())
					if !ok || closed.Code != code {
						t.Fatalf("ended with %v", c.Err())
					}
					if _, err := c.Send(t.Context(), Message{To: "bob", Body: Text{Text: "x"}}); err != c.Err() {
						t.Fatalf("a send afterwards: %v", err)
					}
					if s := next[StateChange](t, c); s.State != Closed || s.Err != c.Err() {
						t.Fatalf("state %+v", s)
					}
					if _, err := c.Next(t.Context()); err != c.Err() {
						t.Fatalf("next afterwards: %v", err)
					}
					return
				}
				if s := next[StateChange](t, c); s.State != Reconnecting || s.Err == nil || s.Retry > 500*time.Millisecond {
					t.Fatalf("state %+v", s)
				}
				w := p.welcome()
				if s := next[StateChange](t, c); s.State != Connected || s.Err != nil {
					t.Fatalf("state %+v", s)
				}
				w.close(wire.CloseReplaced)
			})
		})
	}
}

func TestByeIsHeeded(t *testing.T) {
	for _, code := range []int{wire.CloseGoingAway, wire.CloseRateLimited} {
		inBubble(t, func(t *testing.T, p *peer) {
			c, v := p.open(p.options())
			defer c.Close()
			v.event("bye", wire.Bye{Reason: "drain", RetryMS: 7200})
			v.close(code)
			left := time.Now()
			w := p.welcome()
			if away := p.last.Sub(left); away != 7200*time.Millisecond {
				t.Errorf("came back after %v", away)
			}
			w.close(wire.CloseReplaced)
		})
	}
}

func TestRefusedHello(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		c, err := Open(p.options())
		if err != nil {
			t.Fatal(err)
		}
		v := p.visit()
		v.refuse(v.expect("hello"), "unavailable", 3000)
		v.close(wire.CloseGoingAway)
		left := time.Now()
		v = p.visit()
		if away := p.last.Sub(left); away != 3*time.Second {
			t.Errorf("came back after %v", away)
		}
		v.refuse(v.expect("hello"), "unauthenticated", 0)
		<-c.Done()
		if !errors.Is(c.Err(), fault.Unauthenticated) {
			t.Fatalf("ended with %v", c.Err())
		}
		v.close(wire.CloseSignedOut)
	})
}

func TestRefusedUpgrade(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		tries := 0
		p.refuse = func(w http.ResponseWriter) bool {
			if tries++; tries == 1 {
				w.Header().Set("Retry-After", "4")
				w.WriteHeader(http.StatusServiceUnavailable)
				w.Write([]byte(`{"code":"unavailable","detail":"Later."}`))
			} else {
				w.WriteHeader(http.StatusForbidden)
				w.Write([]byte(`{"code":"forbidden","detail":"Not from there."}`))
			}
			return true
		}
		c, err := Open(p.options())
		if err != nil {
			t.Fatal(err)
		}
		if s := next[StateChange](t, c); s.State != Reconnecting || s.Retry != 4*time.Second || !errors.Is(s.Err, fault.Unavailable) {
			t.Fatalf("state %+v", s)
		}
		<-c.Done()
		if !errors.Is(c.Err(), fault.Forbidden) {
			t.Fatalf("ended with %v", c.Err())
		}
	})
}

func TestDialGivesUpWithItsContext(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		tries := 0
		p.refuse = func(w http.ResponseWriter) bool { tries++; w.WriteHeader(http.StatusBadGateway); return true }
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := Dial(ctx, p.options()); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if tries < 300 || tries > 600 {
			t.Errorf("%d tries in an hour at 0 to 20 s", tries)
		}
	})
}

func TestASilentServerIsLeft(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		c, err := Open(p.options())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		v := p.visit()
		r := v.expect("hello")
		w := greeting()
		w.HeartbeatMS = 30_000
		v.reply(r, w)
		if next[StateChange](t, c).State != Connected {
			t.Fatal("not connected")
		}
		start := time.Now()
		if s := next[StateChange](t, c); s.State != Reconnecting || time.Since(start) < time.Minute || time.Since(start) > 100*time.Second {
			t.Fatalf("state %+v after %v", s, time.Since(start))
		}
		v.close(0)
		p.welcome().close(wire.CloseReplaced)
	})
}

func TestASlowApplicationLosesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		opt := p.options()
		opt.EventsMost = 10
		opt.Journal = memory(map[string]int64{"d-a": 0})
		c, v := p.open(opt)
		defer c.Close()
		v.entries(texts("d-a", 1, 1000)...)
		v.event("read", wire.ReadEvent{Stream: "d-a", User: "bob", Seq: 1})
		synctest.Wait()
		c.mu.Lock()
		waiting, held := len(c.queue.items), c.track.held
		c.mu.Unlock()
		if waiting > 10 || held > 0 {
			t.Errorf("%d events wait, %d entries are held", waiting, held)
		}
		// Calls are answered all the same.
		done := make(chan error, 1)
		go func() { _, err := c.Ping(t.Context()); done <- err }()
		v.reply(v.expect("ping"), wire.Pong{})
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		got := make(chan struct{})
		go func() {
			defer close(got)
			wantSeqs(t, c, "d-a", 1, 1000)
		}()
		for at := int64(10); at < 1000; {
			r := v.expect("history")
			q := data[wire.History](t, r)
			if *q.After != at {
				t.Fatalf("history %s, wanted after %d", r.Data, at)
			}
			at = min(at+200, 1000)
			v.reply(r, wire.Page{Entries: texts("d-a", *q.After+1, at), Head: 1000})
		}
		<-got
		v.close(wire.CloseReplaced)
	})
}

func TestEntriesAreKeptToTheByte(t *testing.T) {
	inBubble(t, func(t *testing.T, p *peer) {
		opt := p.options()
		opt.Journal = memory(map[string]int64{"d-a": 0})
		c, v := p.open(opt)
		defer c.Close()
		e := text("d-a", 1)
		e.Body = stdjson.RawMessage(`{"text":"<b>茶</b> \u2028 &"}`)
		want, _ := e.MarshalJSON()
		v.write(append(append([]byte(`{"event":"entry","data":`), want...), '}'))
		got, _ := next[NewEntry](t, c).Entry.MarshalJSON()
		if !bytes.Equal(got, want) {
			t.Errorf("got %s, wanted %s", got, want)
		}
		v.close(wire.CloseReplaced)
	})
}
