package feed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/crew"
	"github.com/teahouse-im/teahouse/id"
)

// A job is what is to be done about one post, with what whoever began it knows.
type job struct {
	marks []Mark              // lead to it; gone when it is done
	fresh bool                // it was just posted: whoever is online hears of it
	hear  map[event][]id.User // who hears of what, as it was when that was done
	told  []func()            // called when everybody was told, or could not be
}

func (j *job) add(k job) {
	j.marks = append(j.marks, k.marks...)
	j.fresh = j.fresh || k.fresh
	j.told = append(j.told, k.told...)
	if j.hear == nil {
		j.hear = k.hear
	} else {
		maps.Copy(j.hear, k.hear)
	}
}

func (j *job) tell() {
	for _, told := range j.told {
		told()
	}
}

// A desk is where a node's own jobs lie: one post is settled by one hand at a time.
type desk struct {
	hands *crew.Crew

	mu   sync.Mutex
	jobs map[id.Post]*job // posts in hand, with what came since; nil: nothing
}

// soon has a job done in the background. If that fails, its marks stay.
func (s *Service) soon(p id.Post, j job) {
	d := &s.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.jobs == nil {
		d.jobs = map[id.Post]*job{}
	}
	next, busy := d.jobs[p]
	switch {
	case !busy:
		d.jobs[p] = nil
		d.hands.Go(func() { s.work(p, &j) })
	case next == nil:
		d.jobs[p] = &j
	default:
		next.add(j)
	}
}

// attend has a job done, and waits a moment for those to be told who hear of it:
// nobody who then looks finds nothing, as a rule, or what was taken back.
func (s *Service) attend(ctx context.Context, p id.Post, j job) {
	told := make(chan struct{})
	j.told = append(j.told, sync.OnceFunc(func() { close(told) }))
	s.soon(p, j)
	patience := time.NewTimer(s.opt.Courtesy)
	defer patience.Stop()
	select {
	case <-told:
	case <-patience.C:
	case <-ctx.Done():
	}
}

// work does jobs about a post until there are none.
func (s *Service) work(p id.Post, j *job) {
	d := &s.desk
	for j != nil {
		if err := s.settle(context.Background(), p, *j); err != nil && !errors.Is(err, errEarly) {
			s.opt.Failed(fmt.Errorf("settle %s: %w", p, err))
		}
		j.tell()
		d.mu.Lock()
		if j = d.jobs[p]; j == nil {
			delete(d.jobs, p)
		} else {
			d.jobs[p] = nil
		}
		d.mu.Unlock()
	}
}
