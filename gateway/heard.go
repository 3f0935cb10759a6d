package gateway

import (
	"bytes"
	"slices"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/wire"
)

var batches = sync.Pool{New: func() any { return new([]*session) }}

// Heard passes on what the bus brings. It is part of bus.Listener.
func (g *Gateway) Heard(t bus.Topic, m bus.Message) {
	if g.watches.heard(t) {
		return
	}
	switch m.Kind {
	case bus.Frame:
		g.spread(t, m)
	case bus.Signal:
		u, ok := strings.CutPrefix(string(t), userTopics)
		sig, err := wire.DecodeSignal(m.Body)
		if err != nil || !ok {
			g.opt.Log.Error().Err(err).Str("topic", string(t)).Msg("unreadable signal")
			return
		}
		g.signal(id.User(u), sig)
	}
}

// Gap tells every session to sync, and has them all reviewed: signals may be
// missing too. It is part of bus.Listener.
func (g *Gateway) Gap() {
	g.gaps.Add(1)
	g.offer(resyncBus, 0, g.hub.all)
	g.Review()
	g.watches.missed()
}

// spread offers a frame to all who listen to a topic, but for the connection that caused it.
func (g *Gateway) spread(t bus.Topic, m bus.Message) {
	if !g.hub.listened(t) {
		return
	}
	seq := id.Seq(0)
	if group, ok := strings.CutPrefix(string(t), groupTopics); ok {
		seq = wire.SeqOf(m.Body, id.Stream(group))
	}
	var f *frame // made for the first who gets it: often nobody listens but the one who caused it
	g.hand(func(s *session) bool {
		if s.number == m.Origin {
			return false
		}
		if f == nil {
			f = textFrame(m.Body, true)
		}
		return s.offer(f)
	}, func(do func(*session)) { g.hub.each(t, seq, do) })
}

func (g *Gateway) offer(f *frame, but uint64, each func(func(*session))) {
	g.hand(func(s *session) bool { return s.number != but && s.offer(f) }, each)
}

// hand has all sessions written that give says have to be.
func (g *Gateway) hand(give func(*session) bool, each func(func(*session))) {
	batch := batches.Get().(*[]*session)
	start := (*batch)[:0]
	each(func(s *session) {
		if give(s) {
			start = append(start, s)
		}
	})
	g.writers.gather(start)
	clear(start)
	*batch = start
	batches.Put(batch)
}

// signal carries out what another node, or this one, says about a user.
func (g *Gateway) signal(u id.User, sig wire.Signal) {
	if sig.Tie != "" {
		g.watches.tied(u, sig.Tie)
	}
	for _, group := range []id.Stream{sig.Join, sig.Leave} {
		if group != "" {
			g.reviews.speaks(u, group)
		}
	}
	for _, s := range g.hub.sessions(u) {
		if sig.Join != "" {
			g.hub.join(s, u, sig.Join, false)
			g.topics.follow(s, sig.Join)
		}
		if sig.Leave != "" {
			g.left(s, u, sig)
		}
		if sig.End == nil && sig.Live == nil {
			continue
		}
		s.mu.Lock()
		if s.id == "" && s.greeting != nil { // whose sign-in it is will be known soon
			s.greeting.missed = append(s.greeting.missed, sig)
		}
		code := s.struck(sig)
		s.mu.Unlock()
		if code != 0 {
			s.close(code)
		}
	}
}

// left makes a session hear a group no more. The entry that says so has come on the
// group's topic, or comes too late there: then it came with the signal.
func (g *Gateway) left(s *session, u id.User, sig wire.Signal) {
	missed := g.hub.leave(s, u, sig.Leave, wire.SeqOf(sig.Last, sig.Leave))
	if missed && len(sig.Last) > 0 && s.offer(textFrame(sig.Last, true)) {
		g.writers.push(s)
	}
}

// struck tells with which code a signal closes the session; 0: not at all.
func (s *session) struck(sig wire.Signal) int {
	switch {
	case s.id == "":
		return 0
	case sig.Live != nil && sig.Live.Session == s.id:
		newer, err := uuid.Parse(sig.Live.Connection)
		if err == nil && bytes.Compare(s.conn[:], newer[:]) < 0 {
			return wire.CloseReplaced
		}
	case sig.End != nil && s.id != sig.End.Except:
		if len(sig.End.Sessions) == 0 || slices.Contains(sig.End.Sessions, s.id) {
			return sig.End.Code
		}
	}
	return 0
}
