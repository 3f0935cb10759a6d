package moderation_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/fault"
	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/moderation"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

func act(i int) moderation.Act {
	return moderation.Act{
		Actor: fmt.Sprintf("app-%d", i%3), Role: "app", Action: "notice_refused", Reason: "grant_invalid",
		Subject: moderation.Subject{Kind: "app", ID: fmt.Sprintf("app-%d", i%3)},
		After:   json.RawMessage(fmt.Sprintf(`{"z": %d, "a": "ü <&>", "big": 12345678901234567890}`, i)),
	}
}

func (h *house) write(n int) {
	h.t.Helper()
	for i := range n {
		good(h.t, h.Record(h.t.Context(), act(i)))
	}
}

// Whoever has the audit as it is shown can verify it with nothing but SHA-256 and
// canonical JSON, and finds the same as Chain.
func TestTheChainCanBeVerifiedOutside(t *testing.T) {
	h := open(t)
	h.write(5)
	good(t, h.Record(t.Context(), moderation.Act{Actor: "mo", Role: "moderator", Action: "a", Subject: moderation.Subject{Kind: "app", ID: "\xff"}, Before: json.RawMessage(" {} "), After: json.RawMessage("null")}))
	before := ""
	for i, r := range h.rows(moderation.AuditQuery{}) {
		shown, err := json.Marshal(r)
		good(t, err)
		var members map[string]json.RawMessage
		good(t, json.Unmarshal(shown, &members))
		if at := string(members["at"]); at != `"2026-11-27T09:00:00.000Z"` {
			t.Errorf("row %d is of %s", r.Seq, at)
		}
		delete(members, "hash")
		rest, err := json.Marshal(members)
		good(t, err)
		line := jsontext.Value(rest)
		good(t, line.Canonicalize())
		sum := sha256.Sum256([]byte(before + "\n" + string(line)))
		if got := hex.EncodeToString(sum[:]); got != r.Hash || int(r.Seq) != i+1 {
			t.Fatalf("row %d: %s hashes to %s, and shows %s", r.Seq, line, got, r.Hash)
		}
		own, err := moderation.Chain(before, r)
		good(t, err)
		if own != r.Hash {
			t.Fatalf("row %d: Chain says %s, the row %s", r.Seq, own, r.Hash)
		}
		before = r.Hash
	}
	seal, err := moderation.CheckAudit(t.Context(), h.store)
	good(t, err)
	if seal.Seq != 6 || seal.Hash != before {
		t.Fatalf("%v, want 6 rows up to %s", seal, before)
	}
}

// What somebody with access to the store does to it shows, at the first row.
func TestCheckNamesTheFirstBadRow(t *testing.T) {
	const n = 600 // more than are looked at at once
	h := open(t)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { good(t, h.Record(context.Background(), act(i))) })
	}
	wg.Wait()
	good(t, h.Check(t.Context()))
	kept, err := h.store.Range(t.Context(), id.AuditStream, 1, n)
	good(t, err)
	for name, c := range map[string]struct {
		bad    id.Seq
		tamper func([]stream.Entry) []stream.Entry
	}{
		"none":    {0, func(e []stream.Entry) []stream.Entry { return e }},
		"changed": {400, func(e []stream.Entry) []stream.Entry { e[399].Body = changed(e[399].Body); return e }},
		"one member more": {3, func(e []stream.Entry) []stream.Entry {
			e[2].Body = json.RawMessage(strings.Replace(string(e[2].Body), `{"action"`, `{"aaa":1,"action"`, 1))
			return e
		}},
		"something beside it": {3, func(e []stream.Entry) []stream.Entry {
			e[2].Body = json.RawMessage(strings.Replace(string(e[2].Body), `{"hash"`, `{"note":1,"hash"`, 1))
			return e
		}},
		"first":            {1, func(e []stream.Entry) []stream.Entry { e[0].Body = changed(e[0].Body); return e }},
		"last":             {n, func(e []stream.Entry) []stream.Entry { e[n-1].Body = changed(e[n-1].Body); return e }},
		"removed":          {300, func(e []stream.Entry) []stream.Entry { return slices.Delete(e, 299, 300) }},
		"removed at first": {1, func(e []stream.Entry) []stream.Entry { return e[1:] }},
		"swapped":          {256, func(e []stream.Entry) []stream.Entry { e[255], e[256] = e[256], e[255]; return e }},
		"redacted": {77, func(e []stream.Entry) []stream.Entry {
			e[76].Kind, e[76].Body = stream.Removed, stream.RedactedBody
			return e
		}},
	} {
		t.Run(name, func(t *testing.T) {
			other := embedded(t)
			entries := c.tamper(slices.Clone(kept))
			for i := range entries {
				entries[i].Seq = id.Seq(i + 1)
			}
			good(t, other.Append(t.Context(), id.AuditStream, stream.Head{}, entries))
			_, err := moderation.CheckAudit(t.Context(), other)
			broken, _ := errors.AsType[*moderation.BrokenError](err)
			if c.bad == 0 && err != nil || c.bad > 0 && (broken == nil || broken.Seq != c.bad) {
				t.Fatalf("%v, want row %d", err, c.bad)
			}
		})
	}
}

func changed(body json.RawMessage) json.RawMessage {
	return json.RawMessage(strings.Replace(string(body), "grant_invalid", "grant_expired", 1))
}

// Nodes write at once: every row is there once, and the chain holds.
func TestManyWriters(t *testing.T) {
	everywhere(t, func(t *testing.T, h *house) {
		nodes := []*moderation.Service{h.Service, h.another(h.store)}
		const each, rows = 60, 4
		var wg sync.WaitGroup
		for n, node := range nodes {
			for g := range each {
				wg.Go(func() {
					for i := range rows {
						a := act(0)
						a.Actor = fmt.Sprintf("%d %d %d", n, g, i)
						if err := node.Record(context.Background(), a); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		wg.Wait()
		good(t, h.Check(t.Context()))
		seen := map[string]int{}
		for _, r := range h.rows(moderation.AuditQuery{}) {
			seen[r.Actor]++
		}
		for who, n := range seen {
			if n != 1 {
				t.Errorf("%q is there %d times", who, n)
			}
		}
		if want := len(nodes) * each * rows; len(seen) != want {
			t.Errorf("%d rows, want %d", len(seen), want)
		}
	})
}

// strict is a store that holds its callers to the contract: the ids of a group differ.
type strict struct {
	backend
	t *testing.T
}

func (s strict) Append(ctx context.Context, st id.Stream, head stream.Head, entries []stream.Entry) error {
	seen := map[uuid.UUID]bool{}
	for i := range entries {
		if seen[entries[i].ID] {
			s.t.Error("a group has an id twice")
		}
		seen[entries[i].ID] = true
	}
	return s.backend.Append(ctx, st, head, entries)
}

// The same act again, also at the same time and by another node, is one row.
func TestRecordedOnce(t *testing.T) {
	h := open(t)
	node, other := h.another(strict{h.store, t}), h.another(strict{h.store, t})
	var wg sync.WaitGroup
	for i := range 200 {
		a := act(0)
		a.ID = id.NewEntry(h.clock())
		a.Actor = fmt.Sprint(i)
		for _, on := range []*moderation.Service{node, node, other} {
			wg.Go(func() {
				for range 2 {
					if err := on.Record(context.Background(), a); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	good(t, h.Check(t.Context()))
	if n := len(h.rows(moderation.AuditQuery{})); n != 200 {
		t.Fatalf("%d rows, want 200", n)
	}
}

// A foggy store stores, or not, and does not say which.
type foggy struct {
	backend
	n atomic.Int64
}

func (f *foggy) Append(ctx context.Context, s id.Stream, head stream.Head, entries []stream.Entry) error {
	switch f.n.Add(1) % 4 {
	case 1:
		return errors.Join(stream.ErrUnknown, f.backend.Append(ctx, s, head, entries))
	case 2:
		return stream.ErrUnknown
	}
	return f.backend.Append(ctx, s, head, entries)
}

func (f *foggy) Heads(ctx context.Context, s []id.Stream) ([]stream.Head, error) {
	if f.n.Add(1)%3 == 0 {
		return nil, fault.Unavailable
	}
	return f.backend.Heads(ctx, s)
}

// Whatever is not known about a write, each row is there once in the end.
func TestUnknownOutcomes(t *testing.T) {
	h := open(t)
	nodes := []*moderation.Service{h.another(&foggy{backend: h.store}), h.another(&foggy{backend: h.store})}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				a := act(0)
				a.Actor = fmt.Sprint(i, j)
				if err := nodes[i%2].Record(context.Background(), a); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	good(t, h.Check(t.Context()))
	seen := map[string]bool{}
	for _, r := range h.rows(moderation.AuditQuery{}) {
		if seen[r.Actor] {
			t.Errorf("%q is there twice", r.Actor)
		}
		seen[r.Actor] = true
	}
	if len(seen) != 160 {
		t.Errorf("%d rows, want 160", len(seen))
	}
}

// away is a store that does not answer.
type away struct{ backend }

func (away) Append(context.Context, id.Stream, stream.Head, []stream.Entry) error {
	return stream.ErrUnknown
}

// Nobody waits longer than the patience, and no row of a size without bound is taken.
func TestRecordGivesUp(t *testing.T) {
	h := open(t)
	s := moderation.NewService(h.store, away{h.store}, moderation.Options{Patience: 20 * time.Millisecond})
	t.Cleanup(s.Close)
	refused(t, s.Record(t.Context(), act(0)), fault.Unavailable)
	big := act(0)
	big.After = json.RawMessage(`"` + strings.Repeat("x", 20<<10) + `"`)
	if err := h.Record(t.Context(), big); err == nil {
		t.Error("a row of 20 KiB is taken")
	}
	big.After = json.RawMessage(`{"a"`)
	if err := h.Record(t.Context(), big); err == nil {
		t.Error("a row that is no JSON is taken")
	}
	if rows := h.rows(moderation.AuditQuery{}); len(rows) != 0 {
		t.Errorf("%d rows are there", len(rows))
	}
}

func TestAuditLists(t *testing.T) {
	h := open(t)
	h.write(30)
	a := act(0)
	a.Actor, a.Action, a.Subject = "mo", "suspend_app", moderation.Subject{Kind: "template", ID: "t-1"}
	good(t, h.Record(t.Context(), a))
	var seqs []id.Seq
	pages := 0
	for _, r := range all(t, func(cursor string) ([]moderation.Row, string, error) {
		pages++
		return h.Audit(t.Context(), moderation.AuditQuery{}, cursor, 10)
	}) {
		seqs = append(seqs, r.Seq)
	}
	if len(seqs) != 31 || seqs[0] != 31 || seqs[30] != 1 || pages != 4 {
		t.Fatalf("%d rows in %d pages: %v", len(seqs), pages, seqs)
	}
	for q, want := range map[moderation.AuditQuery]int{
		{Actor: "app-1"}: 10, {Action: "suspend_app"}: 1, {SubjectKind: "template"}: 1, {SubjectID: "app-2"}: 10,
		{Actor: "mo", SubjectKind: "template", SubjectID: "t-1"}: 1, {Actor: "mo", SubjectKind: "app"}: 0,
	} {
		if rows := h.rows(q); len(rows) != want {
			t.Errorf("%+v: %d rows, want %d", q, len(rows), want)
		}
	}
	for _, cursor := range []string{"x", "MzA", "AAAAADMw"} {
		_, _, err := h.Audit(t.Context(), moderation.AuditQuery{}, cursor, 0)
		refused(t, err, fault.BadRequest)
	}
}

// A page looks at so many rows and no more; the next one goes on behind them.
func TestARareRowIsFoundInTheEnd(t *testing.T) {
	h := open(t)
	a := act(0)
	a.Action = "rare"
	good(t, h.Record(t.Context(), a))
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for i := range 99 {
				a := act(i)
				if i%11 == 0 {
					a.Action = "seldom"
				}
				good(t, h.Record(context.Background(), a))
			}
		})
	}
	wg.Wait()
	page, next, err := h.Audit(t.Context(), moderation.AuditQuery{Action: "rare"}, "", 0)
	good(t, err)
	if len(page) != 0 || next == "" {
		t.Fatalf("%d rows and next %q after the first page", len(page), next)
	}
	if rows := h.rows(moderation.AuditQuery{Action: "rare"}); len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	if rows := h.rows(moderation.AuditQuery{Action: "seldom"}); len(rows) != 50*9 {
		t.Fatalf("%d rows that are seldom", len(rows))
	}
	for i, r := range h.rows(moderation.AuditQuery{}) {
		if int(r.Seq) != i+1 {
			t.Fatalf("row %d is listed in place %d", r.Seq, i+1)
		}
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, callers := range []int{1, 64, 512} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			store, err := pebble.Open(b.TempDir(), pebble.Options{})
			good(b, err)
			s := moderation.NewService(store, store, moderation.Options{})
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ResetTimer()
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for left.Add(-1) >= 0 {
						a := act(1)
						a.ID = uuid.Nil
						if err := s.Record(context.Background(), a); err != nil {
							b.Error(err)
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			s.Close()
			good(b, store.Close())
		})
	}
}
