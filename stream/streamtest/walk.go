package streamtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

// walk does random things to a stream and to a plain model of it: a slice.
func walk(t *testing.T, l stream.Log) {
	rapid.Check(t, func(r *rapid.T) {
		w := &walker{t: t, l: l, s: id.NewGroup()}
		r.Repeat(map[string]func(*rapid.T){
			"append":     w.append,
			"wrong head": w.wrongHead,
			"repeat":     w.repeat,
			"redact":     w.redact,
			"range":      w.rangeOf,
			"author":     w.author,
			"":           w.head,
		})
		got, err := l.Range(t.Context(), w.s, 1, id.MaxSeq)
		if err = errors.Join(err, sameEntries(got, w.all)); err != nil {
			r.Fatal(err)
		}
	})
}

type walker struct {
	t   *testing.T
	l   stream.Log
	s   id.Stream
	all []stream.Entry // the model
}

var walkers = []id.Principal{"ann", "bob", "cyd", "dan"}

func (w *walker) end() stream.Head {
	if len(w.all) == 0 {
		return stream.Head{}
	}
	return stream.HeadOf(w.all[len(w.all)-1])
}

// group draws new entries behind head. Senders' clocks differ by up to an hour.
func (w *walker) group(r *rapid.T, head stream.Head) []stream.Entry {
	group := make([]stream.Entry, rapid.IntRange(1, 6).Draw(r, "entries"))
	for i := range group {
		who := rapid.SampledFrom(walkers).Draw(r, "author")
		group[i] = entryAfter(w.s, head, who, fmt.Sprintf(`{"text":%q}`, rapid.String().Draw(r, "text")))
		off := rapid.IntRange(-3600, 3600).Draw(r, "clock")
		group[i].ID = idAt(time.Now().Add(time.Duration(off) * time.Second))
		if rapid.Bool().Draw(r, "uncountable") {
			group[i].Kind, group[i].Count = "member", head.Count
		}
		head = stream.HeadOf(group[i])
	}
	return group
}

// idAt is a UUIDv7 of that time.
func idAt(at time.Time) uuid.UUID {
	u := uuid.Must(uuid.NewV7())
	ms := at.UnixMilli()
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	return u
}

func (w *walker) append(r *rapid.T) {
	group := w.group(r, w.end())
	if err := w.l.Append(w.t.Context(), w.s, w.end(), group); err != nil {
		r.Fatalf("append: %v", err)
	}
	w.all = append(w.all, group...)
}

func (w *walker) wrongHead(r *rapid.T) {
	head := stream.Head{Seq: id.Seq(rapid.IntRange(0, len(w.all)+3).Draw(r, "head"))}
	head.Count = int64(head.Seq)
	if head.Seq == w.end().Seq {
		head.Seq++
	}
	err := w.l.Append(w.t.Context(), w.s, head, w.group(r, head))
	if !conflicts(err, w.end()) {
		r.Fatalf("append behind %v: %v", head, err)
	}
}

// repeat sends ids that are there already, mixed with new ones.
func (w *walker) repeat(r *rapid.T) {
	if len(w.all) == 0 {
		return
	}
	group := w.group(r, w.end())
	want := map[uuid.UUID]id.Seq{}
	for i := range group {
		old := w.all[rapid.IntRange(0, len(w.all)-1).Draw(r, "old")]
		if _, twice := want[old.ID]; !twice && (i == 0 || rapid.Bool().Draw(r, "repeated")) {
			group[i].ID = old.ID
			want[old.ID] = old.Seq
		}
	}
	err := w.l.Append(w.t.Context(), w.s, w.end(), group)
	c, ok := errors.AsType[*stream.ConflictError](err)
	if !ok || len(c.Duplicates) != len(want) {
		r.Fatalf("append of %d old ids: %v", len(want), err)
	}
	for u, seq := range want {
		if c.Duplicates[u] != seq {
			r.Fatalf("the id at %d is said to be at %d", seq, c.Duplicates[u])
		}
	}
}

func (w *walker) redact(r *rapid.T) {
	seq := rapid.IntRange(0, len(w.all)+1).Draw(r, "seq")
	kind := rapid.SampledFrom([]stream.Kind{stream.Recalled, stream.Removed}).Draw(r, "kind")
	body := json.RawMessage(rapid.SampledFrom([]string{`{}`, `{"why":"spam"}`}).Draw(r, "body"))
	err := w.l.Redact(w.t.Context(), w.s, id.Seq(seq), kind, body)
	if seq < 1 || seq > len(w.all) {
		if !errors.Is(err, stream.ErrNoEntry) {
			r.Fatalf("redact %d of %d: %v", seq, len(w.all), err)
		}
		return
	}
	if err != nil {
		r.Fatalf("redact: %v", err)
	}
	w.all[seq-1].Kind, w.all[seq-1].Body = kind, body
}

func (w *walker) rangeOf(r *rapid.T) {
	from := rapid.IntRange(-1, len(w.all)+2).Draw(r, "from")
	to := rapid.IntRange(-1, len(w.all)+2).Draw(r, "to")
	got, err := w.l.Range(w.t.Context(), w.s, id.Seq(from), id.Seq(to))
	var want []stream.Entry
	for _, e := range w.all {
		if int(e.Seq) >= from && int(e.Seq) <= to {
			want = append(want, e)
		}
	}
	if err = errors.Join(err, sameEntries(got, want)); err != nil {
		r.Fatalf("range %d to %d: %v", from, to, err)
	}
}

func (w *walker) author(r *rapid.T) {
	who := rapid.SampledFrom(walkers).Draw(r, "who")
	var want stream.Head
	for i, e := range w.all {
		if e.From == who && stream.Countable(stream.Head{}, w.all, i) {
			want = stream.HeadOf(e)
		}
	}
	if got, err := w.l.Authored(w.t.Context(), w.s, who); err != nil || got != want {
		r.Fatalf("%s's last entry is at %v (%v), want %v", who, got, err, want)
	}
}

func (w *walker) head(r *rapid.T) {
	got, err := w.l.Heads(w.t.Context(), []id.Stream{w.s})
	if err != nil || len(got) != 1 || got[0] != w.end() {
		r.Fatalf("head is %v (%v), want %v", got, err, w.end())
	}
}
