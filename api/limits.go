package api

import (
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/fault"
)

// A Rate is a token bucket: Burst at once, refilled by PerSecond. A Rate without
// a Burst does not limit.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Limits bound how often something may be asked of this node. The zero Limits
// do not. An address is one IPv4 address or one IPv6 /64.
type Limits struct {
	Register Rate // new accounts, per address
	SignIn   Rate // sign-ins, good and bad, per address; guesses are counted apart, per account
	Guess    Rate // tokens that are none, per address
	Request  Rate // everything else, per user

	AppToken Rate // tokens for apps, asked for with a good secret or not, per address
	AppGuess Rate // secrets that are none, per app and address
	App      Rate // everything an app's server asks, per app
	Page     Rate // files of mini-programs, per address

	Upload    Rate // files, per user
	UploadMiB Rate // and their size
}

// DefaultLimits are those of a fresh installation. They leave room for a
// classroom or an office behind one address.
func DefaultLimits() Limits {
	return Limits{
		Register: Rate{PerSecond: 0.2, Burst: 40},
		SignIn:   Rate{PerSecond: 2, Burst: 100},
		Guess:    Rate{PerSecond: 2, Burst: 100},
		Request:  Rate{PerSecond: 50, Burst: 200},

		AppToken: Rate{PerSecond: 2, Burst: 100},
		AppGuess: Rate{PerSecond: 0.1, Burst: 20},
		App:      Rate{PerSecond: 100, Burst: 500},
		Page:     Rate{PerSecond: 50, Burst: 1000},

		Upload:    Rate{PerSecond: 0.5, Burst: 100},
		UploadMiB: Rate{PerSecond: 0.5, Burst: 2048},
	}
}

// limits are Limits at work.
type limits struct {
	register, signIn, guess, request *buckets
	appToken, appGuess, app, page    *buckets
	upload, uploadMiB                *buckets
}

func newLimits(l Limits) limits {
	return limits{
		newBuckets(l.Register), newBuckets(l.SignIn), newBuckets(l.Guess), newBuckets(l.Request),
		newBuckets(l.AppToken), newBuckets(l.AppGuess), newBuckets(l.App), newBuckets(l.Page),
		newBuckets(l.Upload), newBuckets(l.UploadMiB),
	}
}

// of finds what limits an operation that anybody may call.
func (l *limits) of(operation string) *buckets {
	switch operation {
	case "createAccount":
		return l.register
	case "createAppToken":
		return l.appToken
	}
	return l.signIn
}

// buckets are the token buckets of one Rate, one for each key. A bucket is made
// full when its key is first seen. Memory is bounded by two generations: when
// the younger is full the older is forgotten, which at worst fills buckets early.
type buckets struct {
	rate Rate

	mu         sync.Mutex
	young, old map[string]bucket
}

const bucketsMost = 1 << 15 // in a generation

type bucket struct {
	tokens float64
	at     time.Time // when it held that many
}

func newBuckets(r Rate) *buckets { return &buckets{rate: r, young: map[string]bucket{}} }

// take takes a token, or refuses and tells how long until there is one.
func (b *buckets) take(key string) error { return b.use(key, 1) }

// check refuses as take does, and takes nothing.
func (b *buckets) check(key string) error { return b.use(key, 0) }

// spend takes n tokens of a bucket that a check has let through, also those it does not have.
func (b *buckets) spend(key string, n float64) { _ = b.use(key, n) }

func (b *buckets) use(key string, n float64) error {
	if b.rate.Burst <= 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	k := b.find(key, now)
	if k.tokens < 1 {
		wait := time.Hour // of a rate that never refills
		if b.rate.PerSecond > 0 {
			wait = time.Duration((1 - k.tokens) / b.rate.PerSecond * float64(time.Second))
		}
		return fault.RateLimited.After(max(wait, time.Millisecond))
	}
	if n == 0 {
		return nil
	}
	k.tokens -= n
	if len(b.young) >= bucketsMost {
		b.old, b.young = b.young, map[string]bucket{}
	}
	b.young[key] = k
	return nil
}

// find is the key's bucket, filled up to now.
func (b *buckets) find(key string, now time.Time) bucket {
	full := float64(b.rate.Burst)
	k, ok := b.young[key]
	if !ok {
		k, ok = b.old[key]
	}
	if !ok {
		return bucket{full, now}
	}
	return bucket{min(full, k.tokens+now.Sub(k.at).Seconds()*b.rate.PerSecond), now}
}
