package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/teahouse-im/teahouse/node"
)

type doctorCmd struct {
	node.Config `embed:""`
}

// A finding is what one check found: nothing wrong, something to know, or
// something that must be mended before the server can run.
type finding struct {
	about string
	found string
	do    string // what to do about it; "" when all is well
	bad   bool   // the server will not run like this
}

func well(about, found string) finding     { return finding{about: about, found: found} }
func mind(about, found, do string) finding { return finding{about: about, found: found, do: do} }
func broken(about string, err error, do string) finding {
	return finding{about: about, found: err.Error(), do: do, bad: true}
}

// errUnwell ends a doctor's visit that found something broken.
var errUnwell = errors.New("something has to be mended before the server can run")

func (c *doctorCmd) Run() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	unwell := false
	for _, check := range []func(context.Context, *node.Config) []finding{
		checkConfiguration, checkFolder, checkStore, checkBlobs, checkBus, checkListeners, checkMachine,
	} {
		for _, f := range check(ctx, &c.Config) {
			mark := "ok  "
			switch {
			case f.bad:
				mark, unwell = "BAD ", true
			case f.do != "":
				mark = "mind"
			}
			fmt.Printf("%s  %-14s %s\n", mark, f.about, f.found)
			if f.do != "" {
				fmt.Printf("      %-14s → %s\n", "", f.do)
			}
		}
	}
	if unwell {
		return errUnwell
	}
	return nil
}

func checkConfiguration(_ context.Context, c *node.Config) []finding {
	if err := c.Check(); err != nil {
		return []finding{broken("configuration", err, "Correct these settings; see teahouse serve --help.")}
	}
	out := []finding{well("configuration", "every setting makes sense")}
	if c.Limits == "off" {
		out = append(out, mind("limits", "rate limits are off", "Never run like this where strangers can connect."))
	}
	return out
}

func checkFolder(_ context.Context, c *node.Config) []finding {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return []finding{broken("data folder", err, "Name a folder that this user may write with --data.")}
	}
	probe := filepath.Join(c.Data, ".doctor")
	if err := os.WriteFile(probe, []byte("x"), 0o600); err != nil {
		return []finding{broken("data folder", err, "Give this user the right to write there, or free some space.")}
	}
	if err := os.Remove(probe); err != nil {
		return []finding{broken("data folder", err, "Look at the folder's rights.")}
	}
	return append([]finding{well("data folder", c.Data+" can be written")}, checkSpace(c.Data)...)
}

func checkStore(ctx context.Context, c *node.Config) []finding {
	s, err := node.OpenStore(ctx, c, zerolog.Nop())
	if errors.Is(err, node.ErrStoreInUse) {
		if answers(ctx, c.OpsListen) {
			return []finding{well("store", "in use by the server that is running")}
		}
		return []finding{broken("store", err, "Stop the other process, or name another folder with --data.")}
	}
	if err != nil {
		return []finding{broken("store", err, "Look at --store; for scylla:// run teahouse migrate once.")}
	}
	ready := s.Ready(ctx)
	if err := errors.Join(ready, s.Close()); err != nil {
		return []finding{broken("store", err, "Look at the database's own log.")}
	}
	return []finding{well("store", "opens, reads and writes")}
}

func answers(ctx context.Context, ops string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ops+"/livez", nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil && res.StatusCode == http.StatusOK
}

func checkBlobs(ctx context.Context, c *node.Config) []finding {
	if err := node.TryBlobs(ctx, c); err != nil {
		return []finding{broken("uploads", err, "Look at --blobs, and whether that is there and may be written.")}
	}
	if c.BlobsApart() {
		return []finding{mind("uploads", "in this node's data folder", "Other nodes do not find them there: set --blobs s3://… or a folder they share.")}
	}
	return []finding{well("uploads", "can be kept and read")}
}

func checkBus(_ context.Context, c *node.Config) []finding {
	if c.Bus == "memory:" {
		f := well("bus", "in this process")
		if c.Store != "" && c.Store[0] == 's' {
			f = mind("bus", "in this process, though the store is shared", "With more than one node set --bus redis://….")
		}
		return []finding{f}
	}
	if err := node.TryBus(c); err != nil {
		return []finding{broken("bus", err, "Look at --bus and whether Redis runs; without it news between nodes is late.")}
	}
	return []finding{well("bus", "Redis answers")}
}
