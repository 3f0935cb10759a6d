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
// a smaller limit, and tells Redis about it when it is back.
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
	// how long it then does so without asking.
	answerWithin = time.Second
	askAgain     = time.Second
	// untoldMost bounds what a node remembers to tell Redis. At the most it holds.
	untoldMost = 10_000
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

	mu     sync.Mutex
	rest   time.Time // until then Redis is not asked
	untold []told
	known  map[id.Template]bool
}

// told is a sighting with the verdict that this node gave alone.
type told struct {
	shape.Sighting
	shape.Verdict
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
	return &Board{
		client: redis.NewClient(&at), prefix: prefix, limits: l, own: shape.NewMemory(l, shape.Options{Most: most}), unsaid: failed, known: map[id.Template]bool{},
	}, nil
}

// Close lets go of Redis. What was counted stays.
func (b *Board) Close() error { return errors.Join(b.own.Close(), b.client.Close()) }

// See implements shape.Board.
func (b *Board) See(ctx context.Context, s shape.Sighting) (shape.Verdict, error) {
	if b.resting() {
		return b.alone(ctx, s)
	}
	err := b.tell(ctx)
	var v shape.Verdict
	var known bool
	if err == nil {
		v, known, err = b.ask(ctx, s, nil)
	}
	switch {
	case err != nil && ctx.Err() != nil: // whoever asked has gone
		return shape.Verdict{}, unavailable("count", err)
	case err != nil:
		b.away(err)
		return b.alone(ctx, s)
	case v.TooFar:
		return v, nil
	}
	return b.own.SeeToo(ctx, s, v, known)
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

// ask runs the script; given is a verdict that only has to be counted. known is true
// if the reader has got it before.
func (b *Board) ask(ctx context.Context, s shape.Sighting, given *shape.Verdict) (v shape.Verdict, known bool, err error) {
	p := shape.Take(s)
	keys, args := b.arguments(p, s, given)
	var answer *redis.Cmd
	if b.knows(s.Template) {
		answer = seeScript.Run(ctx, b.client, keys, args...)
	} else {
		if err := b.client.Set(ctx, b.of(s.Template), raw(p.Developer)+raw(p.App), ofFor).Err(); err != nil {
			return v, false, err
		}
		answer = seeScript.Run(ctx, b.client, keys, args...)
		b.learn(s.Template)
	}
	got, err := answer.Slice()
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

func (b *Board) arguments(p shape.Print, s shape.Sighting, given *shape.Verdict) (keys []string, args []any) {
	tag, app, template, subject := b.tag(p.Developer), raw(p.App), raw(p.Template), ""
	if p.Subject != 0 {
		subject = raw(p.Subject)
	}
	keys = []string{
		tag + "reach", tag + "first:" + template, tag + "pace:" + template, tag + "minutes:" + app, tag + "hours:" + app,
		tag + "app:" + app, tag + "template:" + template, tag + "subject:" + subject,
	}
	whole := ""
	if p.Text {
		whole = raw(p.Whole)
		for band, key := range p.Keys {
			keys = append(keys, tag+"k"+strconv.Itoa(band)+raw(key))
		}
	}
	if p.Notice == 0 {
		p.Notice = rand.Uint64()
	}
	verdict, until := "?", s.At
	if given != nil {
		verdict = given.Hold
		if given.Hold == shape.Pace {
			until = given.Until
		}
	}
	l := b.limits
	flag := func(so bool) int {
		if so {
			return 1
		}
		return 0
	}
	return keys, []any{
		tag, s.At.UnixMilli(), raw(p.Reader), subject, raw(p.Notice),
		l.Short.Milliseconds(), l.Long.Milliseconds(), l.ShortMost, l.LongMost,
		l.PaceFirst, l.PaceFor.Milliseconds(), l.HoardFloor, l.HoardTimes,
		flag(s.At.Sub(s.Minted) > l.HoardAge), s.Joined, s.Reach, template, verdict, until.UnixMilli(), whole, p.Letters,
		flag(s.Part), flag(s.Crowded), l.TextsEach,
	}
}
