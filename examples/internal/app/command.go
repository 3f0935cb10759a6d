package app

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// Main is a sample's main function: it runs until it ends or is interrupted.
func Main(name string, run func(ctx context.Context, args []string, out io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, name+":", err)
		os.Exit(1)
	}
}

// Flags are a sample's command line: the options, as every sample has them, and
// what it adds of its own.
type Flags struct {
	*flag.FlagSet
	Options // once Start has read them
}

// NewFlags is the command line of a sample that listens there unless told otherwise.
func NewFlags(name, listen string) *Flags {
	f := &Flags{FlagSet: flag.NewFlagSet(name, flag.ContinueOnError)}
	state := filepath.Join(os.TempDir(), "teahouse-examples")
	if dir, err := os.UserCacheDir(); err == nil {
		state = filepath.Join(dir, "teahouse-examples")
	}
	f.StringVar(&f.Server, "server", "http://127.0.0.1:8080", "where Teahouse is")
	f.StringVar(&f.Listen, "listen", listen, "where this program listens, for webhooks and for its pages")
	f.StringVar(&f.State, "state", state, "`folder` in which the app's credentials are kept")
	f.StringVar(&f.Developer, "developer", "dana", "who makes the app")
	f.StringVar(&f.Moderator, "moderator", "mo", "who approves its templates; empty: wait until somebody does")
	f.StringVar(&f.Password, "password", "teahouse-dev", "of the developer and the moderator")
	return f
}

// Start reads the command line, and starts the program as it says.
func (f *Flags) Start(ctx context.Context, p Program, args []string, out io.Writer) (*App, error) {
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	return Start(ctx, p, f.Options, out)
}
