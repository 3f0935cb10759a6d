package law

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/node"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

const callers = 200

// TestOneGrantThousandRounds has one grant redeemed by 200 parallel calls on two
// nodes' books, a thousand times over: each time one wins.
func TestOneGrantThousandRounds(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	store, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	must(t, err)
	var clock node.Clock
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var books [2]*grant.Book
	for i := range books {
		seq := stream.NewSequencer(store, stream.Options{Now: clock.Now, Sealed: func(s id.Stream) bool { return strings.HasPrefix(string(s), id.Notices+"/") }})
		t.Cleanup(seq.Close)
		books[i] = grant.New(store, store, seq, seq.Door(), grant.Options{
			Now: clock.Now, Secret: []byte("the key of all handles, 32 bytes"), Failed: func(err error) { t.Error(err) },
			ReadUpTo: func(context.Context, id.User) (id.Seq, error) { return 0, nil },
		})
		running.Go(func() { books[i].Run(ctx) })
	}
	t.Cleanup(func() {
		stop()
		running.Wait()
		must(t, store.Close())
	})
	app, template := id.NewApp(), id.NewTemplate()
	// People and their grants first: they have looked at their sheets all at once.
	var people []grant.By
	var sheets []grant.Sheet
	for i := range rounds {
		by := grant.By{User: id.User(fmt.Sprint("user-", i)), Session: id.Session("s-1"), Device: "phone"}
		tap, _, err := books[i%2].Tap(ctx, by, app, "/queue")
		must(t, err)
		sheet, err := books[(i+1)%2].Ask(ctx, by, app, "Noodles", tap, []grant.Offer{{
			Template: template, Version: 1, Title: "Your turn", Page: "/queue", Scope: grant.Once, Subject: string(by.User), Uses: 1, Lives: 24 * time.Hour,
		}})
		must(t, err)
		people, sheets = append(people, by), append(sheets, sheet)
	}
	clock.Advance(time.Second)
	for i, by := range people {
		must(t, books[i%2].Decide(ctx, by, string(sheets[i].Consent), []grant.Decision{{Item: sheets[i].Items[0].Item, Accept: true}}, false))
	}
	handles := map[string]string{}
	after := ""
	eventually(t, "handing over", func() bool {
		items, next, err := books[0].Handed(ctx, app, after, 200)
		must(t, err)
		after = next
		for _, h := range items {
			handles[h.Subject] = h.Handle
		}
		return len(handles) == rounds
	})
	for _, by := range people {
		if won := round(t, &books, app, template, handles[string(by.User)]); won != 1 {
			t.Fatalf("%d of %d calls won one use", won, callers)
		}
	}
	report, err := books[0].Check(ctx, func(yield func(id.User, error) bool) {
		for _, by := range people {
			if !yield(by.User, nil) {
				return
			}
		}
	})
	must(t, err)
	if len(report.Broken) > 0 || report.Notices != rounds || report.Entries != rounds || report.Grants != rounds {
		t.Errorf("checked %+v", report)
	}
}

// round redeems one grant many times at once and tells how many won.
func round(t *testing.T, books *[2]*grant.Book, app id.App, template id.Template, handle string) int64 {
	var won atomic.Int64
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			key := uuid.NewString()
			book := books[i%2]
			f, err := book.Find(t.Context(), app, handle, key, sha256.Sum256([]byte(key)))
			if err != nil {
				t.Error(err)
				return
			}
			r, _, err := book.Redeem(t.Context(), f, grant.Spend{App: app, AppName: "Noodles", Template: template, Version: 1, Title: "Your turn", Page: "/queue"})
			switch {
			case err == nil:
				won.Add(1)
				if err := book.Deliver(t.Context(), r); err != nil {
					t.Error(err)
				}
			case !errors.Is(err, grant.ErrConsumed):
				t.Error(err)
			}
		})
	}
	all.Wait()
	return won.Load()
}
