package grant_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/notify/grant"
	"github.com/teahouse-im/teahouse/stream"
)

var errKilled = fmt.Errorf("killed: %w", fault.Unavailable)

// mortal is the store of a node that dies at a certain step: right before
// something is stored, or right after, when nobody hears of it. From then on
// nothing gets through.
type mortal struct {
	backend
	steps atomic.Int64 // until it dies
}

func dying(b backend, after int) *mortal {
	m := &mortal{backend: b}
	m.steps.Store(int64(after))
	return m
}

func (m *mortal) dead() bool { return m.steps.Add(-1) < 0 }

// through does one thing between two steps.
func (m *mortal) through(do func() error) error {
	if m.dead() {
		return errKilled
	}
	err := do()
	if m.dead() {
		return errKilled
	}
	return err
}

func (m *mortal) ReadPart(ctx context.Context, p ledger.Part, w ledger.Want) (v ledger.View, err error) {
	err = m.through(func() error { v, err = m.backend.ReadPart(ctx, p, w); return err })
	return v, err
}

func (m *mortal) ListPart(ctx context.Context, p ledger.Part, prefix, after string, limit int) (rows []ledger.Row, err error) {
	err = m.through(func() error { rows, err = m.backend.ListPart(ctx, p, prefix, after, limit); return err })
	return rows, err
}

func (m *mortal) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	if len(owed) > 0 { // it may be durable without the rows
		if err := m.through(func() error { return m.Owe(ctx, owed...) }); err != nil {
			return err
		}
	}
	return m.through(func() error { return m.backend.ChangePart(ctx, p, w, have, owed, change) })
}

func (m *mortal) Owed(ctx context.Context, queue string, by time.Time, limit int) (dues []ledger.Due, err error) {
	err = m.through(func() error { dues, err = m.backend.Owed(ctx, queue, by, limit); return err })
	return dues, err
}

func (m *mortal) Settled(ctx context.Context, dues ...ledger.Due) error {
	return m.through(func() error { return m.backend.Settled(ctx, dues...) })
}

func (m *mortal) Append(ctx context.Context, s id.Stream, head stream.Head, entries []stream.Entry) error {
	return m.through(func() error { return m.backend.Append(ctx, s, head, entries) })
}

// killed does something on nodes that die at each step there is, one after the
// other, until one lives to the end; and looks each time what is left.
func killed(t *testing.T, h *house, do func(node *grant.Book) (look func())) {
	t.Helper()
	for after := 0; ; after++ {
		if after > 200 {
			t.Fatal("it never ends")
		}
		m := dying(h.store, after)
		do(h.node(m, m))()
		if m.steps.Load() >= 0 {
			if after < 4 {
				t.Fatalf("only %d steps: nothing was killed", after)
			}
			break
		}
	}
	h.advance(2 * time.Minute) // what is owed for nothing is forgotten
	h.lawful()
}

// Wherever a node dies between redeeming and delivering, the notice is there once:
// if it was acknowledged in any case, and otherwise once the app asks again.
func TestKilledWhileSending(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		for _, asksAgain := range []bool{true, false} {
			killed(t, h, func(node *grant.Book) func() {
				by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
				handle := h.mint(by, app, o)[0]
				f, err := node.Find(h.ctx(), app, handle, "k", hash(handle, spend(o)))
				var answer grant.Answer
				acked := false
				if err == nil {
					var r grant.Redemption
					r, answer, err = node.Redeem(h.ctx(), f, spend(o))
					if acked = err == nil; acked {
						_ = node.Deliver(h.ctx(), r) // owed in any case
					} else {
						want(t, "busy_retry", err)
					}
				}
				return func() {
					h.sweep()
					got := h.shown(by.User)
					if acked {
						equal(t, got, []string{answer.Notice})
					}
					if !asksAgain {
						return
					}
					again, err := sendOn(h.ctx(), h.second, app, handle, "k", spend(o))
					good(t, err)
					if again.Replayed != (len(got) == 1) || acked && again.Notice != answer.Notice {
						t.Fatalf("first %+v, again %+v, shown before %v", answer, again, got)
					}
					equal(t, h.shown(by.User), []string{again.Notice})
					_, err = h.send(app, handle, spend(o))
					want(t, "grant_consumed", err)
				}
			})
		}
	})
}

// Also of a standing grant, whose notices are found again when it is asked what was read.
func TestKilledWhileSendingStanding(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		killed(t, h, func(node *grant.Book) func() {
			by, app, o := h.guest(), id.NewApp(), bus(id.NewTemplate(), "line 1")
			handle := h.mint(by, app, o)[0]
			_, first := sendOn(h.ctx(), node, app, handle, "k", spend(o))
			return func() {
				h.sweep()
				_, err := sendOn(h.ctx(), h.second, app, handle, "k", spend(o))
				good(t, errors.Join(err))
				if first == nil || len(h.inbox(by.User)) == 1 {
					if g := h.grants(by.User)[0]; len(g.Unread) != 1 || g.Unread[0].Seq != 1 || len(g.Sent) != 1 {
						t.Fatalf("%+v", g)
					}
				}
			}
		})
	})
}

// What is owed may be there before what it is owed for. Whoever finds it so early leaves it.
func TestOwedBeforeItIsThere(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		early := &early{backend: h.store, sweep: h.sweep}
		node := h.node(early, h.store)
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		s := h.sheet(by, app, o)
		h.advance(time.Second)
		good(t, node.Decide(h.ctx(), by, string(s.Consent), decisions(s, true), false))
		f, err := node.Find(h.ctx(), app, h.handle(app, o.Template, "a17"), "k", [32]byte{})
		good(t, err)
		_, answer, err := node.Redeem(h.ctx(), f, spend(o))
		good(t, err)
		h.sweep()
		equal(t, h.shown(by.User), []string{answer.Notice})
		h.lawful()
	})
}

// early is a store where somebody sweeps between the work that is owed and what it is owed for.
type early struct {
	backend
	sweep func()
}

func (e *early) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	if err := e.Owe(ctx, owed...); err != nil {
		return err
	}
	e.sweep()
	return e.backend.ChangePart(ctx, p, w, have, nil, change)
}

// A change whose outcome was not known is decided again, perhaps on its own work.
// It has to know that.
func TestChangeThatIsDecidedAgain(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		node := h.node(again{h.store}, h.store)
		by, app, template := h.guest(), id.NewApp(), id.NewTemplate()
		o, late := queue(template, "a17"), bus(template, "b18")
		tap, _, err := node.Tap(h.ctx(), by, app, "/queue")
		good(t, err)
		s, err := node.Ask(h.ctx(), by, app, appName, tap, []grant.Offer{o, late})
		good(t, err)
		h.advance(time.Second)
		good(t, node.Decide(h.ctx(), by, string(s.Consent), decisions(s, true), false))
		good(t, node.Wrote(h.ctx(), by, app, appName, id.NewEntry(h.clock()), h.clock()))
		if got := h.grants(by.User); len(got) != 3 || len(h.handed(app)) != 3 {
			t.Fatalf("granted %+v, handed %+v", got, h.handed(app))
		}
		first, err := sendOn(h.ctx(), node, app, h.handle(app, template, "a17"), "k", spend(o))
		if err != nil || first.Replayed || !first.Alert || first.Left != 0 {
			t.Fatal(first, err)
		}
		held := spend(late)
		held.Hold = "shape"
		second, err := sendOn(h.ctx(), node, app, h.handle(app, template, "b18"), "k2", held)
		if err != nil || second.Replayed || second.Status != grant.Held {
			t.Fatal(second, err)
		}
		n, err := h.Notice(h.ctx(), app, second.Notice)
		good(t, err)
		good(t, node.Release(h.ctx(), by.User, n.ID))
		equal(t, h.shown(by.User), []string{first.Notice, second.Notice})
		for _, g := range h.grants(by.User) {
			good(t, node.Revoke(h.ctx(), by.User, string(g.ID)))
		}
		good(t, h.decide(by, h.sheet(by, app, queue(template, "c19")), false))
		tap, _, err = node.Tap(h.ctx(), by, app, "/queue")
		good(t, err)
		s, err = node.Ask(h.ctx(), by, app, appName, tap, []grant.Offer{o})
		good(t, err) // one reject is not two
		h.advance(time.Second)
		good(t, node.Decide(h.ctx(), by, string(s.Consent), decisions(s, false), false))
		tap, _, err = node.Tap(h.ctx(), by, app, "/queue")
		good(t, err)
		_, err = node.Ask(h.ctx(), by, app, appName, tap, []grant.Offer{o})
		want(t, "ask_silenced", err) // and no bad tap
		h.lawful()
	})
}

// again is a store where each change is stored, and then decided once more.
type again struct{ backend }

func (a again) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	if err := a.backend.ChangePart(ctx, p, w, have, owed, change); err != nil {
		return err
	}
	return a.backend.ChangePart(ctx, p, w, ledger.View{}, nil, change)
}

func TestKilledWhileDeciding(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		killed(t, h, func(node *grant.Book) func() {
			by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
			s := h.sheet(by, app, o)
			h.advance(time.Second)
			first := node.Decide(h.ctx(), by, string(s.Consent), decisions(s, true), false)
			return func() {
				again := h.Decide(h.ctx(), by, string(s.Consent), decisions(s, true), false)
				if c := codeOf(again); c != "" && c != "consent_decided" || first == nil && c == "" {
					t.Fatalf("first %v, again %v", first, again)
				}
				if len(h.grants(by.User)) != 1 || len(h.handed(app)) != 1 {
					t.Fatalf("granted %+v, handed %+v", h.grants(by.User), h.handed(app))
				}
			}
		})
	})
}

func TestKilledWhileHanding(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		killed(t, h, func(node *grant.Book) func() {
			by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
			good(t, h.second.Decide(h.ctx(), by, string(h.dwelt(by, app, o).Consent), h.yes, false))
			h.told = nil
			h.advance(grant.Grace)
			_ = node.Sweep(h.ctx()) // says how it died
			return func() {
				if got := h.handed(app); len(got) != 1 || len(h.told) == 0 || h.told[0].Handle != got[0].Handle || h.told[0].Event != h.told[len(h.told)-1].Event {
					t.Fatalf("handed %+v, told %+v", got, h.told)
				}
			}
		})
	})
}

// dwelt is a sheet that was looked at; h.yes accepts it.
func (h *house) dwelt(by grant.By, a id.App, offers ...grant.Offer) grant.Sheet {
	s := h.sheet(by, a, offers...)
	h.advance(time.Second)
	h.yes = decisions(s, true)
	return s
}

func TestKilledWhileWriting(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		killed(t, h, func(node *grant.Book) func() {
			by, app, m := h.guest(), id.NewApp(), id.NewEntry(h.clock())
			_ = node.Wrote(h.ctx(), by, app, appName, m, h.clock()) // tells the sender to try again
			return func() {
				good(t, h.Wrote(h.ctx(), by, app, appName, m, h.clock()))
				got := h.handed(app)
				if len(got) != 1 || got[0].Left != 5 {
					t.Fatalf("handed %+v", got)
				}
				_, err := h.send(app, got[0].Handle, answer("hello"))
				good(t, err)
			}
		})
	})
}

func TestKilledWhileReleasing(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		killed(t, h, func(node *grant.Book) func() {
			by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
			s := spend(o)
			s.Hold = "shape"
			sent, err := h.send(app, h.mint(by, app, o)[0], s)
			good(t, err)
			n, err := h.Notice(h.ctx(), app, sent.Notice)
			good(t, err)
			err = node.Release(h.ctx(), by.User, n.ID)
			return func() {
				h.sweep()
				n, looked := h.Notice(h.ctx(), app, sent.Notice)
				good(t, looked)
				if err == nil || n.Status == grant.Accepted {
					equal(t, h.shown(by.User), []string{sent.Notice})
				}
				good(t, h.Release(h.ctx(), by.User, n.ID))
				equal(t, h.shown(by.User), []string{sent.Notice})
			}
		})
	})
}

// A store that does not answer is told as such, whatever is asked of it.
func TestStoreAway(t *testing.T) {
	on(t, func(t *testing.T, h *house) {
		by, app, o := h.guest(), id.NewApp(), queue(id.NewTemplate(), "a17")
		handle := h.mint(by, app, o)[0]
		away := dying(h.store, 0)
		b := h.node(away, away)
		_, _, tap := b.Tap(h.ctx(), by, app, "/queue")
		_, ask := b.Ask(h.ctx(), by, app, appName, "tap", []grant.Offer{o})
		_, find := b.Find(h.ctx(), app, handle, "k", [32]byte{})
		_, _, grants := b.Grants(h.ctx(), by.User, "", 10)
		for i, err := range []error{
			tap, ask, find, grants, b.Decide(h.ctx(), by, string(id.NewConsent()), nil, false), b.Mute(h.ctx(), by.User, app),
			b.Revoke(h.ctx(), by.User, "x"), b.Wrote(h.ctx(), by, app, appName, id.NewEntry(h.clock()), h.clock()),
		} {
			if !errors.Is(err, fault.Unavailable) {
				t.Errorf("%d: %v", i, err)
			}
		}
	})
}
