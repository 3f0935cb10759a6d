// Package redis carries the bus between nodes over the pub/sub of Redis (or of
// a server that speaks like it, such as Valkey).
//
// Every topic is a channel. A node has two connections: one publishes, pipelined
// and behind a bounded queue, so that Publish never waits; the other listens. A
// message carries the id of its node, by which a node knows its own again.
//
// It promises that no loss goes unnoticed. A node whose listening connection was
// replaced tells its own listener of a Gap. A node that had to drop messages
// tells the others to assume one, and a node that vanishes without a goodbye,
// possibly with messages in its hands, is missed by the others after a few
// seconds. What it does not do: keep messages for who is away, or notice that a
// foreign client publishes on its channels.
package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/bus"
)

// Options of a Bus.
type Options struct {
	// QueueBytes bounds the messages that wait to be sent to Redis; what comes
	// on top is dropped. Default 16 MiB.
	QueueBytes int
	// Logger is told when a connection is lost and when it is back; default: nobody.
	Logger zerolog.Logger
}

const (
	// firstPatience bounds how long New waits for a Redis that does not answer.
	firstPatience = 2 * time.Second
	// lastPatience bounds how long Close tries to get rid of what waits to be sent.
	lastPatience = 2 * time.Second
)

// Bus is a bus.Bus between nodes.
type Bus struct {
	listener bus.Listener
	out      *publisher
	in       *subscriber
	gaps     gaps

	hearing sync.RWMutex // held while the listener is told something, so that Close waits for it
	closed  bool

	stop context.CancelFunc
	work sync.WaitGroup
}

// New makes a bus over the Redis at a URL, which tells listener what it hears:
//
//	redis://[[user]:password@]host[:port][/db][?prefix=name]
//	rediss://…                      the same over TLS
//	unix://[[user]:password@]/path/to/socket[?db=number]
//
// Pub/sub knows no databases; installations that share a Redis are kept apart by
// their channels' prefix, by default "teahouse" and the number of the database.
//
// A URL that makes no sense is an error. A Redis that cannot be reached is not:
// the bus goes on trying, and Ready tells what is wrong.
func New(url string, listener bus.Listener, opt Options) (*Bus, error) {
	at, err := parse(url)
	if err != nil {
		return nil, err
	}
	if opt.QueueBytes == 0 {
		opt.QueueBytes = 16 << 20
	}
	var me node
	rand.Read(me[:]) // never fails: crypto/rand ends the process instead
	ctx, stop := context.WithCancel(context.Background())
	b := &Bus{listener: listener, stop: stop}
	b.gaps.tell = b.gap
	b.out = newPublisher(at, me, opt)
	b.in = newSubscriber(at, me, opt.Logger)
	b.in.heard, b.in.gap = b.heard, b.gaps.note
	b.work.Go(func() { b.out.run(ctx) })
	b.work.Go(func() { b.in.run(ctx) })
	b.awaitFirst()
	return b, nil
}

// awaitFirst waits until both connections stand or have failed once, so that with
// Redis there, what is subscribed right after New is heard without a gap.
func (b *Bus) awaitFirst() {
	late := time.NewTimer(firstPatience)
	defer late.Stop()
	for _, tried := range []<-chan struct{}{b.out.tried, b.in.tried} {
		select {
		case <-tried:
		case <-late.C:
			return
		}
	}
}

// Publish hands a message to this node's listener and queues it for the others.
func (b *Bus) Publish(t bus.Topic, m bus.Message) {
	if b.in.wants(t) {
		b.tell(t, m)
	}
	b.out.put(t, m)
}

// Subscribe asks Redis for topics, many calls at once in one command, and waits
// until it has confirmed them. If ctx ends first they stay asked for.
func (b *Bus) Subscribe(ctx context.Context, topics ...bus.Topic) error {
	for _, c := range b.in.add(topics) {
		select {
		case <-c.settled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Unsubscribe forgets topics; Redis is told soon.
func (b *Bus) Unsubscribe(topics ...bus.Topic) { b.in.remove(topics) }

// Ready tells whether both connections stand.
func (b *Bus) Ready() error {
	var errs []error
	if err := b.out.trouble(); err != nil {
		errs = append(errs, fmt.Errorf("redis, publishing: %w", err))
	}
	if err := b.in.trouble(); err != nil {
		errs = append(errs, fmt.Errorf("redis, listening: %w", err))
	}
	return errors.Join(errs...)
}

// Close stops hearing at once, then sends what waits if Redis takes it quickly.
func (b *Bus) Close() error {
	b.hearing.Lock()
	again := b.closed
	b.closed = true
	b.hearing.Unlock()
	if again {
		return nil
	}
	b.gaps.stop()
	b.out.finish(lastPatience)
	b.stop()
	b.work.Wait()
	return nil
}

// heard is told of a message from another node.
func (b *Bus) heard(t bus.Topic, m bus.Message) {
	if b.in.wants(t) {
		b.tell(t, m)
	}
}

func (b *Bus) tell(t bus.Topic, m bus.Message) {
	b.hearing.RLock()
	defer b.hearing.RUnlock()
	if !b.closed {
		b.listener.Heard(t, m)
	}
}

func (b *Bus) gap() {
	b.hearing.RLock()
	defer b.hearing.RUnlock()
	if !b.closed {
		b.listener.Gap()
	}
}
