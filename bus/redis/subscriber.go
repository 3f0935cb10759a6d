package redis

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/bus"
)

// A subscriber knows what this node wants to hear and keeps Redis in line with it.
type subscriber struct {
	at    *server
	me    node
	log   zerolog.Logger
	heard func(bus.Topic, bus.Message)
	gap   func()
	wake  chan struct{} // something has changed
	tried chan struct{} // closed after the first attempt to connect
	once  sync.Once
	peers peers

	mu     sync.RWMutex
	topics map[bus.Topic]*change // what the node wants to hear; the change is the one Redis has not confirmed yet
	next   *change               // gathers what is to be told to Redis; nil while there is no connection
	away   error                 // why nothing is heard; nil while all is
}

// A change is a set of topics whose subscription may not be as it is wanted.
type change struct {
	topics  []bus.Topic
	settled chan struct{} // closed when Redis has confirmed, or cannot any more
}

func newChange() *change { return &change{settled: make(chan struct{})} }

func newSubscriber(at *server, me node, log zerolog.Logger) *subscriber {
	return &subscriber{
		at: at, me: me, log: log, away: errStarting,
		wake: make(chan struct{}, 1), tried: make(chan struct{}),
		topics: map[bus.Topic]*change{},
	}
}

func (s *subscriber) wants(t bus.Topic) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, on := s.topics[t]
	return on
}

func (s *subscriber) trouble() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.away
}

// add wants topics and returns the changes to wait for: none without a
// connection, because the next one begins with all that is wanted then.
func (s *subscriber) add(topics []bus.Topic) []*change {
	s.mu.Lock()
	defer s.mu.Unlock()
	var wait []*change
	for _, t := range topics {
		c, on := s.topics[t]
		if !on {
			c = s.next
			s.topics[t] = c
			if c != nil {
				c.topics = append(c.topics, t)
			}
		}
		if c != nil && (len(wait) == 0 || wait[len(wait)-1] != c) {
			wait = append(wait, c)
		}
	}
	s.rouse()
	return wait
}

func (s *subscriber) remove(topics []bus.Topic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range topics {
		if _, on := s.topics[t]; !on {
			continue
		}
		delete(s.topics, t)
		if s.next != nil {
			s.next.topics = append(s.next.topics, t)
		}
	}
	s.rouse()
}

func (s *subscriber) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run connects and listens until ctx ends.
func (s *subscriber) run(ctx context.Context) {
	keep(ctx, func(ctx context.Context) bool {
		worked, err := s.serve(ctx)
		s.broke(ctx, err)
		return worked
	})
}

// serve is the life of one connection: everything wanted is asked for, then changes are.
func (s *subscriber) serve(ctx context.Context) (worked bool, err error) {
	l, err := s.at.link(ctx)
	if err != nil {
		return false, err
	}
	e := newEar(l)
	go e.listen(ctx, s.arrived)
	worked, err = s.tend(ctx, e)
	return worked, e.close(err)
}

// tend is serve with an ear that listens.
func (s *subscriber) tend(ctx context.Context, e *ear) (worked bool, err error) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	all := s.begin()
	if err := e.ask(ctx, true, []string{s.at.nodes}, beat.C); err != nil {
		s.settle(all)
		return false, err
	}
	if err := s.carryOut(ctx, e, all, beat.C); err != nil {
		return false, err
	}
	s.stands(len(all.topics) > 0)
	for {
		select {
		case <-s.wake:
			if c := s.take(); c != nil {
				err = s.carryOut(ctx, e, c, beat.C)
			}
		case <-beat.C:
			if s.peers.beat() {
				s.gap()
			}
			err = e.beat(ctx)
		case <-e.over:
			err = e.err
		}
		if err != nil {
			return true, err
		}
	}
}

// begin opens the door to changes; the first is all that is wanted.
func (s *subscriber) begin() *change {
	s.peers.forget()
	all := newChange()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next = newChange()
	for t := range s.topics {
		all.topics = append(all.topics, t)
		s.topics[t] = all
	}
	return all
}

// take closes the change that was gathering and begins another; nil if there was nothing to gather.
func (s *subscriber) take() *change {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.next
	if len(c.topics) == 0 {
		return nil
	}
	s.next = newChange()
	return c
}

// carryOut makes Redis's idea of some topics what is wanted now.
func (s *subscriber) carryOut(ctx context.Context, e *ear, c *change, beat <-chan time.Time) error {
	defer s.settle(c)
	var on, off []string
	s.mu.RLock()
	for _, t := range c.topics {
		if _, wanted := s.topics[t]; wanted {
			on = append(on, s.at.channel(t))
		} else {
			off = append(off, s.at.channel(t))
		}
	}
	s.mu.RUnlock()
	if err := e.ask(ctx, true, on, beat); err != nil {
		return err
	}
	return e.ask(ctx, false, off, beat)
}

// settle lets go who waits for a change.
func (s *subscriber) settle(c *change) {
	s.mu.Lock()
	for _, t := range c.topics {
		if s.topics[t] == c {
			s.topics[t] = nil
		}
	}
	s.mu.Unlock()
	close(c.settled)
}

// arrived is told of every message of the connection.
func (s *subscriber) arrived(channel, p string) {
	from, kind, body, ok := parsePayload(p)
	if !ok || from == s.me {
		return
	}
	if t, ok := s.at.topic(channel); ok {
		s.heard(t, bus.Message{Kind: bus.Kind(kind), Body: []byte(body)})
		return
	}
	s.peers.heard(from, kind)
	if kind == wordGap {
		s.gap()
	}
}

// stands notes that all that is wanted is heard, again or for the first time.
func (s *subscriber) stands(missed bool) {
	s.mu.Lock()
	s.away = nil
	s.mu.Unlock()
	s.once.Do(func() { close(s.tried) })
	s.log.Info().Msg("listening to Redis")
	if missed {
		s.gap()
	}
}

// broke notes that nothing is heard any more. Who waits is let go: the gap that follows is theirs.
func (s *subscriber) broke(ctx context.Context, err error) {
	s.mu.Lock()
	if s.next != nil {
		close(s.next.settled)
		s.next = nil
	}
	first := s.away == nil || s.away == errStarting
	s.away = err
	s.mu.Unlock()
	s.once.Do(func() { close(s.tried) })
	if first && ctx.Err() == nil {
		s.log.Warn().Err(err).Msg("cannot listen to Redis; a gap follows when it is back")
	}
}
