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
	"io"
	"time"

	"github.com/teahouse-im/teahouse/examples/internal/app"
)

func main() {
	app.Main("ridehailing", func(ctx context.Context, args []string, out io.Writer) error {
		return run(ctx, args, out, time.After)
	})
}

// run is the command. after says when a time has passed.
func run(ctx context.Context, args []string, out io.Writer, after func(time.Duration) <-chan time.Time) error {
	f := app.NewFlags("ridehailing", "127.0.0.1:4101")
	pace := f.Duration("pace", 8*time.Second, "how long each state of a ride lasts")
	a, err := f.Start(ctx, program, args, out)
	if err != nil {
		return err
	}
	d := &dispatch{app: a, pace: *pace, after: after, rides: map[string]*ride{}}
	return a.Serve(ctx, d.routes(), d.hear)
}
