package webhook

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
)

const (
	lookMost  = 256              // of what is owed, at a time
	lookAhead = time.Minute      // how far the next work is looked for
	lookAgain = 10 * time.Second // after which it is seen whether an app was served
	lookTwice = 20 * time.Second // after which it is seen whether what is owed has come to be; more than a change takes
)

// wake says that an app may have something to be sent, and that it is owed by a time.
func (s *Service) wake(a id.App, by time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.soon(by)
	if l := s.lanes[a]; l != nil {
		l.poke()
		return
	}
	s.awake[a] = true
	select {
	case s.ring <- struct{}{}:
	default:
	}
}

// soon says that something is owed by a time. s.mu is held.
func (s *Service) soon(by time.Time) {
	if by.Before(s.next) {
		s.next = by
	}
}

// Run sends what there is to send, here or left by a node that died, until ctx ends.
// What is under way then is broken off and left to others.
func (s *Service) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	tick := time.NewTicker(s.opt.Tick)
	defer tick.Stop()
	var looked time.Time
	for {
		for a, l := range s.open() {
			wg.Go(func() { s.serve(ctx, a, l) })
		}
		if s.ripe() || time.Since(looked) >= s.opt.Look {
			looked = time.Now()
			if err := s.look(ctx); err != nil && ctx.Err() == nil {
				s.opt.Failed(fmt.Errorf("look for webhooks: %w", err))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.ring:
		case <-tick.C:
		}
	}
}

// open makes a lane for each app that is awake and has none.
func (s *Service) open() map[id.App]*lane {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := map[id.App]*lane{}
	for a := range s.awake {
		if l := s.lanes[a]; l != nil {
			l.poke()
			continue
		}
		fresh[a] = newLane()
		s.lanes[a] = fresh[a]
	}
	clear(s.awake)
	return fresh
}

// ripe tells whether something may be due, as far as this node knows.
func (s *Service) ripe() bool {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	return !now.Before(s.next)
}

// look wakes the apps about which something is owed by now, and finds out when the
// next time is.
func (s *Service) look(ctx context.Context) error {
	s.mu.Lock()
	s.next = s.now().Add(lookAhead)
	s.mu.Unlock()
	for {
		dues, err := s.store.Owed(ctx, queueSend, s.now(), lookMost)
		if err != nil {
			return err
		}
		for a, of := range byApp(dues) {
			if err := s.lookAt(ctx, a, of); err != nil {
				return err
			}
		}
		if len(dues) < lookMost {
			break
		}
	}
	if err := s.lookAtOld(ctx); err != nil {
		return err
	}
	ahead, err := s.store.Owed(ctx, queueSend, s.now().Add(lookAhead), 1)
	if err == nil && len(ahead) > 0 {
		s.mu.Lock()
		s.soon(ahead[0].At)
		s.mu.Unlock()
	}
	return err
}

// lookAt takes what is owed about an app by now together. If there is something to
// be sent, it is owed again a little later, so that an app that takes long to serve
// does not stand in the way of others. If there is not, what it was owed for may
// not be stored yet, since it is owed first: that is looked at once more.
func (s *Service) lookAt(ctx context.Context, a id.App, dues []ledger.Due) error {
	now := s.now()
	first, err := s.store.ListPart(ctx, part(a), underQueue, "", 1)
	if err != nil {
		return err
	}
	again := send(a, now.Add(lookAgain))
	switch {
	case len(first) > 0 && !dueAt(first[0].Key).After(now):
		err = s.store.Owe(ctx, again)
		s.wake(a, again.At)
	case slices.ContainsFunc(dues, func(d ledger.Due) bool { return !strings.HasSuffix(d.ID, twiceOwed) }):
		again.At, again.ID = ceil(now.Add(lookTwice), lookAgain), again.ID+twiceOwed
		err = s.store.Owe(ctx, again)
	}
	if err != nil {
		return err
	}
	return s.store.Settled(ctx, dues...)
}

// twiceOwed is what ends the id of what is looked at for the second time.
const twiceOwed = "/again"

func (s *Service) lookAtOld(ctx context.Context) error {
	now := s.now()
	dues, err := s.store.Owed(ctx, queueOld, now, lookMost)
	if err != nil {
		return err
	}
	for a, of := range byApp(dues) {
		more, err := s.dropOld(ctx, a)
		if err != nil {
			return err
		}
		if more {
			if err := s.store.Owe(ctx, ledger.Due{Queue: queueOld, At: now.Add(retriedFor), ID: string(a)}); err != nil {
				return err
			}
		}
		if err := s.store.Settled(ctx, of...); err != nil {
			return err
		}
	}
	return nil
}

func byApp(dues []ledger.Due) map[id.App][]ledger.Due {
	m := map[id.App][]ledger.Due{}
	for _, d := range dues {
		a := id.App(strings.TrimSuffix(d.ID, twiceOwed))
		m[a] = append(m[a], d)
	}
	return m
}

// dueAt is when what stands under a key of the queue is due.
func dueAt(key string) time.Time {
	millis, _, _ := strings.Cut(key[len(underQueue):], "/")
	n, _ := strconv.ParseInt(millis, 10, 64)
	return time.UnixMilli(n).UTC()
}
