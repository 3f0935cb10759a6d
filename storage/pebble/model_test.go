package pebble_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

// A modelled stream is changed by one goroutine, which knows what must be there.
type modelled struct {
	t    *testing.T
	s    *pebble.Store
	rng  *rand.Rand
	st   id.Stream
	want []stream.Entry
	at   uint64
}

// TestModel does to streams, side by side, whatever can be done, while others
// read them and what is in memory is forgotten again and again.
func TestModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	fs := vfs.NewMem()
	var models []*modelled
	for i := range 6 {
		models = append(models, &modelled{t: t, st: id.NewGroup(), rng: rand.New(rand.NewPCG(seed, uint64(i))), at: 1 << 40})
	}
	for range 3 {
		s := opened(t, fs)
		s.FillVolumes(20_000)
		done := make(chan struct{})
		var changing, others sync.WaitGroup
		for _, m := range models {
			m.s = s
			changing.Go(func() {
				for range 100 {
					if m.step(); t.Failed() {
						return
					}
				}
			})
			others.Go(func() { m.read(done) })
		}
		others.Go(func() {
			for !over(done) {
				s.ForgetAll()
			}
		})
		changing.Wait()
		close(done)
		others.Wait()
		if err := s.Close(); err != nil || t.Failed() {
			t.Fatal(err)
		}
	}
}

func over(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-time.After(time.Duration(rand.N(300)) * time.Microsecond):
		return false
	}
}

// read looks for holes and for less than before.
func (m *modelled) read(done <-chan struct{}) {
	for seen := id.Seq(0); !over(done); {
		heads, err := m.s.Heads(m.t.Context(), []id.Stream{m.st})
		if err != nil || heads[0].Seq < seen {
			m.t.Errorf("the head is %v after %d: %v", heads, seen, err)
			return
		}
		seen = heads[0].Seq
		from := max(1, seen-rand.N(id.Seq(150)))
		got, err := m.s.Range(m.t.Context(), m.st, from, seen)
		if err != nil || len(got) != int(seen-from+1) {
			m.t.Errorf("from %d to %d: %d entries, %v", from, seen, len(got), err)
			return
		}
	}
}

func (m *modelled) step() {
	switch n := m.rng.IntN(20); {
	case n < 12:
		m.append()
	case n < 14:
		m.repeat()
	case n < 16:
		m.redact()
	case n < 18:
		m.wantRange()
	case n < 19:
		m.wantAuthored()
	default:
		m.conflict()
	}
}

func (m *modelled) head() stream.Head {
	if len(m.want) == 0 {
		return stream.Head{}
	}
	return stream.HeadOf(m.want[len(m.want)-1])
}

// id is new: of now, late, ahead, far ahead, derived or without a time.
func (m *modelled) id() uuid.UUID {
	m.at++
	switch m.rng.IntN(30) {
	case 0:
		return madeAt(m.at-m.rng.Uint64N(1000), 7)
	case 1:
		return madeAt(m.at+m.rng.Uint64N(1000), 7)
	case 2:
		return madeAt(m.at+m.rng.Uint64N(1<<42), 7)
	case 3:
		return uuid.New()
	case 4:
		return id.Derive(madeAt(m.at, 7), "x")
	}
	return madeAt(m.at, 7)
}

func (m *modelled) next(head stream.Head) stream.Entry {
	e := stream.Entry{
		Stream: m.st, Seq: head.Seq + 1, Count: head.Count, ID: m.id(), Kind: "text", At: time.UnixMilli(int64(m.at)).UTC(),
		From: id.Principal(fmt.Sprint("user", m.rng.IntN(4))), Body: fmt.Appendf(nil, `{"text":"%0*d"}`, 1+m.rng.IntN(60), head.Seq),
	}
	if m.rng.IntN(40) == 0 {
		e.Body = fmt.Appendf(nil, `{"text":"%05000d"}`, head.Seq)
	}
	if m.rng.IntN(4) > 0 {
		e.Count++
	}
	return e
}

func (m *modelled) group() (group []stream.Entry) {
	head := m.head()
	for range 1 + m.rng.IntN(4)*m.rng.IntN(2) {
		e := m.next(head)
		group, head = append(group, e), stream.HeadOf(e)
	}
	return group
}

// store stores in one way or the other.
func (m *modelled) store(head stream.Head, group []stream.Entry) error {
	if m.rng.IntN(2) == 0 {
		return m.s.Append(m.t.Context(), m.st, head, group)
	}
	done := make(chan error)
	m.s.Start(m.st, head, group, func(err error) { done <- err })
	return <-done
}

func (m *modelled) append() {
	group := m.group()
	if err := m.store(m.head(), slices.Clone(group)); err != nil {
		m.t.Errorf("%d entries after %v: %v", len(group), m.head(), err)
		return
	}
	m.want = append(m.want, group...)
}

func (m *modelled) repeat() {
	if len(m.want) == 0 {
		return
	}
	group := m.group()
	i, old := m.rng.IntN(len(group)), m.want[m.rng.IntN(len(m.want))]
	group[i].ID = old.ID
	err := m.store(m.head(), group)
	if c, ok := errors.AsType[*stream.ConflictError](err); !ok || len(c.Duplicates) != 1 || c.Duplicates[old.ID] != old.Seq {
		m.t.Errorf("the id of %d again: %v", old.Seq, err)
	}
}

func (m *modelled) conflict() {
	head := m.head()
	head.Seq++
	group := []stream.Entry{m.next(head)}
	if c, ok := errors.AsType[*stream.ConflictError](m.store(head, group)); !ok || len(c.Duplicates) > 0 || *c.Head != m.head() {
		m.t.Errorf("a wrong head: %+v", c)
	}
}

func (m *modelled) redact() {
	seq := id.Seq(m.rng.IntN(len(m.want) + 2))
	err := m.s.Redact(m.t.Context(), m.st, seq, stream.Recalled, stream.RedactedBody)
	if seq < 1 || int(seq) > len(m.want) {
		if !errors.Is(err, stream.ErrNoEntry) {
			m.t.Errorf("redact %d of %d: %v", seq, len(m.want), err)
		}
		return
	}
	if err != nil {
		m.t.Errorf("redact %d: %v", seq, err)
	}
	m.want[seq-1].Kind, m.want[seq-1].Body = stream.Recalled, stream.RedactedBody
}

func (m *modelled) wantRange() {
	n := len(m.want)
	from := 1 + m.rng.IntN(n+1)
	to := from + m.rng.IntN(200)
	got, err := m.s.Range(m.t.Context(), m.st, id.Seq(from), id.Seq(to))
	want := m.want[from-1 : max(from-1, min(to, n))]
	if err != nil || !slices.EqualFunc(got, want, func(a, b stream.Entry) bool {
		return a.Seq == b.Seq && a.Count == b.Count && a.ID == b.ID && a.Kind == b.Kind && a.From == b.From &&
			a.At.Equal(b.At) && bytes.Equal(a.Body, b.Body) && a.Stream == b.Stream
	}) {
		m.t.Errorf("from %d to %d of %d: %d entries that are not those stored, %v", from, to, n, len(got), err)
	}
}

func (m *modelled) wantAuthored() {
	last := map[id.Principal]stream.Head{"nobody": {}}
	count := int64(0)
	for _, e := range m.want {
		if e.Count > count {
			last[e.From], count = stream.HeadOf(e), e.Count
		}
	}
	for who, want := range last {
		if got, err := m.s.Authored(m.t.Context(), m.st, who); err != nil || got != want {
			m.t.Errorf("%s's last is at %v (%v), want %v", who, got, err, want)
		}
	}
}
