package bench

import (
	"context"
	"errors"
	"os"
	"time"
)

// Start measures an empty server.
type Start struct{}

// Run is the command.
func (s *Start) Run(c *Command) error { return c.run(s) }

func (s *Start) name() string { return "start" }

func (s *Start) measure(ctx context.Context, l *lab) ([]Result, error) {
	if len(l.Addr) > 0 {
		return nil, errors.New("starts a server of its own; it cannot measure --addr")
	}
	st, err := l.newStore(ctx)
	if err != nil {
		return nil, err
	}
	c, err := l.open(ctx, st, 1)
	if err != nil {
		return nil, err
	}
	defer c.close()
	r := l.result("start", 0, 1)
	r.add("ready_ms", c.readyMS)
	if err := wait(ctx, 2*time.Second); err != nil {
		return nil, err
	}
	if measurable {
		r.add("rss_mb", float64(c.rss())/(1<<20))
	}
	if info, err := os.Stat(l.Server); err == nil {
		r.add("binary_mb", float64(info.Size())/1e6)
	}
	return []Result{*r}, nil
}
