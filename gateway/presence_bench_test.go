package gateway

import (
	"context"
	"fmt"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/wire"
)

// BenchmarkPresenceChange is what it costs when somebody changes their state
// whom so many watch, each over a socket of their own. Run it with
//
//	go test ./gateway -run '^$' -bench PresenceChange -benchtime 200x
//
// The clients read nothing, so that all the CPU is the server's; "queued" leaves
// out the sockets, and so the system calls.
func BenchmarkPresenceChange(b *testing.B) {
	for _, watchers := range []int{200, 2000} {
		b.Run(fmt.Sprintf("watchers=%d", watchers), func(b *testing.B) { presenceChange(b, watchers, false) })
		b.Run(fmt.Sprintf("watchers=%d/queued", watchers), func(b *testing.B) { presenceChange(b, watchers, true) })
	}
}

// BenchmarkWatch is what it costs to begin to watch 200 friends, half of whom are there.
func BenchmarkWatch(b *testing.B) {
	n := settle(b, slow)
	var friends []string
	for i := range watchMost {
		u := id.User(fmt.Sprintf("friend-%d", i))
		n.befriend("ann", u)
		if i%2 == 0 {
			n.presence.Arrive(u, "d", "d")
		}
		friends = append(friends, string(u))
	}
	n.gw.opt.Limits.FramesPerSecond = 0
	ann := n.join("ann", "a")
	cpu := used()
	for b.Loop() {
		ann.watch(friends...)
	}
	b.ReportMetric(float64(used()-cpu)/float64(b.N)/1e6, "cpu-ms/watch")
}

// muteLink swallows what is written.
type muteLink struct{ link }

func (muteLink) write(p []byte) (int, error) { return len(p), nil }

// allFriends are so many that making them so would take longer than the benchmark.
type allFriends struct{ Presence }

func (allFriends) MayKnow(_ context.Context, _ id.User, others []id.User) ([]bool, error) {
	return slices.Repeat([]bool{true}, len(others)), nil
}

func presenceChange(b *testing.B, watchers int, mute bool) {
	n, change := presenceCrowd(b, watchers, mute)
	cpu := used()
	for b.Loop() {
		change(watchers)
		n.rested()
	}
	b.ReportMetric(float64(used()-cpu)/float64(b.N)/1e6, "cpu-ms/change")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkPresenceCrowd is what a change costs of which 20 are told together.
func BenchmarkPresenceCrowd(b *testing.B) {
	for _, mute := range []bool{false, true} {
		b.Run(fmt.Sprintf("watchers=2000/queued=%t", mute), func(b *testing.B) {
			n, change := presenceCrowd(b, 2000, mute)
			change(2000) // after it they rest
			cpu := used()
			for b.Loop() {
				for range 20 {
					change(0)
				}
				n.rested()
				n.sent(b, 20*2000)
			}
			b.ReportMetric(float64(used()-cpu)/float64(20*b.N)/1e6, "cpu-ms/change")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// sent waits until so many more frames are written than when it was called last.
func (n *villageNode) sent(b *testing.B, frames int64) {
	n.frames += frames
	if frames == 0 {
		return
	}
	for start := time.Now(); n.gw.Stats().FramesOut < n.frames; time.Sleep(100 * time.Microsecond) { // costs the server nothing
		if time.Since(start) > time.Minute {
			b.Fatal("they are not told")
		}
	}
}

// presenceCrowd has watchers who rest until they are told otherwise. change changes
// somebody's state and waits until it is written so many times.
func presenceCrowd(b *testing.B, watchers int, mute bool) (n *villageNode, change func(writes int)) {
	v := newVillage(b, "")
	v.every = time.Hour
	n = v.node(slow, func(p Presence) Presence { return allFriends{p} })
	var seats []*presence.Seat
	var people []string
	for i := range 50 { // so that none of them is told of too often
		u := id.User(fmt.Sprintf("ben-%d", i))
		v.register(u)
		seats, people = append(seats, n.presence.Arrive(u, "b", "b")), append(people, string(u))
	}
	for i := range watchers {
		n.join(id.User(fmt.Sprintf("user-%d", i)), "d").watch(people...)
	}
	if mute {
		n.gw.hub.all(func(s *session) { s.link = muteLink{s.link} })
	}
	time.Sleep(time.Second) // what came of arriving is told
	n.rested()
	n.frames = n.gw.Stats().FramesOut
	i, states := 0, []string{"away", "active"}
	return n, func(writes int) {
		u, state := people[i%len(people)], states[i/len(people)%2]
		if err := n.presence.Status(v.ctx, seats[i%len(people)], wire.Status{State: state}); err != nil {
			b.Fatal(err)
		}
		n.sent(b, int64(writes))
		n.looked(b, id.User(u), map[string]presence.State{"away": presence.Away, "active": presence.Online}[state])
		i++
	}
}

// used is the CPU time of the process.
func used() time.Duration {
	var use syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}
