package push_test

import (
	"strings"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/push"
	"github.com/teahouse-im/teahouse/stream"
)

func (h *house) rows(u id.User) (devices int) {
	h.t.Helper()
	v, err := h.store.ReadPart(h.ctx, push.UserPart(u), ledger.Want{Prefixes: []string{"device/"}})
	good(h.t, err)
	return len(v.Rows)
}

func TestDeadSubscriptionIsRemoved(t *testing.T) {
	for _, status := range []int{404, 410} {
		h := open(t, nil)
		h.subscribe("bob", "d1")
		h.web.Answer(status)
		h.text(direct, "alice", "hello")
		h.none("the browser is gone")
		if n := h.rows("bob"); n != 0 || h.Counts().Removed != 1 {
			t.Errorf("%d: %d rows, %+v", status, n, h.Counts())
		}
	}
}

func TestTroubleIsTriedAgain(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	h.web.Answer(500, 503, 429)
	h.text(direct, "alice", "hello")
	h.one()
	h.web.Answer(500, 500, 500, 500)
	h.text(direct, "alice", "lost")
	h.none("it was tried four times")
	if c := h.Counts(); c.Sent != 1 || c.Failed != 1 || h.rows("bob") != 1 || len(h.failed()) != 1 {
		t.Errorf("%+v %v", c, h.failed())
	}
	if e := h.failed()[0].Error(); strings.Contains(e, "/push/") {
		t.Errorf("the log can call the browser: %s", e)
	}
	h.web.Answer(403, 403)
	h.text(direct, "alice", "refused")
	h.none("a refusal is final")
	if h.web.Requests() != 1 || h.rows("bob") != 1 {
		t.Errorf("%d requests", h.web.Requests())
	}
}

// during makes the next request to the push service fail with a status, and does
// something while it hangs.
func (h *house) during(status int, first func(), meanwhile func()) {
	h.t.Helper()
	hold := make(chan struct{})
	h.web.Answer(status)
	h.web.Hold(hold)
	first()
	until(h.t, func() bool { return h.web.Requests() == 1 })
	h.web.Hold(nil)
	meanwhile()
	close(hold)
}

func TestRetryTellsWhatIsTrueThen(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	two := h.node()
	hurry := func(s *push.Service) func() {
		return func() {
			s.Hurry()
			until(t, func() bool { return s.Waits() == 0 })
		}
	}

	e := h.text(direct, "alice", "old")
	h.during(503, hurry(h.Service), func() {
		two.Read("bob", direct, e.Seq)
		hurry(two)()
		until(t, two.Idle)
	})
	if got := h.pushed(two); len(got) != 1 || got[0].Type != "withdraw" {
		t.Errorf("what was read is pushed by a retry: %+v", got)
	}

	e = h.text(direct, "alice", "secret")
	h.during(503, hurry(h.Service), func() {
		good(t, h.store.Redact(h.ctx, direct, e.Seq, stream.Recalled, stream.RedactedBody))
	})
	h.none("what was recalled is pushed by a retry")

	e = h.text(direct, "alice", "older")
	h.one()
	two.Read("bob", direct, e.Seq)
	h.during(503, hurry(two), func() {
		h.text(direct, "alice", "newer")
		hurry(h.Service)()
		until(t, h.Idle)
	})
	if got := h.pushed(two); len(got) != 1 || got[0].Text != "newer" {
		t.Errorf("what is new is withdrawn by a retry: %+v", got)
	}

	h.subscribe("bob", "d2")
	h.set(func() { h.live["bob"] = []id.Device{"d2"} })
	h.text(direct, "alice", "last")
	h.during(503, hurry(h.Service), func() { good(t, h.Forget(h.ctx, "bob", "d1")) })
	h.none("a retry goes to a device that has signed out")
}

func TestDeviceThatCameBackStays(t *testing.T) {
	h := open(t, nil)
	sub := h.subscribe("bob", "d1")
	h.text(direct, "alice", "hello")
	h.during(410, h.Hurry, func() {
		h.set(func() { h.now = h.now.Add(time.Second) })
		good(t, h.Subscribe(h.ctx, "bob", "d1", sub))
	})
	h.none("it was gone")
	if h.rows("bob") != 1 || h.Counts().Removed != 0 {
		t.Error("it subscribed again, and was removed")
	}
}

func TestLogsCannotCallBrowsers(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	h.web.Close()
	h.text(direct, "alice", "hello")
	h.none("the push service is away")
	if errs := h.failed(); len(errs) != 1 || strings.Contains(errs[0].Error(), "/push/") {
		t.Errorf("%v", errs)
	}
}

func TestForgottenDevice(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	h.text(direct, "alice", "hello")
	h.one()
	good(t, h.Forget(h.ctx, "bob", "d1"))
	good(t, h.Forget(h.ctx, "bob", "d1"))
	h.text(direct, "alice", "hello?")
	h.none("the device has signed out")
}

func TestSignedOutDeviceIsLetGo(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	h.subscribe("bob", "d2")
	h.set(func() { h.out["bob"] = []id.Device{"d1"} }) // and nobody called Forget
	h.text(direct, "alice", "hello")
	h.one()
	if n := h.rows("bob"); n != 1 {
		t.Errorf("%d rows", n)
	}
}

// A device that has signed out is let go of when that is told, so that another that
// gets its name is not taken for it.
func TestANameIsUsedAgain(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	h.subscribe("bob", "d2")
	good(t, h.SignedOut(h.ctx, "bob"))
	good(t, h.SignedOut(h.ctx, "nobody"))
	if n := h.rows("bob"); n != 2 {
		t.Errorf("%d rows of two devices that are signed in", n)
	}
	h.set(func() { h.out["bob"] = []id.Device{"d1"} })
	good(t, h.SignedOut(h.ctx, "bob"))
	h.set(func() { h.out["bob"] = nil })
	h.text(direct, "alice", "hello")
	h.one()
	if n := h.Counts().Removed; n != 1 {
		t.Errorf("%d devices are counted as gone", n)
	}
}

func TestBrowserChangesHands(t *testing.T) {
	h := open(t, nil)
	sub := h.subscribe("bob", "d1")
	good(t, h.Subscribe(h.ctx, "eve", "d7", sub))
	h.text(direct, "alice", "for bob alone")
	h.none("eve has the browser now")
	h.text("d-alice~eve", "alice", "hello")
	h.one()
	good(t, h.Subscribe(h.ctx, "bob", "d2", sub))
	good(t, h.Subscribe(h.ctx, "bob", "d1", sub)) // another name for the same installation
	if h.rows("bob") != 1 || h.rows("eve") != 0 {
		t.Errorf("bob %d, eve %d", h.rows("bob"), h.rows("eve"))
	}
}

func TestNewSubscriptionReplacesTheOld(t *testing.T) {
	h := open(t, nil)
	h.subscribe("bob", "d1")
	again := h.subscribe("bob", "d1")
	h.text(direct, "alice", "hello")
	if got := h.one(); !strings.HasSuffix(again.Endpoint, got.Endpoint) {
		t.Errorf("pushed to %s", got.Endpoint)
	}
	kind, ok, err := h.Subscribed(h.ctx, "bob", "d1")
	if good(t, err); kind != push.Web || !ok {
		t.Errorf("%q %v", kind, ok)
	}
	if _, ok, _ := h.Subscribed(h.ctx, "bob", "d2"); ok {
		t.Error("d2 never subscribed")
	}
}

func TestDevicesAreBounded(t *testing.T) {
	h := open(t, nil)
	for i := range 20 {
		h.subscribe("bob", id.Device("d"+string(rune('a'+i))))
		h.set(func() { h.now = h.now.Add(1e9) })
	}
	if n := h.rows("bob"); n != 16 {
		t.Errorf("%d rows", n)
	}
	if _, ok, _ := h.Subscribed(h.ctx, "bob", "da"); ok {
		t.Error("the oldest is still there")
	}
}

func TestSubscriptionIsChecked(t *testing.T) {
	h := open(t, nil)
	fine := h.web.Subscription()
	with := func(change func(*push.Subscription)) push.Subscription {
		sub := fine
		sub.Endpoint = "https://push.example/abc"
		change(&sub)
		return sub
	}
	good(t, h.Subscribe(h.ctx, "bob", "d1", with(func(s *push.Subscription) {})))
	for pointer, subs := range map[string][]push.Subscription{
		"/kind": {{}, {Kind: "smoke"}, {Kind: push.APNs, Token: "ab"}, {Kind: push.FCM, Token: "ab"}},
		"/endpoint": {
			with(func(s *push.Subscription) { s.Endpoint = "" }),
			with(func(s *push.Subscription) { s.Endpoint = "https://" }),
			with(func(s *push.Subscription) { s.Endpoint = "ftp://push.example/" }),
			with(func(s *push.Subscription) { s.Endpoint = "https://u:p@push.example/" }),
			with(func(s *push.Subscription) { s.Endpoint = "https://push.example/#a" }),
			with(func(s *push.Subscription) { s.Endpoint = "https://10.0.0.1/" }),
			with(func(s *push.Subscription) { s.Endpoint = "https://[::1]/" }),
			with(func(s *push.Subscription) { s.Endpoint = "https://[::ffff:10.0.0.1]/" }),
			with(func(s *push.Subscription) { s.Endpoint = "http://8.8.8.8/" }),
			with(func(s *push.Subscription) { s.Endpoint = "https://push.example/" + strings.Repeat("a", 2048) }),
		},
		"/keys/p256dh": {
			with(func(s *push.Subscription) { s.Keys.P256dh = "" }),
			with(func(s *push.Subscription) { s.Keys.P256dh = strings.Repeat("A", 87) }),
			with(func(s *push.Subscription) { s.Keys.P256dh = s.Keys.P256dh[1:] }),
		},
		"/keys/auth": {
			with(func(s *push.Subscription) { s.Keys.Auth = "" }),
			with(func(s *push.Subscription) { s.Keys.Auth += "AAAA" }),
		},
		"/token": {with(func(s *push.Subscription) { s.Token = "ab" })},
	} {
		for _, sub := range subs {
			refused(t, h.Subscribe(h.ctx, "eve", "d1", sub), pointer)
		}
	}
	if h.rows("eve") != 0 {
		t.Error("something was stored")
	}
}

func TestSettings(t *testing.T) {
	h := open(t, nil)
	set, err := h.Settings(h.ctx, "bob")
	if good(t, err); set != (push.Settings{Show: push.ShowAll}) {
		t.Errorf("%+v", set)
	}
	sender, odd := push.ShowSender, "some"
	q := push.Quiet{From: 0, To: 1439, Zone: "Asia/Shanghai"}
	_, err = h.ChangeSettings(h.ctx, "bob", push.SettingsChange{Show: &sender})
	good(t, err)
	set, err = h.ChangeSettings(h.ctx, "bob", push.SettingsChange{Quiet: &q})
	if good(t, err); set.Show != sender || set.Quiet == nil || *set.Quiet != q {
		t.Errorf("%+v", set)
	}
	if set, err = h.Settings(h.ctx, "bob"); err != nil || set.Show != sender || *set.Quiet != q {
		t.Errorf("%+v %v", set, err)
	}
	if set, err = h.ChangeSettings(h.ctx, "bob", push.SettingsChange{Always: true}); err != nil || set.Quiet != nil || set.Show != sender {
		t.Errorf("%+v %v", set, err)
	}
	_, err = h.ChangeSettings(h.ctx, "bob", push.SettingsChange{Show: &odd})
	refused(t, err, "/show")
	for pointer, bad := range map[string][]push.Quiet{
		"/quiet/from": {{From: -1, To: 5, Zone: "UTC"}, {From: 1440, To: 5, Zone: "UTC"}},
		"/quiet/to":   {{From: 5, To: 1440, Zone: "UTC"}, {From: 5, To: -1, Zone: "UTC"}, {From: 5, To: 5, Zone: "UTC"}},
		"/quiet/zone": {{From: 5, To: 6}, {From: 5, To: 6, Zone: "Local"}, {From: 5, To: 6, Zone: "Mars/Base"}, {From: 5, To: 6, Zone: "../etc/passwd"}},
	} {
		for _, q := range bad {
			_, err := h.ChangeSettings(h.ctx, "bob", push.SettingsChange{Quiet: &q})
			refused(t, err, pointer)
		}
	}
}

func TestKeyIsMadeOnce(t *testing.T) {
	h := open(t, nil)
	two := h.node()
	keys := make(chan string)
	for _, s := range []*push.Service{h.Service, two} {
		go func() {
			key, err := s.PublicKey(h.ctx)
			if err != nil {
				t.Error(err)
			}
			keys <- key
		}()
	}
	a, b := <-keys, <-keys
	if raw, err := b64.DecodeString(a); err != nil || len(raw) != 65 || raw[0] != 4 || a != b {
		t.Errorf("%q and %q", a, b)
	}
}
