package presence_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
	"github.com/teahouse-im/teahouse/wire"
)

func (n *node) status(seat *presence.Seat, state string) {
	n.w.t.Helper()
	if err := n.Status(n.w.t.Context(), seat, wire.Status{State: state}); err != nil {
		n.w.t.Fatal(err)
	}
	synctest.Wait()
}

func TestComingAndGoing(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		a.is("ann", presence.Offline)
		seat := a.Arrive("ann", "phone")
		a.is("ann", presence.Online) // at once, on her own node
		synctest.Wait()
		b.is("ann", presence.Online)
		if n := w.rung("ann"); n != 1 {
			t.Fatalf("rung %d times", n)
		}
		left := time.Now()
		a.Leave(seat)
		a.Leave(seat)
		pass(presence.DefaultOptions().Grace - time.Millisecond)
		b.is("ann", presence.Online)
		pass(time.Second)
		b.is("ann", presence.Offline)
		if n := w.rung("ann"); n != 1 {
			t.Fatalf("rung %d times", n)
		}
		if v := b.view("ann"); !v.LastSeen.Equal(left) {
			t.Fatalf("last seen %v, left %v", v.LastSeen, left)
		}
	})
}

// A device that loses its connection again and again is there all the time, and
// nobody hears of it.
func TestFlapping(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		n := w.node()
		seat := n.Arrive("ann", "phone")
		synctest.Wait()
		w.rung("ann")
		for range 100 {
			pass(300 * time.Millisecond)
			n.Leave(seat)
			pass(5 * time.Second)
			n.is("ann", presence.Online)
			seat = n.Arrive("ann", "phone")
		}
		pass(time.Minute)
		n.is("ann", presence.Online)
		if k := w.rung("ann"); k != 0 {
			t.Fatalf("rung %d times", k)
		}
	})
}

func TestTheBestDeviceCounts(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		phone, laptop := a.Arrive("ann", "phone"), a.Arrive("ann", "laptop")
		far := b.Arrive("ann", "tablet")
		synctest.Wait()
		a.status(phone, "away")
		a.is("ann", presence.Online)
		a.status(laptop, "away")
		b.is("ann", presence.Online) // the tablet
		b.status(far, "away")
		for _, n := range []*node{a, b} {
			n.is("ann", presence.Away)
		}
		a.status(phone, "active")
		b.is("ann", presence.Online)
		a.Leave(phone)
		a.Leave(laptop)
		pass(10 * time.Second)
		a.is("ann", presence.Away)
		b.Leave(far)
		pass(10 * time.Second)
		a.is("ann", presence.Offline)
	})
}

// A device that comes back as away is seen so at once, though its earlier
// connection was active a moment ago.
func TestBackAsAway(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		n := w.node()
		n.Leave(n.Arrive("ann", "phone"))
		n.status(n.Arrive("ann", "phone"), "away")
		n.is("ann", presence.Away)
		pass(time.Minute)
		n.is("ann", presence.Away)
	})
}

// A device that is away stays so while its connection breaks, if it says so again
// when it is back; otherwise it is active.
func TestFlappingWhileAway(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		n := w.node()
		seat := n.Arrive("ann", "phone")
		n.status(seat, "away")
		w.rung("ann")
		for range 20 {
			pass(time.Second)
			n.Leave(seat)
			pass(3 * time.Second)
			seat = n.Arrive("ann", "phone")
			pass(500 * time.Millisecond)
			n.is("ann", presence.Away)
			n.status(seat, "away")
		}
		pass(time.Minute)
		n.is("ann", presence.Away)
		if k := w.rung("ann"); k != 0 {
			t.Fatalf("rung %d times", k)
		}
		n.Leave(seat)
		n.Leave(n.Arrive("ann", "phone")) // and breaks again, before it has said anything
		seat = n.Arrive("ann", "phone")
		pass(time.Second)
		n.is("ann", presence.Online)
		if k := w.rung("ann"); k != 1 {
			t.Fatalf("rung %d times", k)
		}
		n.Leave(seat)
		pass(time.Minute)
		n.is("ann", presence.Offline)
	})
}

// Invisible is the user's: set on one device it holds for all, and no other
// device ends it by falling asleep.
func TestInvisible(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		phone, tablet := a.Arrive("ann", "phone"), b.Arrive("ann", "tablet")
		synctest.Wait()
		a.status(phone, "invisible")
		a.is("ann", presence.Offline)
		b.status(tablet, "away")
		b.is("ann", presence.Offline)
		laptop := b.Arrive("ann", "laptop")
		b.is("ann", presence.Offline)
		b.status(laptop, "active")
		a.is("ann", presence.Online)
		a.status(phone, "invisible")
		a.status(phone, "away")
		a.is("ann", presence.Online) // the laptop
		a.status(phone, "invisible")
		a.Leave(phone)
		pass(time.Minute)
		a.is("ann", presence.Offline)
		if v := a.view("ann"); !v.Same(presence.Nothing) {
			t.Fatalf("somebody invisible shows %+v", v)
		}
		err := b.Status(t.Context(), tablet, wire.Status{State: "asleep"})
		if !errors.Is(err, fault.BadRequest) {
			t.Fatal(err)
		}
	})
}

// The same is asked about whoever is around, hides or is long gone: who may know
// nothing learns nothing from how long it takes.
func TestHidingTakesAsLongAsBeingGone(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		n := w.node()
		n.Arrive("ann", "phone")
		n.Arrive("bob", "phone")
		synctest.Wait()
		w.chosen["ann"] = presence.Showing{Hidden: true, Text: "hiding"}
		views := map[id.User]presence.View{}
		asked := map[id.User][]string{}
		for _, u := range []id.User{"ann", "bob", "gone"} {
			w.asked = nil
			views[u] = n.view(u)
			asked[u] = w.asked
		}
		if !views["ann"].Same(views["gone"]) || views["bob"].State != presence.Online {
			t.Fatalf("hidden %+v, around %+v, gone %+v", views["ann"], views["bob"], views["gone"])
		}
		if !slices.Equal(asked["ann"], asked["gone"]) || !slices.Equal(asked["bob"], asked["gone"]) {
			t.Fatalf("asked %v of who hides, %v of who is around, %v of who is gone", asked["ann"], asked["bob"], asked["gone"])
		}
	})
}

func TestAWipedBoardHeals(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		for i := range 1000 {
			a.Arrive(id.User(fmt.Sprintf("u%d", i)), "phone")
		}
		b.Arrive("ben", "phone")
		pass(time.Minute)
		a.looks()
		b.looks()
		pass(1500 * time.Millisecond)
		w.board.Wipe()
		a.is("ben", presence.Offline)
		lost := time.Now()
		for b.looks() == 0 { // those who watch on b are told how it really is
			if time.Since(lost) > 15*time.Second {
				t.Fatal("nobody looked again within 15 s")
			}
			pass(100 * time.Millisecond)
		}
		for i := range 1000 {
			b.is(id.User(fmt.Sprintf("u%d", i)), presence.Online)
		}
		a.is("ben", presence.Online)
	})
}

// What is seen on a wiped board before everybody has written again is told to nobody.
func TestAWipedBoardIsNotBelieved(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		nodes := []*node{w.node()}
		for range 4 {
			pass(700 * time.Millisecond) // so that they renew at different times
			nodes = append(nodes, w.node())
		}
		for i, n := range nodes {
			n.Arrive(id.User(fmt.Sprintf("u%d", i)), "phone")
		}
		pass(time.Minute)
		for range 20 {
			pass(230 * time.Millisecond)
			for _, n := range nodes {
				n.looks()
			}
			w.board.Wipe()
			for range 200 {
				pass(100 * time.Millisecond)
				for _, n := range nodes {
					if n.looks() == 0 {
						continue
					}
					for i := range nodes {
						n.is(id.User(fmt.Sprintf("u%d", i)), presence.Online)
					}
				}
			}
		}
	})
}

func TestADeadNode(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		a.Arrive("ann", "phone")
		b.Arrive("ann", "laptop")
		a.Arrive("ben", "phone")
		pass(time.Minute)
		b.looks()
		a.kill()
		died := time.Now()
		for b.looks() == 0 {
			if time.Since(died) > 45*time.Second {
				t.Fatal("not noticed within 45 s")
			}
			pass(100 * time.Millisecond)
		}
		b.is("ben", presence.Offline)
		b.is("ann", presence.Online)
	})
}

// A node that ends in good order takes its people off the board at once, and the
// others soon look again.
func TestANodeThatStops(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		a.Arrive("ann", "phone")
		pass(time.Minute)
		b.looks()
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		b.is("ann", presence.Offline)
		pass(5 * time.Second)
		if b.looks() == 0 {
			t.Fatal("nobody looked again")
		}
	})
}

// While the board is away nothing is seen and nothing is lost.
func TestABoardThatIsAway(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		gone := a.Arrive("ann", "phone")
		synctest.Wait()
		w.refuse(true)
		a.Leave(gone)
		a.Arrive("ben", "phone")
		pass(time.Minute)
		if _, err := a.Views(t.Context(), []id.User{"ann"}); !errors.Is(err, fault.Unavailable) {
			t.Fatal(err)
		}
		b.Missed()
		synctest.Wait()
		w.rung("ben")
		b.looks()
		w.refuse(false)
		pass(15 * time.Second)
		b.is("ben", presence.Online)
		b.is("ann", presence.Offline)
		if w.rung("ben") == 0 || b.looks() == 0 {
			t.Fatal("nobody was told")
		}
	})
}

// Rings that were lost are made up for at once, unless the board was wiped.
func TestMissedRings(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		n := w.node()
		pass(time.Minute)
		n.looks()
		n.Missed()
		synctest.Wait()
		if n.looks() != 1 {
			t.Fatal("nobody looked again")
		}
	})
}
