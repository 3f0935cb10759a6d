package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/grant"
)

const (
	owedMost  = 256              // read at a time; more where the first cannot be done
	owedLimit = 16 << 10         //
	workMost  = 30 * time.Second // for one piece of work
)

// Run does what is due until ctx ends: it lets go what was held for a while,
// finishes what other nodes have left undone, and stores what was counted.
func (s *Service) Run(ctx context.Context) {
	for ctx.Err() == nil {
		s.look(ctx)
		pause := time.NewTimer(s.opt.SweepEvery)
		select {
		case <-ctx.Done():
			pause.Stop()
		case <-pause.C:
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := s.flush(last, ""); err != nil {
		s.opt.Failed(err)
	}
}

// look does once what is due.
func (s *Service) look(ctx context.Context) {
	for _, queue := range []string{holdQueue, paceQueue, verdictQueue} {
		if err := s.sweep(ctx, queue); err != nil && ctx.Err() == nil {
			s.opt.Failed(fmt.Errorf("sweep %s: %w", queue, err))
		}
	}
	if err := s.flush(ctx, ""); err != nil && ctx.Err() == nil {
		s.opt.Failed(err)
	}
}

// sweep goes once over a queue. Work that fails stays owed.
func (s *Service) sweep(ctx context.Context, queue string) error {
	for limit := owedMost; ; {
		dues, err := s.store.Owed(ctx, queue, s.now(), limit)
		if err != nil {
			return err
		}
		done := 0
		for _, due := range dues {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := s.work(ctx, due); err != nil {
				s.opt.Failed(fmt.Errorf("%s: %w", queue, err))
				continue
			}
			done++
		}
		switch {
		case len(dues) < limit || limit >= owedLimit:
			return nil
		case done == 0: // what cannot be done hides nothing behind it
			limit *= 2
		}
	}
}

func (s *Service) work(ctx context.Context, due ledger.Due) error {
	ctx, cancel := context.WithTimeout(ctx, workMost)
	defer cancel()
	var err error
	switch due.Queue {
	case holdQueue:
		err = withBody(ctx, due, s.finishHold)
	case paceQueue:
		err = withBody(ctx, due, s.letGo)
	case verdictQueue:
		err = withBody(ctx, due, func(ctx context.Context, r ruling) error {
			_, err := s.carryOut(ctx, r)
			return err
		})
	}
	if err == nil {
		err = s.store.Settled(ctx, due)
	}
	return err
}

func withBody[B any](ctx context.Context, due ledger.Due, do func(context.Context, B) error) error {
	var b B
	if err := json.Unmarshal(due.Body, &b); err != nil {
		return fmt.Errorf("read what is owed: %w", err)
	}
	return do(ctx, b)
}

// finishHold does what a node that died has left undone after a redemption that
// was to be held; nothing, if that never was.
func (s *Service) finishHold(ctx context.Context, h holding) error {
	f, err := s.book.Find(ctx, h.App, h.Handle, h.Key, h.Hash)
	if errors.Is(err, grant.ErrInvalid) || errors.Is(err, grant.ErrKeyMismatch) {
		return nil
	}
	if err != nil || f.Answer == nil {
		return err
	}
	return s.held(ctx, h, *f.Answer)
}
