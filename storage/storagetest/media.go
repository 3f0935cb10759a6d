package storagetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/media"
)

// Media holds a backend to the contract of media.Store. Each test makes media of
// its own, so the stores may be one and hold other things too.
func Media(t *testing.T, open func(t *testing.T) media.Store) {
	for name, run := range map[string]func(*testing.T, media.Store){
		"a medium is found as it was put":         mediumIsKept,
		"what nobody put is unknown":              mediumIsUnknown,
		"carriers are noted and taken back":       carriersComeAndGo,
		"a carrier may come before its medium":    carrierComesFirst,
		"many note carriers at once":              manyCarriers,
		"media are listed by the day they are of": mediaByDay,
		"a medium is forgotten with its carriers": mediumIsDropped,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

func aMedium() media.Medium {
	return media.Medium{
		ID: id.NewMedia(), Owner: somebody(), Type: "video/mp4", Size: 5 << 30, Width: 1920, Height: 1080, Duration: 90*time.Second + time.Microsecond,
		Thumbnail: true, Placeholder: `LEHV6nWB2yk8"\`, Digest: "9f86d0", Look: "c3a5", At: someTime(), Pending: true, Doomed: someTime().Add(time.Hour),
	}
}

// wantMedium checks a medium and its carriers, which are in no order.
func wantMedium(t *testing.T, s media.Store, want media.Medium, carriers ...media.Carrier) {
	t.Helper()
	m, got, err := s.Medium(t.Context(), want.ID)
	must(t, err)
	same(t, m, want)
	slices.SortFunc(got, byKindAndID)
	slices.SortFunc(carriers, byKindAndID)
	same(t, append([]media.Carrier{}, got...), append([]media.Carrier{}, carriers...))
}

func byKindAndID(a, b media.Carrier) int {
	return strings.Compare(a.Kind+" "+a.ID, b.Kind+" "+b.ID)
}

func noMedium(t *testing.T, s media.Store, m id.Media) {
	t.Helper()
	if _, _, err := s.Medium(t.Context(), m); !errors.Is(err, media.ErrUnknown) {
		t.Fatalf("got %v, want ErrUnknown", err)
	}
}

func mediumIsKept(t *testing.T, s media.Store) {
	m := aMedium()
	must(t, s.PutMedium(t.Context(), m))
	wantMedium(t, s, m)
	m = media.Medium{ID: m.ID, Owner: m.Owner, Type: "application/pdf", Size: 1, At: m.At}
	for range 2 {
		must(t, s.PutMedium(t.Context(), m))
		wantMedium(t, s, m)
	}
}

func mediumIsUnknown(t *testing.T, s media.Store) {
	m := id.NewMedia()
	noMedium(t, s, m)
	for range 2 {
		must(t, s.Uncarry(t.Context(), m, media.Carrier{Kind: "moment", ID: "p-1"}))
		must(t, s.DropMedium(t.Context(), m, someTime()))
	}
	noMedium(t, s, m)
	all, err := s.MediaOf(t.Context(), time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC))
	must(t, err)
	same(t, len(all), 0)
}

func carriersComeAndGo(t *testing.T, s media.Store) {
	m, other := aMedium(), aMedium()
	must(t, s.PutMedium(t.Context(), m))
	must(t, s.PutMedium(t.Context(), other))
	carriers := []media.Carrier{
		{Kind: "message", ID: "d-ann~bob/17"},
		{Kind: "message", ID: "d-ann~bob/170"},
		{Kind: "moment", ID: string(id.NewPost(someTime()))},
		{Kind: "profile", ID: "ann"},
		{Kind: "moment", ID: "ann"},
	}
	for i, c := range carriers {
		for range 2 {
			must(t, s.Carry(t.Context(), m.ID, c))
			wantMedium(t, s, m, slices.Clone(carriers[:i+1])...)
		}
	}
	m.Pending = false
	must(t, s.PutMedium(t.Context(), m)) // it is still carried
	for i, c := range carriers {
		for range 2 {
			must(t, s.Uncarry(t.Context(), m.ID, c))
			wantMedium(t, s, m, slices.Clone(carriers[i+1:])...)
		}
	}
	must(t, s.Carry(t.Context(), m.ID, carriers[0]))
	wantMedium(t, s, m, carriers[0])
	wantMedium(t, s, other)
}

func carrierComesFirst(t *testing.T, s media.Store) {
	m, c := aMedium(), media.Carrier{Kind: "profile", ID: "ann"}
	must(t, s.Carry(t.Context(), m.ID, c))
	noMedium(t, s, m.ID)
	must(t, s.PutMedium(t.Context(), m))
	wantMedium(t, s, m, c)
}

func manyCarriers(t *testing.T, s media.Store) {
	m := aMedium()
	must(t, s.PutMedium(t.Context(), m))
	var want []media.Carrier
	for i := range 60 {
		want = append(want, media.Carrier{Kind: "message", ID: fmt.Sprintf("g-x/%d", i)})
	}
	together(6, func(i int) {
		for n := i; n < len(want); n += 6 {
			if err := s.Carry(t.Context(), m.ID, want[n]); err != nil {
				t.Error(err)
			}
		}
	})
	wantMedium(t, s, m, want...)
}

// mediaByDay works on days that no other test has.
func mediaByDay(t *testing.T, s media.Store) {
	day := time.Date(2031, 2, 28, 0, 0, 0, 0, time.UTC)
	for _, d := range []time.Time{day, day.AddDate(0, 0, 1)} { // of an earlier run on the same store
		old, err := s.MediaOf(t.Context(), d)
		must(t, err)
		for _, m := range old {
			must(t, s.DropMedium(t.Context(), m, d))
		}
	}
	put := func(at time.Time) media.Medium {
		m := aMedium()
		m.At = at
		must(t, s.PutMedium(t.Context(), m))
		return m
	}
	listed := func(at time.Time, want ...id.Media) {
		t.Helper()
		got, err := s.MediaOf(t.Context(), at)
		must(t, err)
		slices.Sort(got)
		slices.Sort(want)
		same(t, append([]id.Media{}, got...), append([]id.Media{}, want...))
	}
	put(day.Add(-time.Millisecond))
	first, last := put(day), put(day.AddDate(0, 0, 1).Add(-time.Millisecond))
	next := put(day.AddDate(0, 0, 1))
	listed(day, first.ID, last.ID)
	listed(day.Add(13*time.Hour).In(time.FixedZone("", 9*60*60)), first.ID, last.ID) // the day in UTC counts

	// Looked after again, it stands under both days.
	first.At = next.At
	must(t, s.PutMedium(t.Context(), first))
	listed(day, first.ID, last.ID)
	listed(next.At, first.ID, next.ID)

	for range 2 {
		must(t, s.DropMedium(t.Context(), first.ID, day))
		listed(day, last.ID)
		noMedium(t, s, first.ID)
	}
	must(t, s.DropMedium(t.Context(), first.ID, next.At))
	listed(next.At, next.ID)
}

func mediumIsDropped(t *testing.T, s media.Store) {
	m, other := aMedium(), aMedium()
	c := media.Carrier{Kind: "profile", ID: "ann"}
	for _, m := range []media.Medium{m, other} {
		must(t, s.PutMedium(t.Context(), m))
		must(t, s.Carry(t.Context(), m.ID, c))
	}
	must(t, s.DropMedium(t.Context(), m.ID, m.At))
	noMedium(t, s, m.ID)
	must(t, s.PutMedium(t.Context(), m))
	wantMedium(t, s, m)
	wantMedium(t, s, other, c)
}
