package presencetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/presence"
)

func putDevices(t *testing.T, b presence.Board, u id.User, state presence.State, devices ...id.Device) {
	t.Helper()
	ok(t, b.Put(t.Context(), presence.Line{User: u, State: state, Devices: devices}))
}

// lives checks which devices of a user a board knows.
func lives(t *testing.T, b presence.Board, u id.User, want ...id.Device) {
	t.Helper()
	got, err := b.Devices(t.Context(), u)
	ok(t, err)
	if !slices.Equal(got, want) {
		t.Fatalf("of %s there are %q, want %q", u, got, want)
	}
}

func devicesOfTwo(t *testing.T, w World) {
	a, b := join(t, w), join(t, w)
	defer a.Close()
	defer b.Close()
	nodes := []presence.Board{a, b}
	lives(t, a, "alice")
	putDevices(t, a, "alice", presence.Away, "a phone, old", "o")
	putDevices(t, b, "bob", presence.Online, "o")
	for _, n := range nodes {
		shows(t, n, "alice", presence.Away)
		lives(t, n, "alice", "a phone, old", "o")
		lives(t, n, "bob", "o")
		lives(t, n, "carol")
	}
	putDevices(t, b, "alice", presence.Online, "tablet", "o")
	for _, n := range nodes {
		shows(t, n, "alice", presence.Online)
		lives(t, n, "alice", "a phone, old", "o", "tablet")
	}
	putDevices(t, a, "alice", presence.Away) // all in their grace
	lives(t, b, "alice", "o", "tablet")
	ok(t, b.Drop(t.Context(), "alice"))
	for _, n := range nodes {
		shows(t, n, "alice", presence.Away)
		lives(t, n, "alice")
	}
	var many []id.Device
	for i := range 100 {
		many = append(many, id.Device(fmt.Sprintf("%064d", i)))
	}
	putDevices(t, a, "alice", presence.Online, many...)
	lives(t, b, "alice", many...)
	w.Wipe(t)
	for _, n := range nodes {
		lives(t, n, "alice")
		lives(t, n, "bob")
	}
}

func devicesOfTheDead(t *testing.T, w World) {
	a, b, c := joinFor(t, w, short), join(t, w), join(t, w)
	defer a.Close()
	defer b.Close()
	putDevices(t, a, "alice", presence.Online, "phone")
	putDevices(t, b, "alice", presence.Online, "tablet")
	putDevices(t, c, "alice", presence.Online, "laptop")
	ok(t, c.Close())
	until(t, "the dead node's devices go", func() bool {
		got, err := b.Devices(t.Context(), "alice")
		ok(t, err)
		return slices.Equal(got, []id.Device{"tablet"})
	})
	shows(t, b, "alice", presence.Online)
}
