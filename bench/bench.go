// Package bench measures what a server costs, and checks that nothing is lost
// while it is at it: the commands behind "teahouse bench". Each scenario starts
// its own servers (this program, "serve", on free loopback ports in a temporary
// folder) or drives ones that are given, warms up, measures for a bounded time,
// and reports rates, latencies, CPU and memory beside the project's promises. A
// result in which a message was lost, an op refused or a connection cut is void.
//
// Clocks judge nothing here: a slow machine gives slow numbers and a good exit
// code; void results and replays that differ do not.
//
// The load comes from the same machine as a rule, so the generator is as cheap
// as it can be: one goroutine per connection that does everything in place.
// replay uses the Go SDK instead, for it checks the SDK too.
package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Command is "teahouse bench …" as a command line describes it.
type Command struct {
	Settings

	Idle      Idle      `cmd:"" help:"Memory of sessions that do nothing."`
	Pairs     Pairs     `cmd:"" help:"One-to-one chats: each sender waits for its acknowledgement."`
	Fanout    Fanout    `cmd:"" help:"One publisher, many members online."`
	Resume    Resume    `cmd:"" help:"Many sessions come back to messages they have missed."`
	Groupcost Groupcost `cmd:"" help:"What a send costs in a large group, against one of 2."`
	Storecost Storecost `cmd:"" help:"What a send costs in a store with many entries, against an empty one."`
	Timeline  Timeline  `cmd:"" help:"A page of moments, read by people with few and with many friends."`
	Post      Post      `cmd:"" help:"Posting to few and to many friends: acknowledged, in their timelines, told."`
	Presence  Presence  `cmd:"" help:"One person's changes of state, which many watch."`
	Redeem    Redeem    `cmd:"" help:"Notices of mini-programs: grants that users gave are redeemed."`
	Start     Start     `cmd:"" help:"Time to be ready, memory when idle, size of the program."`
	Hot       Hot       `cmd:"" help:"1, 2 and 4 nodes write into one group: throughput and fairness."`
	All       All       `cmd:"" help:"Every scenario of the promises, in one table."`
	Replay    Replay    `cmd:"" help:"Replay dialogues through SDK clients and compare every device's log with the store's."`
	Keys      Keys      `cmd:"" help:"Make the key and the JWKS file for servers that are measured with --addr."`
}

// Settings are what all scenarios have in common.
type Settings struct {
	Addr []string `placeholder:"HOST:PORT" help:"Servers to drive instead of starting some; see keys."`
	Pid  []int    `placeholder:"PID" help:"Their processes, for CPU and memory."`
	Ops  string   `placeholder:"HOST:PORT" help:"Operations listener of the first of them, for --profile."`
	Keys string   `name:"key-dir" placeholder:"DIR" help:"Folder made by keys, which those servers trust."`

	Store string            `default:"pebble:" placeholder:"URL" help:"Store of the servers that are started: pebble:, or scylla://hosts/keyspace (a fresh keyspace is made beside it for each store needed)."`
	Bus   string            `default:"memory:" placeholder:"URL" help:"Their bus: memory:, or redis://host:port/0."`
	Nodes int               `default:"1" help:"How many of them; more than one need a common store and bus."`
	Also  map[string]string `placeholder:"NAME=PID+PID" mapsep:"," help:"Processes beside the servers whose CPU is given apart, such as redis=12,cql=34."`

	Runs   int           `default:"1" help:"Repetitions; figures are medians."`
	Length time.Duration `name:"for" default:"5s" help:"Measured time of a scenario, or of each of its rounds."`
	Warm   time.Duration `default:"2s" help:"Time to warm up before that."`
	Size   int           `default:"128" help:"Bytes of text in a message."`
	Quick  bool          `help:"Small numbers and short times, only to see that everything works."`

	JSON    string `placeholder:"FILE" help:"Write everything measured there."`
	Server  string `placeholder:"FILE" help:"Program to start as server. Default: this one."`
	Profile string `placeholder:"DIR" help:"Write a CPU profile of the first server there for every measured time."`
	Keep    bool   `help:"Keep the temporary folder with stores and logs."`
}

// scenario is something that can be measured.
type scenario interface {
	// name is how results call it.
	name() string
	// measure runs it once.
	measure(ctx context.Context, l *lab) ([]Result, error)
}

// run measures scenarios as often as settings say, and reports.
func (c *Command) run(scenarios ...scenario) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := newLab(c.Settings)
	if err != nil {
		return err
	}
	defer l.close()
	var results []Result
	var failed []error
	for run := range c.Runs {
		for _, s := range scenarios {
			l.say.about(s.name(), run+1, c.Runs)
			rs, err := s.measure(ctx, l)
			l.say.done()
			results = append(results, rs...)
			if ctx.Err() != nil {
				failed = append(failed, errors.New("interrupted"))
				return l.report(results, failed)
			}
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", s.name(), err)
				failed = append(failed, fmt.Errorf("%s: %w", s.name(), err))
			}
		}
	}
	return l.report(results, failed)
}
