// Package redis is the board that all nodes share, in the Redis (or a server that
// speaks like it, such as Valkey) of their bus: what an app sends through one node
// counts on every other.
//
// Seeing is one script, so one round trip, and one step against all other nodes.
// All keys of one developer have one hash tag and so stand in one slot. With the
// prefix of an installation, and d, a, t, x for hashes of the developer, an app, a
// template and a text:
//
//	<prefix>seen:{d}reach        people reached
//	<prefix>seen:{d}first:t      time of a template's first notice
//	<prefix>seen:{d}pace:t       who got theirs while it was new
//	<prefix>seen:{d}minutes:a    redemptions, and those of old grants, by minute
//	<prefix>seen:{d}hours:a      redemptions by hour
//	<prefix>seen:{d}app:a        what is held of an app
//	<prefix>seen:{d}template:t   and of a template
//	<prefix>seen:{d}subject:…    who shares a subject
//	<prefix>seen:{d}n…:r         how many texts of a day a reader was remembered with
//	<prefix>seen:{d}k…           texts by the keys under which near ones are found
//	<prefix>seen:{d}rx, jx…      readers of a text, and those that a subject joins
//	<prefix>seen-of:t            whose a template is
//
// Every key ends by itself. When Redis does not answer, a node counts alone against
// a smaller limit, and tells Redis about it when it is back. One that comes back with
// less than it knew, or as another, is told the latest sightings that were decided
// with it too. Until all nodes have had the time for that, they go on counting alone.
package redis

import (
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	busredis "github.com/teahouse-im/teahouse/bus/redis"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/shape"
)

const (
	// answerWithin is how long a node waits for Redis before it counts alone; askAgain
	// how often it then looks whether Redis is back, and settleFor how long it counts
	// alone from then on. By then the other nodes have looked too, and have told what they know.
	answerWithin = time.Second
	askAgain     = time.Second
	settleFor    = 4 * time.Second
	// untoldMost bounds what a node remembers to tell Redis. At the most it holds.
	untoldMost = 10_000
	// recentMost bounds what a node remembers to tell Redis again, some 400 bytes each.
	recentMost = 10_000
	// tellMost is how many sightings are told at once.
	tellMost = 100
	// ofFor is how long it is known whose a template is.
	ofFor = 30 * 24 * time.Hour
	// knownMost bounds the templates of which a node knows that Redis knows them.
	knownMost = 10_000
)

//go:embed see.lua
var seeSource string

var (
	seeScript = redis.NewScript(fmt.Sprintf("local CROWD, PACE, HOARD, NEAR_SHARE = '%s', '%s', '%s', %v\n", shape.Crowd, shape.Pace, shape.Hoard, shape.NearShare) + seeSource)

	forgetScript = redis.NewScript(`
for _, notice in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do redis.call('ZREM', KEYS[1], ARGV[1] .. notice) end
redis.call('DEL', KEYS[2])`)
)

// Board is a shape.Board in Redis.
type Board struct {
	client *redis.Client
	prefix string
	limits shape.Limits
	own    *shape.Memory // what this node has seen
	unsaid func(error)

	stop context.CancelFunc
	done chan struct{}

	mu     sync.Mutex // guards what follows
	isOff  bool       // Redis is not asked
	back   time.Time  // since then it answers again; zero: it does not
	untold []counted  // decided alone
	recent []counted  // the latest that Redis was asked for or told, the oldest first; without what was held as a broadcast
	known  map[id.Template]bool
	run    string // which Redis it is: each start of a server is another
	runs   int    // how many of them there were, and
	told   int    // how many were told what is recent
}

// counted is a sighting as Redis is asked for it, or is told it with its verdict.
type counted struct {
	shape.Print
	template           id.Template
	at                 int64 // milliseconds
	old, part, crowded bool
	joins, reach       int

	decided bool
	hold    string
	until   int64 // milliseconds; of delivery
}

func (b *Board) take(s shape.Sighting) counted {
	c := counted{
		Print: shape.Take(s), template: s.Template, at: s.At.UnixMilli(), old: s.At.Sub(s.Minted) > b.limits.HoardAge,
		part: s.Part, crowded: s.Crowded, joins: s.Joined, reach: s.Reach,
	}
	if c.Notice == 0 {
		c.Notice = rand.Uint64()
	}
	return c
}

// as is the sighting with its verdict.
func (c counted) as(v shape.Verdict) counted {
	c.decided, c.hold, c.until = true, v.Hold, c.at
	if v.Hold == shape.Pace {
		c.until = v.Until.UnixMilli()
	}
	return c
}

// New makes a board in the Redis at the URL of a bus, for a node that itself tracks
// at most that many readers. It does not wait for Redis. failed hears when Redis
// does not answer.
func New(url string, l shape.Limits, most int, failed func(error)) (*Board, error) {
	return open(url, l, most, answerWithin, failed)
}

func open(url string, l shape.Limits, most int, within time.Duration, failed func(error)) (*Board, error) {
	at, prefix, err := busredis.Place(url)
	if err != nil {
		return nil, err
	}
	at.PoolSize, at.ReadBufferSize, at.WriteBufferSize = 8, 16<<10, 16<<10
	at.DialTimeout, at.ReadTimeout, at.WriteTimeout = within, within, within
	at.MaxRetries, at.DialerRetries = -1, 1 // an answer that was lost may have been counted
	at.ContextTimeoutEnabled = true
	if failed == nil {
		failed = func(error) {}
	}
	ctx, stop := context.WithCancel(context.Background())
	b := &Board{
		prefix: prefix, limits: l, own: shape.NewMemory(l, shape.Options{Most: most}), unsaid: failed, known: map[id.Template]bool{},
		stop: stop, done: make(chan struct{}),
	}
	at.OnConnect = b.connected
	b.client = redis.NewClient(&at)
	go b.watch(ctx)
	return b, nil
}

// Close lets go of Redis. What was counted stays.
func (b *Board) Close() error {
	b.stop()
	<-b.done
	return errors.Join(b.own.Close(), b.client.Close())
}

// See implements shape.Board.
func (b *Board) See(ctx context.Context, s shape.Sighting) (shape.Verdict, error) {
	c := b.take(s)
	if b.off() {
		return b.alone(ctx, s, c)
	}
	v, known, err := b.ask(ctx, c)
	switch {
	case err != nil && ctx.Err() != nil: // whoever asked has gone
		return shape.Verdict{}, unavailable("count", err)
	case err != nil:
		b.away(err)
		return b.alone(ctx, s, c)
	case v.TooFar:
		return v, nil
	}
	v, err = b.own.SeeToo(ctx, s, v, known)
	if err == nil {
		b.mu.Lock()
		b.remember(c.as(v))
		b.mu.Unlock()
	}
	return v, err
}

// Forget implements shape.Board. It needs Redis.
func (b *Board) Forget(ctx context.Context, t id.Template) error {
	of, err := b.client.Get(ctx, b.of(t)).Bytes()
	switch {
	case errors.Is(err, redis.Nil) || err == nil && len(of) != 16:
	case err != nil:
		return unavailable("release", err)
	default:
		tag, template := b.tag(binary.BigEndian.Uint64(of)), raw(shape.Name(t))
		keys := []string{tag + "app:" + string(of[8:]), tag + "template:" + template}
		if err := forgetScript.Run(ctx, b.client, keys, template).Err(); err != nil && !errors.Is(err, redis.Nil) {
			return unavailable("release", err)
		}
	}
	return b.own.Forget(ctx, t)
}

func (b *Board) tag(developer uint64) string {
	return b.prefix + "seen:{" + strconv.FormatUint(developer, 36) + "}"
}

func (b *Board) of(t id.Template) string { return b.prefix + "seen-of:" + string(t) }

func raw(x uint64) string { return string(binary.BigEndian.AppendUint64(nil, x)) }

// ask runs the script. known is true if the reader has got it before.
func (b *Board) ask(ctx context.Context, c counted) (v shape.Verdict, known bool, err error) {
	if !b.knows(c.template) {
		if err := b.name(ctx, b.client, c); err != nil {
			return v, false, err
		}
		b.learn(c)
	}
	keys, args := b.arguments(c)
	got, err := seeScript.Run(ctx, b.client, keys, args...).Slice()
	if err != nil {
		return v, false, err
	}
	hold, ok := got[0].(string)
	var n [5]int64
	for i := range n {
		var is bool
		n[i], is = got[i+1].(int64)
		ok = ok && is
	}
	if !ok {
		return v, false, fmt.Errorf("the script of sightings answers %v", got)
	}
	v = shape.Verdict{Hold: hold, TooFar: n[1] == 1, OfTempl: int(n[2]), OfApp: int(n[3])}
	if hold == shape.Pace {
		v.Until = time.UnixMilli(n[0]).UTC()
	}
	return v, n[4] == 1, nil
}

// name says whose a template is.
func (b *Board) name(ctx context.Context, to redis.Cmdable, c counted) error {
	return to.Set(ctx, b.of(c.template), raw(c.Developer)+raw(c.App), ofFor).Err()
}

func (b *Board) arguments(c counted) (keys []string, args []any) {
	tag, app, template, subject := b.tag(c.Developer), raw(c.App), raw(c.Template), ""
	if c.Subject != 0 {
		subject = raw(c.Subject)
	}
	keys = []string{
		tag + "reach", tag + "first:" + template, tag + "pace:" + template, tag + "minutes:" + app, tag + "hours:" + app,
		tag + "app:" + app, tag + "template:" + template, tag + "subject:" + subject,
	}
	whole := ""
	if c.Text {
		whole = raw(c.Whole)
		for band, key := range c.Keys {
			keys = append(keys, tag+"k"+strconv.Itoa(band)+raw(key))
		}
	}
	verdict := "?"
	if c.decided {
		verdict = c.hold
	}
	l := b.limits
	flag := func(so bool) int {
		if so {
			return 1
		}
		return 0
	}
	return keys, []any{
		tag, c.at, raw(c.Reader), subject, raw(c.Notice),
		l.Short.Milliseconds(), l.Long.Milliseconds(), l.ShortMost, l.LongMost,
		l.PaceFirst, l.PaceFor.Milliseconds(), l.HoardFloor, l.HoardTimes,
		flag(c.old), c.joins, c.reach, template, verdict, c.until, whole, c.Letters,
		flag(c.part), flag(c.crowded), l.TextsEach,
	}
}
