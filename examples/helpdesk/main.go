// Command helpdesk is a mini-program that answers: its users write to it, a machine
// says that they were heard, and somebody at a desk says the rest.
//
//	teahouse dev                 # in one terminal
//	go run ./examples/helpdesk   # in another; it says where the desk is
//
// It shows the scope "window": nobody asks for it. A message of the user's own opens
// a window of 48 hours and five answers; their next message opens it anew, an answer
// never does. Who has not written cannot be written to.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/teahouse-im/teahouse/examples/internal/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "helpdesk:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o app.Options
	f := flag.NewFlagSet("helpdesk", flag.ContinueOnError)
	o.Flags(f, "127.0.0.1:4103")
	if err := f.Parse(args); err != nil {
		return err
	}
	a, err := app.Start(ctx, program, o, out)
	if err != nil {
		return err
	}
	d := &desk{app: a, cases: map[string]*matter{}}
	a.Say("the desk is at %s/desk", a.Own)
	return a.Serve(ctx, d.routes(), d.hear)
}
