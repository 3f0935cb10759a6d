package scylla

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// entry is a new one right behind head.
func entry(st id.Stream, head stream.Head, from id.Principal) stream.Entry {
	return stream.Entry{
		Stream: st, Seq: head.Seq + 1, Count: head.Count + 1, ID: uuid.Must(uuid.NewV7()), Kind: "text", From: from,
		At: time.Now().UTC().Truncate(time.Millisecond), Body: json.RawMessage(fmt.Sprintf(`{"n":%d}`, head.Seq+1)),
	}
}

func withID(u uuid.UUID, e stream.Entry) stream.Entry {
	e.ID = u
	return e
}

// madeAt gives an id another time.
func madeAt(at time.Time) uuid.UUID {
	u := uuid.Must(uuid.NewV7())
	for i := range 6 {
		u[i] = byte(at.UnixMilli() >> (40 - 8*i))
	}
	return u
}

// fill appends groups of random sizes until a stream has n entries or a few more.
func fill(t *testing.T, s *Store, st id.Stream, n int, from func(seq id.Seq) id.Principal) (all []stream.Entry) {
	t.Helper()
	var head stream.Head
	for len(all) < n {
		before := head
		var group []stream.Entry
		for range 1 + rand.N(48) {
			group = append(group, entry(st, head, from(head.Seq+1)))
			head = stream.HeadOf(group[len(group)-1])
		}
		if err := s.Append(t.Context(), st, before, group); err != nil {
			t.Fatalf("append %d behind %d: %v", len(group), before.Seq, err)
		}
		all = append(all, group...)
	}
	return all
}

func headOf(all []stream.Entry) stream.Head { return stream.HeadOf(all[len(all)-1]) }

func sameEntry(a, b stream.Entry) bool {
	return a.Seq == b.Seq && a.ID == b.ID && a.Count == b.Count && string(a.Body) == string(b.Body)
}

// TestBuckets: a stream of many buckets reads as one, for the store that wrote it
// and for one that never heard of it.
func TestBuckets(t *testing.T) {
	s, st := open(t), newStream()
	all := fill(t, s, st, 6*smallBucket, func(seq id.Seq) id.Principal {
		if seq == 3 {
			return "early"
		}
		return id.Principal(fmt.Sprint("user", seq%5))
	})
	for name, s := range map[string]*Store{"writer": s, "newcomer": open(t)} {
		t.Run(name, func(t *testing.T) {
			last := map[id.Principal]stream.Head{"nobody": {}}
			for _, e := range all {
				last[e.From] = stream.HeadOf(e)
			}
			for who, want := range last {
				if got, err := s.Authored(t.Context(), st, who); err != nil || got != want {
					t.Errorf("%s's last is %v (%v), want %v", who, got, err, want)
				}
			}
			if heads, err := s.Heads(t.Context(), []id.Stream{st}); err != nil || heads[0] != headOf(all) {
				t.Errorf("head is %v (%v), want %v", heads, err, headOf(all))
			}
			for range 200 {
				from := rand.N(len(all)+10) - 5
				to := from + rand.N(3*smallBucket)
				want := all[min(max(from-1, 0), len(all)):min(max(to, 0), len(all))]
				got, err := s.Range(t.Context(), st, id.Seq(from), id.Seq(to))
				if err != nil || !slices.EqualFunc(got, want, sameEntry) {
					t.Fatalf("range %d to %d: %d entries (%v), want %d", from, to, len(got), err, len(want))
				}
			}
		})
	}
	for _, e := range []stream.Entry{all[0], all[smallBucket-1], all[smallBucket], all[2*smallBucket+3], all[len(all)-1]} {
		if err := s.Redact(t.Context(), st, e.Seq, stream.Recalled, stream.RedactedBody); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Range(t.Context(), st, e.Seq, e.Seq); err != nil || len(got) != 1 || got[0].Kind != stream.Recalled || string(got[0].Body) != "{}" {
			t.Fatalf("redacted %d: %v, %v", e.Seq, got, err)
		}
	}
}

// TestWrongBucket: heads that were true once, or never, store nothing.
func TestWrongBucket(t *testing.T) {
	s, st := open(t), newStream()
	all := fill(t, s, st, 3*smallBucket, func(id.Seq) id.Principal { return "ann" })
	for name, s := range map[string]*Store{"writer": s, "newcomer": open(t)} {
		for _, seq := range []int{1, smallBucket - 1, smallBucket, smallBucket + 1, 2 * smallBucket, 2*smallBucket + 5, len(all) - 1, len(all) + 1, len(all) + smallBucket, 20 * smallBucket} {
			head := stream.Head{Seq: id.Seq(seq), Count: int64(seq)}
			err := s.Append(t.Context(), st, head, []stream.Entry{entry(st, head, "eve")})
			c, ok := errors.AsType[*stream.ConflictError](err)
			if !ok || c.Head != nil && *c.Head != headOf(all) {
				t.Errorf("%s: behind %d of %d: %v", name, seq, len(all), err)
			}
		}
	}
	got, err := s.Range(t.Context(), st, 1, id.MaxSeq)
	if err != nil || !slices.EqualFunc(got, all, sameEntry) {
		t.Fatalf("%d entries (%v), want %d", len(got), err, len(all))
	}
}

// TestLateRetry: an id that is in any bucket is found again, whenever its retry
// comes and whatever the sender's clock said, by a store that has to look for all of it.
func TestLateRetry(t *testing.T) {
	s, st := open(t), newStream()
	clocks := []time.Duration{0, 30 * time.Second, 50 * time.Minute, -time.Hour, -29 * 24 * time.Hour, -400 * 24 * time.Hour}
	var all []stream.Entry
	var head stream.Head
	for len(all) < 4*smallBucket+10 {
		e := withID(madeAt(time.Now().Add(clocks[len(all)%len(clocks)])), entry(st, head, "ann"))
		if err := s.Append(t.Context(), st, head, []stream.Entry{e}); err != nil {
			t.Fatal(err)
		}
		all, head = append(all, e), stream.HeadOf(e)
	}
	for name, s := range map[string]*Store{"writer": s, "newcomer": open(t)} {
		for range 30 {
			old := []stream.Entry{all[rand.N(len(all))], all[rand.N(len(all))], all[rand.N(len(all))]}
			want := map[uuid.UUID]id.Seq{}
			group := []stream.Entry{entry(st, head, "ann")}
			for _, e := range old {
				if _, twice := want[e.ID]; !twice {
					group = append(group, withID(e.ID, entry(st, headOf(group), "ann")))
					want[e.ID] = e.Seq
				}
			}
			err := s.Append(t.Context(), st, head, group)
			c, ok := errors.AsType[*stream.ConflictError](err)
			if !ok || len(c.Duplicates) != len(want) {
				t.Fatalf("%s: %d old ids: %v", name, len(want), err)
			}
			for u, seq := range want {
				if c.Duplicates[u] != seq {
					t.Fatalf("%s: the id at %d is said to be at %d", name, seq, c.Duplicates[u])
				}
			}
		}
	}
	if heads, err := s.Heads(t.Context(), []id.Stream{st}); err != nil || heads[0] != head {
		t.Fatalf("head is %v (%v), want %v", heads, err, head)
	}
}

// TestInterruptedOpening: a server that died after announcing a bucket leaves a
// stream that reads and is written as before.
func TestInterruptedOpening(t *testing.T) {
	s, st := open(t), newStream()
	all := fill(t, s, st, 2*smallBucket, func(id.Seq) id.Principal { return "ann" })
	next := bucketInfo{s.bucketOf(headOf(all).Seq + 1), time.Now()}
	if err := s.open(t.Context(), st, next, headOf(all)); err != nil {
		t.Fatal(err)
	}
	ann := headOf(all)
	for name, s := range map[string]*Store{"writer": s, "newcomer": open(t)} {
		if heads, err := s.Heads(t.Context(), []id.Stream{st}); err != nil || heads[0] != headOf(all) {
			t.Fatalf("%s: head is %v (%v), want %v", name, heads, err, headOf(all))
		}
		if at, err := s.Authored(t.Context(), st, "ann"); err != nil || at != ann {
			t.Fatalf("%s: ann's last is %v (%v)", name, at, err)
		}
		e := entry(st, headOf(all), "bob")
		if err := s.Append(t.Context(), st, headOf(all), []stream.Entry{e}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, e)
	}
	got, err := s.Range(t.Context(), st, 1, id.MaxSeq)
	if err != nil || !slices.EqualFunc(got, all, sameEntry) {
		t.Fatalf("%d entries (%v), want %d", len(got), err, len(all))
	}
}

// TestNodesAcrossBuckets: nodes that write one stream at once open its buckets
// together, and every author's last entry is known at every moment.
func TestNodesAcrossBuckets(t *testing.T) {
	const nodes, senders, messages = 3, 4, 40
	st := newStream()
	var all sync.WaitGroup
	for range nodes {
		s := open(t)
		q := stream.NewSequencer(s, stream.Options{})
		for range senders {
			all.Go(func() {
				who := id.Principal(uuid.NewString())
				for n := range messages {
					r, err := q.Append(t.Context(), st, stream.Draft{
						ID: uuid.Must(uuid.NewV7()), Kind: "text", From: who, Countable: true, Body: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)),
					})
					if err != nil {
						t.Error(err)
						return
					}
					if at, err := s.Authored(t.Context(), st, who); err != nil || at != stream.HeadOf(r.Entry) {
						t.Errorf("last entry is at %v (%v), was told %v", at, err, r.Seq)
						return
					}
				}
			})
		}
	}
	all.Wait()
	got, err := open(t).Range(t.Context(), st, 1, id.MaxSeq)
	if err != nil || len(got) != nodes*senders*messages {
		t.Fatalf("%d entries (%v)", len(got), err)
	}
	ids := map[uuid.UUID]bool{}
	for i, e := range got {
		if e.Seq != id.Seq(i+1) || e.Count != int64(i+1) || ids[e.ID] {
			t.Fatalf("entry %d: %+v", i+1, e)
		}
		ids[e.ID] = true
	}
}

// TestRedactDuringRetries: once a redaction is answered, nobody reads the body
// again, although its sender keeps sending it.
func TestRedactDuringRetries(t *testing.T) {
	a, b, st := open(t), open(t), newStream()
	d := stream.Draft{ID: uuid.Must(uuid.NewV7()), Kind: "text", From: "ann", Body: json.RawMessage(`{"text":"oh no"}`), Countable: true}
	q := stream.NewSequencer(a, stream.Options{})
	if _, err := q.Append(t.Context(), st, d); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var all sync.WaitGroup
	for _, s := range []*Store{a, b} {
		q := stream.NewSequencer(s, stream.Options{})
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if r, err := q.Append(t.Context(), st, d); err != nil || !r.Repeat || r.Seq != 1 {
					t.Errorf("retry: %+v, %v", r, err)
					return
				}
				e := d
				e.ID = uuid.Must(uuid.NewV7())
				if _, err := q.Append(t.Context(), st, e); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	if err := b.Redact(t.Context(), st, 1, stream.Recalled, stream.RedactedBody); err != nil {
		t.Error(err)
	}
	for range 200 {
		for _, s := range []*Store{a, b} {
			got, err := s.Range(t.Context(), st, 1, 1)
			if err != nil || len(got) != 1 || got[0].Kind != stream.Recalled || string(got[0].Body) != `{}` {
				t.Fatalf("read %+v, %v", got, err)
			}
		}
	}
	close(stop)
	all.Wait()
}
