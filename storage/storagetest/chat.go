package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// Chat holds a backend to the contract of chat.Store. Each test makes groups and
// people of its own, so the stores may be one and hold other things too.
func Chat(t *testing.T, open func(t *testing.T) chat.Store) {
	for name, run := range map[string]func(*testing.T, chat.Store){
		"a group is found as it was put":                   groupIsKept,
		"what nobody put is unknown":                       chatIsUnknown,
		"a group changes only from the version before":     groupVersions,
		"of parallel changes of a group one wins":          oneChangeWins,
		"a roster is read in pages":                        rosterPages,
		"roster lines are replaced and dropped":            rosterChanges,
		"a late change of a roster undoes nothing":         rosterIsAsOf,
		"any walk over a roster ends as the changes did":   rosterWalk,
		"many join and leave at once":                      manyJoin,
		"leaving and joining again moves floor and left":   leaveAndJoin,
		"a late change of a list undoes nothing":           listIsAsOf,
		"any walk over a list ends as the changes did":     listWalk,
		"a read position only moves forward":               readMovesForward,
		"settings are kept":                                settingsAreKept,
		"what users do to a list at once does not collide": listRaces,
		"a list is its owner's, by stream":                 listIsItsOwners,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

func aGroup() chat.Group {
	name, muted := "茶館 \"tea\"", true
	return chat.Group{
		Stream: id.NewGroup(), Version: 1, Name: name, Owner: "ann", Admins: []id.User{"bob", "cyd"}, Members: 3,
		MuteAll: true, CreatedAt: someTime(),
		Pending: &chat.Change{
			ID: uuid.Must(uuid.NewV7()), Action: "create", By: "ann", Users: []id.User{"ann", "bob", "cyd"}, At: someTime(),
			Role: chat.Admin, Until: someTime().Add(time.Hour), Nickname: &name, Owner: "bob", Name: &name, MuteAll: &muted,
		},
	}
}

// rosterOf makes lines for users, in their order.
func rosterOf(users ...id.User) []chat.Member {
	slices.Sort(users)
	lines := make([]chat.Member, len(users))
	for i, u := range users {
		lines[i] = chat.Member{User: u, Nickname: "the " + string(u), JoinedAt: someTime().Add(time.Duration(i) * time.Minute)}
	}
	return lines
}

func groupIsKept(t *testing.T, s chat.Store) {
	g := aGroup()
	must(t, s.PutGroup(t.Context(), g))
	got, err := s.Group(t.Context(), g.Stream)
	must(t, err)
	same(t, got, g)
	g = chat.Group{Stream: g.Stream, Version: 2, Name: "plain", Owner: "bob", Dissolved: true, CreatedAt: g.CreatedAt}
	must(t, s.PutGroup(t.Context(), g))
	got, err = s.Group(t.Context(), g.Stream)
	must(t, err)
	same(t, got, g)
}

func chatIsUnknown(t *testing.T, s chat.Store) {
	st, u, ctx := id.NewGroup(), somebody(), t.Context()
	_, err := s.Group(ctx, st)
	isUnknownChat(t, err)
	_, err = s.Member(ctx, st, u)
	isUnknownChat(t, err)
	_, err = s.Membership(ctx, u, st)
	isUnknownChat(t, err)
	members, err := s.Members(ctx, st, "", 10)
	must(t, err)
	list, err := s.Memberships(ctx, u)
	must(t, err)
	if len(members)+len(list) > 0 {
		t.Fatalf("members %v, list %v", members, list)
	}
}

func isUnknownChat(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, chat.ErrUnknown) {
		t.Fatalf("%v, want ErrUnknown", err)
	}
}

func groupVersions(t *testing.T, s chat.Store) {
	g, ctx := aGroup(), t.Context()
	put := func(version int64, want error) {
		t.Helper()
		g := g
		g.Version, g.Name = version, fmt.Sprintf("version %d", version)
		if err := s.PutGroup(ctx, g); !errors.Is(err, want) || want == nil && err != nil {
			t.Fatalf("put version %d: %v, want %v", version, err, want)
		}
	}
	put(2, chat.ErrConflict)
	put(1, nil)
	put(1, chat.ErrConflict)
	put(3, chat.ErrConflict)
	put(2, nil)
	put(1, chat.ErrConflict)
	put(2, chat.ErrConflict)
	put(3, nil)
	got, err := s.Group(ctx, g.Stream)
	must(t, err)
	same(t, got.Name, "version 3")
}

func oneChangeWins(t *testing.T, s chat.Store) {
	g := aGroup()
	for version := int64(1); version <= 4; version++ {
		errs := make([]error, 8)
		together(len(errs), func(i int) {
			g := g
			g.Version, g.Name = version, fmt.Sprint(i)
			errs[i] = s.PutGroup(t.Context(), g)
		})
		got, err := s.Group(t.Context(), g.Stream)
		must(t, err)
		for i, err := range errs {
			won := got.Version == version && got.Name == fmt.Sprint(i)
			if won && err != nil || !won && !errors.Is(err, chat.ErrConflict) {
				t.Fatalf("version %d: call %d got %v, stored is %d %s", version, i, err, got.Version, got.Name)
			}
		}
	}
}

func rosterPages(t *testing.T, s chat.Store) {
	st, ctx := id.NewGroup(), t.Context()
	all := rosterOf("ann", "ann-b", "ann.b", "ann0", "annb", "ann_b", "b1", "zed", strings32("q"))
	shuffled := slices.Clone(all)
	slices.Reverse(shuffled)
	must(t, s.PutMembers(ctx, st, 1, shuffled))
	must(t, s.PutMembers(ctx, st+"x", 1, rosterOf("elsewhere"))) // a name that begins with the other
	for limit := 1; limit <= len(all)+1; limit++ {
		var got []chat.Member
		for after := id.User(""); ; {
			page, err := s.Members(ctx, st, after, limit)
			must(t, err)
			if len(page) > limit {
				t.Fatalf("%d lines, limit is %d", len(page), limit)
			}
			got = append(got, page...)
			if len(page) < limit {
				break
			}
			after = page[len(page)-1].User
		}
		same(t, got, all)
	}
	page, err := s.Members(ctx, st, "bb", 1) // after somebody who is not there
	must(t, err)
	same(t, page, all[len(all)-2:len(all)-1])
}

func strings32(letter string) id.User { return id.User(strings.Repeat(letter, 32)) }

func rosterChanges(t *testing.T, s chat.Store) {
	st, ctx := id.NewGroup(), t.Context()
	lines := rosterOf("ann", "bob", "cyd")
	must(t, s.PutMembers(ctx, st, 1, lines))
	lines[1].MutedUntil = someTime().Add(time.Hour)
	lines[1].Nickname = ""
	must(t, s.PutMembers(ctx, st, 2, lines[1:2]))
	got, err := s.Member(ctx, st, "bob")
	must(t, err)
	same(t, got, lines[1])
	must(t, s.DropMembers(ctx, st, 3, []id.User{"ann", "cyd", "nobody"}))
	must(t, s.DropMembers(ctx, st, 3, []id.User{"ann", "cyd", "nobody"}))
	for _, u := range []id.User{"ann", "cyd", "nobody"} {
		_, err := s.Member(ctx, st, u)
		isUnknownChat(t, err)
	}
	all, err := s.Members(ctx, st, "", 10)
	must(t, err)
	same(t, all, lines[1:2])
	must(t, s.PutMembers(ctx, st, 4, lines[:1]))
	all, err = s.Members(ctx, st, "", 10)
	must(t, err)
	same(t, all, lines[:2])
}

func rosterIsAsOf(t *testing.T, s chat.Store) {
	st, ctx := id.NewGroup(), t.Context()
	lines := rosterOf("ann", "bob")
	old := slices.Clone(lines)
	old[0].Nickname, old[1].Nickname = "old", "old"
	must(t, s.PutMembers(ctx, st, 5, lines))
	must(t, s.DropMembers(ctx, st, 6, []id.User{"bob"}))
	// What stands at earlier entries comes again.
	must(t, s.PutMembers(ctx, st, 2, old))
	must(t, s.DropMembers(ctx, st, 4, []id.User{"ann"}))
	must(t, s.PutMembers(ctx, st, 5, lines))
	all, err := s.Members(ctx, st, "", 10)
	must(t, err)
	same(t, all, lines[:1])
	_, err = s.Member(ctx, st, "bob")
	isUnknownChat(t, err)
	// A removal that comes before the joining it undoes.
	must(t, s.DropMembers(ctx, st, 9, []id.User{"cyd"}))
	must(t, s.PutMembers(ctx, st, 8, rosterOf("cyd")))
	_, err = s.Member(ctx, st, "cyd")
	isUnknownChat(t, err)
}

func manyJoin(t *testing.T, s chat.Store) {
	st, ctx := id.NewGroup(), t.Context()
	users := make([]id.User, 500)
	for i := range users {
		users[i] = somebody()
	}
	must(t, s.PutMembers(ctx, st, 3, rosterOf(users...)))
	must(t, s.Join(ctx, st, users, stream.Head{Seq: 2, Count: 1}))
	must(t, s.Leave(ctx, st, users[400:], stream.Head{Seq: 8, Count: 5}))
	must(t, s.DropMembers(ctx, st, 8, users[400:]))
	left := map[id.User]bool{}
	for _, u := range users[400:] {
		left[u] = true
	}
	for _, u := range users {
		want := chat.Membership{Stream: st, Floor: stream.Head{Seq: 2, Count: 1}}
		if left[u] {
			want.Left = stream.Head{Seq: 8, Count: 5}
		}
		got, err := s.Membership(ctx, u, st)
		must(t, err)
		same(t, got, want)
	}
	all, err := s.Members(ctx, st, "", 1000)
	must(t, err)
	same(t, len(all), 400)
}
