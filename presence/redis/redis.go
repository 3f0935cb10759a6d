// Package redis keeps the board of presence between nodes in Redis (or a server
// that speaks like it, such as Valkey), the one of the bus.
//
// Each node has one hash there, a field for every user who is live on it, and its
// lease is the hash's own time to live: when a node dies, all its lines go at
// once, and nothing is left to be cleaned up. A set names the nodes. With the
// prefix of an installation, by default "teahouse" and the number of the database:
//
//	<prefix>!nodes-present            set of the nodes' names
//	<prefix>!present:<node>           hash: user → o (online) or a (away), and a line for each
//	                                  device that is live; "" marks the lease
//
// Looking somebody up is one command per node, for any number of users, in one
// round trip behind that for the names.
package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	busredis "github.com/teahouse-im/teahouse/bus/redis"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
)

const (
	// lookMost is how many users are asked for in one command.
	lookMost = 1000
	// farewellWithin bounds how long Close tries to wipe this node's lines.
	farewellWithin = 2 * time.Second
)

// What a field says. The mark is a name no user can have.
const (
	mark   = ""
	online = "o"
	away   = "a"
)

// Board is a presence.Board in Redis.
type Board struct {
	client *redis.Client
	lease  time.Duration
	me     string // this node's name, new at every start
	nodes  string // the key of the set
	hashes string // what the key of a node's hash begins with

	once sync.Once

	mu     sync.Mutex      // guards what follows
	unsure bool            // a Renew has failed, so that nobody knows whether the mark was there
	seen   map[string]bool // the other nodes that had a lease at the latest Renew; nil before the first
}

// New makes a board in the Redis at the URL of a bus, for one node, whose lease
// lasts that long without being renewed. It does not wait for Redis.
func New(url string, lease time.Duration) (*Board, error) {
	opt, prefix, err := busredis.Place(url)
	if err != nil {
		return nil, err
	}
	opt.PoolSize, opt.ReadBufferSize, opt.WriteBufferSize = 4, 16<<10, 16<<10
	opt.ConnMaxIdleTime = 0 // the driver's own: it finds out when one is gone
	var name [8]byte
	rand.Read(name[:]) // never fails: crypto/rand ends the process instead
	return &Board{
		client: redis.NewClient(&opt), lease: lease, me: hex.EncodeToString(name[:]),
		nodes: prefix + "nodes-present", hashes: prefix + "present:",
	}, nil
}

func (b *Board) hash(node string) string { return b.hashes + node }

// Put writes lines, and keeps them for no longer than a lease even if nobody ever
// renews it: the hash may have been lost, and be a new one now.
func (b *Board) Put(ctx context.Context, lines ...presence.Line) error {
	if len(lines) == 0 {
		return nil
	}
	fields := make([]string, 0, 2*len(lines))
	for _, l := range lines {
		fields = append(fields, string(l.User), said(l))
	}
	_, err := b.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.HSet(ctx, b.hash(b.me), fields)
		p.PExpire(ctx, b.hash(b.me), b.lease)
		p.SAdd(ctx, b.nodes, b.me)
		return nil
	})
	return err
}

// said is what a field says of a line. No device's name has a line break.
func said(l presence.Line) string {
	out := online
	if l.State == presence.Away {
		out = away
	}
	for _, d := range l.Devices {
		out += "\n" + string(d)
	}
	return out
}

// Drop wipes lines.
func (b *Board) Drop(ctx context.Context, users ...id.User) error {
	if len(users) == 0 {
		return nil
	}
	return b.client.HDel(ctx, b.hash(b.me), names(users)...).Err()
}

func names(users []id.User) []string {
	out := make([]string, len(users))
	for i, u := range users {
		out[i] = string(u)
	}
	return out
}

// Look asks every node's hash.
func (b *Board) Look(ctx context.Context, users []id.User) ([]presence.State, error) {
	states := make([]presence.State, len(users))
	for i := range states {
		states[i] = presence.Offline
	}
	err := b.ask(ctx, users, func(i int, said string) {
		switch state, _, _ := strings.Cut(said, "\n"); state {
		case online:
			states[i] = presence.Better(states[i], presence.Online)
		case away:
			states[i] = presence.Better(states[i], presence.Away)
		}
	})
	if err != nil {
		return nil, err
	}
	return states, nil
}

// Devices asks every node's hash.
func (b *Board) Devices(ctx context.Context, u id.User) ([]id.Device, error) {
	var devices []id.Device
	err := b.ask(ctx, []id.User{u}, func(_ int, said string) {
		for _, d := range strings.Split(said, "\n")[1:] {
			devices = append(devices, id.Device(d))
		}
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(devices)
	return slices.Compact(devices), nil
}

// ask tells what the nodes' fields say of users, and of which.
func (b *Board) ask(ctx context.Context, users []id.User, tell func(i int, said string)) error {
	if len(users) == 0 {
		return nil
	}
	nodes, err := b.client.SMembers(ctx, b.nodes).Result()
	if err != nil {
		return err
	}
	for start := 0; start < len(users); start += lookMost {
		end := min(start+lookMost, len(users))
		if err := b.look(ctx, nodes, names(users[start:end]), func(i int, said string) { tell(start+i, said) }); err != nil {
			return err
		}
	}
	return nil
}

func (b *Board) look(ctx context.Context, nodes, users []string, tell func(i int, said string)) error {
	answers := make([]*redis.SliceCmd, len(nodes))
	_, err := b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, node := range nodes {
			answers[i] = p.HMGet(ctx, b.hash(node), users...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, a := range answers {
		for i, v := range a.Val() {
			if said, ok := v.(string); ok {
				tell(i, said)
			}
		}
	}
	return nil
}

// Renew keeps the lease. That Redis has lost the lines shows in the mark, which
// nothing else writes.
func (b *Board) Renew(ctx context.Context) (wiped, moved bool, err error) {
	var marked *redis.BoolCmd
	var members *redis.StringSliceCmd
	_, err = b.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		marked = p.HSetNX(ctx, b.hash(b.me), mark, "1")
		p.PExpire(ctx, b.hash(b.me), b.lease)
		p.SAdd(ctx, b.nodes, b.me)
		members = p.SMembers(ctx, b.nodes)
		return nil
	})
	b.mu.Lock()
	wiped = err == nil && (marked.Val() || b.unsure)
	b.unsure = err != nil
	b.mu.Unlock()
	if err != nil {
		return false, false, err
	}
	moved, err = b.count(ctx, members.Val())
	if err != nil && wiped { // who asked has not heard it
		b.mu.Lock()
		b.unsure = true
		b.mu.Unlock()
	}
	return wiped, moved, err
}

// count finds out which of the other nodes have a lease, and whether they are
// others than before. A name without a lease is forgotten when that was so the
// last time too: a node may be about to come back.
func (b *Board) count(ctx context.Context, members []string) (moved bool, err error) {
	leases := map[string]*redis.IntCmd{}
	_, err = b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, node := range members {
			if node != b.me {
				leases[node] = p.Exists(ctx, b.hash(node))
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	b.mu.Lock()
	before := b.seen
	now := map[string]bool{}
	var dead []string
	for node, lease := range leases {
		switch {
		case lease.Val() > 0:
			now[node] = true
			moved = moved || !before[node]
		case !before[node]:
			dead = append(dead, node)
		}
	}
	for node := range before {
		moved = moved || !now[node]
	}
	b.seen = now
	b.mu.Unlock()
	if len(dead) > 0 {
		err = b.client.SRem(ctx, b.nodes, dead).Err()
	}
	return moved && before != nil, err
}

// Close wipes this node's lines and ends its lease, if Redis answers soon; if
// not, they end by themselves.
func (b *Board) Close() (err error) {
	b.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), farewellWithin)
		defer cancel()
		_, _ = b.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Unlink(ctx, b.hash(b.me))
			p.SRem(ctx, b.nodes, b.me)
			return nil
		})
		err = b.client.Close()
	})
	return err
}
