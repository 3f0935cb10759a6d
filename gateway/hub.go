package gateway

import (
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/id"
)

// A hub knows which sessions of this node listen to what: those of a user to
// the user's topic, those of a group's members to the group's.
type hub struct {
	seed   maphash.Seed
	shards [hubShards]hubShard
	empty  func(t bus.Topic) // told when the last listener of a topic has gone
}

const hubShards = 64

type hubShard struct {
	mu     sync.RWMutex
	users  map[id.User]*session // the first of a list
	groups map[id.Stream]*audience
}

// An audience is who hears a group.
type audience struct {
	sessions map[*session]struct{}
	lately   [8]atomic.Int64 // the seqs of entries that were spread, each at its place modulo 8
}

// spread notes that an entry goes out to all.
func (a *audience) spread(seq id.Seq) { a.lately[seq%8].Store(int64(seq)) }

func (a *audience) heard(seq id.Seq) bool { return a.lately[seq%8].Load() == int64(seq) }

func newHub(empty func(bus.Topic)) *hub {
	return &hub{seed: maphash.MakeSeed(), empty: empty}
}

func (h *hub) shard(name string) *hubShard {
	return &h.shards[maphash.String(h.seed, name)%hubShards]
}

// attach makes s hear the topic of u.
func (h *hub) attach(s *session, u id.User) {
	sh := h.shard(string(u))
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase >= closing || s.user != "" {
		return
	}
	if sh.users == nil {
		sh.users = map[id.User]*session{}
	}
	s.user, s.next = u, sh.users[u]
	sh.users[u] = s
}

// detach makes s hear nothing any more.
func (h *hub) detach(s *session) {
	s.mu.Lock()
	u, groups := s.user, s.groups
	s.groups = nil
	if s.phase < closing { // a hello that failed; another may come
		s.user = ""
	}
	s.mu.Unlock()
	if u == "" {
		return
	}
	sh := h.shard(string(u))
	sh.mu.Lock()
	sh.remove(s, u)
	_, others := sh.users[u]
	sh.mu.Unlock()
	if !others {
		h.empty(bus.UserTopic(u))
	}
	for _, g := range groups {
		h.drop(s, g, 0, func() bool { return true })
	}
}

func (sh *hubShard) remove(s *session, u id.User) {
	if sh.users[u] == s {
		if sh.users[u] = s.next; s.next == nil {
			delete(sh.users, u)
		}
	}
	for o := sh.users[u]; o != nil; o = o.next {
		if o.next == s {
			o.next = s.next
		}
	}
	s.next = nil
}

// join makes s, if it is u's, hear group g. listed: because g stood in u's list,
// which may be older than the news that u has left.
func (h *hub) join(s *session, u id.User, g id.Stream, listed bool) {
	sh := h.shard(string(g))
	sh.mu.Lock()
	defer sh.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase >= closing || s.user != u || slices.Contains(s.groups, g) {
		return
	}
	if s.greeting != nil {
		if listed && s.greeting.left[g] {
			return
		}
		delete(s.greeting.left, g)
	}
	if sh.groups == nil {
		sh.groups = map[id.Stream]*audience{}
	}
	if sh.groups[g] == nil {
		sh.groups[g] = &audience{sessions: map[*session]struct{}{}}
	}
	sh.groups[g].sessions[s] = struct{}{}
	s.groups = append(s.groups, g)
}

// leave makes s, if it is u's, hear group g no more. missed: the entry at that seq
// was not spread while it listened; 0: there is none to miss.
func (h *hub) leave(s *session, u id.User, g id.Stream, seq id.Seq) (missed bool) {
	heard := h.drop(s, g, seq, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		if missed = s.user == u; !missed {
			return false
		}
		if s.greeting != nil {
			if s.greeting.left == nil {
				s.greeting.left = map[id.Stream]bool{}
			}
			s.greeting.left[g] = true
		}
		s.groups = slices.DeleteFunc(s.groups, func(o id.Stream) bool { return o == g })
		return true
	})
	return missed && !heard
}

// drop takes s off group g's list, if that is still right, and tells whether it heard the entry at seq there.
func (h *hub) drop(s *session, g id.Stream, seq id.Seq, right func() bool) (heard bool) {
	sh := h.shard(string(g))
	sh.mu.Lock()
	all := sh.groups[g]
	if right() && all != nil {
		_, in := all.sessions[s]
		heard = in && all.heard(seq)
		delete(all.sessions, s)
	}
	empty := all != nil && len(all.sessions) == 0
	if empty {
		delete(sh.groups, g)
	}
	sh.mu.Unlock()
	if empty {
		h.empty(bus.GroupTopic(g))
	}
	return heard
}

// sessions are those of a user.
func (h *hub) sessions(u id.User) []*session {
	sh := h.shard(string(u))
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	var out []*session
	for s := sh.users[u]; s != nil; s = s.next {
		out = append(out, s)
	}
	return out
}

// everybody are the users who have sessions.
func (h *hub) everybody() (users []id.User) {
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.RLock()
		for u := range sh.users {
			users = append(users, u)
		}
		sh.mu.RUnlock()
	}
	return users
}

// listened tells whether anybody hears a topic.
func (h *hub) listened(t bus.Topic) bool {
	if u, ok := strings.CutPrefix(string(t), userTopics); ok {
		sh := h.shard(u)
		sh.mu.RLock()
		defer sh.mu.RUnlock()
		return sh.users[id.User(u)] != nil
	}
	g := strings.TrimPrefix(string(t), groupTopics)
	sh := h.shard(g)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.groups[id.Stream(g)] != nil
}

var (
	userTopics  = string(bus.UserTopic(""))
	groupTopics = string(bus.GroupTopic(""))
)

// each calls do for every session that hears t. The shard is locked meanwhile. seq
// is that of the group's entry which is spread, 0 if it is something else.
func (h *hub) each(t bus.Topic, seq id.Seq, do func(*session)) {
	if u, ok := strings.CutPrefix(string(t), userTopics); ok {
		sh := h.shard(u)
		sh.mu.RLock()
		defer sh.mu.RUnlock()
		for s := sh.users[id.User(u)]; s != nil; s = s.next {
			do(s)
		}
		return
	}
	if g, ok := strings.CutPrefix(string(t), groupTopics); ok {
		sh := h.shard(g)
		sh.mu.RLock()
		defer sh.mu.RUnlock()
		all := sh.groups[id.Stream(g)]
		if all == nil {
			return
		}
		if seq > 0 {
			all.spread(seq)
		}
		for s := range all.sessions {
			do(s)
		}
	}
}

// all calls do for every session that hears anything.
func (h *hub) all(do func(*session)) {
	for i := range h.shards {
		sh := &h.shards[i]
		sh.mu.RLock()
		for _, s := range sh.users {
			for ; s != nil; s = s.next {
				do(s)
			}
		}
		sh.mu.RUnlock()
	}
}
