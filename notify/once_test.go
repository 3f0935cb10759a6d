package notify_test

import (
	"bytes"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/notify/grant"
)

// The same request again is answered the same, whatever has happened since, and
// sends nothing. With another body the key is used up.
func TestReplay(t *testing.T) {
	h := open(t)
	user, tpl := h.guest(), h.template(h.app(), queue())
	handle := h.mint(user, tpl, "a")
	body := request(tpl, handle, nil)
	first, err := h.Redeem(h.ctx(), tpl.App, body)
	good(t, err)
	other := bytes.Replace(body, []byte("called"), []byte("waiting"), 1)
	if got := h.raw(tpl.App, other); got != "idempotency_mismatch" {
		t.Errorf("another body: %s", got)
	}
	good(t, h.Mute(h.ctx(), user.User, string(tpl.App)))
	good(t, h.PauseTemplate(h.ctx(), tpl.ID, time.Time{}, "look"))
	good(t, h.Suspend(h.ctx(), tpl.App, time.Time{}, "look"))
	h.advance(30 * day)
	spelled := bytes.Replace(body, []byte(`"page":"/queue"`), []byte(`"page" : "\/queue"`), 1)
	for _, again := range [][]byte{body, spelled} {
		got, err := h.Redeem(h.ctx(), tpl.App, again)
		good(t, err)
		if !got.Replayed || got.Notice != first.Notice || got.Status != first.Status || got.Alert != first.Alert || got.Left != first.Left || !got.ExpiresAt.Equal(first.ExpiresAt) {
			t.Errorf("first %+v, then %+v", first, got)
		}
	}
	if got := h.inbox(user.User); len(got) != 1 {
		t.Errorf("the inbox has %d", len(got))
	}
	good(t, h.book.End(h.ctx(), user.User))
	if got := h.raw(tpl.App, body); got != "grant_invalid" {
		t.Errorf("of a deleted account: %s", got)
	}
}

// What came in twice at the same time is one notice.
func TestSameKeyInParallel(t *testing.T) {
	h := open(t)
	user, tpl := h.guest(), h.template(h.app(), queue())
	body := request(tpl, h.mint(user, tpl, "a"), nil)
	var all sync.WaitGroup
	var first atomic.Int64
	for range 50 {
		all.Go(func() {
			answer, err := h.Redeem(h.ctx(), tpl.App, body)
			if err != nil || answer.Status != grant.Accepted {
				t.Errorf("%+v, %v", answer, err)
			}
			if !answer.Replayed {
				first.Add(1)
			}
		})
	}
	all.Wait()
	if n := h.inbox(user.User); first.Load() != 1 || len(n) != 1 {
		t.Errorf("%d were the first, %d came", first.Load(), len(n))
	}
}

// Of many ways to spend one use at once, one wins.
func TestOneUse(t *testing.T) {
	h := open(t)
	user, tpl := h.guest(), h.template(h.app(), queue())
	handle := h.mint(user, tpl, "a")
	var all sync.WaitGroup
	var accepted, consumed atomic.Int64
	for range 50 {
		all.Go(func() {
			switch _, err := h.send(tpl, handle, nil); {
			case err == nil:
				accepted.Add(1)
			case errors.Is(err, grant.ErrConsumed):
				consumed.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := h.inbox(user.User); accepted.Load() != 1 || consumed.Load() != 49 || len(n) != 1 {
		t.Errorf("%d accepted, %d consumed, %d came", accepted.Load(), consumed.Load(), len(n))
	}
}
