package redis

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// subscribeMost is how many channels one command names. The next goes out when
// all of them are confirmed, so that the answers never pile up in Redis.
const subscribeMost = 512

// An ear is the listening connection. One goroutine reads; another, its owner,
// asks for channels and watches that it is not dead.
type ear struct {
	link   *link
	pubsub *redis.PubSub

	missing   atomic.Int64  // confirmations the owner waits for
	confirmed chan struct{} // they have come
	signs     atomic.Uint64 // of life: everything that was read
	reading   atomic.Bool   // waiting for Redis, not busy with what it sent
	over      chan struct{} // closed when reading has ended …
	err       error         // … with this

	seen  uint64 // the owner's: signs at the last heartbeat
	quiet int    // the owner's: heartbeats since then
}

func newEar(l *link) *ear {
	return &ear{
		link: l, pubsub: l.Subscribe(context.Background()),
		confirmed: make(chan struct{}, 1), over: make(chan struct{}),
	}
}

// listen reads until the connection ends. arrived is told of every message.
func (e *ear) listen(ctx context.Context, arrived func(channel, payload string)) {
	defer close(e.over)
	for {
		e.reading.Store(true)
		got, err := e.pubsub.Receive(ctx)
		e.reading.Store(false)
		if err != nil {
			e.err = err
			return
		}
		e.signs.Add(1)
		switch got := got.(type) {
		case *redis.Message:
			arrived(got.Channel, got.Payload)
		case *redis.Subscription:
			if e.missing.Add(-1) == 0 {
				e.confirmed <- struct{}{}
			}
		}
	}
}

// ask subscribes to channels or unsubscribes from them and returns when Redis has
// confirmed them all. beat is the owner's heartbeat, which must not stop meanwhile.
func (e *ear) ask(ctx context.Context, on bool, channels []string, beat <-chan time.Time) error {
	for len(channels) > 0 {
		part := channels[:min(len(channels), subscribeMost)]
		channels = channels[len(part):]
		e.missing.Store(int64(len(part)))
		ask := e.pubsub.Subscribe
		if !on {
			ask = e.pubsub.Unsubscribe
		}
		if err := ask(ctx, part...); err != nil {
			return err
		}
		if err := e.await(ctx, beat); err != nil {
			return err
		}
	}
	return nil
}

func (e *ear) await(ctx context.Context, beat <-chan time.Time) error {
	for {
		select {
		case <-e.confirmed:
			return nil
		case <-beat:
			if err := e.beat(ctx); err != nil {
				return err
			}
		case <-e.over:
			return e.err
		}
	}
}

// beat pings Redis and fails when it has given no sign of life for too long. It
// counts heartbeats, not time, so that a process that was stopped itself blames nobody.
func (e *ear) beat(ctx context.Context) error {
	if signs := e.signs.Load(); signs != e.seen || !e.reading.Load() {
		e.seen, e.quiet = signs, 0
	} else if e.quiet++; e.quiet >= quietMost {
		return fmt.Errorf("no answer for %v", quietMost*heartbeat)
	}
	return e.pubsub.Ping(ctx)
}

// close ends the connection, waits until nothing is read any more and tells why
// the connection ended, given what its owner found.
func (e *ear) close(found error) error {
	e.link.cut()
	<-e.over
	e.pubsub.Close()
	e.link.close()
	if errors.Is(found, errSpent) { // the reader knows better
		return e.err
	}
	return found
}
