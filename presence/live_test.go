package presence_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/presence"
)

// linger is how long a device is live that has gone.
var linger = presence.DefaultOptions().Linger

// A device is live from its first moment to a little after its last, on whatever
// node; its user may be there for longer. Nobody is told of it.
func TestLiveDevices(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		a.lives("ann")
		phone := a.Arrive("ann", "phone")
		a.lives("ann", "phone") // at once, on its own node
		synctest.Wait()
		b.lives("ann", "phone")
		w.rung("ann")
		tablet := a.Arrive("ann", "tablet")
		far := b.Arrive("ann", "laptop")
		synctest.Wait()
		for _, n := range []*node{a, b} {
			n.lives("ann", "laptop", "phone", "tablet")
			n.lives("ben")
		}
		w.rung("ann") // the other node's line is new
		a.Leave(phone)
		pass(linger - time.Millisecond)
		b.lives("ann", "laptop", "phone", "tablet")
		pass(2 * time.Millisecond)
		b.lives("ann", "laptop", "tablet")
		a.Leave(tablet)
		b.Leave(far)
		pass(linger + time.Millisecond)
		for _, n := range []*node{a, b} {
			n.lives("ann")
			n.is("ann", presence.Online) // in their grace
		}
		if n := w.rung("ann"); n != 0 {
			t.Fatalf("rung %d times", n)
		}
		pass(presence.DefaultOptions().Grace + time.Second)
		b.is("ann", presence.Offline)
		b.lives("ann")
	})
}

// A device with two connections is live until the last has ended, and one that
// moves to another node is live there.
func TestADeviceThatMoves(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		first := a.Arrive("ann", "phone")
		second := a.Arrive("ann", "phone")
		synctest.Wait()
		a.Leave(first)
		pass(2 * linger)
		b.lives("ann", "phone")
		b.Arrive("ann", "phone")
		a.Leave(second)
		pass(2 * linger)
		a.lives("ann", "phone")
		pass(time.Minute)
		a.lives("ann", "phone")
	})
}

// The board holds no more of a user than they may have.
func TestLiveDevicesAreBounded(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		for i := range 3 * presence.DefaultOptions().Devices {
			a.Arrive("ann", fmt.Sprintf("d%d", i))
		}
		synctest.Wait()
		live, err := b.Live(t.Context(), "ann")
		if err != nil || len(live) != presence.DefaultOptions().Devices {
			t.Fatalf("%d are live: %v", len(live), err)
		}
	})
}

// What a board did not hear of while it was away it hears afterwards, and what it
// has lost.
func TestLiveDevicesOfABoardThatIsAway(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		phone := a.Arrive("ann", "phone")
		a.Arrive("ann", "tablet")
		synctest.Wait()
		w.refuse(true)
		a.Leave(phone)
		pass(2 * linger)
		if _, err := b.Live(t.Context(), "ann"); !errors.Is(err, fault.Unavailable) {
			t.Fatalf("a board that is away says %v", err)
		}
		w.refuse(false)
		pass(presence.DefaultOptions().RenewEvery)
		b.lives("ann", "tablet")
		w.board.Wipe()
		b.lives("ann")
		pass(2 * presence.DefaultOptions().RenewEvery)
		b.lives("ann", "tablet")
	})
}

// A device that loses its connection and is back at once costs the board nothing.
func TestFlappingIsNotWritten(t *testing.T) {
	inTown(t, func(t *testing.T, w *town) {
		a, b := w.node(), w.node()
		seat := a.Arrive("ann", "phone")
		synctest.Wait()
		before := a.board.puts.Load()
		for range 10 {
			a.Leave(seat)
			pass(linger / 2)
			seat = a.Arrive("ann", "phone")
			pass(linger / 2)
			b.lives("ann", "phone")
		}
		pass(time.Minute)
		b.lives("ann", "phone")
		if n := a.board.puts.Load() - before; n != 0 {
			t.Fatalf("written %d times", n)
		}
		a.Leave(seat)
		pass(2 * linger)
		a.Arrive("ann", "phone")
		synctest.Wait()
		b.lives("ann", "phone")
		if n := a.board.puts.Load() - before; n != 2 {
			t.Fatalf("gone and back is written %d times", n)
		}
	})
}
