package scylla

import (
	"context"
	"sync"

	"github.com/teahouse-im/teahouse/ledger"
)

// lanes lets changes of one part go one after another on this server. Other servers
// are kept apart by the condition; but many callers who overtake each other cost the
// database a round for every one that comes too late.
type lanes struct {
	mu sync.Mutex
	of map[ledger.Part]*lane
}

type lane struct {
	taken chan struct{} // holds something while somebody is in it
	users int           // who have it or wait
}

// enter waits until it is the caller's turn to change a part.
func (l *lanes) enter(ctx context.Context, p ledger.Part) (leave func(), err error) {
	l.mu.Lock()
	in := l.of[p]
	if in == nil {
		if l.of == nil {
			l.of = map[ledger.Part]*lane{}
		}
		in = &lane{taken: make(chan struct{}, 1)}
		l.of[p] = in
	}
	in.users++
	l.mu.Unlock()
	select {
	case in.taken <- struct{}{}:
		return func() { <-in.taken; l.leave(p, in) }, nil
	case <-ctx.Done():
		l.leave(p, in)
		return nil, readError(ctx.Err())
	}
}

func (l *lanes) leave(p ledger.Part, in *lane) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if in.users--; in.users == 0 {
		delete(l.of, p)
	}
}
