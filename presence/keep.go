package presence

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/teahouse-im/teahouse/bus"
	"github.com/teahouse-im/teahouse/id"
)

// keep writes this node's lines to the board, renews its lease and ends graces,
// until ctx ends. It is one goroutine with one timer, however many sessions there are.
func (s *Service) keep(ctx context.Context) {
	s.renew(ctx, false)
	renewAt := s.since() + s.opt.RenewEvery
	timer := time.NewTimer(s.opt.RenewEvery)
	defer timer.Stop()
	for {
		wake := renewAt
		if next := s.sweep(); next > 0 {
			wake = min(wake, next)
		}
		s.flush(ctx)
		timer.Reset(max(0, wake-s.since()))
		missed := false
		select {
		case <-ctx.Done():
			return
		case <-s.news:
		case <-timer.C:
		case <-s.missed:
			missed = true
		}
		if missed || s.since() >= renewAt {
			s.renew(ctx, missed)
			renewAt = s.since() + s.opt.RenewEvery
		}
	}
}

// renew keeps the lease, and heals what the board has lost. On a wiped board every
// node is missing until it has come by: what is seen there then is told to nobody
// before all have had the time for that.
func (s *Service) renew(ctx context.Context, missed bool) {
	within, cancel := context.WithTimeout(ctx, boardWithin)
	defer cancel()
	wiped, moved, err := s.board.Renew(within)
	now := time.Now()
	if s.failed(ctx, err) {
		if missed {
			s.lookAt = now
		}
		return
	}
	if wiped {
		s.rewrite = true
		if s.begun {
			s.lookAt = now.Add(2 * s.opt.RenewEvery)
		}
	}
	s.begun = true
	if s.rewrite {
		s.rewrite = s.writeAll(ctx) != nil
	}
	s.retry()
	switch {
	case wiped:
	case !s.lookAt.IsZero():
		if now.Before(s.lookAt) {
			return
		}
		s.lookAt = time.Time{}
		s.again(moved, now)
	case moved, missed:
		s.again(moved, now)
	}
}

// again has everything that is watched looked at now. A node that has just come
// may not have written its lines yet: then once more.
func (s *Service) again(moved bool, now time.Time) {
	if moved {
		s.lookAt = now.Add(s.opt.RenewEvery)
	}
	s.opt.Again()
}

// failed logs the first of several errors of the board.
func (s *Service) failed(ctx context.Context, err error) bool {
	if err != nil && !s.failing && ctx.Err() == nil {
		s.opt.Log.Warn().Err(err).Msg("the board of presence cannot be reached")
	}
	s.failing = err != nil
	return s.failing
}

// writeAll writes every line of this node.
func (s *Service) writeAll(ctx context.Context) error {
	s.mu.Lock()
	lines := make([]Line, 0, len(s.here))
	for u := range s.here {
		lines = append(lines, s.line(u))
	}
	s.mu.Unlock()
	for len(lines) > 0 {
		n := min(batchMost, len(lines))
		if err := s.put(ctx, lines[:n]); err != nil {
			return err
		}
		lines = lines[n:]
	}
	return nil
}

func (s *Service) put(ctx context.Context, lines []Line) error {
	within, cancel := context.WithTimeout(ctx, boardWithin)
	defer cancel()
	return s.board.Put(within, lines...)
}

// retry has those written who could not be written before.
func (s *Service) retry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.dirty) > 0 {
		ring(s.news)
	}
}

// flush writes what is dirty to the board and rings for what shows. What cannot be
// written is tried again when the lease is renewed; this node's own watchers are
// told all the same.
func (s *Service) flush(ctx context.Context) {
	for {
		b := s.take()
		if len(b.drop)+len(b.put) == 0 {
			return
		}
		within, cancel := context.WithTimeout(ctx, boardWithin)
		err := s.board.Drop(within, b.drop...)
		if err == nil {
			err = s.board.Put(within, b.put...)
		}
		cancel()
		for _, u := range b.shows {
			s.bus.Publish(bus.PresenceTopic(u), bus.Message{Kind: bus.Signal})
		}
		if s.failed(ctx, err) {
			s.putBack(b)
			return
		}
	}
}

// A batch is what the board is to be told at once.
type batch struct {
	put   []Line
	drop  []id.User
	shows []id.User // those of them whose change others may see
}

// take is a batch of those who are dirty.
func (s *Service) take() (b batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for u, shows := range s.dirty {
		if len(b.drop)+len(b.put) == batchMost {
			break
		}
		delete(s.dirty, u)
		if shows {
			b.shows = append(b.shows, u)
		}
		if l := s.line(u); l.State == Offline {
			b.drop = append(b.drop, u)
		} else {
			b.put = append(b.put, l)
		}
	}
	return b
}

// putBack makes dirty again what could not be written. The next batch rings anew.
func (s *Service) putBack(b batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range b.drop {
		s.stale(u, false)
	}
	for _, l := range b.put {
		s.stale(l.User, false)
	}
	for _, u := range b.shows {
		s.stale(u, true)
	}
}

const (
	// notesMost bounds how many ends of sessions are written down at a time.
	notesMost = 16
	// noteWithin bounds the writing of one.
	noteWithin = 5 * time.Second
)

// note writes down when sessions were last used that have ended. What it does
// not come to is noted by whoever next looks after the sign-in.
func (s *Service) note(ctx context.Context) {
	for {
		select {
		case <-s.notes:
			s.noteAll(ctx)
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.Background(), noteWithin)
			defer cancel()
			s.noteAll(last)
			return
		}
	}
}

func (s *Service) noteAll(ctx context.Context) {
	s.mu.Lock()
	used := s.used
	s.used = nil
	s.mu.Unlock()
	var at errgroup.Group
	at.SetLimit(notesMost)
	for _, seat := range used {
		at.Go(func() error {
			within, cancel := context.WithTimeout(ctx, noteWithin)
			defer cancel()
			return s.people.Used(within, seat.user, seat.session)
		})
	}
	if err := at.Wait(); err != nil {
		s.opt.Log.Warn().Err(err).Msg("cannot note when sessions were last used")
	}
}
