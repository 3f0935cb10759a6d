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
	x := node.Extras{Logger: logger(c.LogLevel), Version: version(), Clock: new(node.Clock), Sandbox: true}
	return serve(c.Config, x, func(ctx context.Context, n *node.Node) error {
		if err := n.Demo(ctx); err != nil {
			return fmt.Errorf("make the demo people: %w", err)
		}
		greet(n)
		return nil
	})
}

// greet says where to begin.
func greet(n *node.Node) {
	fmt.Printf("Two phones, the clock, webhooks and the gate in one page:\n  %s%s\n", n.URL, node.SandboxPath)
	fmt.Println("The same with somebody else in the left hand:")
	for _, user := range node.DemoPeople() {
		fmt.Printf("  %s%s?left=%s\n", n.URL, node.SandboxPath, user)
	}
	fmt.Printf("Or open %s and sign in as one of them; the password of all is %s. mo is a moderator.\n", n.URL, node.DemoPassword)
	fmt.Printf("Move the clock: curl -H 'Content-Type: application/json' -d '{\"advance_s\":3600}' %s/dev/clock\n", n.Ops)
}
