// Command news is a mini-program that cannot push: its stories are read by who opens
// it. It tries everything that news apps elsewhere do to reach their readers, and
// keeps what the server said to that, for you to read.
//
//	teahouse dev             # in one terminal
//	go run ./examples/news   # in another; it says where the newsroom is
//
// What it may send is a digest a day to each who asked for one: the scope "standing",
// which is there for apps of a few categories alone (public_service, health,
// transport, finance, education), and for templates without any free text.
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
		fmt.Fprintln(os.Stderr, "news:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	var o app.Options
	f := flag.NewFlagSet("news", flag.ContinueOnError)
	o.Flags(f, "127.0.0.1:4104")
	if err := f.Parse(args); err != nil {
		return err
	}
	a, err := app.Start(ctx, program, o, out)
	if err != nil {
		return err
	}
	n := &newsroom{app: a, readers: map[string]*reader{}, offers: map[string]string{}}
	if n.tries, err = n.naive(ctx, o.Server); err != nil {
		return err
	}
	a.Say("the newsroom is at %s/newsroom", a.Own)
	return a.Serve(ctx, n.routes(), n.hear)
}
