package gateway

import (
	"sync"
	"time"

	"github.com/teahouse-im/teahouse/wire"
)

// A bucket holds how many frames a client may still send. It fills up with time.
type bucket struct {
	spent int32  // thousandths of frames
	at    uint32 // moment of the latest look, cut
}

const perFrame = 1000

// take spends one frame; false: there is none left.
func (b *bucket) take(g *Gateway) bool {
	rate, burst := int32(g.opt.Limits.FramesPerSecond), int32(g.opt.Limits.FramesBurst)
	if rate == 0 {
		return true
	}
	now := uint32(g.wheel.now())
	passed := min(now-b.at, 1<<20) // milliseconds; a frame's thousandth each for a rate of one
	b.spent = int32(max(0, int64(b.spent)-int64(passed)*int64(rate)))
	b.at = now
	if b.spent > (burst-1)*perFrame {
		return false
	}
	b.spent += perFrame
	return true
}

// back gives a frame back that was not handled.
func (b *bucket) back(g *Gateway) {
	if g.opt.Limits.FramesPerSecond != 0 {
		b.spent -= perFrame
	}
}

// tooMany closes a session that sent more frames than it may.
func (s *session) tooMany() {
	s.bye("rate_limited", time.Second)
	s.close(wire.CloseRateLimited)
}

func (s *session) bye(reason string, retry time.Duration) {
	s.send(textFrame(wire.Event("bye", wire.Bye{Reason: reason, RetryMS: wire.Millis(retry)}), false))
}

// A throttle bounds how many connections come in a second, with a burst of two seconds' worth.
type throttle struct {
	mu   sync.Mutex
	free time.Time // when all earlier ones are paid for
}

// admit lets a connection in, or tells when to try again.
func (t *throttle) admit(perSecond int) (retry time.Duration) {
	if perSecond == 0 {
		return 0
	}
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free.Before(now) {
		t.free = now
	}
	if ahead := t.free.Sub(now); ahead > 2*time.Second {
		return ahead - time.Second
	}
	t.free = t.free.Add(time.Second / time.Duration(perSecond))
	return 0
}
