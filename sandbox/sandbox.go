// Package sandbox is what `teahouse dev` has for those who write mini-programs,
// beside the server itself: sign-ins of made-up people without typing, the clock,
// an address that takes webhooks and shows them, and what the gate decided about
// each notice, in words. The page that uses it is package web's.
//
// It lets anybody who reaches it sign in as any of the made-up people. It is made
// for one machine and never part of `teahouse serve`.
package sandbox

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Person is one of the made-up people.
type Person struct {
	User      string `json:"user"`
	Name      string `json:"name"`
	Moderator bool   `json:"moderator,omitzero"`
}

// Options are what a Box needs of the server.
type Options struct {
	People  []Person
	Now     func() time.Time                    // the domains' clock
	Advance func(time.Duration) (now time.Time) // moves it
	SignIn  func(ctx context.Context, user, device string) (token string, err error)
	// Secret is what an app's webhooks are signed with; ok is false if it has none.
	Secret func(ctx context.Context, app string) (secret string, ok bool, err error)
}

// kept is how much of the latest news is kept.
const kept = 300

// A Box is one sandbox. It is an http.Handler for everything below /sandbox/.
type Box struct {
	opt Options
	mux *http.ServeMux

	mu   sync.Mutex
	last int64
	news []Item // the oldest first
}

// An Item of news is an event that came to an app's webhook, or a decision of the gate.
type Item struct {
	Seq      int64     `json:"seq"`
	At       time.Time `json:"at"` // by the domains' clock
	App      string    `json:"app"`
	Event    *Event    `json:"event,omitempty"`
	Decision *Decision `json:"decision,omitempty"`
}

// New makes a sandbox.
func New(opt Options) *Box {
	b := &Box{opt: opt, mux: http.NewServeMux()}
	b.routes()
	return b
}

// tell adds to the news.
func (b *Box) tell(i Item) {
	i.At = b.opt.Now().UTC().Truncate(time.Millisecond)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	i.Seq = b.last
	b.news = append(b.news, i)
	if len(b.news) > kept {
		b.news = slices.Delete(b.news, 0, len(b.news)-kept)
	}
}

// since is what is news to somebody who has seen so much, and how much there is.
// Who has seen more than there is knows another server's news, and gets all.
func (b *Box) since(seen int64) ([]Item, int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if seen > b.last {
		seen = 0
	}
	i, _ := slices.BinarySearchFunc(b.news, seen+1, func(i Item, seq int64) int { return int(i.Seq - seq) })
	return slices.Clone(b.news[i:]), b.last
}
