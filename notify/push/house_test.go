package push_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/push"
	"github.com/teahouse-im/teahouse/notify/push/pushtest"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	b64      = base64.RawURLEncoding
)

// A house is a service on a real store and a real sequencer, with people around
// it whose lists the test writes.
type house struct {
	*push.Service
	t     testing.TB
	ctx   context.Context
	store *pebble.Store
	seq   *stream.Sequencer
	opt   push.Options
	web   *pushtest.Server

	mu       sync.Mutex
	now      time.Time
	failures []error
	live     map[id.User][]id.Device
	out      map[id.User][]id.Device // signed out
	muted    map[string]bool         // user stream
	silenced map[string]bool         // user app
	read     map[string]id.Seq       // user stream
	rosters  map[id.Stream][]id.User
	looks    int // at rosters
	reads    int // of users' parts
	pause    func()
}

func open(t testing.TB, with func(*push.Options)) *house {
	t.Helper()
	store, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	good(t, err)
	h := &house{
		t: t, ctx: t.Context(), store: store, now: time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC), web: pushtest.New(t),
		live: map[id.User][]id.Device{}, out: map[id.User][]id.Device{}, muted: map[string]bool{},
		silenced: map[string]bool{}, read: map[string]id.Seq{}, rosters: map[id.Stream][]id.User{},
	}
	h.seq = stream.NewSequencer(store, stream.Options{Now: h.clock})
	h.web.Now = h.clock
	h.opt = push.DefaultOptions()
	h.opt.Now, h.opt.Allow, h.opt.Subject = h.clock, loopback, pushtest.Subject
	h.opt.Gather = time.Hour // until the test hurries
	h.opt.Retry = []time.Duration{time.Millisecond, time.Millisecond, time.Millisecond}
	h.opt.Failed = h.fail
	if with != nil {
		with(&h.opt)
	}
	t.Cleanup(func() { // after the services have ended
		h.seq.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	h.Service = h.node()
	return h
}

// node is one more service on the same store.
func (h *house) node() *push.Service {
	h.t.Helper()
	s, err := push.NewService(counted{h.store, h}, push.Ports{Log: h.store, Desk: h, Devices: h, Names: h, Apps: h}, h.opt)
	good(h.t, err)
	h.t.Cleanup(s.Close)
	return s
}

// counted counts what is read of users' parts.
type counted struct {
	ledger.Store
	h *house
}

func (c counted) ReadPart(ctx context.Context, p ledger.Part, w ledger.Want) (ledger.View, error) {
	c.h.mu.Lock()
	c.h.reads++
	c.h.mu.Unlock()
	return c.Store.ReadPart(ctx, p, w)
}

// work is what was read so far.
func (h *house) work() (reads, looks int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reads, h.looks
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failures = append(h.failures, err)
}

// set changes what is known of people.
func (h *house) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

func (h *house) View(ctx context.Context, u id.User, s id.Stream) (push.View, error) {
	heads, err := h.store.Heads(ctx, []id.Stream{s})
	if err != nil {
		return push.View{}, err
	}
	h.mu.Lock()
	key := string(u) + " " + string(s)
	v := push.View{Read: h.read[key], Muted: h.muted[key]}
	roster, pause := h.rosters[s], h.pause
	h.mu.Unlock()
	if pause != nil {
		pause()
	}
	switch s.Kind() {
	case id.Group:
		if v.Title = "Tasting"; !slices.Contains(roster, u) {
			return push.View{}, fault.NotFound
		}
	case id.Service:
		v.Title = "Noodles"
	}
	v.Unread = heads[0].Count - int64(v.Read)
	return v, nil
}

func (h *house) Roster(_ context.Context, s id.Stream, after id.User, limit int) ([]id.User, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.looks++
	all := h.rosters[s]
	i, found := slices.BinarySearch(all, after)
	if found {
		i++
	}
	return all[i:min(len(all), i+limit)], nil
}

func (h *house) SignedIn(_ context.Context, u id.User) (in []id.Device, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range 40 {
		if d := id.Device(fmt.Sprintf("d%d", i)); !slices.Contains(h.out[u], d) {
			in = append(in, d)
		}
	}
	return in, nil
}

func (h *house) Live(_ context.Context, u id.User) ([]id.Device, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.live[u], nil
}

func (h *house) DisplayName(_ context.Context, u id.User) (string, error) {
	return strings.ToUpper(string(u[:1])) + string(u[1:]), nil
}

func (h *house) Silenced(_ context.Context, u id.User, a id.App) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.silenced[string(u)+" "+string(a)], nil
}

// append writes an entry and tells the service, as a node does.
func (h *house) append(st id.Stream, from, kind, body string) stream.Entry {
	h.t.Helper()
	draft := stream.Draft{ID: id.NewEntry(h.clock()), Kind: stream.Kind(kind), From: id.Principal(from), Body: []byte(body)}
	draft.Countable = st.Kind() != id.Personal && kind != "recall"
	r, err := h.seq.Append(h.ctx, st, draft)
	good(h.t, err)
	e := h.entry(st, r.Seq)
	h.Entry(e)
	return e
}

func (h *house) entry(st id.Stream, seq id.Seq) stream.Entry {
	h.t.Helper()
	found, err := h.store.Range(h.ctx, st, seq, seq)
	good(h.t, err)
	return found[0]
}

func (h *house) text(st id.Stream, from, text string) stream.Entry {
	h.t.Helper()
	return h.append(st, from, "text", fmt.Sprintf(`{"text":%q}`, text))
}

// settled hurries the services and waits until they have nothing to do.
func (h *house) settled(more ...*push.Service) {
	h.t.Helper()
	for _, s := range append(more, h.Service) {
		s.Hurry()
		until(h.t, s.Idle)
	}
}

// pushed is what came to the web server since the last call.
func (h *house) pushed(more ...*push.Service) []pushtest.Delivered {
	h.t.Helper()
	h.settled(more...)
	return h.web.Take()
}

// one is the only thing that was pushed.
func (h *house) one() pushtest.Delivered {
	h.t.Helper()
	got := h.pushed()
	if len(got) != 1 {
		h.t.Fatalf("%d pushes, want 1: %+v", len(got), got)
	}
	return got[0]
}

// none checks that nothing was pushed.
func (h *house) none(why string) {
	h.t.Helper()
	if got := h.pushed(); len(got) != 0 {
		h.t.Fatalf("%s: pushed %+v", why, got)
	}
}

func (h *house) failed() []error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.failures)
}

// subscribe gives a user a browser.
func (h *house) subscribe(u id.User, d id.Device) push.Subscription {
	h.t.Helper()
	sub := h.web.Subscription()
	good(h.t, h.Subscribe(h.ctx, u, d, sub))
	return sub
}

func until(t testing.TB, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not become so within 20 s")
		}
	}
}

func good(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused checks that an error is a fault that points at a part of the request.
func refused(t testing.TB, err error, pointer string) {
	t.Helper()
	f := fault.From(err)
	if !errors.Is(err, fault.BadRequest) || len(f.Fields) != 1 || f.Fields[0].Pointer != pointer {
		t.Errorf("%v %+v, want bad_request at %s", err, f.Fields, pointer)
	}
}

const (
	direct = id.Stream("d-alice~bob")
	group  = id.Stream("g-aaaaaaaaaaaaaaaaaaaaaaaaaa")
	app    = "app-aaaaaaaaaaaaaaaaaaaaaaaaaa"
	other  = "app-aaaaaaaaaaaaaaaaaaaaaaaaae"
)
