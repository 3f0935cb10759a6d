package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// TestPipelining: every request gets one reply, and sends take effect in order,
// far more of them than may be on their way at a time.
func TestPipelining(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		ben := h.join("ben", "b")
		ann := h.join("ann", "a")
		ann.ok("send", sayTo("ben", "first"))
		to := string(id.DirectStream("ann", "ben"))
		var all []byte
		want := map[int64]string{}
		add := func(op string, data any, answer string) {
			b, n := ann.request(op, data)
			all = append(all, b...)
			want[n] = answer
		}
		const rounds = 400
		for i := range rounds {
			add("send", say(to, fmt.Sprint("m", i)), "seq")
			add("send", map[string]any{"stream": to, "message_id": "broken", "kind": "text", "body": map[string]string{"text": "x"}}, "bad_request")
			add("none", struct{}{}, "bad_request")
			add("ping", struct{}{}, "server_time")
			add("read", map[string]any{"stream": to, "seq": "x"}, "bad_request")
			add("typing", map[string]any{"stream": to, "state": "typing", "more": 1}, "unknown_field")
			if i%40 == 0 {
				add("history", map[string]any{"stream": to, "limit": 1}, "entries")
			}
		}
		var wg sync.WaitGroup
		defer wg.Wait()
		wg.Go(func() { ann.conn.Write(all) })
		seqs := map[int64]int64{}
		for range len(want) {
			m, err := ann.next()
			if err != nil {
				t.Fatal(err)
			}
			answer, asked := want[m.ID]
			if !asked {
				t.Fatalf("a second reply to %d, or an event: %+v", m.ID, m)
			}
			delete(want, m.ID)
			var data map[string]any
			json.Unmarshal(m.Data, &data)
			if _, ok := data[answer]; !ok && (m.Error == nil || m.Error.Code != answer) {
				t.Fatalf("reply to %d is %s %+v, want %s", m.ID, m.Data, m.Error, answer)
			}
			if answer == "seq" {
				seqs[m.ID] = int64(data["seq"].(float64))
			}
		}
		ids := make([]int64, 0, len(seqs))
		for n := range seqs {
			ids = append(ids, n)
		}
		slices.Sort(ids)
		for i, n := range ids {
			if seqs[n] != int64(i)+2 {
				t.Fatalf("send %d got seq %d, want %d", i, seqs[n], i+2)
			}
		}
		for i := range rounds {
			if e := ben.entry(fmt.Sprint("m", i)); e.Seq != int64(i)+2 {
				t.Fatalf("ben got m%d as %d", i, e.Seq)
			}
		}
	})
}

// held is a Chat whose sends are stored when the test says so.
type held struct {
	Chat
	mu   sync.Mutex
	then []func()
}

func (c *held) Begin(ctx context.Context, d chat.Draft, then func(wire.Sent, error)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.then = append(c.then, func() {
		if err := c.Chat.Begin(ctx, d, then); err != nil {
			then(wire.Sent{}, err)
		}
	})
	return nil
}

func (c *held) begun() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.then)
}

func (c *held) release() int {
	c.mu.Lock()
	todo := c.then
	c.then = nil
	c.mu.Unlock()
	for _, then := range todo {
		then()
	}
	return len(todo)
}

// TestOthersWaitForSends: what is asked after a send sees it; only ping overtakes.
func TestOthersWaitForSends(t *testing.T) {
	both(t, func(t *testing.T, portable bool) {
		var c held
		h := open(t, func(p *plan) {
			p.Portable = portable
			p.chat = func(inner Chat) Chat { c.Chat = inner; return &c }
		})
		h.token("ben", "b")
		ann := h.join("ann", "a")
		send := ann.start("send", sayTo("ben", "one"))
		ping := ann.start("ping", struct{}{})
		history := ann.start("history", map[string]any{"stream": "d-ann~ben"})
		later := ann.start("ping", struct{}{})
		ann.reply(ping)
		if len(ann.seen) > 0 || c.begun() != 1 {
			t.Fatalf("answered before the message was stored: %+v", ann.seen)
		}
		c.release()
		ann.reply(send)
		var page wire.Page
		if err := json.Unmarshal(ann.reply(history).Data, &page); err != nil || len(page.Entries) != 1 {
			t.Fatalf("history after the send has %d entries, %v", len(page.Entries), err)
		}
		ann.reply(later)
	})
}

// TestSendsOnTheirWayAreBounded: the rest stays in the socket, and is not lost.
func TestSendsOnTheirWayAreBounded(t *testing.T) {
	both(t, func(t *testing.T, portable bool) {
		var c held
		h := open(t, func(p *plan) {
			p.Portable = portable
			p.chat = func(inner Chat) Chat { c.Chat = inner; return &c }
		})
		h.token("ben", "b")
		ann := h.join("ann", "a")
		const n = 3*sendsMost + 5
		var all []byte
		for i := range n {
			b, _ := ann.request("send", sayTo("ben", fmt.Sprint(i)))
			all = append(all, b...)
		}
		ann.write(all...)
		eventually(t, "as many are begun as may be", func() bool { return c.begun() == sendsMost })
		for answered := 0; answered < n; {
			eventually(t, "more are begun", func() bool { return c.begun() > 0 })
			if many := c.begun(); many > sendsMost {
				t.Fatalf("%d are on their way", many)
			}
			answered += c.release()
		}
		for i := range n {
			if m := ann.reply(int64(i) + 2); m.Error != nil {
				t.Fatalf("send %d: %+v", i, m.Error)
			}
		}
	})
}

// TestFaultInARequest: it is told, and neither the connection nor anybody else is hurt.
func TestFaultInARequest(t *testing.T) {
	both(t, func(t *testing.T, portable bool) {
		h := open(t, func(p *plan) {
			p.Portable = portable
			p.chat = func(inner Chat) Chat { return &panicking{inner} }
		})
		ann := h.join("ann", "a")
		ann.refused("internal", "sync", map[string]any{"cursors": map[string]int{}})
		ann.ok("ping", struct{}{})
		if n := h.gw.Stats().Panics; n != 1 {
			t.Fatalf("%d panics counted", n)
		}
	})
}

type panicking struct{ Chat }

func (*panicking) Sync(context.Context, id.User, wire.SyncRequest) (wire.Sync, error) {
	panic("a mistake")
}

func TestOps(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		ann, ben := h.join("ann", "a"), h.join("ben", "b")
		to := "d-ann~ben"
		ann.ok("send", sayTo("ben", "one"))
		for _, c := range []struct {
			op   string
			data any
			code string
		}{
			{"sync", map[string]any{"cursors": map[string]int{to: 0}}, ""},
			{"sync", map[string]any{}, ""},
			{"history", map[string]any{"stream": to}, ""},
			{"history", map[string]any{"stream": "d-ann~zoe"}, "not_found"},
			{"read", map[string]any{"stream": to, "seq": 1}, ""},
			{"read", map[string]any{"stream": to}, "bad_request"},
			{"typing", map[string]any{"stream": to, "state": "typing"}, ""},
			{"typing", map[string]any{"stream": to, "state": "voice"}, ""}, // too soon: dropped
			{"typing", map[string]any{"stream": "d-ann~zoe", "state": "voice"}, "not_found"},
			{"typing", map[string]any{"stream": to, "state": "dancing"}, "bad_request"},
			{"typing", map[string]any{"state": "typing"}, "bad_request"},
			{"ping", struct{}{}, ""},
			{"ping", map[string]any{"x": 1}, "unknown_field"},
			{"ping", []int{}, "bad_request"},
			{"Ping", struct{}{}, "bad_request"},
			{"watch", struct{}{}, "bad_request"},
			{"", struct{}{}, "bad_request"},
		} {
			if c.code == "" {
				ben.ok(c.op, c.data)
			} else {
				ben.refused(c.code, c.op, c.data)
			}
		}
		for _, raw := range []string{`{"id":900,"op":5}`, `{"id":900,"op":"ping","op":"ping"}`, `{"id":900,"op":"ping","x":1}`, `{"id":900}`} {
			ben.write(textOf(raw)...)
			if m := ben.reply(900); m.Error == nil {
				t.Fatalf("%s answers %s", raw, m.Data)
			}
		}
		ann.event("read")
		ann.event("typing")
		ann.silent(func(m message) bool { return m.Event == "typing" })
	})
}
