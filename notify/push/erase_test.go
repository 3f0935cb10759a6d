package push_test

import (
	"testing"

	"github.com/teahouse-im/teahouse/notify/push"
)

// Nobody who has left is woken, nor is anything kept of their devices; a browser of
// theirs can become somebody else's.
func TestErase(t *testing.T) {
	h := open(t, nil)
	sub := h.subscribe("bob", "d1")
	h.subscribe("bob", "d2")
	show := push.ShowNothing
	_, err := h.ChangeSettings(h.ctx, "bob", push.SettingsChange{Show: &show})
	good(t, err)
	h.text(direct, "alice", "hello")
	if n := len(h.pushed()); n != 2 {
		t.Fatalf("%d pushes", n)
	}
	for range 2 {
		good(t, h.Erase(h.ctx, "bob"))
		rows, err := h.store.ListPart(h.ctx, push.UserPart("bob"), "", "", 10)
		if err != nil || len(rows) > 0 {
			t.Fatalf("left: %v %v", rows, err)
		}
	}
	h.text(direct, "alice", "are you there?")
	h.none("bob has left")
	good(t, h.Subscribe(h.ctx, "alice", "d1", sub))
	h.text(direct, "bob", "to alice")
	h.one()
}
