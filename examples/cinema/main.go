// Command cinema is a mini-program that may send one notice: it sells seats, and
// tells whoever asked for it when their film begins.
//
//	teahouse dev                # in one terminal
//	go run ./examples/cinema    # in another
//
// It shows the scope "once": a grant is good for one notice about one matter, here
// a ticket. The page offers it when there is something to be told of, not before.
package main

import (
	"context"
	"io"
	"time"

	"github.com/teahouse-im/teahouse/examples/internal/app"
)

func main() { app.Main("cinema", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	f := app.NewFlags("cinema", "127.0.0.1:4102")
	begins := f.Duration("begins", 15*time.Second, "how long after it is booked a film begins")
	a, err := f.Start(ctx, program, args, out)
	if err != nil {
		return err
	}
	h := &house{app: a, after: *begins}
	return a.Serve(ctx, h.routes(), h.hear)
}
