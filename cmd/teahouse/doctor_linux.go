package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/teahouse-im/teahouse/node"
)

const (
	filesWanted = 20_000    // one per connection, and some
	spaceWanted = 1 << 30   // bytes
	stateUnsync = 0x0040    // STA_UNSYNC of adjtimex(2)
	epoch       = "2026-01" // no clock that is right shows an earlier month
)

func checkSpace(dir string) []finding {
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		return []finding{broken("disk", err, "Look at the data folder.")}
	}
	free := fs.Bavail * uint64(fs.Bsize)
	found := fmt.Sprintf("%.1f GiB free", float64(free)/(1<<30))
	if free < spaceWanted {
		return []finding{mind("disk", found, "Make room: a full disk refuses writes.")}
	}
	return []finding{well("disk", found)}
}

func checkMachine(context.Context, *node.Config) []finding {
	return []finding{checkFiles(), checkClock()}
}

func checkFiles() finding {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return broken("open files", err, "")
	}
	found := fmt.Sprintf("%d may be open at once", lim.Max)
	if lim.Max < filesWanted {
		return mind("open files", found, fmt.Sprintf("Raise the limit (ulimit -Hn, LimitNOFILE=): every connection is one; %d is a good start.", filesWanted))
	}
	return well("open files", found)
}

func checkClock() finding {
	var t unix.Timex
	_, err := unix.Adjtimex(&t)
	now := time.Now().UTC()
	found := now.Format(time.RFC3339)
	switch {
	case now.Format("2006-01") < epoch:
		return finding{about: "clock", found: found, do: "Set the clock: sign-ins and message ids depend on it.", bad: true}
	case err != nil:
		return mind("clock", found+"; whether it is kept in step cannot be told here", "Make sure that NTP runs on this machine.")
	case t.Status&stateUnsync != 0:
		return mind("clock", found+", not kept in step", "Run an NTP client; nodes whose clocks differ date entries oddly.")
	}
	return well("clock", found+", kept in step")
}

func checkListeners(ctx context.Context, c *node.Config) []finding {
	var out []finding
	for _, l := range []struct{ flag, addr string }{{"listen", c.Listen}, {"ops-listen", c.OpsListen}} {
		ln, err := new(net.ListenConfig).Listen(ctx, "tcp", l.addr)
		switch {
		case err == nil:
			out = append(out, well(l.flag, l.addr+" is free"))
			ln.Close()
		case answers(ctx, c.OpsListen):
			out = append(out, well(l.flag, l.addr+" is used by the server that is running"))
		default:
			out = append(out, broken(l.flag, err, "Choose another address with --"+l.flag+"."))
		}
	}
	return out
}
