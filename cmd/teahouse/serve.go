package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/node"
)

type serveCmd struct {
	node.Config `embed:""`
}

func (c *serveCmd) Run() error {
	log := logger(c.LogLevel)
	if c.Limits == "off" {
		log.Warn().Msg("--limits off: no rate limits, no throttling of connections. Never in the open.")
	}
	return serve(c.Config, node.Extras{Logger: log, Version: version()}, nil)
}

// logger writes to stderr: for people on a terminal, JSON elsewhere.
func logger(level string) zerolog.Logger {
	zerolog.TimeFieldFormat = time.RFC3339Nano
	log := zerolog.New(os.Stderr)
	if isatty.IsTerminal(os.Stderr.Fd()) {
		log = zerolog.New(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: time.TimeOnly})
	}
	if l, err := zerolog.ParseLevel(level); err == nil {
		log = log.Level(l)
	}
	return log.With().Timestamp().Logger()
}

// serve runs a node until a signal or an operator asks for a stop. ready is
// called when it accepts connections, before that is said on stdout.
func serve(c node.Config, x node.Extras, ready func(context.Context, *node.Node) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	n, err := node.Start(ctx, c, x)
	if err != nil {
		return err
	}
	if ready != nil {
		if err := ready(ctx, n); err != nil {
			_ = n.Stop(context.Background())
			return err
		}
	}
	debug.FreeOSMemory() // half of what starting took is garbage; one collection of little
	dropPages()
	keepHeap()
	var resting sync.WaitGroup
	defer resting.Wait()
	resting.Go(func() { collectAtRest(ctx) })
	fmt.Printf("teahouse ready listen=%s ops=%s\n", n.URL, n.Ops)
	select {
	case <-ctx.Done():
	case <-n.Draining():
	}
	stop() // a second signal ends the process at once
	x.Logger.Info().Msg("stopping")
	return n.Stop(context.Background())
}
