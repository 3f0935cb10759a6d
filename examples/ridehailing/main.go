// Command ridehailing is a mini-program that may send a few notices about one
// matter: one orders a ride and follows it, from the order to the door.
//
//	teahouse dev                    # in one terminal
//	go run ./examples/ridehailing   # in another
//
// It shows the scope "progress": a grant is good for the steps of a template, each
// once and only forward, and is over at the last one.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/teahouse-im/teahouse/examples/internal/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, time.After); err != nil {
		fmt.Fprintln(os.Stderr, "ridehailing:", err)
		os.Exit(1)
	}
}

// run is the command. after says when a time has passed.
func run(ctx context.Context, args []string, out io.Writer, after func(time.Duration) <-chan time.Time) error {
	var o app.Options
	f := flag.NewFlagSet("ridehailing", flag.ContinueOnError)
	o.Flags(f, "127.0.0.1:4101")
	pace := f.Duration("pace", 8*time.Second, "how long each state of a ride lasts")
	if err := f.Parse(args); err != nil {
		return err
	}
	a, err := app.Start(ctx, program, o, out)
	if err != nil {
		return err
	}
	d := &dispatch{app: a, pace: *pace, after: after, rides: map[string]*ride{}}
	return a.Serve(ctx, d.routes(), d.hear)
}
