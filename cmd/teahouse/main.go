// Command teahouse is the server and everything an operator needs beside it.
// Flags, their environment variables and the keys of a configuration file are
// the same words; see "teahouse COMMAND --help".
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"github.com/teahouse-im/teahouse/bench"
)

// commands is the command line.
type commands struct {
	Config kong.ConfigFlag `placeholder:"FILE" env:"TEAHOUSE_CONFIG" help:"YAML file of settings; its keys are the flags' names."`

	Serve   serveCmd      `cmd:"" help:"Run the server."`
	Dev     devCmd        `cmd:"" help:"Run a server for trying it out: demo people, a clock that can be moved, a store that goes at the end."`
	Migrate migrateCmd    `cmd:"" help:"Make or upgrade the schema of a scylla:// store."`
	User    userCmd       `cmd:"" help:"Manage people on the running server."`
	App     appCmd        `cmd:"" help:"Manage mini-programs on the running server."`
	Check   checkCmd      `cmd:"" help:"Hold a store against what it promises."`
	Bench   bench.Command `cmd:"" help:"Measure what a server costs, and replay conversations through it."`
	Doctor  doctorCmd     `cmd:"" help:"Check configuration, store, bus, clock and limits of this machine, and say what to do."`
	Version versionCmd    `cmd:"" help:"Say which version this is."`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "teahouse:", err)
		os.Exit(exitCode(err))
	}
}

// usageError is a command line that cannot be understood.
type usageError struct{ error }

func exitCode(err error) int {
	if _, ok := errors.AsType[usageError](err); ok {
		return 2
	}
	return 1
}

func run(args []string) error {
	var c commands
	parser, err := kong.New(&c,
		kong.Name("teahouse"),
		kong.Description("The core server of a messaging and social product: chat, on one machine or many."),
		kong.DefaultEnvars("TEAHOUSE"),
		kong.Configuration(loadYAML),
		kong.Resolvers(secretFiles()),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.UsageOnError(),
	)
	if err != nil {
		return err
	}
	if err := checkEnvironment(parser.Model, os.Environ()); err != nil {
		return usageError{err}
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return usageError{err}
	}
	return ctx.Run(&c, &c.Bench)
}

type versionCmd struct{}

func (versionCmd) Run() error {
	fmt.Println("teahouse", version())
	return nil
}

// version is the module's version where it has one, and the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versionOf(nil)
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	v := "devel"
	if info != nil && info.Main.Version != "" && info.Main.Version != "(devel)" {
		v = info.Main.Version
	}
	commit := bench.Commit(info)
	if v != "devel" && commit == "unknown" { // of a module that was fetched
		return v
	}
	return v + " (commit " + commit + ")"
}
