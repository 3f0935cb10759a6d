package client

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/teahouse-im/teahouse/wire"
)

// model is a server with one stream and what is under way from it to one
// device. It may lose, double and reorder everything but what it is asked for.
type model struct {
	log    []wire.Entry
	floor  int64
	flying []wire.Entry // live events under way

	t      *tracker
	now    time.Time
	got    []wire.Entry // what the device has applied
	cursor map[string]int64
	floors []int64 // every floor there has been
}

const page, listing = 4, 3 // small, so that every walk crosses their borders

func entry(name string, seq int64) wire.Entry {
	return wire.Entry{Stream: name, Seq: seq, Count: seq, ID: fmt.Sprint("m", seq), Kind: "text", From: "bob"}
}

func (m *model) drain() {
	for _, d := range m.t.take() {
		if d.entry != nil {
			m.got = append(m.got, *d.entry)
			m.cursor["s"] = d.entry.Seq
		} else {
			m.cursor["s"] = d.cursor
		}
	}
}

// after are the entries that a reader may see behind a position.
func (m *model) after(seq int64) []wire.Entry {
	return slices.Clone(m.log[min(max(seq, m.floor), int64(len(m.log))):])
}

func (m *model) head() int64 { return int64(len(m.log)) }

// sync is one that is answered now, with the cursors of now.
func (m *model) sync() {
	sent := m.t.cursors()
	s := wire.Stream{Stream: "s", Head: m.head(), FloorSeq: m.floor}
	if at, ok := sent["s"]; ok {
		s.Entries = m.after(at)
		if n := len(s.Entries); n > listing {
			s.Entries, s.Limited = s.Entries[n-listing:], true
		}
	}
	m.t.listed(s, sent, m.now)
	m.drain()
}

// ask asks for the next hole that is due.
func (m *model) ask() bool {
	name, due, ok := m.t.next()
	if !ok || due.After(m.now) {
		return false
	}
	at := m.t.places[name].cursor
	entries := m.after(at)
	m.t.page(name, at, wire.Page{Entries: entries[:min(page, len(entries))], Head: m.head()}, m.now)
	m.drain()
	return true
}

func TestAnyOrderGivesTheStoresLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &model{cursor: map[string]int64{}, now: time.Unix(1e9, 0), floors: []int64{0}}
		restart := func() {
			m.t = newTracker(m.cursor, rapid.Bool().Draw(t, "from floor"))
			if len(m.got) == 0 {
				m.t.atFloor = rapid.Bool().Draw(t, "from floor at first")
			}
		}
		restart()
		t.Repeat(map[string]func(*rapid.T){
			"append": func(t *rapid.T) {
				for range rapid.IntRange(1, 6).Draw(t, "n") {
					e := entry("s", m.head()+1)
					m.log = append(m.log, e)
					if rapid.IntRange(0, 3).Draw(t, "fate") > 0 {
						m.flying = append(m.flying, e)
					}
				}
			},
			"event": func(t *rapid.T) {
				if len(m.flying) == 0 {
					t.Skip("nothing under way")
				}
				i := rapid.IntRange(0, len(m.flying)-1).Draw(t, "which")
				m.t.live(m.flying[i], m.now)
				m.drain()
				if rapid.Bool().Draw(t, "once") {
					m.flying = slices.Delete(m.flying, i, i+1)
				}
			},
			"unread event": func(t *rapid.T) {
				if len(m.flying) == 0 {
					t.Skip("nothing under way")
				}
				m.t.heard("s", m.flying[0].Seq, m.now)
				m.drain()
			},
			"time": func(t *rapid.T) { m.now = m.now.Add(100 * time.Millisecond) },
			"ask":  func(t *rapid.T) { m.ask() },
			"sync": func(t *rapid.T) { m.sync() },
			"late sync": func(t *rapid.T) {
				// Asked before, answered after more has happened.
				sent := m.t.cursors()
				at, ok := sent["s"]
				if !ok {
					t.Skip("no cursor yet")
				}
				s := wire.Stream{Stream: "s", Head: m.head(), FloorSeq: m.floor, Entries: m.after(at)}
				if n := len(s.Entries); n > listing {
					s.Entries, s.Limited = s.Entries[n-listing:], true
				}
				if len(m.flying) > 0 {
					m.t.live(m.flying[len(m.flying)-1], m.now)
				}
				m.ask()
				m.t.listed(s, sent, m.now)
				m.drain()
			},
			"restart": func(t *rapid.T) { restart(); m.sync() },
			"rejoin": func(t *rapid.T) {
				// The user was away while others wrote; what comes next is theirs again.
				for range rapid.IntRange(0, 5).Draw(t, "missed") {
					m.log = append(m.log, entry("s", m.head()+1))
				}
				m.floor = m.head()
				m.floors = append(m.floors, m.floor)
				m.flying = nil
				m.log = append(m.log, entry("s", m.head()+1))
			},
			"": func(t *rapid.T) { m.check(t, false) },
		})
		m.sync()
		m.now = m.now.Add(patience)
		for range len(m.log) + 2 {
			if !m.ask() {
				break
			}
		}
		m.check(t, true)
	})
}

// check holds what was given out against the store.
func (m *model) check(t *rapid.T, final bool) {
	for i, e := range m.got {
		if !reflect.DeepEqual(e, m.log[e.Seq-1]) {
			t.Fatalf("entry %d is not the store's", e.Seq)
		}
		if i > 0 && e.Seq <= m.got[i-1].Seq {
			t.Fatalf("entry %d after %d", e.Seq, m.got[i-1].Seq)
		}
		if i > 0 && e.Seq != m.got[i-1].Seq+1 && !slices.Contains(m.floors, e.Seq-1) {
			t.Fatalf("a hole before %d, which no floor explains", e.Seq)
		}
	}
	if held := 0; m.t.places["s"] != nil {
		held = len(m.t.places["s"].held)
		if held != m.t.held || held > heldPerStream {
			t.Fatalf("%d entries held, %d counted", held, m.t.held)
		}
	}
	if !final {
		return
	}
	if _, _, hole := m.t.next(); hole {
		t.Fatalf("a hole is left: cursor %d, head %d of %d", m.t.places["s"].cursor, m.t.places["s"].head, m.head())
	}
	if at := m.t.cursors()["s"]; at != m.head() {
		t.Fatalf("at %d, the head is %d", at, m.head())
	}
	if n := len(m.got); n > 0 && m.got[n-1].Seq != m.head() {
		t.Fatalf("the last entry given out is %d of %d", m.got[n-1].Seq, m.head())
	}
}

func TestHoleIsAskedForAfterPatience(t *testing.T) {
	now := time.Unix(1e9, 0)
	tr := newTracker(map[string]int64{"s": 1}, false)
	tr.live(entry("s", 3), now)
	name, due, ok := tr.next()
	if !ok || name != "s" || !due.Equal(now.Add(300*time.Millisecond)) {
		t.Fatalf("next is %q at %v (%v)", name, due, ok)
	}
	tr.live(entry("s", 2), now)
	if _, _, ok := tr.next(); ok {
		t.Fatal("the hole was filled and is still to be asked for")
	}
	if got := tr.take(); len(got) != 2 || got[0].entry.Seq != 2 || got[1].entry.Seq != 3 {
		t.Fatalf("given out: %v", got)
	}
}

func TestNewStreamsWaitForTheFirstSync(t *testing.T) {
	now := time.Unix(1e9, 0)
	tr := newTracker(nil, false)
	tr.settling = true
	tr.live(entry("s", 500), now)
	if _, _, ok := tr.next(); ok {
		t.Fatal("a stream that sync has yet to list would be read from its beginning")
	}
	tr.listed(wire.Stream{Stream: "s", Head: 499}, nil, now)
	if got := tr.take(); len(got) != 2 || got[0].cursor != 499 || got[1].entry.Seq != 500 {
		t.Fatalf("given out: %+v", got)
	}
}

func TestWhatIsHeldIsBounded(t *testing.T) {
	now := time.Unix(1e9, 0)
	tr := newTracker(map[string]int64{"s": 0}, false)
	for seq := int64(2); seq < 10_000; seq++ {
		tr.live(entry("s", seq), now)
	}
	if tr.held > heldPerStream {
		t.Fatalf("%d entries are held", tr.held)
	}
	if p := tr.places["s"]; p.head != 9_999 {
		t.Fatalf("the head heard of is %d", p.head)
	}
}

func TestAStoreThatWasPutBackIsBelieved(t *testing.T) {
	tr := newTracker(map[string]int64{"s": 20}, false)
	tr.listed(wire.Stream{Stream: "s", Head: 12}, map[string]int64{"s": 20}, time.Now())
	tr.live(entry("s", 13), time.Now())
	got := tr.take()
	if len(got) != 2 || got[0].cursor != 12 || got[1].entry == nil || got[1].entry.Seq != 13 {
		t.Fatalf("given out: %+v", got)
	}
}

func TestWhatTheStoreDoesNotGiveIsGivenUp(t *testing.T) {
	now := time.Unix(1e9, 0)
	tr := newTracker(map[string]int64{"s": 4}, false)
	tr.live(entry("s", 6), now) // arrived just before the user was removed at 4
	tr.page("s", 4, wire.Page{Head: 4}, now)
	if _, _, hole := tr.next(); hole || tr.held != 0 {
		t.Fatal("what nobody will ever tell is still waited for")
	}
	if got := tr.take(); len(got) != 0 || tr.cursors()["s"] != 4 {
		t.Fatalf("given out: %+v", got)
	}
}
