package grant_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
)

// What was delivered is owed no more when Run has ended, and while it goes on soon.
func TestSettled(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, offer := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		owed := func() (n int) {
			t.Helper()
			dues, err := h.store.Owed(h.ctx(), "deliver", h.clock().Add(time.Hour), 1<<20)
			good(t, err)
			for _, d := range dues {
				if strings.Contains(string(d.Body), string(by.User)) {
					n++
				}
			}
			return n
		}
		handles := h.mint(by, app, offer, queue(offer.Template, "a18"))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var wait sync.WaitGroup
		wait.Go(func() { h.Run(ctx) })
		deliver := func(handle string) {
			t.Helper()
			_, err := sendOn(h.ctx(), h.Book, app, handle, uuid.NewString(), spend(offer))
			good(t, err)
		}
		deliver(handles[0])
		for end := time.Now().Add(30 * time.Second); owed() > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("what was delivered is still owed")
			}
		}
		deliver(handles[1])
		cancel()
		wait.Wait()
		if n := owed(); n > 0 {
			t.Fatalf("%d deliveries are owed, and all were made", n)
		}
		h.lawful()
	})
}
