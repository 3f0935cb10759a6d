package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/node"
)

// checkCmd holds a store against what it promises: over a running server, or by itself.
type checkCmd struct {
	operatorFlags `embed:""`

	Store string `placeholder:"URL" help:"A store that no embedded server has open: pebble: (in the data folder), pebble:DIR, or scylla://… If left out, the running server is asked."`

	What string `arg:"" enum:"notices,audit" help:"notices: nobody was sent more than they granted, and nothing was lost. audit: the chain of what moderators did is whole."`
}

// checkPatience is how long a check of a running server may take.
const checkPatience = time.Hour

func (c *checkCmd) Run() error {
	var found node.Finding
	var err error
	if c.Store == "" {
		err = c.within(checkPatience).ask("/operator/check/"+c.What, struct{}{}, &found)
	} else {
		found, err = c.offline()
	}
	if err != nil {
		return err
	}
	fmt.Println(c.What+":", found.Seen)
	for _, b := range found.Broken {
		fmt.Println("  BROKEN", b)
	}
	if n := len(found.Broken); n > 0 {
		return fmt.Errorf("%s: %d broken", c.What, n)
	}
	fmt.Println(c.What + ": all is well")
	return nil
}

func (c *checkCmd) offline() (node.Finding, error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	store, err := node.OpenStore(ctx, &node.Config{Store: c.Store, Data: c.Data}, zerolog.Nop())
	if err != nil {
		return node.Finding{}, err
	}
	found, err := node.Check(ctx, store, c.What)
	if closing := store.Close(); err == nil {
		err = closing
	}
	return found, err
}
