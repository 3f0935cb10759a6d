package stream_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/teahouse-im/teahouse/id"
	"github.com/teahouse-im/teahouse/storage/pebble"
	"github.com/teahouse-im/teahouse/stream"
)

// watched is a log that counts calls and can be made to wait.
type watched struct {
	stream.Log
	wait  chan struct{} // closed: appends go on
	begun chan struct{} // closed when the first append has begun

	mu     sync.Mutex
	groups []int // entries of each append
	heads  int   // times a head was read
}

func watch(t *testing.T) *watched {
	s, err := pebble.Open("data", pebble.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return &watched{Log: s, wait: make(chan struct{}), begun: make(chan struct{})}
}

func (w *watched) Append(ctx context.Context, s id.Stream, head stream.Head, entries []stream.Entry) error {
	w.mu.Lock()
	if w.groups = append(w.groups, len(entries)); len(w.groups) == 1 {
		close(w.begun)
	}
	w.mu.Unlock()
	<-w.wait
	return w.Log.Append(ctx, s, head, entries)
}

func (w *watched) Heads(ctx context.Context, streams []id.Stream) ([]stream.Head, error) {
	w.mu.Lock()
	w.heads++
	w.mu.Unlock()
	return w.Log.Heads(ctx, streams)
}

func draft(body string) stream.Draft {
	return stream.Draft{
		ID: uuid.Must(uuid.NewV7()), Kind: "text", From: "ann", Body: json.RawMessage(body), Countable: true,
	}
}

// What waits while one write is under way goes into the next, up to 64 at a time.
func TestGroups(t *testing.T) {
	w := watch(t)
	q := stream.NewSequencer(w, stream.Options{})
	var all sync.WaitGroup
	begin := func(d stream.Draft) {
		all.Add(1)
		q.Begin("d-ann~bob", d, func(_ stream.Receipt, err error) {
			if err != nil {
				t.Error(err)
			}
			all.Done()
		})
	}
	begin(draft(`{"n":0}`))
	<-w.begun
	for i := range 200 {
		begin(draft(fmt.Sprintf(`{"n":%d}`, i+1)))
	}
	close(w.wait)
	all.Wait()
	if want := []int{1, 64, 64, 64, 8}; !slices.Equal(w.groups, want) {
		t.Fatalf("groups of %v, want %v", w.groups, want)
	}
}

// An id that waits twice is stored once: its second draft is left for the next group.
func TestSameIDWaits(t *testing.T) {
	w := watch(t)
	q := stream.NewSequencer(w, stream.Options{})
	first, twice, last := draft(`{"n":1}`), draft(`{"n":2}`), draft(`{"n":3}`)
	var mu sync.Mutex
	var repeats []bool
	var seqs []id.Seq
	var all sync.WaitGroup
	for _, d := range []stream.Draft{first, twice, twice, last} {
		all.Add(1)
		q.Begin("d-ann~bob", d, func(r stream.Receipt, err error) {
			defer all.Done()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			repeats, seqs = append(repeats, r.Repeat), append(seqs, r.Seq)
		})
		if d.ID == first.ID {
			<-w.begun
		}
	}
	close(w.wait)
	all.Wait()
	if !slices.Equal(seqs, []id.Seq{1, 2, 3, 2}) || !slices.Equal(repeats, []bool{false, false, false, true}) {
		t.Fatalf("positions %v, repeats %v", seqs, repeats)
	}
}

// A stream's position is read once and then known.
func TestHeadIsRemembered(t *testing.T) {
	w := watch(t)
	close(w.wait)
	q := stream.NewSequencer(w, stream.Options{})
	for i := range 20 {
		if r, err := q.Append(t.Context(), "d-ann~bob", draft(`{}`)); err != nil || r.Seq != id.Seq(i+1) {
			t.Fatal(r, err)
		}
	}
	if w.heads != 1 {
		t.Fatalf("the head was read %d times", w.heads)
	}
}

// News come after the entry is durable and before its receipt, with its origin.
func TestAnnouncedBetween(t *testing.T) {
	w := watch(t)
	close(w.wait)
	var order []string
	q := stream.NewSequencer(w, stream.Options{Announce: func(s id.Stream, news []stream.Appended) {
		stored, err := w.Range(t.Context(), s, news[0].Seq, news[0].Seq)
		if err != nil || len(stored) != 1 || news[0].Origin != 7 {
			t.Errorf("announced %+v, stored is %v, %v", news, stored, err)
		}
		order = append(order, "news")
	}})
	d := draft(`{}`)
	d.Origin = 7
	done := make(chan struct{})
	q.Begin("d-ann~bob", d, func(stream.Receipt, error) {
		order = append(order, "receipt")
		close(done)
	})
	<-done
	if !slices.Equal(order, []string{"news", "receipt"}) {
		t.Fatal(order)
	}
}

// Close returns when everything begun is settled.
func TestCloseWaits(t *testing.T) {
	w := watch(t)
	q := stream.NewSequencer(w, stream.Options{})
	var mu sync.Mutex
	settled := 0
	for i := range 50 {
		q.Begin(id.DirectStream("ann", id.User(fmt.Sprintf("bob%d", i%5))), draft(`{}`), func(stream.Receipt, error) {
			mu.Lock()
			defer mu.Unlock()
			settled++
		})
	}
	closed := make(chan struct{})
	go func() {
		q.Close()
		close(closed)
	}()
	select {
	case <-closed:
		t.Fatal("closed with everything under way")
	default:
	}
	close(w.wait)
	<-closed
	if settled != 50 {
		t.Fatalf("closed with %d of 50 settled", settled)
	}
}

// Who gives up waiting does not take the message back.
func TestGivenUp(t *testing.T) {
	w := watch(t)
	q := stream.NewSequencer(w, stream.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	d := draft(`{}`)
	failed := make(chan error)
	go func() {
		_, err := q.Append(ctx, "d-ann~bob", d)
		failed <- err
	}()
	<-w.begun
	cancel()
	if err := <-failed; err != context.Canceled {
		t.Fatal(err)
	}
	close(w.wait)
	if r, err := q.Append(t.Context(), "d-ann~bob", d); err != nil || r.Seq != 1 || !r.Repeat {
		t.Fatal(r, err)
	}
}
