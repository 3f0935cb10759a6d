package gateway

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// narrow has little wait for a client that does not read, for long.
func narrow(p *plan) {
	p.Limits.SendQueueBytes = 64 << 10
	p.BehindWithin = time.Minute
}

// narrowPeer connects over sockets that hold little, and says hello.
func (h *house) narrowPeer(u id.User, device string) *peer {
	h.t.Helper()
	h.narrow.Store(true)
	defer h.narrow.Store(false)
	conn, err := net.Dial("tcp", h.addr)
	ok(h.t, err)
	h.t.Cleanup(func() { conn.Close() })
	ok(h.t, conn.(*net.TCPConn).SetReadBuffer(8<<10))
	p := shake(h.t, conn)
	p.ok("hello", hello(h.token(u, device), device))
	return p
}

// big is a message of some kilobytes.
func big[N int | int64](n N) string { return fmt.Sprintf("%05d ", n) + strings.Repeat("tea ", 1500) }

// only is the one session of a user.
func (h *house) only(u id.User) *session {
	h.t.Helper()
	all := h.gw.hub.sessions(u)
	if len(all) != 1 {
		h.t.Fatalf("%s has %d sessions", u, len(all))
	}
	return all[0]
}

func (s *session) isBehind() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.behind > 0
}

// waits are the bytes that wait in a session's queue.
func (s *session) waits() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.queue {
		n += len(f.bytes)
	}
	return n - s.cut
}

// fill sends until these clients, which do not read, are behind and the kernel
// takes nothing for them any more.
func fill(send func(), stuck ...*session) {
	for _, s := range stuck {
		for still := 0; still < 30; time.Sleep(10 * time.Millisecond) { // between two looks
			for ; !s.isBehind(); still = 0 {
				send()
			}
			before := s.waits()
			if still++; before != s.waits() { // nothing waits where a full socket held all there was, to the frame
				still = 0
			}
		}
	}
}

// taken waits until nothing waits for a client that reads.
func (h *house) taken(u id.User) {
	h.t.Helper()
	s := h.only(u)
	eventually(h.t, "who reads has taken all", func() bool { return s.waits() == 0 })
}

// reading reads in the background until an entry with that text, and gives what came.
func (p *peer) reading(last string) (wait func() []message) {
	type all struct {
		seen []message
		err  error
	}
	done := make(chan all, 1)
	go func() {
		var a all
		for a.err == nil {
			var m message
			if m, a.err = p.next(); a.err == nil {
				a.seen = append(a.seen, m)
				if isEntry(last)(m) {
					break
				}
			}
		}
		done <- a
	}()
	return func() []message {
		p.t.Helper()
		a := <-done
		ok(p.t, a.err)
		return a.seen
	}
}

// TestAStuckReaderHurtsOnlyItself: it loses events, never replies, costs no more
// than its queue, and is told when it reads again; by sync it has everything.
func TestAStuckReaderHurtsOnlyItself(t *testing.T) {
	bothHouses(t, narrow, func(t *testing.T, h *house) {
		ann, cat := h.join("ann", "a"), h.join("cat", "c")
		group := h.group("ann", "stuck", "cat")
		stuck := h.narrowPeer("stuck", "s")
		s := h.only("stuck")
		reading := cat.reading("live again")
		sent := int64(1) // with the entry that made the group
		send := func() {
			sent++
			ann.ok("send", say(group, big(sent)))
			h.taken("cat")
			if n := s.waits(); n > h.gw.opt.Limits.SendQueueBytes+wire.MaxFrame {
				t.Fatalf("%d bytes wait for a client that does not read", n)
			}
		}
		fill(send, s)
		var asked []int64
		for range 20 { // and not read
			asked = append(asked, stuck.start("ping", struct{}{}))
		}
		dropped := h.gw.Stats().Dropped
		for range 100 {
			send()
		}
		if n := h.gw.Stats().Dropped - dropped; n != 100 {
			t.Fatalf("%d events of 100 are dropped", n)
		}

		ok(t, stuck.conn.(*net.TCPConn).SetReadBuffer(1<<20)) // from here on it reads
		for _, n := range asked {
			if m := stuck.reply(n); m.Error != nil {
				t.Fatalf("a reply is %+v", m.Error)
			}
		}
		eventually(t, "it has caught up", func() bool { return !s.isBehind() })
		ann.ok("send", say(group, "live again"))
		stuck.entry("live again")
		known := noHoleUntold(t, stuck.seen, group)
		if string(stuck.seen[len(stuck.seen)-1].Data) != `{"reason":"behind"}` {
			t.Fatalf("before that it is not told to sync but %s", stuck.seen[len(stuck.seen)-1].Data)
		}
		for n := known; n < sent; {
			var page wire.Page
			ok(t, json.Unmarshal(stuck.ok("history", map[string]any{"stream": group, "after": n}), &page))
			for _, e := range page.Entries {
				if n++; e.Seq != n {
					t.Fatalf("history has %d for %d", e.Seq, n)
				}
			}
		}
		seen := reading()
		for _, m := range seen {
			if m.Event == "resync" && string(m.Data) == `{"reason":"behind"}` {
				t.Fatal("who reads is told to sync")
			}
		}
		if last := noHoleUntold(t, seen, group); last != sent+1 {
			t.Fatalf("who reads has %d of %d", last, sent+1)
		}
	})
}

// noHoleUntold checks that entries of a stream come in order, and that a hole is
// announced by resync. It tells up to where there is none.
func noHoleUntold(t *testing.T, seen []message, stream string) (whole int64) {
	t.Helper()
	last, told, holes := int64(0), false, false
	for _, m := range seen {
		var e wire.Entry
		if m.Event == "resync" {
			told = true
			continue
		}
		if m.Event != "entry" {
			continue
		}
		if ok(t, json.Unmarshal(m.Data, &e)); e.Stream != stream {
			continue
		}
		if last > 0 && e.Seq != last+1 {
			if holes = true; !told || e.Seq <= last {
				t.Fatalf("%d comes after %d; told to sync: %v", e.Seq, last, told)
			}
		}
		if last, told = e.Seq, false; !holes {
			whole = last
		}
	}
	return whole
}

// TestWhoStaysBehindIsClosed: the frame that was being written is written to its
// end, then the code; whoever does not even take that is cut off.
func TestWhoStaysBehindIsClosed(t *testing.T) {
	bothHouses(t, func(p *plan) {
		narrow(p)
		p.BehindWithin = 300 * time.Millisecond
	}, func(t *testing.T, h *house) {
		ann := h.join("ann", "a")
		group := h.group("ann", "late", "never")
		late, never := h.narrowPeer("late", "l"), h.narrowPeer("never", "n")
		never.write(textOf(`{"id":2,"op":"ping"}`)[:9]...) // what it sends is stuck, too
		n := 0
		fill(func() { n++; ann.ok("send", say(group, big(n))) }, h.only("late"), h.only("never"))
		eventually(t, "both are closed", func() bool { return h.gw.Stats().Closed[wire.CloseBehind] == 2 })
		late.closes(wire.CloseBehind)
		noHoleUntold(t, late.seen, group)
		eventually(t, "the other is cut off", func() bool { return h.gw.stats.open.Load() == 1 && len(h.gw.wheel.all()) == 1 })
		ann.ok("ping", struct{}{})
	})
}

// TestSilenceOfWhoIsBehind: a client that does not read answers no ping and may
// be stuck in what it sends. It is closed for being behind, which tells it to sync.
func TestSilenceOfWhoIsBehind(t *testing.T) {
	h := open(t, narrow)
	ann := h.join("ann", "a")
	group := h.group("ann", "stuck")
	stuck := h.narrowPeer("stuck", "s")
	s := h.only("stuck")
	stuck.write(textOf(`{"id":2,"op":"ping"}`)[:9]...)
	eventually(t, "half a message is there", func() bool { return s.stalled.Load() > 0 })
	fill(func() { ann.ok("send", say(group, big(0))) }, s)
	s.mu.Lock()
	behind := s.behind
	s.pinged = moment(s.heard.Load()) + 1
	s.mu.Unlock()
	long := h.gw.opt.Heartbeat
	s.beat(s.pinged.add(3*long), behind)
	stuck.t.Helper()
	if n := h.gw.Stats().Closed; len(n) > 0 {
		t.Fatalf("closed with %v", n)
	}
	s.visit(behind.add(h.gw.opt.BehindWithin))
	stuck.closes(wire.CloseBehind)
}

// TestWhoReadsRepliesIsNotBehind: a client that asks faster than it reads is made
// to wait, and the time it may take begins anew when it has taken half, although
// its queue is never empty.
func TestWhoReadsRepliesIsNotBehind(t *testing.T) {
	h := open(t, narrow)
	most := h.gw.opt.Limits.SendQueueBytes
	s := &session{gw: h.gw, phase: live, stuck: true}
	defer h.gw.wheel.remove(s)
	for range 3 {
		s.send(&frame{bytes: make([]byte, most/2)})
	}
	if _, full := s.standing(); !full || !s.isBehind() {
		t.Fatal("it need not wait")
	}
	taken := func(frames int) (wake bool) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.wrote(frames * most / 2)
		return s.mayGoOn()
	}
	if taken(1) || !s.isBehind() {
		t.Fatal("it may go on too early")
	}
	if !taken(1) || s.isBehind() || s.waits() == 0 {
		t.Fatal("it has taken replies and still counts as behind")
	}
}
