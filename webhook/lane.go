package webhook

import (
	"context"
	"fmt"

	"github.com/teahouse-im/teahouse/id"
)

// A lane is what this node sends to one app, for as long as there is something that
// is due. Its fields but news are serve's own.
type lane struct {
	news chan struct{} // there may be something that was not there

	busy    map[id.Delivery]bool // that are under way
	done    chan report
	failing bool // what the last call did
	broken  bool // the store failed; what is owed brings the lane back
}

type report struct {
	id      id.Delivery
	called  bool
	success bool
	err     error // of the store
}

func newLane() *lane {
	return &lane{news: make(chan struct{}, 1), busy: map[id.Delivery]bool{}, done: make(chan report, callsEach)}
}

// poke makes the lane look again. The service's mutex is held.
func (l *lane) poke() {
	select {
	case l.news <- struct{}{}:
	default:
	}
}

func (l *lane) width() int {
	if l.failing {
		return callsFailing
	}
	return callsEach
}

// serve sends what is due to an app until nothing is.
func (s *Service) serve(ctx context.Context, a id.App, l *lane) {
	for {
		if !l.broken && ctx.Err() == nil {
			s.start(ctx, a, l)
		}
		if len(l.busy) == 0 && s.leave(ctx, a, l) {
			return
		}
		select {
		case r := <-l.done:
			delete(l.busy, r.id)
			if r.called {
				l.failing = !r.success
			}
			if l.broken = l.broken || r.err != nil; r.err != nil && ctx.Err() == nil {
				s.opt.Failed(fmt.Errorf("send a webhook: %w", r.err))
			}
		case <-l.news:
		}
	}
}

// leave ends a lane in which nothing is under way, unless there is news.
func (s *Service) leave(ctx context.Context, a id.App, l *lane) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(l.news) > 0 && !l.broken && ctx.Err() == nil {
		return false
	}
	delete(s.lanes, a)
	return true
}

// start begins as many calls as there is room for.
func (s *Service) start(ctx context.Context, a id.App, l *lane) {
	room := l.width() - len(l.busy)
	if room <= 0 {
		return
	}
	lines, err := s.store.ListPart(ctx, part(a), underQueue, "", room+len(l.busy))
	if err != nil {
		l.broken = true
		if ctx.Err() == nil {
			s.opt.Failed(fmt.Errorf("look for webhooks: %w", err))
		}
		return
	}
	now := s.now()
	for _, line := range lines {
		if dueAt(line.Key).After(now) || room == 0 {
			return
		}
		d := id.Delivery(lineID(line.Key))
		if l.busy[d] {
			continue
		}
		room--
		l.busy[d] = true
		go func() { l.done <- s.attempt(ctx, a, line.Key) }() // serve waits for it
	}
}
