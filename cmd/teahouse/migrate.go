package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/teahouse-im/teahouse/storage/scylla"
)

type migrateCmd struct {
	Store  string `required:"" placeholder:"URL" help:"scylla://h1,h2,h3/keyspace?replication=3; the keyspace is made where it is missing."`
	DryRun bool   `help:"Say what would be done and do nothing."`
}

func (c *migrateCmd) Run() error {
	if !strings.HasPrefix(c.Store, "scylla:") {
		return errors.New("only scylla:// stores have a schema to migrate; the embedded store needs nothing")
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return scylla.Migrate(ctx, c.Store, c.DryRun, func(line string) { fmt.Fprintln(os.Stdout, line) })
}
