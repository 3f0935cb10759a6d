//go:build !linux

package main

import (
	"context"

	"github.com/teahouse-im/teahouse/node"
)

func checkSpace(string) []finding { return nil }

func checkMachine(context.Context, *node.Config) []finding {
	return []finding{mind("machine", "file limits and clock are looked at on Linux only", "Look at them yourself: one open file per connection, NTP on.")}
}

func checkListeners(context.Context, *node.Config) []finding { return nil }
