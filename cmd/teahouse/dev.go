package main

import (
	"context"
	"fmt"
	"os"

	"github.com/teahouse-im/teahouse/node"
)

type devCmd struct {
	node.Config `embed:""`
}

func (c *devCmd) Run() error {
	if c.Data == "./teahouse-data" {
		dir, err := os.MkdirTemp("", "teahouse-dev-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c.Data = dir
	}
	c.Sandbox()
	x := node.Extras{Logger: logger(c.LogLevel), Version: version(), Clock: new(node.Clock)}
	return serve(c.Config, x, func(ctx context.Context, n *node.Node) error {
		if err := n.Demo(ctx); err != nil {
			return fmt.Errorf("make the demo people: %w", err)
		}
		fmt.Printf("Open %s and sign in as alice, bob, carol, dave, erin, dana or mo (a moderator).\n", n.URL)
		fmt.Printf("Password of all: %s. Move the clock: curl -H 'Content-Type: application/json' -d '{\"advance_s\":3600}' %s/dev/clock\n", node.DemoPassword, n.Ops)
		return nil
	})
}
