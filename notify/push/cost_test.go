package push_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/notify/push"
)

func TestWhereNobodySleepsItCostsNothing(t *testing.T) {
	h := open(t, nil)
	for i := range 1200 {
		h.rosters[group] = append(h.rosters[group], id.User(fmt.Sprintf("user-%04d", i)))
	}
	h.text(direct, "alice", "hello")
	h.text(group, "user-0000", "hello")
	h.none("nobody has a device")
	if reads, looks := h.work(); reads != 1202 || looks != 3 {
		t.Errorf("%d reads of users, %d looks at rosters", reads, looks)
	}
	for range 100 {
		h.text(direct, "alice", "hello")
		h.text(group, "user-0000", "hello")
		h.Read("bob", direct, 1)
	}
	if reads, _ := h.work(); h.Waits() != 0 || reads != 1202 {
		t.Errorf("%d streams wait, %d reads", h.Waits(), reads)
	}

	sub := h.web.Subscription()
	good(t, h.Subscribe(h.ctx, "user-1199", "d1", sub)) // counts at once on this node
	h.text(group, "user-0000", "hello")
	h.one()

	two := h.node()
	two.Entry(h.entry(direct, 1))
	h.pushed(two)
	h.subscribe("bob", "d1")
	two.Entry(h.entry(direct, 2))
	if two.Waits() != 0 {
		t.Error("another node looked again at once")
	}
	h.set(func() { h.now = h.now.Add(5 * time.Second) })
	two.Entry(h.entry(direct, 3))
	if got := h.pushed(two); len(got) != 1 {
		t.Errorf("after five seconds another node pushed %+v", got)
	}
}

func TestCloseSendsWhatWaits(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	h.text(direct, "alice", "hello")
	h.Close()
	if got := h.web.Take(); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	h.text(direct, "alice", "too late")
	if h.Waits() != 0 {
		t.Error("a closed service gathers")
	}
}

func TestCloseDoesNotWaitForTheStuck(t *testing.T) {
	h := open(t, func(o *push.Options) { o.Drain, o.Timeout = 20*time.Millisecond, time.Hour })
	h.subscribe("bob", "d1")
	hold := make(chan struct{})
	h.web.Hold(hold)
	defer close(hold)
	h.text(direct, "alice", "hello")
	h.Hurry()
	until(t, func() bool { return h.web.Requests() == 1 })
	h.Close()
}

func TestOverloadDropsTheOldest(t *testing.T) {
	h := open(t, func(o *push.Options) { o.Waiting = 3 })
	h.subscribe("bob", "d1")
	for _, peer := range []string{"cat", "dan", "eve", "fay", "gus"} {
		h.text(id.DirectStream("bob", id.User(peer)), peer, "hello")
	}
	var from []string
	for _, d := range h.pushed() {
		from = append(from, d.Title)
	}
	if len(from) != 3 || strings.Contains(strings.Join(from, " "), "Cat") || h.Counts().Dropped != 2 {
		t.Errorf("%q, %+v", from, h.Counts())
	}
}

func TestInnerAddressesAreNotCalled(t *testing.T) {
	h := open(t, func(o *push.Options) { o.Retry = []time.Duration{time.Hour} }) // there is none
	h.subscribe("bob", "d1")
	h.opt.Allow = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} // not where it is
	two := h.node()
	two.Entry(h.text(direct, "alice", "hello"))
	if got := h.pushed(two); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if errs := h.failed(); len(errs) != 1 || h.Counts().Failed+two.Counts().Failed != 1 || !strings.Contains(errs[0].Error(), "prohibited") || h.web.Requests() != 0 {
		t.Errorf("%v, %d requests", errs, h.web.Requests())
	}

	h.opt.Allow = nil
	three := h.node()
	sub := h.web.Subscription()
	refused(t, three.Subscribe(h.ctx, "eve", "d1", sub), "/endpoint")
	for _, endpoint := range []string{"https://localhost/a", "https://tea.localhost/a", "https://router/a", "https://push.example:8443/a", "https://127.0.0.1/a", "https://169.254.169.254/a", "https://[fd00::1]/a", "https://[::ffff:127.0.0.1]/a"} {
		sub.Endpoint = endpoint
		refused(t, three.Subscribe(h.ctx, "eve", "d1", sub), "/endpoint")
	}
}

// What an entry costs a sender: of somebody known to have no device, and of one who has.
func BenchmarkEntry(b *testing.B) {
	h := open(b, nil)
	e := h.text(direct, "alice", "hello")
	h.settled()
	run := func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				h.Entry(e)
			}
		})
	}
	b.Run("nobody", run)
	h.subscribe("bob", "d1")
	b.Run("gathered", run)
}
