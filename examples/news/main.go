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
	"io"

	"github.com/teahouse-im/teahouse/examples/internal/app"
)

func main() { app.Main("news", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	f := app.NewFlags("news", "127.0.0.1:4104")
	a, err := f.Start(ctx, program, args, out)
	if err != nil {
		return err
	}
	n := &newsroom{app: a, readers: map[string]*reader{}, offers: map[string]string{}}
	if n.tries, err = n.naive(ctx, f.Server); err != nil {
		return err
	}
	a.Say("the newsroom is at %s/newsroom", a.Own)
	return a.Serve(ctx, n.routes(), n.hear)
}
