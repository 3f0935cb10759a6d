package moderation_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/ledger"
	"github.com/teahouse-im/teahouse/moderation"
	"github.com/teahouse-im/teahouse/stream"
)

var errDied = errors.New("the node died")

// A mortal store is one node's: from its nth write on nothing is written any more.
// That one is stored or not.
type mortal struct {
	backend
	left   int
	stored bool
}

func (m *mortal) write(do func() error) error {
	m.left--
	if m.left > 0 {
		return do()
	}
	if m.left == 0 && m.stored {
		if err := do(); err != nil {
			return err
		}
	}
	return errDied
}

func (m *mortal) ChangePart(ctx context.Context, p ledger.Part, w ledger.Want, have ledger.View, owed []ledger.Due, change func(ledger.View) ([]ledger.Row, error)) error {
	return m.write(func() error { return m.backend.ChangePart(ctx, p, w, have, owed, change) })
}

func (m *mortal) Append(ctx context.Context, s id.Stream, head stream.Head, entries []stream.Entry) error {
	return m.write(func() error { return m.backend.Append(ctx, s, head, entries) })
}

// Wherever a node dies, doing the same again on another ends as if it had not: one case,
// listed once in its place, one audit row for each deed.
func TestANodeDiesAnywhere(t *testing.T) {
	for _, stored := range []bool{false, true} {
		for n := 1; ; n++ {
			m := &mortal{left: n, stored: stored}
			t.Run(fmt.Sprint(n, stored), func(t *testing.T) { liveAndDie(t, m) })
			if t.Failed() || m.left > 0 { // it was done before it died
				if n < 10 {
					t.Errorf("done in %d writes", n)
				}
				break
			}
		}
	}
}

func liveAndDie(t *testing.T, m *mortal) {
	h := open(t)
	m.backend = h.store
	node := moderation.NewService(m, m, moderation.Options{Now: h.clock, Notices: notices{h}, Apps: apps{h}})
	t.Cleanup(node.Close)
	app, tem := id.NewApp(), id.NewTemplate()
	name := func() string {
		cases := h.cases("", moderation.Flood)
		if len(cases) != 1 {
			t.Fatalf("%d cases", len(cases))
		}
		return string(cases[0].ID)
	}
	d := moderation.Decision{Decision: moderation.SuspendApp, Reason: "spam"}
	for _, step := range []func(s *moderation.Service) error{
		func(s *moderation.Service) error { return s.Flooded(t.Context(), app, tem, 60, "") },
		func(s *moderation.Service) error { return s.Flooded(t.Context(), app, tem, 300, "app_suspended") },
		func(s *moderation.Service) error { return s.Reported(t.Context(), "alice", app, tem, "n", "spam", "") },
		func(s *moderation.Service) error { _, err := s.Claim(t.Context(), mo, name()); return err },
		func(s *moderation.Service) error {
			_, err := s.Claim(t.Context(), mo, string(h.cases("", moderation.Report)[0].ID))
			return err
		},
		func(s *moderation.Service) error { _, err := s.Decide(t.Context(), mo, name(), d); return err },
		func(s *moderation.Service) error { _, err := s.Claim(t.Context(), sen, name()); return err },
		func(s *moderation.Service) error { _, err := s.Decide(t.Context(), sen, name(), d); return err },
	} {
		if err := step(node); err != nil {
			if !errors.Is(err, errDied) {
				t.Fatal(err)
			}
			good(t, step(h.Service))
		}
	}
	listed := h.cases("", "")
	if len(listed) != 2 || listed[0].Kind != moderation.Report || listed[0].Reports != 1 || listed[1].Kind != moderation.Flood || listed[1].Severity != 5 {
		t.Errorf("%+v", listed)
	}
	if decided := h.cases(moderation.Decided, ""); len(decided) != 1 || decided[0].Decision.By != "sen" {
		t.Errorf("decided are %+v", decided)
	}
	for action, want := range map[string]int{"case_opened": 2, "case_claimed": 3, "case_first_decision": 1, moderation.SuspendApp: 1} {
		if rows := h.rows(moderation.AuditQuery{Action: action}); len(rows) != want {
			t.Errorf("%d rows %s, want %d", len(rows), action, want)
		}
	}
	done := h.told()
	for _, what := range done {
		if what != "suspend "+string(app)+" until lifted: spam" {
			t.Errorf("did %s", what)
		}
	}
	if len(done) == 0 {
		t.Error("nothing was done")
	}
	good(t, h.Check(t.Context()))
}
