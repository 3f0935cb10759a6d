package gateway

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

// A model of a hub is who hears what, without shards, lists and locks.
type model struct {
	user   map[*session]id.User
	groups map[*session]map[id.Stream]bool
}

func (m *model) hear(t bus.Topic) map[*session]bool {
	all := map[*session]bool{}
	for s, u := range m.user {
		if bus.UserTopic(u) == t {
			all[s] = true
		}
	}
	for s, groups := range m.groups {
		for g := range groups {
			if bus.GroupTopic(g) == t {
				all[s] = true
			}
		}
	}
	return all
}

// TestHub compares a hub with a model of it, after each of many random steps.
func TestHub(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var emptied []bus.Topic
	h := newHub(func(t bus.Topic) { emptied = append(emptied, t) })
	m := &model{map[*session]id.User{}, map[*session]map[id.Stream]bool{}}
	users := []id.User{"ann", "ben", "cat", "dan"}
	groups := []id.Stream{"g-1", "g-2", "g-3"}
	var topics []bus.Topic
	for _, u := range users {
		topics = append(topics, bus.UserTopic(u))
	}
	for _, g := range groups {
		topics = append(topics, bus.GroupTopic(g))
	}
	var sessions []*session
	for step := range 20_000 {
		if len(sessions) < 12 {
			sessions = append(sessions, &session{})
		}
		i := r.IntN(len(sessions))
		s, u, g := sessions[i], users[r.IntN(len(users))], groups[r.IntN(len(groups))]
		was := map[bus.Topic]bool{}
		for _, topic := range topics {
			was[topic] = len(m.hear(topic)) > 0
		}
		emptied = emptied[:0]
		what := ""
		switch r.IntN(6) {
		case 0, 1:
			what = fmt.Sprint("attach ", u)
			if h.attach(s, u); m.user[s] == "" {
				m.user[s], m.groups[s] = u, map[id.Stream]bool{}
			}
		case 2, 3:
			what = fmt.Sprint("join ", u, g)
			if h.join(s, u, g, false); m.user[s] == u {
				m.groups[s][g] = true
			}
		case 4:
			what = fmt.Sprint("leave ", u, g)
			if h.leave(s, u, g, 0); m.user[s] == u {
				delete(m.groups[s], g)
			}
		case 5:
			what = "detach"
			if r.IntN(2) == 0 { // for good
				s.phase = closing
				sessions = slices.Delete(sessions, i, i+1)
			}
			h.detach(s)
			delete(m.user, s)
			delete(m.groups, s)
		}
		for _, topic := range topics {
			want, got := m.hear(topic), map[*session]bool{}
			h.each(topic, 0, func(s *session) {
				if got[s] {
					t.Fatalf("step %d, %s: one session hears %s twice", step, what, topic)
				}
				got[s] = true
			})
			if len(got) != len(want) || h.listened(topic) != (len(want) > 0) {
				t.Fatalf("step %d, %s: %d hear %s, want %d; listened %v", step, what, len(got), topic, len(want), h.listened(topic))
			}
			for s := range want {
				if !got[s] {
					t.Fatalf("step %d, %s: somebody does not hear %s", step, what, topic)
				}
			}
			if ended := was[topic] && len(want) == 0; ended && !slices.Contains(emptied, topic) {
				t.Fatalf("step %d, %s: nobody is told that %s is abandoned", step, what, topic)
			}
		}
		if everybody := h.everybody(); len(everybody) != len(h.people()) {
			t.Fatalf("step %d, %s: %v have sessions", step, what, everybody)
		}
	}
}

// people are the users of all sessions that hear anything.
func (h *hub) people() map[id.User]bool {
	all := map[id.User]bool{}
	h.all(func(s *session) { all[s.user] = true })
	return all
}

// TestHubInParallel: whatever meets whatever, nothing is left when all have gone.
func TestHubInParallel(t *testing.T) {
	h := newHub(func(bus.Topic) {})
	groups := []id.Stream{"g-1", "g-2", "g-3"}
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			u := id.User(fmt.Sprint("u", n%2))
			for range 2000 {
				s := &session{}
				var own sync.WaitGroup
				h.attach(s, u)
				own.Go(func() { // a signal that comes at the same time
					for _, g := range groups {
						h.join(s, u, g, false)
						h.leave(s, u, g, 0)
						h.join(s, u, g, false)
					}
				})
				h.each(bus.GroupTopic("g-2"), 1, func(*session) {})
				s.mu.Lock()
				s.phase = closing
				s.mu.Unlock()
				h.detach(s)
				own.Wait()
			}
		})
	}
	wg.Wait()
	for i := range h.shards {
		if n := len(h.shards[i].users) + len(h.shards[i].groups); n != 0 {
			t.Fatalf("shard %d still has %d", i, n)
		}
	}
}

// TestTheLastEntryComesOnce: who is removed gets the entry that says so on one
// way, even if the group's topic brings it late, and nothing after it.
func TestTheLastEntryComesOnce(t *testing.T) {
	bothHouses(t, nil, func(t *testing.T, h *house) {
		ann, ben := h.join("ann", "a"), h.join("ben", "b")
		group := h.group("ann", "ben")
		ben.event("entry")
		ok(t, h.chat.RemoveMember(h.ctx, "ann", group, "ben"))
		ann.ok("send", say(group, "without ben"))
		ben.ok("ping", struct{}{})
		told := 0
		for _, m := range ben.seen {
			if isEntry(`"action":"remove"`)(m) {
				told++
			}
			if isEntry("without ben")(m) {
				t.Fatal("somebody removed hears the group")
			}
		}
		if told != 1 {
			t.Fatalf("the last entry came %d times", told)
		}

		// From another node, whose signal overtakes the entry.
		ben2 := h.join("ben", "c")
		other := h.group("ann", "ben")
		ben2.event("resync")
		last := []byte(`{"event":"entry","data":{"stream":"` + other + `","seq":2,"count":0}}`)
		h.signal("ben", wire.Signal{Leave: id.Stream(other), Last: last})
		h.bus.Publish(bus.GroupTopic(id.Stream(other)), bus.Message{Kind: bus.Frame, Body: last})
		ben2.find("the last entry", func(m message) bool { return m.Event == "entry" && string(m.Data) == string(last[24:len(last)-1]) })
		ben2.silent(func(m message) bool { return m.Event == "entry" && string(m.Data) == string(last[24:len(last)-1]) })
	})
}
