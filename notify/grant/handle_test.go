package grant_test

import (
	"testing"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/grant"
)

// I7, I8: whatever is wrong with a handle, it is the same refusal, at the cost of
// the same two looks.
func TestHandles(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		handle := h.mint(by, app, o)[0]
		count := &counting{Store: h.store}
		book := h.node(count, h.store)
		alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
		bad := []string{"", "gh1_", "gh1_AAAA", handle + "A", handle[:len(handle)-1], handle + "=", handle + "\n", handle[:20] + "\n" + handle[20:], "gh2_" + handle[4:], " " + handle}
		for i := 4; i < len(handle); i++ {
			for _, c := range alphabet { // each flipped bit, and each other way to write the last ones
				if byte(c) != handle[i] {
					bad = append(bad, handle[:i]+string(c)+handle[i+1:])
				}
			}
		}
		try := func(a id.App, handle string) {
			t.Helper()
			count.reads = 0
			_, err := book.Find(h.ctx(), a, handle, "k", [32]byte{})
			if err == nil || err.Error() != grant.ErrInvalid.Error() || count.reads != 2 {
				t.Fatalf("%q: %v after %d reads", handle, err, count.reads)
			}
		}
		for _, b := range bad {
			try(app, b)
		}
		try(id.NewApp(), handle)
		if _, err := book.Find(h.ctx(), app, handle, "k", [32]byte{}); err != nil || count.reads != 3 {
			t.Fatal(err, count.reads)
		}
		want(t, "not_found", h.Revoke(h.ctx(), by.User, handle))
	})
}

// I7: two handles of one user have nothing in common but their form, nor have two names of notices.
func TestHandlesAreUnlinkable(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, template := h.guest(), id.NewApp(), id.NewTemplate()
		offers := []grant.Offer{queue(template, "1"), queue(template, "2")}
		handles := h.mint(by, app, offers...)
		var names []string
		for i, o := range offers {
			answer, err := h.send(app, handles[i], spend(o))
			good(t, err)
			names = append(names, answer.Notice)
		}
		for _, two := range [][]string{{handles[0][4:], handles[1][4:]}, {names[0][2+22:], names[1][2+22:]}} {
			same := 0
			for i := range two[0] {
				if two[0][i] == two[1][i] {
					same++
				}
			}
			if len(two[0]) != len(two[1]) || same > 12 {
				t.Fatalf("%d of %d characters are the same: %v", same, len(two[0]), two)
			}
		}
	})
}

// The key of all handles is made once, whoever asks first.
func TestSecret(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		made := make(chan string, 8)
		for range cap(made) {
			go func() {
				s, err := grant.Secret(h.ctx(), h.store)
				if err != nil {
					t.Error(err)
				}
				made <- string(s)
			}()
		}
		first := <-made
		for range cap(made) - 1 {
			if s := <-made; s != first || len(s) != 32 {
				t.Fatal("two keys")
			}
		}
	})
}
