package grant_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// Run hands over at once what need not wait, and ends with its context.
func TestRun(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		heard := make(chan grant.Handed, 10)
		h.heard = func(told grant.Handed) { heard <- told }
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { h.Run(ctx) })
		by, app := h.guest(), id.NewApp()
		good(t, h.decide(by, h.sheet(by, app, ride(id.NewTemplate(), "a17")), true))
		good(t, h.Wrote(h.ctx(), by, app, appName, id.NewEntry(h.clock()), h.clock()))
		scopes := map[grant.Scope]bool{}
		for len(scopes) < 2 {
			select {
			case told := <-heard:
				scopes[told.Scope] = true
			case <-time.After(30 * time.Second):
				t.Fatal("the app was not told")
			}
		}
		cancel()
		wait.Wait()
		h.lawful()
	})
}
