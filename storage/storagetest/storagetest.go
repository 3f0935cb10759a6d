// Package storagetest is the contract of storage.Backend as tests that every
// backend runs: streams (package streamtest), accounts, contacts, conversations,
// moments, media, the ledger (package ledgertest).
// Each test works on things of its own, so that many may share one store.
package storagetest

import (
	"testing"

	"github.com/teahouse-im/teahouse/account"
	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/contact"
	"github.com/teahouse-im/teahouse/feed"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/ledger/ledgertest"
	"github.com/teahouse-im/teahouse/media"
	"github.com/teahouse-im/teahouse/storage"
	"github.com/teahouse-im/teahouse/stream"
	"github.com/teahouse-im/teahouse/stream/streamtest"
)

// Open gives a test a backend to work on and cleans up after it.
type Open func(t *testing.T) storage.Backend

// Run holds a backend to all of its contracts.
func Run(t *testing.T, open Open) {
	t.Run("Stream", func(t *testing.T) { streamtest.Run(t, func(t *testing.T) stream.Log { return open(t) }) })
	t.Run("Account", func(t *testing.T) { Account(t, func(t *testing.T) account.Store { return open(t) }) })
	t.Run("Contact", func(t *testing.T) { Contact(t, func(t *testing.T) contact.Store { return open(t) }) })
	t.Run("Chat", func(t *testing.T) { Chat(t, func(t *testing.T) chat.Store { return open(t) }) })
	t.Run("Feed", func(t *testing.T) { Feed(t, func(t *testing.T) feed.Store { return open(t) }) })
	t.Run("Media", func(t *testing.T) { Media(t, func(t *testing.T) media.Store { return open(t) }) })
	t.Run("Ledger", func(t *testing.T) { ledgertest.Run(t, func(t *testing.T) ledger.Store { return open(t) }) })
	t.Run("Ready", func(t *testing.T) { must(t, open(t).Ready(t.Context())) })
}

// Restart checks that a backend is the same after it was closed and opened again.
// reopen does that to one that open gave.
func Restart(t *testing.T, open Open, reopen func(t *testing.T, b storage.Backend) storage.Backend) {
	t.Run("Stream", func(t *testing.T) {
		streamtest.Restart(t, func(t *testing.T) stream.Log { return open(t) }, func(t *testing.T, l stream.Log) stream.Log {
			return reopen(t, l.(storage.Backend))
		})
	})
	t.Run("Rows", func(t *testing.T) { rowsStay(t, open, reopen) })
	t.Run("Moments", func(t *testing.T) { momentsStay(t, open, reopen) })
	t.Run("Ledger", func(t *testing.T) { ledgerStays(t, open, reopen) })
}

func rowsStay(t *testing.T, open Open, reopen func(t *testing.T, b storage.Backend) storage.Backend) {
	b, ctx := open(t), t.Context()
	a := created(t, b)
	other := somebody()
	page := changed(t, b, a.User, other, alias("neighbour"))
	g := aGroup()
	must(t, b.PutGroup(ctx, g))
	lines := rosterOf(a.User, other)
	must(t, b.PutMembers(ctx, g.Stream, 1, lines))
	must(t, b.Join(ctx, g.Stream, []id.User{a.User}, stream.Head{Seq: 4, Count: 2}))
	must(t, b.MoveRead(ctx, a.User, g.Stream, stream.Head{Seq: 9, Count: 5}))
	must(t, b.PutSettings(ctx, a.User, g.Stream, chat.Settings{Pinned: true, Hidden: 3}))
	for range 2 {
		b = reopen(t, b)
		gotA, err := b.Account(ctx, a.User)
		must(t, err)
		same(t, gotA, a)
		gotPage, err := b.Relation(ctx, a.User, other)
		must(t, err)
		same(t, gotPage, page)
		gotGroup, err := b.Group(ctx, g.Stream)
		must(t, err)
		same(t, gotGroup, g)
		gotLines, err := b.Members(ctx, g.Stream, "", 10)
		must(t, err)
		same(t, gotLines, lines)
		list, err := b.Memberships(ctx, a.User)
		must(t, err)
		same(t, list, []chat.Membership{{
			Stream: g.Stream, Floor: stream.Head{Seq: 4, Count: 2}, Read: stream.Head{Seq: 9, Count: 5},
			Settings: chat.Settings{Pinned: true, Hidden: 3},
		}})
	}
}

func momentsStay(t *testing.T, open Open, reopen func(t *testing.T, b storage.Backend) storage.Backend) {
	b, ctx, friend := open(t), t.Context(), somebody()
	p, gone := wholePost(), newPost(somebody(), someTime())
	first, second := markOf(p.ID), markOf(p.ID)
	must(t, b.CreatePost(ctx, p, first))
	must(t, b.CreatePost(ctx, gone, feed.Mark{}))
	must(t, b.DropPost(ctx, gone.Author, gone.ID))
	act, err := b.ChangeAct(ctx, p.ID, feed.ActKey{Kind: feed.Like, ID: "bob"}, second, like)
	must(t, err)
	must(t, b.Refer(ctx, p.ID, []id.User{friend}))
	told := []feed.Told{{Entry: first.ID, To: "bob", Seq: 3, About: act.Key(), Turn: 1}}
	must(t, b.PutTold(ctx, p.ID, told))
	m, c := aMedium(), media.Carrier{Kind: "moment", ID: string(p.ID)}
	must(t, b.PutMedium(ctx, m))
	must(t, b.Carry(ctx, m.ID, c))
	for range 2 {
		b = reopen(t, b)
		same(t, thread(t, b, p.ID), feed.Thread{Post: p, Acts: []feed.Act{act}})
		noThread(t, b, gone.ID)
		wantTimeline(t, b, friend, p.ID)
		wantProfile(t, b, p.Author, p.ID)
		wantProfile(t, b, gone.Author)
		same(t, marksOf(t, b, p.ID), []feed.Mark{first, second})
		gotTold, err := b.ToldOf(ctx, p.ID)
		must(t, err)
		same(t, gotTold, told)
		wantMedium(t, b, m, c)
	}
	must(t, b.DropMarks(ctx, []feed.Mark{first}))
	b = reopen(t, b)
	same(t, marksOf(t, b, p.ID), []feed.Mark{second})
}
