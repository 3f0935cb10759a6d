package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/wire"
)

// quick ends graces at once, slow never.
func quick(o *presence.Options) { o.Grace = time.Millisecond }
func slow(o *presence.Options)  { o.Grace = time.Hour }

func TestWatch(t *testing.T) {
	n := settle(t, quick)
	n.befriend("ann", "ben", "cat")
	ann, cat := n.join("ann", "a"), n.join("cat", "c")
	got := ann.watch("cat", "unknown", "ben", "ann", "cat")
	for i, want := range []string{"cat online", "unknown offline", "ben offline", "ann online"} {
		ann.shows(got[i], want)
	}
	if len(got) != 4 || got[1] != `{"user":"unknown","state":"offline"}` {
		t.Fatalf("%d: %s", len(got), got)
	}
	ben := n.join("ben", "b")
	ann.sees("ben online")
	ben.status("away")
	ann.sees("ben away")
	ben.ok("status", map[string]any{"state": "active", "text": "at tea"})
	ann.find("both", func(m message) bool { // in one event or, where the looks are close, in two
		return string(m.Data) == `{"user":"ben","state":"online","text":"at tea"}`
	})
	ann.seen = nil
	left := time.Now().Add(-time.Second)
	ben.conn.Close()
	if one := ann.sees("ben offline~"); one.LastSeen.Before(left) {
		t.Fatalf("last seen %v", one.LastSeen)
	}
	// Another set replaces the first.
	ann.watch("cat")
	n.join("ben", "b")
	cat.status("away")
	ann.sees("cat away")
	ann.silent(isPresence)
	ann.watch()
	cat.status("active")
	ann.silent(isPresence)
}

// What cannot be watched is refused, and whoever was watched before still is.
func TestWatchRefuses(t *testing.T) {
	n := settle(t, quick)
	n.befriend("ann", "ben")
	ann, ben := n.join("ann", "a"), n.join("ben", "b")
	ann.watch("ben")
	many := make([]string, 201)
	for i := range many {
		many[i] = fmt.Sprintf("u%d", i)
	}
	for _, bad := range []string{
		`{}`, `{"users":null}`, `{"users":"ben"}`, `{"users":[1]}`, `{"users":[null]}`, `{"users":["B E N"]}`, `{"users":[""]}`,
		`{"users":["app-x"]}`, `{"users":[["ben"]]}`, `[]`, `{"users":["ben"],"users":[]}`,
		`{"users":["` + strings.Join(many, `","`) + `"]}`,
	} {
		ann.n++
		ann.write(textOf(fmt.Sprintf(`{"id":%d,"op":"watch","data":%s}`, ann.n, bad))...)
		if m := ann.reply(ann.n); m.Error == nil || m.Error.Code != "bad_request" {
			t.Fatalf("%.40s: %s %+v", bad, m.Data, m.Error)
		}
	}
	ann.refused("unknown_field", "watch", map[string]any{"users": []string{}, "who": 1})
	ben.status("away")
	ann.sees("ben away")
	if got := ann.watch(many[:200]...); len(got) != 200 {
		t.Fatalf("%d", len(got))
	}
	for _, bad := range []map[string]any{
		{"state": "online"}, {"state": ""}, {}, {"text": "x"}, {"state": "active", "text": strings.Repeat("☕", 129)}, {"state": "away", "text": "a\u0000b"},
	} {
		ben.refused("bad_request", "status", bad)
	}
	ann.watch("ben")
	ben.ok("status", map[string]any{"state": "away", "text": strings.Repeat("☕", 128)})
	ann.event("presence")
	ben.ok("status", map[string]any{"state": "away", "text": ""})
	ann.sees("ben away")
}

// Looking up ever more people is refused for a while, and changes nothing.
func TestWatchTooMuch(t *testing.T) {
	n := settle(t, quick)
	n.befriend("ann", "ben")
	ann, ben := n.join("ann", "a"), n.join("ben", "b")
	many := []string{"ben"}
	for i := range watchMost - 1 {
		many = append(many, fmt.Sprintf("u%d", i))
	}
	m, looked := message{}, 0
	for start := time.Now(); m.Error == nil; looked += len(many) {
		if m = ann.call("watch", map[string]any{"users": many}); looked > watchBurst+len(many)+int(time.Since(start)/watchEach) {
			t.Fatalf("%d users were looked up", looked)
		}
	}
	if m.Error.Code != "rate_limited" || m.Error.RetryMS <= 0 || looked < watchBurst {
		t.Fatalf("after %d users %+v", looked, m.Error)
	}
	ben.status("away")
	ann.sees("ben away")
}

// A device that loses its connection and comes back, or connects again before the
// server has noticed, is not told.
func TestFlappingIsNotTold(t *testing.T) {
	n := settle(t, slow)
	n.befriend("ann", "ben")
	ann, ben := n.join("ann", "a"), n.join("ben", "b")
	ann.watch("ben")
	for range 5 {
		ben.conn.Close()
		eventually(t, "the end is noticed", func() bool { return len(n.gw.hub.sessions("ben")) == 0 })
		ben = n.join("ben", "b")
	}
	again := n.join("ben", "b")
	ben.closes(wire.CloseReplaced)
	again.status("active")
	ann.silent(isPresence)
}

// Who changes again and again is told of as often as is bearable, and how it ends for certain.
func TestRestless(t *testing.T) {
	n := settle(t, quick)
	n.befriend("ben", "ann", "cat")
	ann, ben, cat := n.join("ann", "a"), n.join("ben", "b"), n.join("cat", "c")
	ann.watch("ben")
	start := time.Now()
	for range 30 {
		ben.status("away")
		cat.watch("ben") // looking more often makes no difference
		ben.status("active")
		cat.watch("ben")
	}
	ben.ok("status", map[string]any{"state": "away", "text": "the end"})
	events := 0
	for last := ""; last != `{"user":"ben","state":"away","text":"the end"}`; events++ {
		last = string(ann.event("presence").Data)
	}
	if most := tellBurst + 1 + int(time.Since(start)/tellEvery); events > most {
		t.Fatalf("%d events, want %d at most", events, most)
	}
	ann.silent(isPresence)
	cat.find("how it ends", func(m message) bool { return strings.Contains(string(m.Data), "the end") })
}

// Somebody with two devices is offline when both are gone.
func TestTwoDevices(t *testing.T) {
	n := settle(t, quick)
	n.befriend("ann", "ben")
	ann, phone, laptop := n.join("ann", "a"), n.join("ben", "phone"), n.join("ben", "laptop")
	ann.shows(ann.watch("ben")[0], "ben online")
	phone.status("away")
	ann.silent(isPresence)
	laptop.conn.Close()
	ann.sees("ben away")
	laptop = n.join("ben", "laptop")
	ann.sees("ben online")
	phone.status("invisible")
	ann.sees("ben offline")
	laptop.status("away")
	laptop.conn.Close()
	phone.conn.Close()
	eventually(t, "both are gone", func() bool { return len(n.gw.hub.sessions("ben")) == 0 })
	laptop = n.join("ben", "laptop") // still invisible
	ann.silent(isPresence)
	laptop.status("active")
	ann.sees("ben online")
}

// A session that ends leaves nothing behind, whatever it was about to do.
func TestWatchingEndsWithTheSession(t *testing.T) {
	n := settle(t, quick)
	n.befriend("ann", "ben")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 10 {
				p := n.join(id.User(fmt.Sprintf("v%d", i)), "d")
				p.start("watch", map[string]any{"users": []string{"ben", "ann", fmt.Sprintf("u%d", k)}})
				if k%2 == 0 {
					p.watch("ben")
				}
				p.conn.Close()
			}
		})
	}
	for range 20 {
		n.join("ben", "b").status("away")
	}
	all.Wait()
	w := n.gw.watches
	eventually(t, "nobody is watched", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.people) == 0
	})
	n.tidied()
}

// tidied waits until topics are let go that nobody listens to.
func (n *villageNode) tidied() {
	n.v.t.Helper()
	eventually(n.v.t, "topics are let go", func() bool {
		n.gw.topics.change.Lock()
		defer n.gw.topics.change.Unlock()
		n.gw.topics.mu.Lock()
		defer n.gw.topics.mu.Unlock()
		return len(n.gw.topics.empty) == 0
	})
}

// Whoever stops watching and begins again is listened to all the time.
func TestWatchingAgain(t *testing.T) {
	n := settle(t, quick)
	n.befriend("ann", "ben")
	ann, ben := n.join("ann", "a"), n.join("ben", "b")
	ann.watch("ben")
	ann.watch()
	ann.watch("ben")
	n.tidied()
	ben.status("away")
	ann.sees("ben away")
}

// meddler lets something happen between a look and its use.
type meddler struct {
	Presence
	mu    sync.Mutex
	views func()
	may   func()
}

func (m *meddler) take(f *func()) func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	do := *f
	*f = nil
	return do
}

func (m *meddler) on(f *func(), do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*f = do
}

func (m *meddler) Views(ctx context.Context, users []id.User) ([]presence.View, error) {
	views, err := m.Presence.Views(ctx, users)
	if do := m.take(&m.views); do != nil {
		do()
	}
	return views, err
}

func (m *meddler) MayKnow(ctx context.Context, viewer id.User, others []id.User) ([]bool, error) {
	may, err := m.Presence.MayKnow(ctx, viewer, others)
	if do := m.take(&m.may); do != nil {
		do()
	}
	return may, err
}

func meddled(t *testing.T) (*villageNode, *meddler) {
	m := &meddler{}
	n := settle(t, quick, func(p Presence) Presence { m.Presence = p; return m })
	n.befriend("ann", "ben")
	return n, m
}

// What happens while a watch begins is not missed: the reply has it.
func TestAChangeWhileWatchBegins(t *testing.T) {
	n, m := meddled(t)
	ann := n.join("ann", "a")
	m.on(&m.views, func() {
		n.join("ben", "b")
		eventually(t, "the change is looked at", func() bool {
			w := n.gw.watches
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.people["ben"].view.State == presence.Online
		})
	})
	ann.shows(ann.watch("ben")[0], "ben online")
	ann.silent(isPresence)
}

// idle waits until all that was due before is found out.
func (n *villageNode) idle(u id.User) {
	n.v.t.Helper()
	w := n.gw.watches
	for range 2 { // what is under way may have been begun before
		w.mu.Lock()
		before := w.people[u].looks
		w.mu.Unlock()
		n.gw.LookAgain()
		eventually(n.v.t, "it is looked at", func() bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.people[u].looks > before
		})
	}
}

// Nor is what changes between the two people.
func TestABlockWhileWatchBegins(t *testing.T) {
	n, m := meddled(t)
	ann := n.join("ann", "a")
	n.join("ben", "b")
	m.on(&m.may, func() {
		ok(t, n.friends.Block(n.v.ctx, "ben", "ann"))
		n.idle("ben")
	})
	ann.shows(ann.watch("ben")[0], "ben online")
	ann.sees("ben offline")
}

// A look that is newer than what the others were told is told to them too.
func TestALookIsForAll(t *testing.T) {
	n := settle(t, quick)
	n.befriend("ben", "ann", "cat")
	ann, cat := n.join("ann", "a"), n.join("cat", "c")
	n.join("ben", "b")
	ann.watch("ben")
	text := "said while the bus was deaf"
	_, err := n.v.store.ChangeAccount(n.v.ctx, "ben", setText(text))
	ok(t, err)
	cat.shows(cat.watch("ben")[0], "ben online "+text)
	ann.sees("ben online " + text)
}

// After a gap in the bus everything is found out again.
func TestPresenceAfterAGap(t *testing.T) {
	n := settle(t, quick)
	n.befriend("ann", "ben", "cat")
	ann := n.join("ann", "a")
	n.join("ben", "b")
	n.join("cat", "c")
	ann.watch("ben", "cat")
	_, err := n.v.store.ChangeAccount(n.v.ctx, "ben", setText("hi"))
	ok(t, err)
	deaf(t, n, func() { ok(t, n.friends.Block(n.v.ctx, "cat", "ann")) })
	n.gw.Gap()
	var got []string
	for range 2 {
		got = append(got, string(ann.event("presence").Data))
	}
	slices.Sort(got)
	ann.shows(got[0], "ben online hi")
	ann.shows(got[1], "cat offline")
	ann.silent(isPresence)
}

func setText(text string) func(*account.Account) error {
	return func(a *account.Account) error {
		a.StatusText = text
		return nil
	}
}

// deaf keeps what a node publishes meanwhile from arriving.
func deaf(t *testing.T, n *villageNode, do func()) {
	t.Helper()
	topics := []bus.Topic{bus.UserTopic("ann"), bus.UserTopic("ben"), bus.UserTopic("cat")}
	n.bus.Unsubscribe(topics...)
	do()
	ok(t, n.bus.Subscribe(n.v.ctx, topics...))
}
