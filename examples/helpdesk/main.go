// Command helpdesk is a mini-program that answers: its users write to it, a machine
// says that they were heard, and somebody at a desk says the rest.
//
//	teahouse dev                 # in one terminal
//	go run ./examples/helpdesk   # in another; it says where the desk is
//
// It shows the scope "window": nobody asks for it. A message of the user's own opens
// a window of 48 hours and five answers; their next message opens it anew, an answer
// never does. Who has not written cannot be written to. The desk can also show a
// picture or a file: its developer uploads it, for an app has no uploads.
package main

import (
	"context"
	"io"

	"github.com/teahouse-im/teahouse/client"
	"github.com/teahouse-im/teahouse/examples/internal/app"
)

func main() { app.Main("helpdesk", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	f := app.NewFlags("helpdesk", "127.0.0.1:4103")
	a, err := f.Start(ctx, program, args, out)
	if err != nil {
		return err
	}
	d := &desk{app: a, cases: map[string]*matter{}, uploads: map[string]client.Medium{}}
	a.Say("the desk is at %s/desk", a.Own)
	return a.Serve(ctx, d.routes(), d.hear)
}
