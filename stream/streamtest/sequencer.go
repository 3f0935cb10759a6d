package streamtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/stream"
)

var sequencerTests = []test{
	{"one id many times at once", sameIDAtOnce},
	{"an id is not used for another message", reused},
	{"a retry of a redacted message", retryOfRedacted},
	{"repeats among new messages", repeatsAmongNew},
	{"an entry is found by its id", found},
	{"begun in order, stored in order", inOrder},
	{"several nodes write one stream", severalNodes},
}

func draft(from id.Principal, body string) stream.Draft {
	return stream.Draft{ID: newID(), Kind: text, From: from, Body: json.RawMessage(body), Countable: true}
}

// A node is a sequencer, and what it announced.
type node struct {
	*stream.Sequencer

	mu   sync.Mutex
	news []stream.Appended
}

func newNode(t *testing.T, l stream.Log) *node {
	n := &node{}
	n.Sequencer = stream.NewSequencer(l, stream.Options{
		Patience: patience,
		Announce: func(s id.Stream, news []stream.Appended) {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.news = append(n.news, news...)
		},
	})
	t.Cleanup(n.Close)
	return n
}

// announced checks that a node announced in order, and returns what.
func (n *node) announced(t *testing.T) []stream.Appended {
	t.Helper()
	n.Close()
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := 1; i < len(n.news); i++ {
		if n.news[i].Seq <= n.news[i-1].Seq {
			t.Fatalf("%d was announced after %d", n.news[i].Seq, n.news[i-1].Seq)
		}
	}
	return n.news
}

// sameIDAtOnce: sixteen times over two nodes gives one position, and one of them is the first.
func sameIDAtOnce(t *testing.T, l stream.Log) {
	for range 5 {
		s, d := id.NewGroup(), draft("alice", `{"text":"once"}`)
		nodes := []*node{newNode(t, l), newNode(t, l)}
		receipts := make([]stream.Receipt, 16)
		var all sync.WaitGroup
		for i := range receipts {
			all.Go(func() {
				var err error
				if receipts[i], err = nodes[i%2].Append(t.Context(), s, d); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		stored := wantGapless(t, l, s, 1)
		firsts := 0
		for _, r := range receipts {
			if !same(r.Entry, stored[0]) {
				t.Fatalf("receipt %+v, stored is %+v", r.Entry, stored[0])
			}
			if !r.Repeat {
				firsts++
			}
		}
		news := len(nodes[0].announced(t)) + len(nodes[1].announced(t))
		if firsts != 1 || news != 1 {
			t.Fatalf("%d were the first, %d announced", firsts, news)
		}
	}
}

func reused(t *testing.T, l stream.Log) {
	s, n := id.NewGroup(), newNode(t, l)
	first := draft("alice", `{"text":"mine"}`)
	if _, err := n.Append(t.Context(), s, first); err != nil {
		t.Fatal(err)
	}
	body, kind, author := first, first, first
	body.Body = json.RawMessage(`{"text":"other"}`)
	kind.Kind = "location"
	author.From = "bob"
	for _, d := range []stream.Draft{body, kind, author} {
		if _, err := newNode(t, l).Append(t.Context(), s, d); !errors.Is(err, stream.ErrReused) {
			t.Fatalf("%s %s %s: %v, want ErrReused", d.Kind, d.From, d.Body, err)
		}
	}
	if r, err := n.Append(t.Context(), s, first); err != nil || !r.Repeat || r.Seq != 1 {
		t.Fatalf("the same again: %+v, %v", r, err)
	}
	wantGapless(t, l, s, 1)
}

func retryOfRedacted(t *testing.T, l stream.Log) {
	s, n := id.NewGroup(), newNode(t, l)
	d := draft("alice", `{"text":"oh no"}`)
	if _, err := n.Append(t.Context(), s, d); err != nil {
		t.Fatal(err)
	}
	if err := l.Redact(t.Context(), s, 1, stream.Recalled, stream.RedactedBody); err != nil {
		t.Fatal(err)
	}
	r, err := n.Append(t.Context(), s, d)
	if err != nil || !r.Repeat || r.Seq != 1 || r.Kind != stream.Recalled || string(r.Body) != `{}` {
		t.Fatalf("retry: %+v, %v", r, err)
	}
	d.From = "bob"
	if _, err := n.Append(t.Context(), s, d); !errors.Is(err, stream.ErrReused) {
		t.Fatalf("somebody else's: %v", err)
	}
	wantGapless(t, l, s, 1)
}

// found: looking for what is not there stores nothing.
func found(t *testing.T, l stream.Log) {
	s, n := id.NewGroup(), newNode(t, l)
	var all []stream.Entry
	absent := func() {
		t.Helper()
		if e, err := n.Find(t.Context(), s, newID()); !errors.Is(err, stream.ErrNoEntry) {
			t.Fatalf("of %d entries: %+v, %v", len(all), e, err)
		}
	}
	absent()
	for i := range 20 {
		r, err := n.Append(t.Context(), s, draft("alice", fmt.Sprintf(`{"n":%d}`, i)))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r.Entry)
		absent()
	}
	if err := l.Redact(t.Context(), s, 1, stream.Recalled, stream.RedactedBody); err != nil {
		t.Fatal(err)
	}
	all[0].Kind, all[0].Body = stream.Recalled, stream.RedactedBody
	for _, want := range all {
		e, err := n.Find(t.Context(), s, want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := sameEntries([]stream.Entry{e}, []stream.Entry{want}); err != nil {
			t.Fatal(err)
		}
	}
	wantAll(t, l, s, all)
}

// repeatsAmongNew: old and new drafts that wait together do not disturb each other.
func repeatsAmongNew(t *testing.T, l stream.Log) {
	s, n := id.NewGroup(), newNode(t, l)
	var drafts []stream.Draft
	for i := range 30 {
		drafts = append(drafts, draft("alice", fmt.Sprintf(`{"text":"%d"}`, i)))
	}
	at := map[uuid.UUID]id.Seq{}
	for pass := range 3 {
		var mu sync.Mutex
		var all sync.WaitGroup
		for i, d := range drafts {
			if pass == 0 && i%3 == 0 { // new in the second pass
				continue
			}
			all.Add(1)
			n.Begin(s, d, func(r stream.Receipt, err error) {
				defer all.Done()
				mu.Lock()
				defer mu.Unlock()
				seq, old := at[d.ID]
				if err != nil || r.Repeat != old || old && seq != r.Seq || string(r.Body) != string(d.Body) {
					t.Errorf("pass %d, draft %d: %+v, %v; was at %d", pass, i, r, err, seq)
				}
				at[d.ID] = r.Seq
			})
		}
		all.Wait()
	}
	wantGapless(t, l, s, len(drafts))
}

func inOrder(t *testing.T, l stream.Log) {
	const drafts = 300 // several groups
	s, n := id.NewGroup(), newNode(t, l)
	var seqs []id.Seq // appended to by the stream's one writer
	var all sync.WaitGroup
	all.Add(drafts)
	for i := range drafts {
		d := draft("alice", fmt.Sprintf(`{"n":%d}`, i))
		d.Origin = stream.Origin(i)
		n.Begin(s, d, func(r stream.Receipt, err error) {
			defer all.Done()
			if err != nil {
				t.Error(err)
			}
			seqs = append(seqs, r.Seq)
		})
	}
	all.Wait()
	stored := wantGapless(t, l, s, drafts)
	news := n.announced(t)
	if len(news) != drafts {
		t.Fatalf("%d announced", len(news))
	}
	for i, e := range stored {
		if string(e.Body) != fmt.Sprintf(`{"n":%d}`, i) || seqs[i] != id.Seq(i+1) {
			t.Fatalf("draft %d: %s is there, receipt %d", i, e.Body, seqs[i])
		}
		if !same(news[i].Entry, e) || news[i].Origin != stream.Origin(i) {
			t.Fatalf("announced %+v, stored is %+v", news[i], e)
		}
	}
}

// severalNodes: every message is stored once and announced once, and each
// sender's messages stand in the order of sending.
func severalNodes(t *testing.T, l stream.Log) {
	writeTogether(t, l, l, 4, 3, 12)
}

// writeTogether lets senders on several nodes write one stream over a log that
// may fail, and looks at what became of it over one that does not.
func writeTogether(t *testing.T, over, l stream.Log, nodes, senders, each int) {
	s := id.NewGroup()
	var receipts sync.Map // id → seq
	var all sync.WaitGroup
	var ns []*node
	for i := range nodes {
		n := newNode(t, over)
		ns = append(ns, n)
		for j := range senders {
			all.Go(func() {
				who := id.Principal(fmt.Sprintf("user-%d-%d", i, j))
				for k := range each {
					d := draft(who, fmt.Sprintf(`{"k":%d}`, k))
					r, err := n.Append(context.Background(), s, d)
					if err != nil {
						t.Errorf("%s's message %d: %v", who, k, err)
						return
					}
					if _, twice := receipts.LoadOrStore(d.ID, r.Seq); twice || r.ID != d.ID {
						t.Errorf("%s's message %d: receipt %+v", who, k, r)
					}
				}
			})
		}
	}
	all.Wait()
	stored := wantGapless(t, l, s, nodes*senders*each)
	next := map[id.Principal]int{}
	for _, e := range stored {
		if seq, ok := receipts.Load(e.ID); !ok || seq != e.Seq {
			t.Fatalf("the entry at %d was acknowledged at %v", e.Seq, seq)
		}
		if string(e.Body) != fmt.Sprintf(`{"k":%d}`, next[e.From]) {
			t.Fatalf("%s's message %d is %s", e.From, next[e.From], e.Body)
		}
		next[e.From]++
	}
	told := map[id.Seq]int{}
	for _, n := range ns {
		for _, e := range n.announced(t) {
			told[e.Seq]++
		}
	}
	for _, e := range stored {
		if told[e.Seq] != 1 {
			t.Fatalf("the entry at %d was announced %d times", e.Seq, told[e.Seq])
		}
	}
}
