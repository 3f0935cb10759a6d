package chat

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// lookups bounds how many things one request looks up at once.
const lookups = 16

// each does f for 0 ≤ i < n, several at once, and stops at the first error.
func each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	if n == 1 {
		return f(ctx, 0)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(lookups)
	for i := range n {
		g.Go(func() error { return f(ctx, i) })
	}
	return g.Wait()
}
