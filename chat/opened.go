package chat

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// opened remembers direct conversations that stand in both people's lists, so
// that only the first message of each looks. Forgetting one costs a look-up.
type opened struct {
	shards [64]struct {
		mu  sync.Mutex
		set map[id.Stream]struct{}
	}
}

const openedPerShard = 4096

var openedSeed = maphash.MakeSeed()

func (o *opened) has(s id.Stream) bool {
	sh := &o.shards[maphash.String(openedSeed, string(s))%64]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	_, ok := sh.set[s]
	return ok
}

func (o *opened) add(s id.Stream) {
	sh := &o.shards[maphash.String(openedSeed, string(s))%64]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.set == nil || len(sh.set) >= openedPerShard {
		sh.set = map[id.Stream]struct{}{}
	}
	sh.set[s] = struct{}{}
}

// open puts a direct conversation into both lists before its first message, so
// that no crash leaves a message in a conversation that nobody finds. An empty
// conversation is listed nowhere.
func (s *Service) open(ctx context.Context, from, to id.User, st id.Stream) error {
	if s.opened.has(st) {
		return nil
	}
	_, mine := s.store.Membership(ctx, from, st)
	_, theirs := s.store.Membership(ctx, to, st)
	if errors.Is(mine, ErrUnknown) || errors.Is(theirs, ErrUnknown) {
		if _, err := s.people.DisplayName(ctx, to); err != nil {
			return err
		}
		if err := s.store.Join(ctx, st, []id.User{from, to}, stream.Head{}); err != nil {
			return err
		}
	} else if err := errors.Join(mine, theirs); err != nil {
		return err
	}
	s.opened.add(st)
	return nil
}
