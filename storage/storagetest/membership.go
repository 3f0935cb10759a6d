package storagetest

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/teahouse-im/teahouse/chat"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

func wantMembership(t *testing.T, s chat.Store, u id.User, want chat.Membership) {
	t.Helper()
	got, err := s.Membership(t.Context(), u, want.Stream)
	must(t, err)
	same(t, got, want)
}

func leaveAndJoin(t *testing.T, s chat.Store) {
	st, u, ctx := id.NewGroup(), somebody(), t.Context()
	want := chat.Membership{Stream: st, Floor: stream.Head{Seq: 4, Count: 3}}
	must(t, s.Join(ctx, st, []id.User{u}, want.Floor))
	wantMembership(t, s, u, want)
	want.Read, want.Settings = stream.Head{Seq: 6, Count: 5}, chat.Settings{Muted: true, Pinned: true, Hidden: 6}
	must(t, s.MoveRead(ctx, u, st, want.Read))
	must(t, s.PutSettings(ctx, u, st, want.Settings))
	want.Left = stream.Head{Seq: 9, Count: 7}
	must(t, s.Leave(ctx, st, []id.User{u}, want.Left))
	wantMembership(t, s, u, want)
	want.Floor, want.Left = stream.Head{Seq: 11, Count: 8}, stream.Head{}
	must(t, s.Join(ctx, st, []id.User{u}, want.Floor))
	wantMembership(t, s, u, want)

	// Both people of a direct conversation are listed from its beginning, however often.
	direct := id.DirectStream(u, somebody())
	for range 2 {
		must(t, s.Join(ctx, direct, []id.User{u}, stream.Head{}))
		wantMembership(t, s, u, chat.Membership{Stream: direct})
	}
}

func listIsAsOf(t *testing.T, s chat.Store) {
	st, u, ctx := id.NewGroup(), []id.User{somebody()}, t.Context()
	want := chat.Membership{Stream: st, Floor: stream.Head{Seq: 6, Count: 4}}
	must(t, s.Join(ctx, st, u, stream.Head{Seq: 2, Count: 1}))
	must(t, s.Leave(ctx, st, u, stream.Head{Seq: 5, Count: 4}))
	must(t, s.Join(ctx, st, u, stream.Head{Seq: 2, Count: 1})) // late: has left since
	wantMembership(t, s, u[0], chat.Membership{
		Stream: st, Floor: stream.Head{Seq: 2, Count: 1}, Left: stream.Head{Seq: 5, Count: 4},
	})
	must(t, s.Join(ctx, st, u, want.Floor))
	must(t, s.Leave(ctx, st, u, stream.Head{Seq: 5, Count: 4})) // late: is back since
	must(t, s.Join(ctx, st, u, stream.Head{Seq: 2, Count: 1}))
	wantMembership(t, s, u[0], want)
}

func readMovesForward(t *testing.T, s chat.Store) {
	st, u, ctx := id.NewGroup(), somebody(), t.Context()
	want := chat.Membership{Stream: st}
	must(t, s.Join(ctx, st, []id.User{u}, want.Floor))
	for _, seq := range []int64{3, 2, 3, 7, 1, 7} {
		must(t, s.MoveRead(ctx, u, st, stream.Head{Seq: id.Seq(seq), Count: seq - 1}))
		if id.Seq(seq) > want.Read.Seq {
			want.Read = stream.Head{Seq: id.Seq(seq), Count: seq - 1}
		}
		wantMembership(t, s, u, want)
	}
}

func settingsAreKept(t *testing.T, s chat.Store) {
	st, u, ctx := id.NewGroup(), somebody(), t.Context()
	want := chat.Membership{Stream: st, Floor: stream.Head{Seq: 1}}
	must(t, s.Join(ctx, st, []id.User{u}, want.Floor))
	for _, set := range []chat.Settings{{Muted: true}, {Pinned: true}, {Hidden: id.MaxSeq}, {Muted: true, Pinned: true, Hidden: 1}, {}} {
		for range 2 {
			must(t, s.PutSettings(ctx, u, st, set))
			want.Settings = set
			wantMembership(t, s, u, want)
		}
	}
}

// listRaces: different things about one line change at the same time, and none is lost.
func listRaces(t *testing.T, s chat.Store) {
	for range 10 {
		st, u, ctx := id.NewGroup(), somebody(), t.Context()
		must(t, s.Join(ctx, st, []id.User{u}, stream.Head{Seq: 1}))
		errs := make([]error, 12)
		together(len(errs), func(i int) {
			switch i {
			case 0:
				errs[i] = s.PutSettings(ctx, u, st, chat.Settings{Muted: true})
			case 1:
				errs[i] = s.Leave(ctx, st, []id.User{u}, stream.Head{Seq: 30, Count: 20})
			default:
				errs[i] = s.MoveRead(ctx, u, st, stream.Head{Seq: id.Seq(i), Count: int64(i)})
			}
		})
		for _, err := range errs {
			must(t, err)
		}
		wantMembership(t, s, u, chat.Membership{
			Stream: st, Floor: stream.Head{Seq: 1}, Left: stream.Head{Seq: 30, Count: 20},
			Read: stream.Head{Seq: 11, Count: 11}, Settings: chat.Settings{Muted: true},
		})
	}
}

func listIsItsOwners(t *testing.T, s chat.Store) {
	u, ctx := somebody(), t.Context()
	neighbour := u + "0" // a name that begins with the other
	streams := []id.Stream{id.NewGroup(), id.NewGroup(), id.DirectStream(u, "ann"), id.DirectStream(u, "ann-b"), id.NewGroup()}
	for i, st := range streams {
		must(t, s.Join(ctx, st, []id.User{u, neighbour}, stream.Head{Seq: id.Seq(i)}))
	}
	must(t, s.Join(ctx, id.NewGroup(), []id.User{neighbour}, stream.Head{}))
	must(t, s.Leave(ctx, streams[1], []id.User{u}, stream.Head{Seq: 9, Count: 9}))
	var want []chat.Membership
	for i, st := range streams {
		m := chat.Membership{Stream: st, Floor: stream.Head{Seq: id.Seq(i)}}
		if i == 1 {
			m.Left = stream.Head{Seq: 9, Count: 9}
		}
		want = append(want, m)
	}
	slices.SortFunc(want, func(a, b chat.Membership) int {
		if a.Stream < b.Stream {
			return -1
		}
		return 1
	})
	got, err := s.Memberships(ctx, u)
	must(t, err)
	same(t, got, want)
}

// A turn is a change of somebody's membership: they join and leave by turns.
type turn struct {
	seq  id.Seq // of its entry
	join bool
}

// turns draws how somebody's membership went, and in which order that is carried
// out: each change after the one before it, and any of them again later.
func turns(r *rapid.T) (went []turn, carried []int) {
	seq := id.Seq(0)
	for i := range rapid.IntRange(1, 6).Draw(r, "changes") {
		seq += id.Seq(rapid.IntRange(1, 3).Draw(r, "distance"))
		went = append(went, turn{seq, i%2 == 0})
		carried = append(carried, i)
		for range rapid.IntRange(0, 3).Draw(r, "repeats") {
			carried = append(carried, rapid.IntRange(0, i).Draw(r, "again"))
		}
	}
	return went, carried
}

func listWalk(t *testing.T, s chat.Store) {
	rapid.Check(t, func(r *rapid.T) {
		st, u, ctx := id.NewGroup(), somebody(), t.Context()
		went, carried := turns(r)
		for _, i := range carried {
			var err error
			if c := went[i]; c.join {
				err = s.Join(ctx, st, []id.User{u}, stream.Head{Seq: c.seq - 1, Count: int64(i)})
			} else {
				err = s.Leave(ctx, st, []id.User{u}, stream.Head{Seq: c.seq, Count: int64(i)})
			}
			if err != nil {
				r.Fatal(err)
			}
		}
		want := chat.Membership{Stream: st}
		for i, c := range went {
			if c.join {
				want.Floor, want.Left = stream.Head{Seq: c.seq - 1, Count: int64(i)}, stream.Head{}
			} else {
				want.Left = stream.Head{Seq: c.seq, Count: int64(i)}
			}
		}
		if got, err := s.Membership(ctx, u, st); err != nil || got != want {
			r.Fatalf("went %v, carried out %v: %+v, %v, want %+v", went, carried, got, err, want)
		}
	})
}

func rosterWalk(t *testing.T, s chat.Store) {
	rapid.Check(t, func(r *rapid.T) {
		st, ctx := id.NewGroup(), t.Context()
		went, carried := turns(r)
		for _, i := range carried {
			var err error
			if c := went[i]; c.join {
				err = s.PutMembers(ctx, st, c.seq, []chat.Member{{User: "ann", JoinedAt: someTime().AddDate(0, 0, i)}})
			} else {
				err = s.DropMembers(ctx, st, c.seq, []id.User{"ann"})
			}
			if err != nil {
				r.Fatal(err)
			}
		}
		last := len(went) - 1
		got, err := s.Member(ctx, st, "ann")
		if !went[last].join {
			isUnknownChat(t, err)
		} else if err != nil || !got.JoinedAt.Equal(someTime().AddDate(0, 0, last)) {
			r.Fatalf("went %v, carried out %v: %+v, %v", went, carried, got, err)
		}
	})
}
