package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/bus"
)

const (
	// pipelineMost is how many messages go to Redis before its answers are read.
	pipelineMost = 512
	// messageCost is what a waiting message takes beside its payload, roughly, in bytes.
	messageCost = 128
)

var (
	errStarting = errors.New("not connected yet")
	errClosed   = errors.New("closed")
)

// A publisher sends what this node has to say. Messages wait in a queue while
// the connection stands; without it they are dropped at once, because who missed
// them reads the store anyway.
type publisher struct {
	at    *server
	me    node
	most  int // bytes that may wait
	log   zerolog.Logger
	wake  chan struct{} // something waits, or it is time to finish
	tried chan struct{} // closed after the first attempt to connect
	once  sync.Once
	done  chan struct{} // closed when all is said, or cannot be, after finish
	bye   sync.Once

	mu        sync.Mutex
	queue     []outgoing
	bytes     int   // of the queue and of what is being sent
	away      error // why nothing can be sent; nil while the connection stands
	lost      bool  // something was dropped that the others do not know of
	finishing bool
}

type outgoing struct {
	channel string
	payload []byte
}

func (o *outgoing) size() int { return len(o.channel) + len(o.payload) + messageCost }

func newPublisher(at *server, me node, opt Options) *publisher {
	return &publisher{
		at: at, me: me, most: opt.QueueBytes, log: opt.Logger, away: errStarting,
		wake: make(chan struct{}, 1), tried: make(chan struct{}), done: make(chan struct{}),
	}
}

// put queues a message or drops it.
func (p *publisher) put(t bus.Topic, m bus.Message) {
	o := outgoing{p.at.channel(t), payload(p.me, byte(m.Kind), m.Body)}
	p.mu.Lock()
	if p.away != nil || p.bytes+o.size() > p.most {
		p.lost = true
		p.mu.Unlock()
		return
	}
	p.queue = append(p.queue, o)
	p.bytes += o.size()
	p.mu.Unlock()
	p.rouse()
}

func (p *publisher) rouse() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *publisher) trouble() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.away
}

// run connects and sends until ctx ends.
func (p *publisher) run(ctx context.Context) {
	keep(ctx, func(ctx context.Context) bool {
		worked, err := p.serve(ctx)
		p.broke(ctx, worked, err)
		return worked
	})
}

// serve is the life of one connection.
func (p *publisher) serve(ctx context.Context) (worked bool, err error) {
	l, err := p.at.link(ctx)
	if err != nil {
		return false, err
	}
	defer l.close()
	conn := l.Conn()
	defer conn.Close()
	if err := p.send(ctx, conn, wordHere, nil); err != nil {
		return false, err
	}
	p.stands()
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	word := p.word() // a gap is told as soon as it is over
	for {
		if err := p.flush(ctx, conn, word); err != nil {
			return true, err
		}
		word = 0
		if p.finished() {
			err := p.send(ctx, conn, wordBye, nil)
			p.bye.Do(func() { close(p.done) })
			<-ctx.Done()
			return true, err
		}
		select {
		case <-p.wake:
		case <-beat.C:
			word = p.word()
		case <-ctx.Done():
			return true, ctx.Err()
		}
	}
}

// word is what a heartbeat says. What is dropped from now on is for the next one.
func (p *publisher) word() byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lost {
		p.lost = false
		return wordGap
	}
	return wordHere
}

// flush sends a word, if there is one, and all that waits.
func (p *publisher) flush(ctx context.Context, conn *redis.Conn, word byte) error {
	p.mu.Lock()
	batch := p.queue
	p.queue = nil
	p.mu.Unlock()
	for {
		part := batch[:min(len(batch), pipelineMost)]
		batch = batch[len(part):]
		if len(part) == 0 && word == 0 {
			return nil
		}
		if err := p.send(ctx, conn, word, part); err != nil {
			return err
		}
		p.sent(part)
		word = 0
	}
}

// send is one round trip. After an error nobody knows what has arrived.
func (p *publisher) send(ctx context.Context, conn *redis.Conn, word byte, part []outgoing) error {
	pipe := conn.Pipeline()
	if word != 0 {
		pipe.Publish(ctx, p.at.nodes, payload(p.me, word, nil))
	}
	for i := range part {
		pipe.Publish(ctx, part[i].channel, part[i].payload)
	}
	_, err := pipe.Exec(ctx)
	return err
}

func (p *publisher) sent(part []outgoing) {
	size := 0
	for i := range part {
		size += part[i].size()
		part[i] = outgoing{}
	}
	p.mu.Lock()
	p.bytes -= size
	p.mu.Unlock()
}

// stands notes that messages can be sent.
func (p *publisher) stands() {
	p.mu.Lock()
	if !p.finishing {
		p.away = nil
	}
	p.mu.Unlock()
	p.once.Do(func() { close(p.tried) })
	p.log.Info().Msg("publishing to Redis")
}

// broke notes that they cannot, and drops what waits.
func (p *publisher) broke(ctx context.Context, worked bool, err error) {
	p.mu.Lock()
	p.lost = p.lost || worked // what was being sent, or the word of a gap, may not have arrived
	p.queue, p.bytes = nil, 0
	first := p.away == nil || p.away == errStarting
	p.away = err
	if p.finishing {
		p.bye.Do(func() { close(p.done) })
	}
	p.mu.Unlock()
	p.once.Do(func() { close(p.tried) })
	if first && ctx.Err() == nil {
		p.log.Warn().Err(err).Msg("cannot publish to Redis; other nodes will hear of a gap")
	}
}

// finished tells whether all is sent and nothing is to follow.
func (p *publisher) finished() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.finishing && len(p.queue) == 0
}

// finish waits until what waits is sent and goodbye is said, if that is possible soon.
func (p *publisher) finish(patience time.Duration) {
	p.mu.Lock()
	p.finishing = true
	away := p.away
	p.away = errClosed // nothing comes on top
	p.mu.Unlock()
	if away != nil {
		return
	}
	p.rouse()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-p.done:
	case <-late.C:
	}
}
