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

// A device is live from its first moment to its last, on whatever node; its user
// may be there for a little longer. Nobody is told of it.
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
		synctest.Wait()
		b.lives("ann", "laptop", "tablet")
		a.Leave(tablet)
		b.Leave(far)
		synctest.Wait()
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
		synctest.Wait()
		b.lives("ann", "phone")
		b.Arrive("ann", "phone")
		a.Leave(second)
		synctest.Wait()
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
		synctest.Wait()
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
