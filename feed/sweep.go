package feed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/teahouse-im/teahouse/id"
)

// sweepMost is how many marks of a shard are read at a time; more, up to
// sweepLimit, where the first ones cannot be settled at present. sweepPasses
// bounds how often that is done before other shards have their turn.
const (
	sweepMost   = 256
	sweepLimit  = 16 << 10
	sweepPasses = 100
)

// Run settles what was begun, here or on another node, and left undone. What was
// begun before this service was, by a process that may have died, does not wait
// to grow old: doing it again changes nothing. Run returns when ctx ends.
func (s *Service) Run(ctx context.Context) {
	tick := time.NewTicker(s.opt.SweepEvery)
	defer tick.Stop()
	for {
		s.sweep(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// sweep goes once over all marks that are old enough.
func (s *Service) sweep(ctx context.Context) {
	for _, shard := range rand.Perm(Shards) {
		if err := s.sweepShard(ctx, shard); err != nil && ctx.Err() == nil {
			s.opt.Failed(fmt.Errorf("sweep marks: %w", err))
		}
	}
}

func (s *Service) sweepShard(ctx context.Context, shard int) error {
	limit := sweepMost
	for range sweepPasses {
		marks, err := s.store.Marks(ctx, shard, limit)
		if err != nil {
			return err
		}
		settled := s.settleMarks(ctx, marks)
		switch {
		case len(marks) < limit || limit > sweepLimit || ctx.Err() != nil:
			return ctx.Err()
		case !settled:
			limit *= 2
		}
	}
	return nil
}

// settleMarks settles the posts that old enough marks lead to, and tells whether
// any could be.
func (s *Service) settleMarks(ctx context.Context, marks []Mark) (any bool) {
	jobs, order := map[id.Post]*job{}, []id.Post(nil)
	for _, m := range marks {
		if at := m.at(); s.now().Sub(at) < s.opt.SweepAfter && !at.Before(s.began) {
			continue
		}
		if jobs[m.Post] == nil {
			jobs[m.Post], order = &job{}, append(order, m.Post)
		}
		jobs[m.Post].marks = append(jobs[m.Post].marks, m)
	}
	for _, p := range order {
		err := s.settle(ctx, p, *jobs[p])
		switch {
		case err == nil:
			any = true
		case ctx.Err() != nil:
			return any
		case !errors.Is(err, errEarly):
			s.opt.Failed(fmt.Errorf("settle %s: %w", p, err))
		}
	}
	return any
}
