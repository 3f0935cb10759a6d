package redis

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// errAnother ends the first connection to a Redis that was started anew, or to another one.
var errAnother = errors.New("it is another one than before")

// connected looks which Redis it is, on each connection before it is used: one that
// was away so shortly that nobody has asked it may have forgotten as much.
func (b *Board) connected(ctx context.Context, cn *redis.Conn) error {
	run, err := runOf(ctx, cn)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.run
	b.run = run
	if run != "" && (run == before || before == "" && len(b.recent) == 0) {
		return nil
	}
	b.runs++
	if run == "" || b.isOff {
		return nil // nobody can tell, so it is told again; or it will be
	}
	b.leave()
	return errAnother
}

// runOf is different for each start of a server; empty, if it does not say.
func runOf(ctx context.Context, cn *redis.Conn) (string, error) {
	info, err := cn.Info(ctx, "server").Result()
	if _, refused := errors.AsType[redis.Error](err); refused {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(info) {
		if run, ok := strings.CutPrefix(strings.TrimSpace(line), "run_id:"); ok {
			return run, nil
		}
	}
	return "", nil
}

// watch tells Redis what it has missed, and asks it again once all nodes have.
func (b *Board) watch(ctx context.Context) {
	defer close(b.done)
	tick := time.NewTicker(askAgain)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if b.idle() {
			continue
		}
		for more := true; more; {
			if err := b.tell(ctx); ctx.Err() != nil {
				return
			} else if err != nil {
				b.away(err)
				break
			}
			more = b.settle()
		}
	}
}

// idle is true if there is nothing to tell and nothing that Redis could forget.
func (b *Board) idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.isOff && len(b.untold) == 0 && len(b.recent) == 0
}

// settle ends counting alone when it is time. It is true if what was decided
// meanwhile has to be told before.
func (b *Board) settle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.isOff:
	case b.back.IsZero():
		b.back = time.Now()
	case time.Since(b.back) < settleFor:
	case len(b.untold) > 0 || b.runs != b.told:
		return true
	default:
		b.isOff = false
	}
	return false
}

// tell makes up for what Redis has missed or forgotten.
func (b *Board) tell(ctx context.Context) error {
	if err := b.client.Ping(ctx).Err(); err != nil { // so the connection is one to the Redis that is there
		return err
	}
	b.mu.Lock()
	runs, untold := b.runs, len(b.untold)
	var recent []counted
	if runs != b.told {
		recent = slices.Clone(b.recent)
	}
	b.mu.Unlock()
	if len(recent)+untold > 0 {
		if err := seeScript.Load(ctx, b.client).Err(); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(recent, tellMost) {
		if err := b.send(ctx, some); err != nil {
			return err
		}
	}
	b.mu.Lock()
	b.told = runs
	b.mu.Unlock()
	for untold > 0 {
		b.mu.Lock()
		some := slices.Clone(b.untold[:min(len(b.untold), tellMost)])
		b.mu.Unlock()
		if len(some) == 0 {
			return nil
		}
		if err := b.send(ctx, some); err != nil {
			return err
		}
		b.mu.Lock()
		b.untold = b.untold[len(some):]
		for _, c := range some {
			b.remember(c)
		}
		b.mu.Unlock()
	}
	return nil
}

// send tells some of it, in one round trip.
func (b *Board) send(ctx context.Context, some []counted) error {
	_, err := b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, c := range some {
			if !b.knows(c.template) {
				_ = b.name(ctx, p, c) // the pipeline says
			}
			keys, args := b.arguments(c)
			seeScript.EvalSha(ctx, p, keys, args...)
		}
		return nil
	})
	if err == nil {
		b.learn(some...)
	}
	return err
}
